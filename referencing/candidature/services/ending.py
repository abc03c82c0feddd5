"""When a file ends before its time: what waits is closed; lapse after a formal reminder (A-16, T35)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.kernel.errors import Blocker
from referencing.candidature import request_notices as notices
from referencing.candidature.enums import NonConformityState, ProducerQuestionState, RequestState
from referencing.candidature.models import (
    Candidature,
    ComplementItem,
    ComplementRequest,
    NonConformity,
    ProducerQuestion,
)
from referencing.candidature.services import standing
from referencing.candidature.services.connection.campaigns import cancel_campaign
from referencing.candidature.services.files import lock_file
from referencing.candidature.services.journal import tell

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from convergence.accounts.models import User

#: A non-conformity that somebody still had to answer or judge.
UNSETTLED = [NonConformityState.OPEN, NonConformityState.ANSWERED]


def close_children(*, candidature: Candidature, actor: User, reason: str) -> None:
    """End whatever the file still waits for: requests, their open items, unsettled non-conformities, what is asked of a
    producer, tests.

    The candidature is locked by the caller, in a state that nothing leaves; the caller refreshes its standing. What was
    written and not sent stays with its editor.
    """
    now = timezone.now()
    for request in ComplementRequest.objects.select_for_update().filter(
        candidature=candidature, state=RequestState.OPEN
    ):
        workflow.fire(request, "end", actor=None, reason=reason, data={"by": str(actor)}, at=now)
    for question in ProducerQuestion.objects.select_for_update().filter(
        candidature=candidature, state__in=[ProducerQuestionState.OPEN, ProducerQuestionState.LAPSED]
    ):
        workflow.fire(question, "end", actor=None, reason=reason, data={"by": str(actor)}, at=now)
    cancel_campaign(candidature, actor, reason)
    ComplementItem.objects.filter(candidature=candidature, answered_at__isnull=True, closed_at__isnull=True).update(
        closed_at=now
    )
    NonConformity.objects.filter(candidature=candidature, state__in=UNSETTLED, closed_at__isnull=True).update(
        closed_at=now
    )
    cancel_campaign(candidature, actor, reason)


@transaction.atomic
def lapse(*, candidature_id: UUID, reason: str, actor: User) -> Candidature:
    """Declare the file abandoned: a person of the listing team, once the last delay of a formal reminder has passed and
    its request still waits; never a timer (A-16, BR-116, T35).

    Raises Candidature.DoesNotExist, PermissionDenied, or TransitionRefused with every reason.
    """
    candidature = lock_file(candidature_id, actor)
    now = timezone.now()
    why = reason.strip()

    def guard() -> list[Blocker]:
        blockers = find_lapse_blockers(candidature, today=timezone.localdate(now))
        if not why:
            blockers.append(Blocker("reason", "Indiquez le motif : l’éditeur le lira.", "#id_reason"))
        return blockers

    workflow.fire(candidature, "lapse", actor=actor, guard=guard, reason=why, at=now)
    close_children(candidature=candidature, actor=actor, reason=why)
    tell(candidature, "lapsed", actor=actor, reason=why)
    standing.refresh(candidature)
    transaction.on_commit(partial(notices.candidature_lapsed, candidature, why))
    return candidature


def find_lapse_blockers(candidature: Candidature, *, today: date) -> list[Blocker]:
    """Why the file may not be declared abandoned today."""
    waiting = ComplementRequest.objects.filter(candidature=candidature, state=RequestState.OPEN)
    reminded = [each for each in waiting.order_by("grace_until") if each.formal_reminder_at and each.grace_until]
    if not reminded:
        return [
            Blocker(
                "no_formal_reminder",
                "Aucune demande en attente n’a fait l’objet d’une mise en demeure.",
            )
        ]
    grace = reminded[0].grace_until
    if grace is not None and grace >= today:
        return [Blocker("grace", f"L’éditeur peut répondre jusqu’au {grace:%d/%m/%Y}.")]
    return []
