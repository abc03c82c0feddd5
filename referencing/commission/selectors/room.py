"""Who is in the room at one instant, and what it makes of each point: the facts that `core.quorum` counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from referencing.commission.core.quorum import Quorum, SeatFacts, count_quorum
from referencing.commission.enums import Capacity
from referencing.commission.models import AgendaPoint, Attendance, Guest, Mandate, Seat, Term
from referencing.commission.selectors.conflicts import Conflicts, Ties, load_conflicts, load_ties

if TYPE_CHECKING:
    from convergence.accounts.models import User
    from referencing.commission.models import CommissionSession


@dataclass(frozen=True, slots=True)
class Seating:
    """The seats of one session, who holds them, who came and left, who gave power to whom: what the room at any instant of
    its day is made of."""

    seats: Sequence[Seat]
    terms: Sequence[Term]
    """Covering the day of the session, or that of the instant asked: by seat, titular first."""
    attendances: Sequence[Attendance]
    """In the order of arrival, those who left included."""
    mandates: Sequence[Mandate]
    """In the order in which they were given, revoked ones included."""

    def terms_on(self, day: date) -> list[Term]:
        return [term for term in self.terms if term.covers(day)]


@dataclass(frozen=True, slots=True)
class Room:
    """One session at one instant; everything by code of seat."""

    seats: Sequence[Seat]
    attendances: dict[str, Attendance]
    mandates: dict[str, Mandate]
    """By the seat that gives."""
    terms: dict[str, list[Term]]
    """Covering that day: titular first, then representatives."""
    people: Mapping[UUID, User]
    """Everybody named by the three above."""
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


def load_seating(session: CommissionSession, *, at: datetime) -> Seating:
    """Three queries."""
    rows = list(Seat.objects.with_terms_on(timezone.localdate(session.held_at), timezone.localdate(at)))
    terms = [getattr(row, "term", None) for row in rows]
    attendances = Attendance.objects.filter(session=session).select_related("person").order_by("arrived_at", "pk")
    mandates = Mandate.objects.filter(session=session).select_related("giver", "holder", "given_by")
    return Seating(
        seats=list({seat.pk: seat for seat in rows}.values()),
        terms=[term for term in terms if term is not None],
        attendances=list(attendances),
        mandates=list(mandates.order_by("given_at", "pk")),
    )


def fill_room(seating: Seating, files: Mapping[UUID, Ties], *, at: datetime) -> Room:
    """The room at that instant, for these files; one query, whatever their number."""
    codes = {seat.pk: seat.code for seat in seating.seats}
    terms: dict[str, list[Term]] = {}
    for term in seating.terms_on(timezone.localdate(at)):
        terms.setdefault(codes[term.seat_id], []).append(term)
    attendances = {codes[each.seat_id]: each for each in seating.attendances if each.covers(at)}
    mandates = {codes[each.giver_id]: each for each in seating.mandates if each.covers(at)}
    people = {
        person.pk: person
        for person in (
            *(each.person for each in attendances.values()),
            *(each.given_by for each in mandates.values()),
            *(term.person for rows in terms.values() for term in rows),
        )
    }
    conflicts = load_conflicts(files, people.values(), at=at)
    return Room(seating.seats, attendances, mandates, terms, people, conflicts)


def load_room(session: CommissionSession, points: Sequence[AgendaPoint], *, at: datetime) -> Room:
    """Five queries, whatever the number of points."""
    return fill_room(load_seating(session, at=at), load_ties([point.candidature_id for point in points]), at=at)


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
    """As `chair_of`, in a room that is read for it."""
    return chair_of(point, load_room(point.session, [point], at=at))


def chair_of(point: AgendaPoint, room: Room) -> UUID | None:
    """Who chairs that point and has its casting vote (OQ-09): whoever chairs the session; when a link bars them, the other
    co-president if present; None when neither can."""
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
