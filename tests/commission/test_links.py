"""Links of interest declared on an agenda, and what they hide (A-28, BR-153)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from referencing.commission.enums import RecusalSource, SessionState
from referencing.commission.models import AgendaPoint, Clearance, Recusal
from referencing.commission.selectors.agenda import list_agenda
from referencing.commission.services.linking import declare_links, lift_recusal
from referencing.commission.services.reminders import remind_to_declare
from tests.commission.factories import clear, make_commission, make_session
from tests.factories import MembershipFactory, make_agent

pytestmark = pytest.mark.django_db


@pytest.fixture
def members():
    return make_commission()


@pytest.fixture
def session(members):
    return make_session(SessionState.CONVOKED, files=2)


def codes(refusal) -> list[str]:
    return [blocker.code for blocker in refusal.value.blockers]


def answer(session, person, *, conflicts=(), free=()):
    return declare_links(
        session_id=session.pk,
        conflicts={each.pk: "" for each in conflicts},
        free=[each.pk for each in free],
        actor=person,
        at=timezone.now(),
    )


@pytest.mark.rule("A-28", "BR-153")
def test_answers_open_one_file_and_mask_the_other(session, members, django_capture_on_commit_callbacks):
    first, second = session.points.in_order()
    person = members["siege-3"]
    assert [(row.point is None, row.awaits_answer) for row in list_agenda(session, person)] == [(False, True)] * 2

    with django_capture_on_commit_callbacks(execute=True):
        answer(session, person, conflicts=[first], free=[second])

    assert [(row.position, row.point, row.is_readable) for row in list_agenda(session, person)] == [
        (1, None, False),
        (2, second, True),
    ]
    assert Recusal.objects.get().source == RecusalSource.DECLARED
    told = Notification.objects.filter(content__contains="a déclaré un lien")
    assert [each.recipient for each in told] == [session.created_by]
    assert not Notification.objects.filter(recipient=person).exists()


@pytest.mark.rule("A-28")
def test_link_found_by_the_platform_masks_the_point_at_once(session, members):
    point = session.points.in_order()[0]
    MembershipFactory(user=members["siege-3"], organisation=point.candidature.enrolment.product.organisation)

    assert [row.point is None for row in list_agenda(session, members["siege-3"])] == [True, False]
    with pytest.raises(TransitionRefused) as refusal:
        answer(session, members["siege-3"], free=[point])
    assert codes(refusal) == ["unknown"]
    assert not Clearance.objects.exists()


def test_cleared_member_may_discover_a_link_later(session, members):
    point = session.points.in_order()[0]
    answer(session, members["siege-3"], free=[point])

    answer(session, members["siege-3"], conflicts=[point])

    assert not AgendaPoint.objects.visible_to(members["siege-3"]).exists()
    with pytest.raises(TransitionRefused) as refusal:
        answer(session, members["siege-3"], free=[point])
    assert codes(refusal) == ["unknown"]


def test_answers_are_refused_when_empty_or_too_late(session, members):
    with pytest.raises(TransitionRefused) as refusal:
        answer(session, members["siege-3"])
    assert codes(refusal) == ["nothing"]

    closed = make_session(SessionState.CLOSED, files=1)
    with pytest.raises(TransitionRefused) as refusal:
        answer(closed, members["siege-3"], free=[closed.points.get()])
    assert "too_late" in codes(refusal)


def test_secretary_does_not_declare(session):
    with pytest.raises(PermissionDenied):
        answer(session, session.created_by, free=session.points.all())


def test_recusal_declared_by_mistake_is_lifted_before_the_session(session, members):
    point = session.points.in_order()[0]
    (recusal,) = answer(session, members["siege-3"], conflicts=[point])
    with pytest.raises(TransitionRefused) as refusal:
        lift_recusal(recusal_id=recusal.pk, reason=" ", session=session, actor=session.created_by)
    assert codes(refusal) == ["reason"]

    lift_recusal(recusal_id=recusal.pk, reason="Homonyme.", session=session, actor=session.created_by)

    assert AgendaPoint.objects.known_by_name_to(members["siege-3"]).count() == 2


def test_recusal_stays_once_the_session_is_open_or_when_the_platform_found_it(members):
    session = make_session(SessionState.OPEN, files=1, chair=members["dns"])
    recusal = Recusal.objects.create(
        candidature=session.points.get().candidature,
        person=members["siege-3"],
        source=RecusalSource.PLATFORM,
        declared_at=timezone.now(),
    )

    with pytest.raises(TransitionRefused) as refusal:
        lift_recusal(recusal_id=recusal.pk, reason="Non.", session=session, actor=session.created_by)
    assert codes(refusal) == ["too_late", "found"]

    with pytest.raises(PermissionDenied):
        lift_recusal(recusal_id=recusal.pk, reason="Non.", session=session, actor=members["dns"])


def test_members_who_have_not_declared_are_reminded_once_per_term(members, django_capture_on_commit_callbacks):
    now = timezone.now()
    session = make_session(SessionState.CONVOKED, held_at=now + timedelta(days=10), files=2)
    make_session(SessionState.PLANNED, held_at=now + timedelta(days=2), files=1)
    clear(session, *(person for code, person in members.items() if code not in ("siege-3", "siege-4")))
    for point in session.points.all():
        MembershipFactory(user=members["siege-4"], organisation=point.candidature.enrolment.product.organisation)

    with django_capture_on_commit_callbacks(execute=True):
        assert remind_to_declare(at=now) == 0
        assert remind_to_declare(at=now + timedelta(days=3)) == 1
        assert remind_to_declare(at=now + timedelta(days=3)) == 0
        assert remind_to_declare(at=now + timedelta(days=9)) == 1
        assert remind_to_declare(at=now + timedelta(days=11)) == 0

    told = Notification.objects.filter(recipient=members["siege-3"])
    assert told.count() == 2
    names = [point.product_name for point in session.points.all()]
    assert not any(name in each.content for name in names for each in told)


@pytest.mark.rule("A-28")
def test_recusal_bars_a_later_session_of_the_same_file(session, members):
    point = session.points.in_order()[0]
    answer(session, members["siege-3"], conflicts=[point])
    AgendaPoint.objects.filter(pk=point.pk).update(outcome="postponed", ended_at=timezone.now())

    later = make_session(SessionState.CONVOKED, files=[point.candidature])

    assert list_agenda(later, members["siege-3"])[0].point is None


def test_president_declares_as_members_do(session, members):
    point = session.points.in_order()[0]
    answer(session, members["dns"], free=[point])

    assert list(AgendaPoint.objects.visible_to(members["dns"])) == [point]
    assert not AgendaPoint.objects.visible_to(make_agent(Role.LISTING_TEAM)).exists()
