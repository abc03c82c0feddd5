"""What is known of the examination of one point: who presides, who has a voice, how the votes went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Q

from convergence.accounts.models import User
from referencing.commission.core.quorum import Quorum, SeatFacts, Voice, count_quorum, list_voices
from referencing.commission.enums import PointOutcome, SessionState
from referencing.commission.models import AgendaPoint, Guest, Seat, Vote
from referencing.commission.selectors.seats import load_seats

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Room:
    """The commission around one point, at one instant."""

    seats: Sequence[SeatFacts]
    quorum: Quorum
    voices: dict[str, Voice]
    """By seat, who casts its voice; seats without one are not there."""
    presiding: UUID | None
    """Who presides on this point; None when neither co-president may."""

    def voices_of(self, person: User) -> list[str]:
        """The seats whose voice this person casts: their own first, then the one that they represent."""
        own = [seat for seat, voice in self.voices.items() if voice.person == person.pk]
        return sorted(own, key=lambda seat: self.voices[seat].is_by_mandate)


def load_room(point: AgendaPoint, *, at: datetime) -> Room:
    seats = load_seats(point, at=at)
    voices = list_voices(seats)
    return Room(
        seats=seats,
        quorum=count_quorum(seats, is_second_convocation=point.is_second_convocation),
        voices=voices,
        presiding=_find_presiding(point, voices),
    )


def _find_presiding(point: AgendaPoint, voices: dict[str, Voice]) -> UUID | None:
    """Whoever chairs the session; recused or gone, the other co-president who sits (BR-155, OQ-09, A-27)."""
    sitting = {seat: voice.person for seat, voice in voices.items() if not voice.is_by_mandate}
    if point.session.chair_id in sitting.values():
        return point.session.chair_id
    co_presidents = Seat.objects.filter(is_ex_officio=True, code__in=sitting).order_by("position")
    codes = list(co_presidents.values_list("code", flat=True))
    return sitting[codes[0]] if codes else None


def is_examined(point: AgendaPoint) -> bool:
    """The commission is looking at it now."""
    return (
        point.session.state == SessionState.OPEN
        and point.outcome == PointOutcome.PENDING
        and point.examined_at is not None
    )


def list_guests_inside(point: AgendaPoint) -> list[Guest]:
    """Persons invited who came in and are still there: they leave before the vote (A-29)."""
    inside = Guest.objects.filter(session=point.session_id, entered_at__isnull=False, left_at__isnull=True)
    return list(
        inside.filter(Q(point__isnull=True) | Q(point=point.pk) | Q(point__session=point.session_id)).order_by("pk")
    )


def newest_vote(point: AgendaPoint) -> Vote | None:
    return point.votes.order_by("-round").first()


def deciding_vote(point: AgendaPoint) -> Vote | None:
    """The round that gave the opinion, by a majority or by a casting vote."""
    return point.votes.exclude(result="").order_by("-round").first()
