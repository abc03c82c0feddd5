"""What the page of a session shows to one person: read once, passed down from there (A-28)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q

from referencing.commission.enums import SessionState
from referencing.commission.models import AgendaPoint, Convocation, ConvocationReceipt, Guest, Recusal
from referencing.commission.rules import can_run
from referencing.commission.selectors.agenda import AgendaRow, list_agenda
from referencing.commission.selectors.conflicts import ties_of
from referencing.commission.selectors.opinions import list_lifted_since
from referencing.commission.selectors.room import Room, Seating, fill_room, load_seating

if TYPE_CHECKING:
    from convergence.accounts.models import User
    from referencing.commission.models import CommissionSession, Reservation

#: States in which the count of each point is shown live.
COUNTED_STATES = [SessionState.OPEN]
#: Lifted reservations that the page of a session tells of.
LIFTED_LIMIT = 50


@dataclass(frozen=True, slots=True)
class LiveAgenda:
    """The agenda as one person may know it, and who is in the room: read again every few seconds."""

    rows: Sequence[AgendaRow]
    seating: Seating
    room: Room | None
    """For the points that the person knows by name; None where nothing is counted."""


@dataclass(frozen=True, slots=True)
class SessionPage:
    """The page of a session for one person."""

    live: LiveAgenda
    guests: Sequence[Guest]
    convocations: Sequence[Convocation]
    receipts: Sequence[ConvocationReceipt]
    """For the secretary, as the recusals; nothing for the others."""
    recusals: Sequence[Recusal]
    """On the files that the secretary may know."""
    lifted: Sequence[Reservation]
    """Since the session before (OQ-11)."""


def has_unread(user: User) -> Exists:
    """Of a session: whether a convocation to it waits for the person to consult it."""
    return Exists(ConvocationReceipt.objects.unread_by(user).filter(convocation__session=OuterRef("pk")))


def load_live_agenda(session: CommissionSession, user: User, *, at: datetime) -> LiveAgenda:
    """Four queries, and one where points are counted."""
    rows = list_agenda(session, user)
    seating = load_seating(session, at=at)
    room = None
    if session.state in COUNTED_STATES or can_run(user):
        files = {row.point.candidature_id: ties_of(row.point) for row in rows if row.point}
        room = fill_room(seating, files, at=at)
    return LiveAgenda(rows, seating, room)


def load_session_page(session: CommissionSession, user: User, *, at: datetime) -> SessionPage:
    """Three queries beside those of the agenda, one more for the secretary."""
    live = load_live_agenda(session, user, at=at)
    is_secretary = bool(can_run(user))
    convocations = Convocation.objects.filter(session=session)
    rows = list(convocations.with_receipts() if is_secretary else convocations.in_order())
    receipts = [getattr(row, "receipt", None) for row in rows]
    return SessionPage(
        live=live,
        guests=list_guests(session, user),
        convocations=list({row.pk: row for row in rows}.values()),
        receipts=[receipt for receipt in receipts if receipt is not None],
        recusals=_list_recusals(live.rows) if is_secretary else [],
        lifted=list(list_lifted_since(session, user)[:LIFTED_LIMIT]),
    )


def list_guests(session: CommissionSession, user: User) -> list[Guest]:
    """Guests of the session and of the points that the person may know: a name may tell a file (A-28)."""
    known = AgendaPoint.objects.visible_to(user).filter(session=session)
    guests = Guest.objects.filter(Q(point__isnull=True) | Q(point__in=known.values("pk")), session=session)
    return list(guests.select_related("point").order_by("point__position", "name", "pk"))


def _list_recusals(rows: Sequence[AgendaRow]) -> list[Recusal]:
    files = [row.point.candidature_id for row in rows if row.point and row.is_readable]
    recusals = Recusal.objects.filter(candidature__in=files).select_related("person")
    return list(recusals.order_by("declared_at", "pk"))
