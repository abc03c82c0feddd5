"""Arrivals, departures, mandates, guests: each rule and each refusal (BR-154, A-27, A-29)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.kernel.errors import TransitionRefused
from referencing.commission.enums import Mode, SessionState
from referencing.commission.models import Attendance, Guest, Mandate, Seat
from referencing.commission.selectors.room import list_outsiders, load_room
from referencing.commission.services.attendance import (
    add_guest,
    give_mandate,
    move_guest,
    record_arrival,
    record_departure,
    revoke_mandate,
)
from tests.commission.factories import CODES, clear, make_commission, make_session, seat_people
from tests.factories import make_agent

pytestmark = pytest.mark.django_db


@pytest.fixture
def members():
    return make_commission()


@pytest.fixture
def session(members):
    session = make_session(SessionState.OPEN, files=1, chair=members["dns"])
    seat_people(session, {code: members[code] for code in CODES[:4]})
    return session


def codes(refusal) -> list[str]:
    return [blocker.code for blocker in refusal.value.blockers]


def key(code: str) -> int:
    return Seat.objects.get(code=code).pk


def arrive(session, members, code, *, person=None, arrived_at=None, actor=None):
    now = timezone.now()
    return record_arrival(
        session_id=session.pk,
        seat_id=key(code),
        person_id=(person or members[code]).pk,
        mode=Mode.REMOTE,
        arrived_at=arrived_at or now,
        actor=actor or session.created_by,
        at=now,
    )


def give(session, giver, holder, actor):
    return give_mandate(
        session_id=session.pk, giver_id=key(giver), holder_id=key(holder), actor=actor, at=timezone.now()
    )


def quorum(session):
    points = list(session.points.all())
    return load_room(session, points, at=timezone.now()).quorum(points[0])


@pytest.mark.rule("BR-151")
def test_fifth_arrival_makes_the_quorum_and_a_departure_unmakes_it(session, members):
    assert not quorum(session).is_met

    attendance = arrive(session, members, "siege-5")
    assert quorum(session).is_met

    now = timezone.now()
    record_departure(attendance_id=attendance.pk, left_at=now, actor=members["dns"], at=now)
    assert not quorum(session).is_met


def test_arrival_refuses_with_every_reason(session, members):
    with pytest.raises(TransitionRefused) as refusal:
        arrive(session, members, "dns", person=members["siege-3"], arrived_at=timezone.now() + timedelta(minutes=9))
    assert codes(refusal) == ["future", "not_seated", "seat_taken"]

    with pytest.raises(TransitionRefused) as refusal:
        arrive(session, members, "siege-3", arrived_at=session.opened_at - timedelta(minutes=1))
    assert codes(refusal) == ["before_opening", "seat_taken"]


def test_attendance_is_kept_in_an_open_session_by_those_who_run_it(members):
    session = make_session(SessionState.CONVOKED, files=1)
    with pytest.raises(TransitionRefused) as refusal:
        arrive(session, members, "siege-3")
    assert codes(refusal) == ["wrong_state"]

    with pytest.raises(PermissionDenied):
        arrive(session, members, "siege-3", actor=members["siege-3"])


def test_departure_refuses_with_every_reason(session):
    attendance = Attendance.objects.get(seat__code="siege-3")
    now = timezone.now()
    leave = {"attendance_id": attendance.pk, "actor": session.created_by, "at": now}
    with pytest.raises(TransitionRefused) as refusal:
        record_departure(left_at=now + timedelta(minutes=5), **leave)
    assert codes(refusal) == ["future"]

    record_departure(left_at=now, **leave)
    with pytest.raises(TransitionRefused) as refusal:
        record_departure(left_at=now, **leave)
    assert codes(refusal) == ["left"]


def test_departure_follows_the_arrival(session, members):
    attendance = arrive(session, members, "siege-5")
    now = timezone.now()

    with pytest.raises(TransitionRefused) as refusal:
        record_departure(attendance_id=attendance.pk, left_at=session.opened_at, actor=session.created_by, at=now)

    assert codes(refusal) == ["before"]


def test_database_refuses_two_people_on_one_seat(session, members):
    with pytest.raises(IntegrityError, match="attendance_one_person_per_seat_at_once"), transaction.atomic():
        seat_people(session, {"siege-3": members["siege-4"]})


@pytest.mark.rule("BR-154", "A-27")
def test_absent_member_gives_one_mandate_and_the_secretary_may_record_it(session, members):
    mandate = give(session, "siege-8", "siege-3", members["siege-8"])
    recorded = give(session, "siege-9", "siege-4", session.created_by)

    assert (mandate.given_by, mandate.recorded_by) == (members["siege-8"], members["siege-8"])
    assert (recorded.given_by, recorded.recorded_by) == (members["siege-9"], session.created_by)
    assert quorum(session).counted == 6


@pytest.mark.rule("BR-154")
def test_second_mandate_for_one_holder_is_refused(session, members):
    give(session, "siege-8", "siege-3", members["siege-8"])

    with pytest.raises(TransitionRefused) as refusal:
        give(session, "siege-9", "siege-3", members["siege-9"])

    assert codes(refusal) == ["second"]
    with pytest.raises(IntegrityError, match="mandate_one_per_holder"), transaction.atomic():
        Mandate.objects.create(
            session=session,
            giver_id=key("siege-9"),
            holder_id=key("siege-3"),
            given_by=members["siege-9"],
            recorded_by=members["siege-9"],
            given_at=timezone.now(),
        )


def test_mandates_do_not_chain_nor_come_from_the_present(session, members):
    give(session, "siege-8", "siege-7", members["siege-8"])
    for giver, holder, expected in (
        ("siege-8", "siege-3", ["given"]),
        ("siege-9", "siege-8", ["holder_absent"]),
        ("siege-7", "siege-3", ["giver_holds"]),
        ("siege-3", "siege-4", ["present"]),
        ("siege-9", "siege-9", ["same"]),
    ):
        with pytest.raises(TransitionRefused) as refusal:
            give(session, giver, holder, session.created_by)
        assert codes(refusal) == expected, (giver, holder)


def test_vacant_seats_give_and_hold_nothing():
    make_commission(vacant=["siege-8", "siege-9"])
    for code, position in (("siege-8", 8), ("siege-9", 9)):
        Seat.objects.get_or_create(code=code, defaults={"position": position, "title": code})
    session = make_session(SessionState.CONVOKED)

    with pytest.raises(TransitionRefused) as refusal:
        give(session, "siege-8", "siege-9", session.created_by)

    assert codes(refusal) == ["vacant", "vacant_holder"]


def test_mandate_is_given_by_oneself_and_for_an_announced_session(session, members):
    with pytest.raises(PermissionDenied):
        give(session, "siege-9", "siege-3", members["siege-8"])

    closed = make_session(SessionState.CLOSED)
    with pytest.raises(TransitionRefused) as refusal:
        give(closed, "siege-9", "siege-3", members["siege-9"])
    assert codes(refusal) == ["wrong_state"]


def test_mandate_is_taken_back_once_by_its_giver_or_the_secretary(session, members):
    mandate = give(session, "siege-9", "siege-3", members["siege-9"])
    with pytest.raises(PermissionDenied):
        revoke_mandate(mandate_id=mandate.pk, actor=members["siege-3"], at=timezone.now())

    revoke_mandate(mandate_id=mandate.pk, actor=members["siege-9"], at=timezone.now())

    with pytest.raises(TransitionRefused) as refusal:
        revoke_mandate(mandate_id=mandate.pk, actor=session.created_by, at=timezone.now())
    assert codes(refusal) == ["revoked"]


def test_mandate_ends_when_its_giver_comes(session, members):
    mandate = give(session, "siege-9", "siege-3", members["siege-9"])

    attendance = arrive(session, members, "siege-9")

    mandate.refresh_from_db()
    assert mandate.revoked_at == attendance.arrived_at
    assert "siege-9" in quorum(session).present


@pytest.mark.rule("A-29")
def test_guest_comes_leaves_and_comes_back(session, members):
    clear(session, *members.values())
    point = session.points.get()
    guest = add_guest(session_id=session.pk, name="Me Roux", quality="Avocat", point_id=point.pk, actor=members["dns"])

    def move(guest, *, is_entering):
        now = timezone.now()
        return move_guest(guest_id=guest.pk, is_entering=is_entering, moved_at=now, actor=members["dns"], at=now)

    move(guest, is_entering=True)
    assert list(list_outsiders(point, at=timezone.now())) == [guest]
    with pytest.raises(TransitionRefused) as refusal:
        move(guest, is_entering=True)
    assert codes(refusal) == ["inside"]

    move(guest, is_entering=False)
    assert not list_outsiders(point, at=timezone.now())
    with pytest.raises(TransitionRefused) as refusal:
        move(guest, is_entering=False)
    assert codes(refusal) == ["outside"]

    move(guest, is_entering=True)
    assert Guest.objects.count() == 2


def test_guest_needs_a_name_a_quality_and_a_known_point(session, members):
    other = make_session(SessionState.OPEN, files=1)

    with pytest.raises(TransitionRefused) as refusal:
        add_guest(session_id=session.pk, name="", quality=" ", point_id=other.points.get().pk, actor=session.created_by)

    assert codes(refusal) == ["name", "quality", "point"]


def test_guest_is_not_added_after_the_session(members):
    session = make_session(SessionState.CLOSED)

    with pytest.raises(TransitionRefused) as refusal:
        add_guest(session_id=session.pk, name="A", quality="B", point_id=None, actor=session.created_by)

    assert codes(refusal) == ["wrong_state"]


@pytest.mark.rule("A-28")
def test_guest_of_a_point_that_one_may_not_know_is_not_moved(session, members):
    guest = Guest.objects.create(session=session, point=session.points.get(), name="A", quality="B")
    now = timezone.now()

    with pytest.raises(Guest.DoesNotExist):
        move_guest(guest_id=guest.pk, is_entering=True, moved_at=now, actor=make_agent(Role.PRESIDENT), at=now)
