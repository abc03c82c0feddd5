"""Who is in the room at one instant, and what it makes of each point: the facts that `core.quorum` counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from referencing.commission.core.quorum import Quorum, SeatFacts, count_quorum
from referencing.commission.enums import Capacity
from referencing.commission.models import AgendaPoint, Attendance, Guest, Mandate, Seat, Term
from referencing.commission.selectors.conflicts import Conflicts, load_conflicts

if TYPE_CHECKING:
    from convergence.accounts.models import User
    from referencing.commission.models import CommissionSession


@dataclass(frozen=True, slots=True)
class Room:
    """One session at one instant; everything by code of seat."""

    seats: Sequence[Seat]
    attendances: dict[str, Attendance]
    mandates: dict[str, Mandate]
    """By the seat that gives."""
    terms: dict[str, list[Term]]
    """Covering that day: titular first, then representatives."""
    conflicts: Conflicts

    def person_of(self, code: str) -> User | None:
        """Who sits for the seat, else its titular; None when vacant."""
        if attendance := self.attendances.get(code):
            return attendance.person
        titular = [term for term in self.terms.get(code, ()) if term.capacity == Capacity.TITULAR]
        return titular[0].person if titular else None

    def is_entitled(self, code: str, person: User) -> bool:
        """Holds a term of the seat on that day, and a valid declaration of interests (BR-159, A-27)."""
        has_term = any(term.person_id == person.pk for term in self.terms.get(code, ()))
        return has_term and person.pk not in self.conflicts.undeclared

    def facts(self, candidature_id: UUID) -> list[SeatFacts]:
        """The nine seats, for one file."""

        def is_barred(code: str, person: User | None) -> bool:
            return (
                person is None or not self.is_entitled(code, person) or self.conflicts.bars(candidature_id, person.pk)
            )

        rows = []
        for seat in self.seats:
            attendance, mandate = self.attendances.get(seat.code), self.mandates.get(seat.code)
            rows.append(
                SeatFacts(
                    seat=seat.code,
                    holder=attendance.person_id if attendance else None,
                    is_barred=is_barred(seat.code, self.person_of(seat.code)),
                    mandate_to=mandate.holder.code if mandate else "",
                    giver_is_barred=mandate is not None and is_barred(seat.code, mandate.given_by),
                )
            )
        return rows

    def quorum(self, point: AgendaPoint) -> Quorum:
        return count_quorum(self.facts(point.candidature_id), is_second_convocation=point.is_second_convocation)


def load_room(session: CommissionSession, points: Sequence[AgendaPoint], *, at: datetime) -> Room:
    """Nine queries, whatever the number of points."""
    seats = list(Seat.objects.order_by("position"))
    codes = {seat.pk: seat.code for seat in seats}
    terms: dict[str, list[Term]] = {}
    for term in (
        Term.objects.covering(timezone.localdate(at)).select_related("person").order_by("-capacity", "started_on", "pk")
    ):
        terms.setdefault(codes[term.seat_id], []).append(term)
    attendances = {codes[each.seat_id]: each for each in list_present(session, at=at)}
    mandates = {
        codes[each.giver_id]: each
        for each in Mandate.objects.filter(session=session, given_at__lte=at)
        .filter(Q(revoked_at__isnull=True) | Q(revoked_at__gt=at))
        .select_related("holder", "given_by")
        .order_by("given_at", "pk")
    }
    people = {
        person.pk: person
        for person in (
            *(each.person for each in attendances.values()),
            *(each.given_by for each in mandates.values()),
            *(term.person for rows in terms.values() for term in rows),
        )
    }
    conflicts = load_conflicts([point.candidature_id for point in points], people.values(), at=at)
    return Room(seats, attendances, mandates, terms, conflicts)


def load_seats(point: AgendaPoint, *, at: datetime) -> list[SeatFacts]:
    """The nine seats as they stand on one point at one instant, past ones included."""
    return load_room(point.session, [point], at=at).facts(point.candidature_id)


def list_present(session: CommissionSession, *, at: datetime) -> QuerySet[Attendance]:
    """Attendances that cover the instant: arrived, not left yet."""
    return (
        Attendance.objects.filter(session=session, arrived_at__lte=at)
        .filter(Q(left_at__isnull=True) | Q(left_at__gt=at))
        .select_related("person")
        .order_by("arrived_at", "pk")
    )


def find_chair(point: AgendaPoint, *, at: datetime) -> UUID | None:
    """Who chairs that point and has its casting vote (OQ-09): whoever chairs the session; when a link bars them, the other
    co-president if present; None when neither can."""
    room = load_room(point.session, [point], at=at)
    ex_officio = {seat.code for seat in room.seats if seat.is_ex_officio}
    able = [
        facts.holder
        for facts in room.facts(point.candidature_id)
        if facts.seat in ex_officio and facts.holder and not facts.is_barred
    ]
    return next((each for each in able if each == point.session.chair_id), able[0] if able else None)


def list_outsiders(point: AgendaPoint, *, at: datetime) -> QuerySet[Guest]:
    """Rapporteur and guests who are in the room at that instant: they leave before the vote (A-29)."""
    return (
        Guest.objects.filter(session=point.session_id, entered_at__lte=at)
        .filter(Q(point=point) | Q(point__isnull=True))
        .filter(Q(left_at__isnull=True) | Q(left_at__gt=at))
        .order_by("entered_at", "pk")
    )
