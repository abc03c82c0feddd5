"""What is known of the examination of one point: who has a voice, how the votes went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Prefetch

from referencing.commission.core.quorum import Quorum, SeatFacts, Voice, count_quorum, list_voices
from referencing.commission.enums import PointOutcome, SessionState
from referencing.commission.models import AgendaPoint, Ballot, Guest, Vote
from referencing.commission.selectors.conflicts import ties_of
from referencing.commission.selectors.room import Room, fill_room, list_outsiders, load_room, load_seating

if TYPE_CHECKING:
    from datetime import datetime

    from convergence.accounts.models import User


@dataclass(frozen=True, slots=True)
class Bench:
    """The commission around one point, at one instant."""

    room: Room
    seats: Sequence[SeatFacts]
    quorum: Quorum
    voices: Mapping[str, Voice]
    """By seat, who casts its voice; seats without one are not there."""
    outsiders: Sequence[Guest]
    """In the room without a voice."""

    def title_of(self, seat: str) -> str:
        return next(each.title for each in self.room.seats if each.code == seat)

    def name_of(self, voice: Voice) -> str:
        """Of whoever casts it."""
        return self.room.people[voice.person].get_full_name()

    def voices_of(self, person: User) -> list[str]:
        """The seats whose voice this person casts: their own first, then the one that they represent."""
        own = [seat for seat, voice in self.voices.items() if voice.person == person.pk]
        return sorted(own, key=lambda seat: self.voices[seat].is_by_mandate)


@dataclass(frozen=True, slots=True)
class Examination:
    """What the page of a point in session is made of."""

    bench: Bench
    rounds: Sequence[Vote]
    """In order, each with its ballots."""

    @property
    def current(self) -> Vote | None:
        return self.rounds[-1] if self.rounds else None


def load_bench(point: AgendaPoint, *, at: datetime) -> Bench:
    """For services, once they hold their locks; six queries."""
    return _seat(point, load_room(point.session, [point], at=at), at=at)


def load_examination(point: AgendaPoint, *, at: datetime) -> Examination:
    """For the page of a point read `with_ties`; seven queries."""
    room = fill_room(load_seating(point.session, at=at), {point.candidature_id: ties_of(point)}, at=at)
    ballots = Prefetch("ballots", Ballot.objects.select_related("seat").order_by("pk"))
    rounds = point.votes.select_related("decided_by").prefetch_related(ballots).order_by("round")
    return Examination(_seat(point, room, at=at), list(rounds))


def _seat(point: AgendaPoint, room: Room, *, at: datetime) -> Bench:
    seats = room.facts(point.candidature_id)
    quorum = count_quorum(seats, is_second_convocation=point.is_second_convocation)
    return Bench(room, seats, quorum, list_voices(seats), list(list_outsiders(point, at=at)))


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
