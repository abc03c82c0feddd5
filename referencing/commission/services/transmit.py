"""From the commission to the minister, or back before the commission (T29b, T30, A-01, A-30)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from convergence.audit import workflow
from convergence.kernel.errors import Blocker
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.candidature.services import standing
from referencing.candidature.services.connection.standing import find_test_blockers
from referencing.candidature.services.journal import tell
from referencing.commission import opinion_notices as notices
from referencing.commission.enums import FAVOURABLE_OPINIONS, ReservationState
from referencing.commission.models import Opinion, Reservation
from referencing.commission.selectors.opinions import barring_reservations, find_known_files, newest_opinion
from referencing.commission.services.points import lock_candidature
from referencing.commission.services.reservations import close_reservations

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from convergence.accounts.models import User


def _lock_known(candidature_id: UUID, actor: User) -> Candidature:
    """Raises Candidature.DoesNotExist for whoever may not know the file."""
    if not find_known_files(actor).filter(pk=candidature_id).exists():
        raise Candidature.DoesNotExist(candidature_id)
    return lock_candidature(candidature_id)


@transaction.atomic
def transmit_file(*, candidature_id: UUID, actor: User) -> Candidature:
    """Hand the file to the minister, whatever the opinion (T30, A-01).

    A way to a listing needs the tests passed (BR-136) and every suspensive reservation lifted (BR-158). An unfavourable
    opinion, or a suspensive reservation overdue, leads to a refusal only: the stage of decisions reads the same rows
    (`selectors.opinions`). Raises Candidature.DoesNotExist, PermissionDenied, or TransitionRefused with every reason.
    """
    candidature = _lock_known(candidature_id, actor)
    today = timezone.localdate()
    outlook = load_outlook(candidature, today=today)
    workflow.fire(
        candidature,
        "transmit",
        actor=actor,
        guard=lambda: find_transmit_blockers(candidature, today=today, outlook=outlook),
        data={"is_for_refusal": outlook.is_for_refusal},
    )
    tell(candidature, "transmitted", actor=actor)
    standing.refresh(candidature)
    transaction.on_commit(partial(notices.file_transmitted, candidature, is_for_refusal=outlook.is_for_refusal))
    return candidature


@dataclass(frozen=True, slots=True)
class Outlook:
    """What decides where a file goes once the commission gave its opinion."""

    opinion: Opinion | None
    """The one that counts, with its reservations in order."""
    overdue: Sequence[Reservation]

    @property
    def is_for_refusal(self) -> bool:
        """The minister may only refuse: the opinion is unfavourable, or a suspensive reservation is overdue (A-01, A-30)."""
        return self.opinion is None or self.opinion.kind not in FAVOURABLE_OPINIONS or bool(self.overdue)


def load_outlook(candidature: Candidature, *, today: date) -> Outlook:
    """Three queries at most."""
    return Outlook(newest_opinion(candidature), list_overdue(candidature, today=today))


def list_overdue(candidature: Candidature, *, today: date) -> list[Reservation]:
    """Suspensive reservations that the editor let pass, while the file waits for them. One that was answered waits for the
    listing team, who lifts it or sends it back with a later day: its delay is not the editor’s fault."""
    if candidature.state != CandidatureState.RESERVATIONS:
        return []
    waiting = Reservation.objects.filter(candidature=candidature, state=ReservationState.OPEN).suspensive()
    return list(waiting.overdue(on=today).in_order())


def find_transmit_blockers(candidature: Candidature, *, today: date, outlook: Outlook | None = None) -> list[Blocker]:
    """Every reason not to transmit the file now, each linked to what mends it; `outlook` when it was read already."""
    outlook = outlook or load_outlook(candidature, today=today)
    if outlook.opinion is None:
        return [Blocker("no_opinion", "La commission n’a pas rendu d’avis sur ce dossier.")]
    if outlook.is_for_refusal:
        return []
    blockers = [
        Blocker(
            "suspensive_open",
            f"La réserve suspensive n° {each.number} n’est pas levée.",
            reverse("commission:reservation_detail", args=[each.pk]),
        )
        for each in barring_reservations(outlook.opinion)
    ]
    return blockers + find_test_blockers(candidature)


@transaction.atomic
def send_to_re_examination(*, candidature_id: UUID, reason: str, actor: User) -> Candidature:
    """A suspensive reservation is overdue: the commission looks at the file again (T29b, A-30).

    The reservations of the former opinion are closed, since another opinion follows. Raises Candidature.DoesNotExist,
    PermissionDenied, or TransitionRefused with every reason.
    """
    candidature = _lock_known(candidature_id, actor)
    today = timezone.localdate()

    def guard() -> list[Blocker]:
        blockers = []
        if not list_overdue(candidature, today=today):
            blockers.append(Blocker("not_overdue", "Aucune réserve suspensive de ce dossier n’a dépassé son échéance."))
        if not reason.strip():
            blockers.append(Blocker("reason", "Indiquez pourquoi le dossier est réexaminé.", "#id_reason"))
        return blockers

    workflow.fire(candidature, "re_examine", actor=actor, guard=guard, reason=reason.strip())
    close_reservations(candidature, actor=actor, note="Dossier réexaminé par la commission")
    tell(candidature, "sent_to_re_examination", actor=actor, reason=reason.strip())
    standing.refresh(candidature)
    transaction.on_commit(partial(notices.sent_back_to_commission, candidature, reason.strip()))
    return candidature
