"""Figure R4: many people at once on one session; one wins, the journal has one line."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from django.db import connections
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from referencing.candidature.enums import CandidatureState
from referencing.candidature.services import withdraw
from referencing.commission.enums import Mode, PointOutcome, SessionState
from referencing.commission.models import AgendaPoint, Attendance, CommissionSession, Mandate, Seat
from referencing.commission.services.agenda import add_files, postpone_point
from referencing.commission.services.attendance import give_mandate
from referencing.commission.services.sessions import Arrival, convoke, open_session
from tests.candidature.factories import make_candidature
from tests.commission.factories import CODES, make_commission, make_session
from tests.factories import make_agent

#: What the figure asks of the transition that co-presidents compete for.
MANY_THREADS = 50
THREADS = 8

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _authority(settings, tmp_path):
    settings.SIGNATURE_DIR = str(tmp_path)


def race(*services: Callable[[], object]) -> list[str]:
    """Each in its own thread and connection: `won`, or the codes of the refusal."""
    barrier = Barrier(len(services))

    def run(service: Callable[[], object]) -> str:
        try:
            barrier.wait(timeout=30)
            service()
        except TransitionRefused as refusal:
            return ",".join(blocker.code for blocker in refusal.blockers)
        else:
            return "won"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(services)) as pool:
        return list(pool.map(run, services))


def test_one_of_fifty_opens_the_session():
    members = make_commission()
    session = make_session(SessionState.CONVOKED, held_at=timezone.now(), files=1)
    arrivals = [Arrival(code, members[code].pk, Mode.IN_PERSON) for code in CODES]
    openings = [
        partial(
            open_session,
            session_id=session.pk,
            chair_id=members[chair].pk,
            arrivals=arrivals,
            actor=members[chair],
            at=timezone.now(),
        )
        for chair in ("dns", "cnam")
    ]

    results = race(*openings * (MANY_THREADS // 2))

    assert sorted(results) == sorted(["won", *["wrong_state"] * (MANY_THREADS - 1)])
    assert AuditEntry.objects.filter(action="commissionsession.open").count() == 1
    assert Attendance.objects.count() == 9


def test_one_of_eight_convokes():
    make_commission()
    session = make_session(SessionState.PLANNED, files=1)

    results = race(
        *[partial(convoke, session_id=session.pk, urgency_reason="", actor=session.created_by, at=timezone.now())]
        * THREADS
    )

    assert sorted(results) == sorted(["won", *["wrong_state"] * (THREADS - 1)])
    assert session.convocations.count() == 1


def test_file_goes_on_one_agenda_only():
    secretary = make_agent(Role.SECRETARY)
    sessions = [make_session(SessionState.PLANNED, secretary=secretary) for _ in range(THREADS)]
    candidature, _ = make_candidature(CandidatureState.READY_COMMISSION, complete=False)

    results = race(
        *(
            partial(
                add_files,
                session_id=session.pk,
                candidature_ids=[candidature.pk],
                actor=secretary,
                at=timezone.now(),
            )
            for session in sessions
        )
    )

    assert results.count("won") == 1
    assert all("not_ready" in each for each in results if each != "won")
    assert AgendaPoint.objects.count() == 1


@pytest.mark.rule("BR-154")
def test_member_receives_one_of_eight_mandates():
    members = make_commission()
    session = make_session(SessionState.CONVOKED)
    seats = {seat.code: seat.pk for seat in Seat.objects.all()}

    results = race(
        *(
            partial(
                give_mandate,
                session_id=session.pk,
                giver_id=seats[code],
                holder_id=seats["dns"],
                actor=members[code],
                at=timezone.now(),
            )
            for code in CODES[1:]
        )
    )

    assert sorted(results) == sorted(["won", *["second"] * (THREADS - 1)])
    assert Mandate.objects.count() == 1


def test_withdrawal_and_postponement_at_once_leave_one_end():
    make_commission()
    session = make_session(SessionState.CONVOKED, files=1)
    point = session.points.get()
    candidature = point.candidature
    leave = partial(withdraw, candidature_id=candidature.pk, reason="Nom.", actor=candidature.applied_by)
    postpone = partial(postpone_point, point_id=point.pk, reason="Report.", actor=session.created_by, at=timezone.now())

    results = race(leave, postpone)

    assert "won" in results
    point.refresh_from_db()
    candidature.refresh_from_db()
    assert candidature.state == CandidatureState.WITHDRAWN
    assert point.outcome in (PointOutcome.POSTPONED, PointOutcome.WITHDRAWN)
    assert CommissionSession.objects.get().state == SessionState.CONVOKED
