"""One test per transition of a session, and per refusal."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.interests.services import declare
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from convergence.ui.typography import PARIS
from referencing.candidature.enums import CandidatureState, Holder
from referencing.candidature.services import withdraw
from referencing.commission.enums import (
    Capacity,
    ConvocationKind,
    Mode,
    PointOutcome,
    RecusalSource,
    SessionState,
)
from referencing.commission.models import (
    Attendance,
    CommissionSession,
    ConvocationReceipt,
    Recusal,
    Seat,
    Term,
    Vote,
)
from referencing.commission.services.agenda import adjourn_point, postpone_point
from referencing.commission.services.convoking import list_late_receipts, note_consulted, record_letter
from referencing.commission.services.sessions import (
    Arrival,
    cancel_session,
    close_session,
    convoke,
    convoke_again,
    edit_session,
    note_lack_of_quorum,
    open_session,
    plan_session,
)
from tests.commission.factories import CODES, make_commission, make_session, seat_people
from tests.factories import MembershipFactory, make_agent

pytestmark = pytest.mark.django_db


@pytest.fixture
def secretary():
    return make_agent(Role.SECRETARY)


@pytest.fixture
def members():
    return make_commission()


def codes(refusal) -> list[str]:
    return [blocker.code for blocker in refusal.value.blockers]


def noon(days: int) -> datetime:
    return datetime.combine(timezone.localdate() + timedelta(days=days), datetime.min.time(), tzinfo=PARIS).replace(
        hour=12
    )


def list_late(session) -> list[ConvocationReceipt]:
    receipts = ConvocationReceipt.objects.filter(convocation__session=session).select_related("convocation", "person")
    return list_late_receipts(session, receipts.order_by("pk"))


def roll(members: dict[str, User], *seats: str) -> list[Arrival]:
    return [Arrival(code, members[code].pk, Mode.IN_PERSON) for code in seats]


# Planning


def test_session_is_planned_out_of_sight_of_members(secretary, members):
    session = plan_session(held_at=noon(20), place="Salle 1", remote_url="", actor=secretary, at=timezone.now())

    assert session.state == SessionState.PLANNED
    assert CommissionSession.objects.visible_to(secretary).count() == 1
    assert not CommissionSession.objects.visible_to(members["siege-3"]).exists()


def test_planning_refuses_a_past_day_and_no_place(secretary):
    with pytest.raises(TransitionRefused) as refusal:
        plan_session(held_at=noon(-1), place=" ", remote_url="", actor=secretary, at=timezone.now())

    assert codes(refusal) == ["place", "past"]


def test_only_the_secretary_plans(members):
    with pytest.raises(PermissionDenied):
        plan_session(held_at=noon(9), place="Salle", remote_url="", actor=members["dns"], at=timezone.now())


def test_planned_session_changes_day_and_its_files_wait_until_then(secretary):
    session = make_session(SessionState.PLANNED, secretary=secretary, files=1)

    edit_session(
        session_id=session.pk,
        held_at=noon(30),
        place="",
        remote_url="https://v.example",
        actor=secretary,
        at=timezone.now(),
    )

    candidature = session.points.get().candidature
    assert (candidature.waiting_for, candidature.due_on) == (Holder.COMMISSION, noon(30).date())


def test_convoked_session_keeps_its_day_and_tells_of_its_place(secretary, members, django_capture_on_commit_callbacks):
    session = make_session(SessionState.CONVOKED, secretary=secretary)
    with pytest.raises(TransitionRefused) as refusal:
        edit_session(
            session_id=session.pk, held_at=noon(30), place="", remote_url="", actor=secretary, at=timezone.now()
        )
    assert codes(refusal) == ["place", "day_announced"]

    with django_capture_on_commit_callbacks(execute=True):
        edit_session(
            session_id=session.pk,
            held_at=session.held_at,
            place="Salle 2",
            remote_url="",
            actor=secretary,
            at=timezone.now(),
        )

    assert Notification.objects.filter(content__contains="Salle 2").count() == 9


def test_closed_session_is_not_edited(secretary):
    session = make_session(SessionState.CLOSED, secretary=secretary)

    with pytest.raises(TransitionRefused) as refusal:
        edit_session(
            session_id=session.pk, held_at=session.held_at, place="B", remote_url="", actor=secretary, at=timezone.now()
        )

    assert codes(refusal) == ["wrong_state"]


# Convocation


@pytest.mark.rule("BR-150", "A-27")
def test_convocation_is_received_five_clear_days_before(secretary, members, django_capture_on_commit_callbacks):
    session = make_session(SessionState.PLANNED, secretary=secretary, held_at=noon(6), files=2)

    with django_capture_on_commit_callbacks(execute=True):
        convocation = convoke(session_id=session.pk, urgency_reason="", actor=secretary, at=timezone.now())

    session.refresh_from_db()
    assert session.state == SessionState.CONVOKED
    assert convocation.kind == ConvocationKind.FIRST
    assert convocation.receipts.count() == 9
    assert all(receipt.received_at == convocation.sent_at for receipt in convocation.receipts.all())
    told = Notification.objects.filter(kind="Commission")
    assert {each.recipient_id for each in told} == {person.pk for person in members.values()}
    names = [point.product_name for point in session.points.all()]
    assert not any(name in each.content for name in names for each in told)
    to_members = [each for each in mail.outbox if "convocation" in each.subject]
    assert len(to_members) == 9
    assert to_members[0].attachments[0][0] == "seance.ics"
    assert not any(name in f"{each.subject} {each.body} {each.attachments}" for name in names for each in to_members)
    assert Notification.objects.filter(content__contains="La commission examinera votre dossier").exists()


@pytest.mark.rule("BR-150")
def test_convocation_four_clear_days_before_is_refused_without_urgency(secretary, members):
    session = make_session(SessionState.PLANNED, secretary=secretary, held_at=noon(5), files=1)
    with pytest.raises(TransitionRefused) as refusal:
        convoke(session_id=session.pk, urgency_reason=" ", actor=secretary, at=timezone.now())
    assert codes(refusal) == ["too_late"]

    convocation = convoke(session_id=session.pk, urgency_reason="Épidémie.", actor=secretary, at=timezone.now())

    assert convocation.urgency_reason == "Épidémie."
    assert list_late(session) == []


def test_convocation_refuses_an_empty_agenda_a_past_day_and_no_member(secretary):
    session = make_session(SessionState.PLANNED, secretary=secretary, held_at=noon(-1))

    with pytest.raises(TransitionRefused) as refusal:
        convoke(session_id=session.pk, urgency_reason="", actor=secretary, at=timezone.now())

    assert codes(refusal) == ["empty", "past", "no_member"]


@pytest.mark.rule("A-28")
def test_documents_are_made_for_each_set_of_masked_points(
    secretary, members, settings, tmp_path, django_capture_on_commit_callbacks
):
    settings.SIGNATURE_DIR = str(tmp_path)
    session = make_session(SessionState.PLANNED, secretary=secretary, files=2)
    first = session.points.in_order()[0]
    MembershipFactory(user=members["siege-3"], organisation=first.candidature.enrolment.product.organisation)

    with django_capture_on_commit_callbacks(execute=True):
        convocation = convoke(session_id=session.pk, urgency_reason="", actor=secretary, at=timezone.now())

    assert convocation.documents.count() == 2
    assert convocation.documents.filter(mask="").count() == 1


def test_letter_takes_the_place_of_the_mail(secretary, members):
    session = make_session(SessionState.PLANNED, secretary=secretary, held_at=noon(7), files=1)
    sent_at = timezone.now()
    convocation = convoke(session_id=session.pk, urgency_reason="", actor=secretary, at=sent_at)
    receipt = convocation.receipts.get(person=members["siege-5"])
    later = sent_at + timedelta(days=3)
    with pytest.raises(TransitionRefused) as refusal:
        record_letter(
            receipt_id=receipt.pk,
            received_on=timezone.localdate(sent_at) - timedelta(days=1),
            proof="",
            actor=secretary,
            at=later,
        )
    assert codes(refusal) == ["proof", "received_on"]

    record_letter(
        receipt_id=receipt.pk, received_on=timezone.localdate(later), proof="1A 234", actor=secretary, at=later
    )

    session.refresh_from_db()
    assert [each.person for each in list_late(session)] == [members["siege-5"]]


def test_consulting_the_page_is_one_more_proof_written_once(secretary, members):
    session = make_session(SessionState.PLANNED, secretary=secretary, files=1)
    convoke(session_id=session.pk, urgency_reason="", actor=secretary, at=timezone.now())

    assert note_consulted(session, members["siege-3"], at=timezone.now()) == 1
    assert note_consulted(session, members["siege-3"], at=timezone.now()) == 0


# Cancelling


def test_cancelled_session_gives_its_files_back(secretary, members, django_capture_on_commit_callbacks):
    session = make_session(SessionState.CONVOKED, secretary=secretary, files=1)

    with django_capture_on_commit_callbacks(execute=True):
        cancel_session(session_id=session.pk, reason="Grève.", actor=secretary, at=timezone.now())

    session.refresh_from_db()
    point = session.points.get()
    assert session.state == SessionState.CANCELLED
    assert point.outcome == PointOutcome.POSTPONED
    assert point.candidature.state == CandidatureState.READY_COMMISSION
    assert Notification.objects.filter(content__contains="Grève.", kind="Commission", link="/commission/").count() == 9


@pytest.mark.parametrize(
    ("state", "reason", "code"), [(SessionState.CONVOKED, " ", "reason"), (SessionState.OPEN, "Non.", "wrong_state")]
)
def test_cancelling_is_refused(secretary, state, reason, code):
    session = make_session(state, secretary=secretary)

    with pytest.raises(TransitionRefused) as refusal:
        cancel_session(session_id=session.pk, reason=reason, actor=secretary, at=timezone.now())

    assert codes(refusal) == [code]


# Opening


def today_session(**fields) -> CommissionSession:
    return make_session(**{"state": SessionState.CONVOKED, "held_at": timezone.now(), "files": 1, **fields})


def test_co_president_opens_with_the_roll_call(members):
    session = today_session()

    open_session(
        session_id=session.pk,
        chair_id=members["cnam"].pk,
        arrivals=roll(members, "cnam", "siege-3"),
        actor=members["dns"],
        at=timezone.now(),
    )

    session.refresh_from_db()
    assert (session.state, session.chair) == (SessionState.OPEN, members["cnam"])
    assert set(Attendance.objects.values_list("seat__code", flat=True)) == {"cnam", "siege-3"}


def test_opening_refuses_with_every_reason(members):
    session = today_session(files=0, held_at=timezone.now() + timedelta(days=2))
    arrivals = [
        Arrival("siege-3", members["siege-4"].pk, Mode.REMOTE),
        Arrival("siege-3", members["siege-4"].pk, Mode.REMOTE),
    ]

    with pytest.raises(TransitionRefused) as refusal:
        open_session(
            session_id=session.pk,
            chair_id=members["siege-3"].pk,
            arrivals=arrivals,
            actor=members["dns"],
            at=timezone.now(),
        )

    assert codes(refusal) == ["too_early", "empty", "chair", "not_seated", "not_seated", "seat_twice", "person_twice"]


def test_opening_needs_a_present_chair(members):
    session = today_session()
    opening = {"session_id": session.pk, "arrivals": roll(members, "siege-3"), "actor": members["dns"]}
    for chair, code in ((None, "chair"), (members["dns"].pk, "chair_absent")):
        with pytest.raises(TransitionRefused) as refusal:
            open_session(chair_id=chair, at=timezone.now(), **opening)
        assert codes(refusal) == [code]


def test_session_that_was_not_opened_on_its_day_is_cancelled(members, secretary):
    session = today_session(held_at=timezone.now() - timedelta(days=2))

    with pytest.raises(TransitionRefused) as refusal:
        open_session(
            session_id=session.pk,
            chair_id=members["dns"].pk,
            arrivals=roll(members, "dns"),
            actor=members["dns"],
            at=timezone.now(),
        )

    assert codes(refusal) == ["too_late"]
    cancel_session(session_id=session.pk, reason="Oubliée.", actor=secretary, at=timezone.now())


def test_representative_of_an_ex_officio_seat_may_chair(members):
    person = make_agent(Role.PRESIDENT)
    day = timezone.localdate()
    Term.objects.create(
        seat=Seat.objects.get(code="dns"),
        person=person,
        capacity=Capacity.REPRESENTATIVE,
        started_on=day,
        ends_on=day,
    )
    session = today_session()

    open_session(
        session_id=session.pk,
        chair_id=person.pk,
        arrivals=[Arrival("dns", person.pk, Mode.IN_PERSON)],
        actor=person,
        at=timezone.now(),
    )

    session.refresh_from_db()
    assert session.chair == person


def test_member_does_not_open(members):
    session = today_session()

    with pytest.raises(PermissionDenied):
        open_session(
            session_id=session.pk,
            chair_id=members["dns"].pk,
            arrivals=roll(members, "dns"),
            actor=members["siege-3"],
            at=timezone.now(),
        )


@pytest.mark.rule("A-27")
def test_file_from_which_both_co_presidents_are_recused_is_postponed(members):
    session = today_session(files=2)
    first, second = session.points.in_order()
    for code in ("dns", "cnam"):
        Recusal.objects.create(
            candidature=first.candidature,
            person=members[code],
            source=RecusalSource.DECLARED,
            declared_at=timezone.now(),
        )

    open_session(
        session_id=session.pk,
        chair_id=members["dns"].pk,
        arrivals=roll(members, *CODES),
        actor=members["dns"],
        at=timezone.now(),
    )

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.outcome, second.outcome) == (PointOutcome.POSTPONED, PointOutcome.PENDING)
    assert first.candidature.state == CandidatureState.READY_COMMISSION


@pytest.mark.rule("A-28", "BR-153")
def test_conflicts_found_by_the_platform_are_noted_at_the_opening(members):
    session = today_session()
    organisation = session.points.get().candidature.enrolment.product.organisation
    MembershipFactory(user=members["siege-3"], organisation=organisation)

    open_session(
        session_id=session.pk,
        chair_id=members["dns"].pk,
        arrivals=roll(members, *CODES),
        actor=members["dns"],
        at=timezone.now(),
    )

    recusal = Recusal.objects.get()
    assert (recusal.person, recusal.source) == (members["siege-3"], RecusalSource.PLATFORM)


# Quorum


def opened(members, *present: str, **fields) -> CommissionSession:
    session = make_session(SessionState.OPEN, chair=members["dns"], **{"files": 1, **fields})
    seat_people(session, {code: members[code] for code in present})
    return session


@pytest.mark.rule("BR-151", "BR-152")
def test_without_quorum_the_session_ends_and_is_convoked_again(members, secretary):
    session = opened(members, *CODES[:4])
    note_lack_of_quorum(session_id=session.pk, actor=members["dns"], at=timezone.now())
    session.refresh_from_db()
    assert session.state == SessionState.WITHOUT_QUORUM
    assert not Attendance.objects.filter(left_at__isnull=True).exists()
    assert session.points.get().candidature.state == CandidatureState.SCHEDULED

    convocation = convoke_again(
        session_id=session.pk,
        held_at=noon(8),
        place="Salle 3",
        remote_url="",
        urgency_reason="",
        actor=secretary,
        at=timezone.now(),
    )

    session.refresh_from_db()
    point = session.points.get()
    assert (session.state, session.place, session.held_at) == (SessionState.RECONVOKED, "Salle 3", noon(8))
    assert convocation.kind == ConvocationKind.SECOND
    assert point.is_second_convocation
    assert point.candidature.due_on == noon(8).date()


@pytest.mark.rule("BR-152", "A-27")
def test_second_convocation_is_received_five_clear_days_before(members, secretary):
    session = make_session(SessionState.WITHOUT_QUORUM, secretary=secretary, files=1)

    with pytest.raises(TransitionRefused) as refusal:
        convoke_again(
            session_id=session.pk,
            held_at=noon(3),
            place="",
            remote_url="",
            urgency_reason="",
            actor=secretary,
            at=timezone.now(),
        )

    assert codes(refusal) == ["place", "too_late"]
    session.refresh_from_db()
    assert session.held_at != noon(3)


def test_lack_of_quorum_is_not_noted_where_a_point_has_it(members):
    session = opened(members, *CODES[:5])

    with pytest.raises(TransitionRefused) as refusal:
        note_lack_of_quorum(session_id=session.pk, actor=members["dns"], at=timezone.now())

    assert codes(refusal) == ["quorum_met"]


def test_lack_of_quorum_is_not_noted_without_a_point(members):
    session = opened(members, *CODES[:3], files=0)

    with pytest.raises(TransitionRefused) as refusal:
        note_lack_of_quorum(session_id=session.pk, actor=members["dns"], at=timezone.now())

    assert codes(refusal) == ["empty"]


# Closing


def test_closing_lists_what_is_pending(members):
    session = opened(members, *CODES, files=2)
    point = session.points.in_order()[0]
    Vote.objects.create(point=point, opened_by=members["dns"], opened_at=timezone.now())

    with pytest.raises(TransitionRefused) as refusal:
        close_session(session_id=session.pk, actor=members["dns"], at=timezone.now())

    assert codes(refusal) == ["pending", "pending", "vote_open"]


def test_session_closes_once_each_point_has_ended(members):
    session = opened(members, *CODES)
    point = session.points.get()
    postpone_point(point_id=point.pk, reason="Manque de temps.", actor=session.created_by, at=timezone.now())

    close_session(session_id=session.pk, actor=members["dns"], at=timezone.now())

    session.refresh_from_db()
    assert session.state == SessionState.CLOSED
    assert not Attendance.objects.filter(left_at__isnull=True).exists()


# Points


@pytest.mark.rule("A-30")
def test_adjourned_file_goes_back_to_evaluation(members, secretary, django_capture_on_commit_callbacks):
    session = opened(members, *CODES)
    point = session.points.get()

    with django_capture_on_commit_callbacks(execute=True):
        adjourn_point(point_id=point.pk, documents="Le rapport d’audit.", actor=secretary, at=timezone.now())

    point.refresh_from_db()
    candidature = point.candidature
    assert point.outcome == PointOutcome.ADJOURNED
    assert (candidature.state, candidature.proposal, candidature.concluded_at) == (
        CandidatureState.EVALUATION,
        "",
        None,
    )
    assert candidature.waiting_for != Holder.COMMISSION
    told = Notification.objects.filter(content__contains="Le rapport d’audit.")
    assert candidature.referent_id in {each.recipient_id for each in told}


def test_adjourning_needs_documents_and_an_open_session(members, secretary):
    session = make_session(SessionState.CONVOKED, files=1)

    with pytest.raises(TransitionRefused) as refusal:
        adjourn_point(point_id=session.points.get().pk, documents="", actor=secretary, at=timezone.now())

    assert codes(refusal) == ["wrong_state", "documents"]


def test_withdrawn_file_leaves_the_agenda_and_those_who_know_it_are_told(
    members, secretary, django_capture_on_commit_callbacks
):
    session = make_session(SessionState.CONVOKED, secretary=secretary, files=1)
    point = session.points.get()
    candidature = point.candidature
    MembershipFactory(user=members["siege-3"], organisation=candidature.enrolment.product.organisation)
    Recusal.objects.create(
        candidature=candidature, person=members["siege-4"], source=RecusalSource.DECLARED, declared_at=timezone.now()
    )

    with django_capture_on_commit_callbacks(execute=True):
        withdraw(candidature_id=candidature.pk, reason="Changement de nom.", actor=candidature.applied_by)

    point.refresh_from_db()
    assert point.outcome == PointOutcome.WITHDRAWN
    told = set(Notification.objects.filter(kind="Commission").values_list("recipient", flat=True))
    assert secretary.pk in told
    assert members["dns"].pk in told
    assert members["siege-3"].pk not in told
    assert members["siege-4"].pk not in told


def test_member_without_declaration_does_not_chair():
    person = make_agent(Role.PRESIDENT, has_declared=False)
    declare(person=person, lines=[], has_none=True, at=timezone.now() - timedelta(days=500))
    members = make_commission(dns=person)
    session = today_session()

    with pytest.raises(TransitionRefused) as refusal:
        open_session(
            session_id=session.pk,
            chair_id=person.pk,
            arrivals=roll(members, "dns"),
            actor=person,
            at=timezone.now(),
        )

    assert codes(refusal) == ["chair"]
