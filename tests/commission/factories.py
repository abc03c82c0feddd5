"""Commission, members, agendas and sessions in the state that a test needs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.commission.enums import Capacity, Mode, PointOutcome, SessionState
from referencing.commission.models import AgendaPoint, Attendance, Clearance, CommissionSession, Seat, Term
from tests.candidature.factories import make_candidature
from tests.factories import make_agent

CODES = ["dns", "cnam", *(f"siege-{number}" for number in range(3, 10))]


def make_commission(*, vacant: Sequence[str] = (), **people: User) -> dict[str, User]:
    """Nine seats, each with its titular since a year; by code of seat. `people` names who sits for a code."""
    today = timezone.localdate()
    members = {}
    for position, code in enumerate(CODES, start=1):
        is_ex_officio = code in ("dns", "cnam")
        seat, _ = Seat.objects.get_or_create(
            code=code, defaults={"position": position, "title": f"Siège {position}", "is_ex_officio": is_ex_officio}
        )
        if code not in vacant:
            person = people.get(code.replace("-", "_")) or make_agent(Role.PRESIDENT if is_ex_officio else Role.MEMBER)
            members[code] = person
            Term.objects.create(
                seat=seat,
                person=person,
                capacity=Capacity.TITULAR,
                started_on=today - timedelta(days=365),
                ends_on=today + timedelta(days=364),
            )
    return members


def make_session(
    state: SessionState = SessionState.CONVOKED,
    *,
    secretary: User | None = None,
    held_at: datetime | None = None,
    files: int | Sequence[Candidature] = 0,
    chair: User | None = None,
    is_second_convocation: bool = False,
    **fields: Any,
) -> CommissionSession:
    """A session in `state` with pending points: that many new files, or these ones."""
    now = timezone.now()
    secretary = secretary or make_agent(Role.SECRETARY)
    is_held = state in (SessionState.OPEN, SessionState.CLOSED, SessionState.MINUTES_APPROVED)
    session = CommissionSession.objects.create(
        state=state,
        held_at=held_at or (now - timedelta(minutes=5) if is_held else now + timedelta(days=15)),
        created_by=secretary,
        **{
            "place": "Salle 1",
            "chair": chair or (make_agent(Role.PRESIDENT) if is_held else None),
            "opened_at": now - timedelta(minutes=5) if is_held else None,
            "closed_at": now if state in (SessionState.CLOSED, SessionState.MINUTES_APPROVED) else None,
            **fields,
        },
    )
    if isinstance(files, int):
        files = [make_candidature(CandidatureState.SCHEDULED, complete=False)[0] for _ in range(files)]
    for candidature in files:
        add_point(session, candidature, by=secretary, is_second_convocation=is_second_convocation)
    return session


def add_point(session: CommissionSession, candidature: Candidature, *, by: User, **fields: Any) -> AgendaPoint:
    """The file as the next point of the agenda, its state left as it is."""
    enrolment = candidature.enrolment
    return AgendaPoint.objects.create(
        session=session,
        candidature=candidature,
        position=session.points.count() + 1,
        product_name=enrolment.label,
        organisation_name=enrolment.product.organisation.name,
        added_by=by,
        added_at=timezone.now(),
        **{"outcome": PointOutcome.PENDING, **fields},
    )


def seat_people(
    session: CommissionSession, people: dict[str, User], *, at: datetime | None = None, mode: Mode = Mode.IN_PERSON
) -> None:
    """Have them in the room since the opening, by code of seat."""
    for code, person in people.items():
        Attendance.objects.create(
            session=session,
            seat=Seat.objects.get(code=code),
            person=person,
            mode=mode,
            arrived_at=at or session.opened_at,
        )


def clear(session: CommissionSession, *people: User) -> None:
    """« Aucun lien » of each on the whole agenda: members read no file before (A-28)."""
    Clearance.objects.bulk_create(
        Clearance(candidature_id=point.candidature_id, person=person, declared_at=timezone.now())
        for point in session.points.all()
        for person in people
    )
