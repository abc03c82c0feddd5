"""Services that leave the catalogue by their editor’s will, or never came into it (A-34, A-36)."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.audit.services import record
from convergence.kernel.errors import Blocker
from convergence.ui.typography import format_date
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.candidature.services.journal import tell
from referencing.decision.enums import DecisionKind
from referencing.decision.models import Decision
from referencing.enrolment.enums import Cycle
from referencing.listing import life_notices as notices
from referencing.listing.core.life import months_after
from referencing.listing.enums import Condition
from referencing.listing.models import Listing, Procedure
from referencing.listing.services.rows import end_children, lock_listing, tell_file

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User


@transaction.atomic
def withdraw_service(*, listing_id: UUID, reason: str, actor: User, at: datetime | None = None) -> Listing:
    """The editor takes its service out of the catalogue, at once and for good (A-34).

    Raises PermissionDenied, TransitionRefused, Listing.DoesNotExist.
    """
    now = at or timezone.now()
    listing = lock_listing(listing_id, actor)
    why = reason.strip()
    workflow.fire(
        listing,
        "withdraw_by_editor",
        actor=actor,
        guard=lambda: [] if why else [Blocker("reason", "Indiquez pourquoi vous retirez le service.", "#id_reason")],
        reason=why,
        why=why,
        at=now,
    )
    end_children(listing, why="L’éditeur a retiré son service du catalogue.", at=now)
    tell_file(listing, "listing_withdrawn_by_editor", actor=actor, reason=why)
    transaction.on_commit(partial(notices.withdrawn_by_editor, listing))
    return listing


def follow_unpublished(*, at: datetime) -> int:
    """Approved for six months and not published: the editor is reminded and heard, then the ministry may abrogate (A-36).

    Once per file. Returns how many procedures were opened.
    """
    limit = months_after(timezone.localdate(at), -settings.LISTING_LIFE["PUBLICATION_MONTHS"])
    decisions = (
        Decision.objects.in_force()
        .filter(
            kind=DecisionKind.LISTING,
            signed_on__lte=limit,
            candidature__state=CandidatureState.APPROVED,
            candidature__cycle=Cycle.FIRST,
        )
        .exclude(enrolment__procedures__kind=DecisionKind.ABROGATION)
        .order_by("signed_on", "pk")
    )
    count = 0
    for pk in decisions.values_list("pk", flat=True):
        with transaction.atomic():
            count += _hear_about_abrogation(pk, at=at)
    return count


def _hear_about_abrogation(decision_id: UUID, *, at: datetime) -> int:
    decision = Decision.objects.select_related("enrolment__product__organisation").get(pk=decision_id)
    candidature = (
        Candidature.objects.locked().filter(pk=decision.candidature_id, state=CandidatureState.APPROVED).first()
    )
    if candidature is None:
        return 0
    signed_on = decision.signed_on or timezone.localdate(at)
    due_on = timezone.localdate(at) + timedelta(days=settings.LISTING_LIFE["OBSERVATION_DAYS"])
    try:
        with transaction.atomic():
            procedure = Procedure.objects.create(
                enrolment=decision.enrolment,
                kind=DecisionKind.ABROGATION,
                condition=Condition.PUBLICATION,
                facts=f"La décision {decision.number}, du {format_date(signed_on)}, n’est suivie d’aucune publication depuis "
                f"{settings.LISTING_LIFE['PUBLICATION_MONTHS']} mois.",
                proposed_at=at,
                opened_at=at,
                observations_due_on=due_on,
            )
    except IntegrityError:  # another beat was faster
        return 0
    record("procedure.open", subject=procedure, actor=None, data={"kind": procedure.kind})
    tell(candidature, "publication_late", actor=None, data={"due_on": due_on.isoformat()})
    transaction.on_commit(partial(notices.publication_late, procedure))
    return 1
