"""Files on the agenda: added, ordered, presented, postponed (T25, T27, BR-136, A-27, A-29)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from convergence.ui.typography import PARIS
from referencing.candidature.enums import CandidatureState, Holder
from referencing.candidature.models import CandidatureEvent
from referencing.candidature.services.conclusion import reopen
from referencing.commission.enums import ConvocationKind, PointOutcome, RecusalSource, SessionState
from referencing.commission.models import AgendaPoint, Guest, Recusal
from referencing.commission.selectors.agenda import ready_files
from referencing.commission.services.agenda import add_files, move_point, postpone_point, set_rapporteur
from tests.candidature.factories import make_candidature
from tests.commission.factories import clear, make_commission, make_session
from tests.factories import MembershipFactory, make_agent

pytestmark = pytest.mark.django_db


@pytest.fixture
def secretary():
    return make_agent(Role.SECRETARY)


def codes(refusal) -> list[str]:
    return [blocker.code for blocker in refusal.value.blockers]


def ready(**fields):
    return make_candidature(CandidatureState.READY_COMMISSION, complete=False, **fields)[0]


def noon(days: int) -> datetime:
    day = timezone.localdate() + timedelta(days=days)
    return datetime(day.year, day.month, day.day, 12, tzinfo=PARIS)


def add(session, *files, secretary, **fields):
    return add_files(
        session_id=session.pk,
        candidature_ids=[each.pk for each in files],
        actor=secretary,
        at=timezone.now(),
        **fields,
    )


def test_ready_files_join_the_agenda_and_wait_for_the_day(secretary):
    session = make_session(SessionState.PLANNED, secretary=secretary, held_at=noon(20))
    first, second = ready(), ready()

    points = add(session, second, first, secretary=secretary)

    assert [(point.position, point.candidature_id) for point in points] == [(1, first.pk), (2, second.pk)]
    first.refresh_from_db()
    assert first.state == CandidatureState.SCHEDULED
    assert (first.waiting_for, first.due_on) == (Holder.COMMISSION, noon(20).date())
    assert CandidatureEvent.objects.filter(candidature=first, kind="scheduled", is_internal=False).exists()
    assert not list(ready_files(secretary))


@pytest.mark.rule("BR-136")
def test_favourable_file_whose_tests_are_not_passed_is_not_scheduled(secretary):
    session = make_session(SessionState.PLANNED, secretary=secretary)
    candidature = ready(has_exchange=True)

    with pytest.raises(TransitionRefused) as refusal:
        add(session, candidature, ready(), secretary=secretary)

    assert codes(refusal) == ["tests_not_passed"]
    assert "/candidatures/" not in refusal.value.blockers[0].anchor
    assert not session.points.exists()


@pytest.mark.rule("BR-136")
def test_unfavourable_file_is_scheduled_whatever_its_tests(secretary):
    session = make_session(SessionState.PLANNED, secretary=secretary)
    candidature = ready(has_exchange=True)
    candidature.proposal = "unfavourable"
    candidature.save()

    assert add(session, candidature, secretary=secretary)


def test_adding_refuses_nothing_and_what_is_not_ready(secretary):
    session = make_session(SessionState.PLANNED, secretary=secretary)
    with pytest.raises(TransitionRefused) as refusal:
        add(session, secretary=secretary)
    assert codes(refusal) == ["nothing"]

    scheduled = make_candidature(CandidatureState.SCHEDULED, complete=False)[0]
    with pytest.raises(TransitionRefused) as refusal:
        add(session, scheduled, secretary=secretary)
    assert codes(refusal) == ["not_ready"]


def test_adding_to_a_closed_session_is_refused(secretary):
    session = make_session(SessionState.CLOSED, secretary=secretary)

    with pytest.raises(TransitionRefused) as refusal:
        add(session, ready(), secretary=secretary)

    assert "wrong_state" in codes(refusal)


def test_file_postponed_from_a_session_goes_to_another_one(secretary):
    session = make_session(SessionState.CONVOKED, secretary=secretary, files=1)
    make_commission()
    point = session.points.get()
    postpone_point(point_id=point.pk, reason="Rapporteur absent.", actor=secretary, at=timezone.now())

    with pytest.raises(TransitionRefused) as refusal:
        add(session, point.candidature, secretary=secretary)
    assert codes(refusal) == ["already_there"]

    assert add(make_session(SessionState.PLANNED), point.candidature, secretary=secretary)


@pytest.mark.rule("A-28", "BR-153")
def test_secretary_with_a_link_neither_sees_nor_schedules_the_file(secretary):
    session = make_session(SessionState.PLANNED, secretary=secretary)
    candidature = ready()
    MembershipFactory(user=secretary, organisation=candidature.enrolment.product.organisation)

    assert not list(ready_files(secretary))
    with pytest.raises(TransitionRefused) as refusal:
        add(session, candidature, secretary=secretary)
    assert codes(refusal) == ["not_ready"]


@pytest.mark.rule("A-27", "BR-150")
def test_addition_after_the_convocation_is_a_convocation_of_its_own(secretary):
    make_commission()
    session = make_session(SessionState.CONVOKED, secretary=secretary, held_at=noon(8), files=1)

    (point,) = add(session, ready(), secretary=secretary)

    convocation = session.convocations.get()
    assert convocation.kind == ConvocationKind.ADDITION
    assert [row["point"] for row in convocation.agenda] == [str(point.pk)]
    assert convocation.receipts.count() == 9


@pytest.mark.rule("A-27", "BR-150")
def test_late_addition_is_refused_without_urgency(secretary):
    make_commission()
    session = make_session(SessionState.CONVOKED, secretary=secretary, held_at=noon(4), files=1)
    candidature = ready()
    with pytest.raises(TransitionRefused) as refusal:
        add(session, candidature, secretary=secretary)
    assert codes(refusal) == ["too_late"]

    add(session, candidature, secretary=secretary, urgency_reason="Fin de validité.")

    assert session.convocations.get().urgency_reason == "Fin de validité."


@pytest.mark.rule("BR-152")
def test_file_added_after_a_second_convocation_keeps_its_quorum(secretary):
    make_commission()
    session = make_session(
        SessionState.RECONVOKED, secretary=secretary, held_at=noon(9), files=1, is_second_convocation=True
    )

    (point,) = add(session, ready(), secretary=secretary)

    assert not point.is_second_convocation


def test_points_are_put_in_order(secretary):
    session = make_session(SessionState.PLANNED, secretary=secretary, files=3)
    first, second, third = session.points.in_order()

    move_point(point_id=third.pk, is_up=True, actor=secretary)
    move_point(point_id=first.pk, is_up=True, actor=secretary)
    move_point(point_id=first.pk, is_up=False, actor=secretary)

    assert list(session.points.in_order()) == [third, first, second]
    assert [point.position for point in session.points.in_order()] == [1, 2, 3]


def test_order_is_kept_once_the_session_is_open(secretary):
    session = make_session(SessionState.OPEN, secretary=secretary, files=1)

    with pytest.raises(TransitionRefused) as refusal:
        move_point(point_id=session.points.get().pk, is_up=True, actor=secretary)

    assert codes(refusal) == ["wrong_state"]


def test_file_leaves_a_planned_agenda_without_a_trace_on_it(secretary):
    session = make_session(SessionState.PLANNED, secretary=secretary, files=1)
    candidature = session.points.get().candidature

    postpone_point(point_id=session.points.get().pk, reason="Erreur.", actor=secretary, at=timezone.now())

    candidature.refresh_from_db()
    assert candidature.state == CandidatureState.READY_COMMISSION
    assert not session.points.exists()
    reopen(candidature_id=candidature.pk, reason="À revoir.", actor=candidature.referent)


def test_postponing_tells_members_and_the_editor_who_reads_no_reason(secretary, django_capture_on_commit_callbacks):
    members = make_commission()
    session = make_session(SessionState.CONVOKED, secretary=secretary, files=1)
    point = session.points.get()
    Recusal.objects.create(
        candidature=point.candidature,
        person=members["siege-4"],
        source=RecusalSource.DECLARED,
        declared_at=timezone.now(),
    )

    with django_capture_on_commit_callbacks(execute=True):
        postpone_point(point_id=point.pk, reason="Doute interne.", actor=secretary, at=timezone.now())

    point.refresh_from_db()
    assert (point.outcome, point.outcome_reason) == (PointOutcome.POSTPONED, "Doute interne.")
    told = Notification.objects.filter(content__contains="Doute interne.")
    assert {each.recipient_id for each in told} == {person.pk for code, person in members.items() if code != "siege-4"}
    assert Notification.objects.filter(content__contains="à une prochaine séance").exists()
    assert not CandidatureEvent.objects.filter(is_internal=False, data__icontains="Doute interne").exists()


def test_postponing_needs_a_reason_and_a_pending_point(secretary):
    session = make_session(SessionState.CONVOKED, secretary=secretary, files=1)
    point = session.points.get()
    with pytest.raises(TransitionRefused) as refusal:
        postpone_point(point_id=point.pk, reason=" ", actor=secretary, at=timezone.now())
    assert codes(refusal) == ["reason"]

    postpone_point(point_id=point.pk, reason="Report.", actor=secretary, at=timezone.now())
    with pytest.raises(TransitionRefused) as refusal:
        postpone_point(point_id=point.pk, reason="Encore.", actor=secretary, at=timezone.now())
    assert codes(refusal) == ["ended"]


def test_president_postpones_and_a_member_does_not():
    members = make_commission()
    session = make_session(SessionState.OPEN, files=1, chair=members["dns"])
    clear(session, *members.values())
    point = session.points.get()
    with pytest.raises(PermissionDenied):
        postpone_point(point_id=point.pk, reason="Non.", actor=members["siege-3"], at=timezone.now())

    postpone_point(point_id=point.pk, reason="Report.", actor=members["dns"], at=timezone.now())

    assert AgendaPoint.objects.get().outcome == PointOutcome.POSTPONED


@pytest.mark.rule("A-28")
def test_conflicted_president_cannot_touch_the_point():
    members = make_commission()
    session = make_session(SessionState.OPEN, files=1, chair=members["dns"])
    point = session.points.get()
    MembershipFactory(user=members["dns"], organisation=point.candidature.enrolment.product.organisation)

    with pytest.raises(AgendaPoint.DoesNotExist):
        postpone_point(point_id=point.pk, reason="Report.", actor=members["dns"], at=timezone.now())


@pytest.mark.rule("A-29")
def test_rapporteur_is_a_guest_of_the_point(secretary):
    session = make_session(SessionState.CONVOKED, secretary=secretary, files=1)
    point = session.points.get()
    first, second = make_agent(Role.LISTING_TEAM), make_agent(Role.LISTING_TEAM)

    set_rapporteur(point_id=point.pk, person=first, actor=secretary, at=timezone.now())
    set_rapporteur(point_id=point.pk, person=second, actor=secretary, at=timezone.now())

    point.refresh_from_db()
    assert point.rapporteur == second
    assert Guest.objects.get().name == str(second)
    set_rapporteur(point_id=point.pk, person=None, actor=secretary, at=timezone.now())
    assert not Guest.objects.exists()


def test_rapporteur_has_no_link_and_is_of_the_instruction(secretary):
    session = make_session(SessionState.CONVOKED, secretary=secretary, files=1)
    point = session.points.get()
    person = make_agent(Role.MEMBER)
    MembershipFactory(user=person, organisation=point.candidature.enrolment.product.organisation)

    with pytest.raises(TransitionRefused) as refusal:
        set_rapporteur(point_id=point.pk, person=person, actor=secretary, at=timezone.now())

    assert codes(refusal) == ["role", "interests_member"]


def test_rapporteur_is_not_changed_after_the_session(secretary):
    session = make_session(SessionState.CLOSED, secretary=secretary, files=1)

    with pytest.raises(TransitionRefused) as refusal:
        set_rapporteur(point_id=session.points.get().pk, person=None, actor=secretary, at=timezone.now())

    assert codes(refusal) == ["wrong_state"]
