"""Seats and terms: appointed, replaced, ended, represented (A-27, BR-159)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from referencing.commission.core.terms import last_day_of_term
from referencing.commission.enums import Capacity
from referencing.commission.models import Seat, Term
from referencing.commission.services.members import appoint, end_term, replace
from tests.commission.factories import make_commission
from tests.factories import make_agent

pytestmark = pytest.mark.django_db


@pytest.fixture
def secretary():
    return make_agent(Role.SECRETARY)


def codes(refusal) -> list[str]:
    return [blocker.code for blocker in refusal.value.blockers]


def test_nine_seats_are_loaded_once():
    call_command("load_commission", verbosity=0)
    call_command("load_commission", verbosity=0)

    assert Seat.objects.count() == 9
    assert [seat.is_ex_officio for seat in Seat.objects.order_by("position")] == [True, True, *[False] * 7]


def test_loading_seats_keeps_their_members():
    call_command("load_commission", verbosity=0)
    seat = Seat.objects.get(code="usagers")
    person = make_agent(Role.MEMBER)
    appoint(seat_id=seat.pk, person=person, started_on=timezone.localdate(), actor=None)

    call_command("load_commission", verbosity=0)

    assert seat.terms.get().person == person


@pytest.mark.rule("BR-159")
def test_member_is_appointed_for_two_years(secretary):
    make_commission(vacant=["siege-9"])
    seat, today = (
        Seat.objects.get_or_create(code="siege-9", defaults={"position": 9, "title": "Siège 9"})[0],
        timezone.localdate(),
    )

    term = appoint(seat_id=seat.pk, person=make_agent(Role.MEMBER), started_on=today, actor=secretary)

    assert term.ends_on == last_day_of_term(today)
    assert AuditEntry.objects.filter(action="term.appoint", subject_id=str(term.pk)).count() == 1


def test_appointing_refuses_with_every_reason(secretary):
    members = make_commission()
    today = timezone.localdate()

    with pytest.raises(TransitionRefused) as refusal:
        appoint(
            seat_id=Seat.objects.get(code="siege-9").pk,
            person=members["dns"],
            capacity=Capacity.REPRESENTATIVE,
            started_on=today,
            ends_on=today + timedelta(days=1000),
            actor=secretary,
        )
    assert codes(refusal) == ["too_long", "no_representative", "role", "seated"]

    with pytest.raises(TransitionRefused) as refusal:
        appoint(
            seat_id=Seat.objects.get(code="siege-9").pk,
            person=make_agent(Role.MEMBER),
            started_on=today,
            ends_on=today - timedelta(days=1),
            actor=secretary,
        )
    assert "ends_before" in codes(refusal)

    with pytest.raises(TransitionRefused) as refusal:
        appoint(
            seat_id=Seat.objects.get(code="siege-9").pk,
            person=make_agent(Role.MEMBER),
            started_on=today,
            actor=secretary,
        )
    assert codes(refusal) == ["taken"]


@pytest.mark.rule("A-27")
def test_ex_officio_seat_has_a_titular_and_representatives(secretary):
    make_commission()
    seat = Seat.objects.get(code="dns")

    term = appoint(
        seat_id=seat.pk,
        person=make_agent(Role.PRESIDENT),
        capacity=Capacity.REPRESENTATIVE,
        started_on=timezone.localdate(),
        actor=secretary,
    )

    assert seat.terms.covering(timezone.localdate()).count() == 2
    assert term.capacity == Capacity.REPRESENTATIVE


@pytest.mark.rule("A-27")
def test_replacement_serves_the_remaining_term(secretary):
    members = make_commission()
    old = Term.objects.get(person=members["siege-4"])
    today = timezone.localdate()

    new = replace(
        term_id=old.pk, person=make_agent(Role.MEMBER), started_on=today, reason="Démission.", actor=secretary
    )

    old.refresh_from_db()
    assert (new.started_on, new.ends_on, new.replaces) == (today, old.ends_on, old)
    assert (old.ended_on, old.end_reason) == (today - timedelta(days=1), "Démission.")
    assert list(old.seat.terms.covering(today)) == [new]
    with pytest.raises(TransitionRefused) as refusal:
        replace(term_id=old.pk, person=make_agent(Role.MEMBER), started_on=today, reason="", actor=secretary)
    assert codes(refusal)[:2] == ["reason", "replaced"]


def test_replacement_begins_within_the_term(secretary):
    members = make_commission()
    old = Term.objects.get(person=members["siege-4"])

    with pytest.raises(TransitionRefused) as refusal:
        replace(
            term_id=old.pk,
            person=make_agent(Role.MEMBER),
            started_on=old.ends_on + timedelta(days=1),
            reason="Démission.",
            actor=secretary,
        )

    assert "outside_term" in codes(refusal)


def test_vacancy_after_an_early_end_is_filled_by_a_replacement(secretary):
    members = make_commission()
    old = Term.objects.get(person=members["siege-4"])
    today = timezone.localdate()
    end_term(term_id=old.pk, ended_on=today - timedelta(days=10), reason="Décès.", actor=secretary)
    assert not old.seat.terms.covering(today).exists()

    with pytest.raises(TransitionRefused) as refusal:
        replace(
            term_id=old.pk,
            person=make_agent(Role.MEMBER),
            started_on=today - timedelta(days=10),
            reason="Vacance.",
            actor=secretary,
        )
    assert codes(refusal) == ["still_held"]

    new = replace(term_id=old.pk, person=make_agent(Role.MEMBER), started_on=today, reason="Vacance.", actor=secretary)
    assert new.ends_on == old.ends_on


def test_ending_refuses_without_reason_outside_and_twice(secretary):
    members = make_commission()
    term = Term.objects.get(person=members["siege-4"])

    with pytest.raises(TransitionRefused) as refusal:
        end_term(term_id=term.pk, ended_on=term.ends_on + timedelta(days=1), reason=" ", actor=secretary)
    assert codes(refusal) == ["reason", "outside_term"]

    end_term(term_id=term.pk, ended_on=timezone.localdate(), reason="Démission.", actor=secretary)
    with pytest.raises(TransitionRefused) as refusal:
        end_term(term_id=term.pk, ended_on=timezone.localdate(), reason="Démission.", actor=secretary)
    assert codes(refusal) == ["ended"]


def test_only_the_secretary_manages_members():
    members = make_commission()
    term = Term.objects.get(person=members["siege-4"])

    for actor in (members["dns"], members["siege-3"]):
        with pytest.raises(PermissionDenied):
            end_term(term_id=term.pk, ended_on=timezone.localdate(), reason="Non.", actor=actor)
