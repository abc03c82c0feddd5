"""Finding an act to work on: its file is locked first of all rows, then the act."""

from __future__ import annotations

from typing import TYPE_CHECKING

from referencing.candidature.models import Candidature
from referencing.decision.models import Decision

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User


def lock_candidature(candidature_id: UUID) -> Candidature:
    """The file with what services read of it; the caller has checked who asks."""
    candidature: Candidature = (
        Candidature.objects.locked()
        .select_related("enrolment__product__organisation", "enrolment__demarche", "dossier", "referent")
        .get(pk=candidature_id)
    )
    return candidature


def lock_decision(decision_id: UUID, actor: User | None) -> Decision:
    """The act that the actor may see (any for the system), its file and itself locked, in this order.

    Raises Decision.DoesNotExist for a stranger’s.
    """
    visible = Decision.objects.visible_to(actor) if actor else Decision.objects.all()
    file_id = visible.values_list("candidature", flat=True).get(pk=decision_id)
    candidature = lock_candidature(file_id) if file_id else None
    decision: Decision = Decision.objects.with_names().locked().get(pk=decision_id)
    if candidature is not None:
        candidature.enrolment = decision.enrolment
        decision.candidature = candidature
    return decision
