"""What is known of the examination of one point: who has a voice, how the votes went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from referencing.commission.core.quorum import Quorum, SeatFacts, Voice, count_quorum, list_voices
from referencing.commission.enums import PointOutcome, SessionState
from referencing.commission.models import AgendaPoint, Vote
from referencing.commission.selectors.room import load_seats

if TYPE_CHECKING:
    from datetime import datetime

    from convergence.accounts.models import User


@dataclass(frozen=True, slots=True)
class Bench:
    """The commission around one point, at one instant."""

    seats: Sequence[SeatFacts]
    quorum: Quorum
    voices: Mapping[str, Voice]
    """By seat, who casts its voice; seats without one are not there."""

    def voices_of(self, person: User) -> list[str]:
        """The seats whose voice this person casts: their own first, then the one that they represent."""
        own = [seat for seat, voice in self.voices.items() if voice.person == person.pk]
        return sorted(own, key=lambda seat: self.voices[seat].is_by_mandate)


def load_bench(point: AgendaPoint, *, at: datetime) -> Bench:
    seats = load_seats(point, at=at)
    quorum = count_quorum(seats, is_second_convocation=point.is_second_convocation)
    return Bench(seats, quorum, list_voices(seats))


def is_examined(point: AgendaPoint) -> bool:
    """The commission is looking at it now."""
    return (
        point.session.state == SessionState.OPEN
        and point.outcome == PointOutcome.PENDING
        and point.examined_at is not None
    )


def newest_vote(point: AgendaPoint) -> Vote | None:
    return point.votes.order_by("-round").first()


def deciding_vote(point: AgendaPoint) -> Vote | None:
    """The round that gave the opinion, by a majority or by a casting vote."""
    return point.votes.exclude(result="").order_by("-round").first()
