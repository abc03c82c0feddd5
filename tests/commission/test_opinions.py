"""Opinions, reservations as commitments, and what follows: refusals, transitions, days that pass."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import ProgrammingError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from convergence.accounts.enums import Role
from convergence.audit import workflow
from convergence.documents.signatures import verify_bytes
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from evidence.errors import UploadRefused
from referencing.candidature.enums import CandidatureState, Holder
from referencing.candidature.models import Candidature, CandidatureEvent
from referencing.candidature.services import withdraw
from referencing.commission.core.opinion import find_faults
from referencing.commission.enums import OpinionKind, PointOutcome, ReservationState
from referencing.commission.models import Opinion, Reservation, ReservationAnswer, ReservationFile
from referencing.commission.selectors.opinions import list_lifted_since, newest_opinion, open_suspensive, read_opinion
from referencing.commission.services.opinions import give_opinion
from referencing.commission.services.reservations import (
    add_file,
    answer_reservation,
    comment_reservation,
    lift_reservation,
    remind_reservations,
    remove_file,
    send_back_reservation,
)
from referencing.commission.services.transmit import load_outlook, send_to_re_examination, transmit_file
from tests.commission.deliberation_factories import (
    CRITERION,
    deliberate,
    give,
    in_days,
    known_criteria,
    make_scheduled,
    make_sitting,
    reserve,
    vote_for,
)
from tests.commission.factories import make_session
from tests.factories import make_agent
from tests.questionnaires.factories import pdf

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _authority(settings, tmp_path):
    settings.SIGNATURE_DIR = str(tmp_path)


def refused(service, **arguments):
    with pytest.raises(TransitionRefused) as refusal:
        service(**arguments)
    return [blocker.code for blocker in refusal.value.blockers]


def opine(sitting, *reservations, reasons="Motifs."):
    return give_opinion(point_id=sitting.point.pk, reasons=reasons, reservations=reservations, actor=sitting.secretary)


# -- the opinion


def test_the_criterion_of_our_reservations_exists():
    assert CRITERION in known_criteria(make_sitting().candidature)


@pytest.mark.rule("BR-156", "BR-162")
def test_an_opinion_freezes_reasons_and_reservations_but_no_voice():
    sitting = make_sitting()
    opinion = give(sitting, OpinionKind.WITH_RESERVATIONS)
    content = read_opinion(opinion)
    assert content["kind"] == "with_reservations"
    assert content["reservations"][0]["criterion"] == CRITERION
    assert content["session"]["number"] == sitting.session.number
    assert verify_bytes(bytes(opinion.payload), bytes(opinion.seal)).is_intact
    text = bytes(opinion.payload).decode()
    assert not any(word in text for word in ("tally", "counts", "quorum", "voices"))
    assert not any(member.last_name in text for member in sitting.members.values())
    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
        Opinion.objects.filter(pk=opinion.pk).update(reasons="Autres motifs")


def test_the_file_has_its_opinion_and_the_point_ends():
    sitting = make_sitting()
    give(sitting, OpinionKind.FAVOURABLE)
    sitting.point.refresh_from_db()
    assert sitting.candidature.state == CandidatureState.OPINION
    assert sitting.candidature.waiting_for == Holder.COMMISSION
    assert (sitting.point.outcome, sitting.point.ended_at is not None) == (PointOutcome.OPINION, True)
    event = CandidatureEvent.objects.get(kind="opinion_given")
    assert event.data == {"opinion": "Favorable"}


def test_no_opinion_without_a_vote():
    sitting = make_sitting()
    deliberate(sitting)
    assert refused(opine, sitting=sitting) == ["no_vote"]


def test_no_second_opinion_on_a_point():
    sitting = make_sitting()
    give(sitting, OpinionKind.FAVOURABLE)
    assert refused(opine, sitting=sitting) == ["wrong_state"]


def test_a_member_does_not_give_the_opinion():
    sitting = make_sitting()
    vote_for(sitting, "favourable")
    with pytest.raises(PermissionDenied):
        give_opinion(point_id=sitting.point.pk, reasons="Motifs.", actor=sitting.members["siege-4"])


@pytest.mark.rule("BR-156")
@pytest.mark.parametrize(
    ("kind", "suspensive", "codes"),
    [
        ("favourable", [False], ["reservations"]),
        ("unfavourable", [True], ["reservations"]),
        ("with_reservations", [], ["no_reservation"]),
        ("with_reservations", [False, True], ["suspensive"]),
        ("with_suspensive", [], ["no_reservation"]),
        ("with_suspensive", [False], ["no_suspensive"]),
        ("with_suspensive", [False, True], []),
        ("with_reservations", [False], []),
        ("favourable", [], []),
    ],
)
def test_reservations_are_of_the_nature_that_the_opinion_says(kind, suspensive, codes):
    rows = [reserve(is_suspensive=each) for each in suspensive]
    faults = find_faults(kind, "Motifs.", rows, criteria={CRITERION: "Titre"}, today=timezone.localdate())
    assert [fault.code for fault in faults] == codes


@given(
    kind=st.sampled_from(OpinionKind.values),
    suspensive=st.lists(st.booleans(), max_size=4),
    reasons=st.sampled_from(["", " ", "Motifs."]),
)
def test_an_opinion_without_fault_says_what_it_must(kind, suspensive, reasons):
    rows = [reserve(is_suspensive=each) for each in suspensive]
    faults = find_faults(kind, reasons, rows, criteria={CRITERION: "Titre"}, today=timezone.localdate())
    if not faults:
        assert reasons.strip()
        assert bool(rows) == kind.startswith("with")
        assert any(suspensive) == (kind == "with_suspensive")


def test_every_fault_of_an_opinion_is_told_at_once():
    sitting = make_sitting()
    vote_for(sitting, "with_suspensive")
    with pytest.raises(TransitionRefused) as refusal:
        opine(sitting, reserve(text=" ", days=-1, criterion="INCONNU"), reasons=" ")
    assert [(each.code, each.anchor) for each in refusal.value.blockers] == [
        ("reasons", "#id_reasons"),
        ("text", "#id_reservations-0-text"),
        ("criterion", "#id_reservations-0-criterion"),
        ("due_on", "#id_reservations-0-due_on"),
    ]


def test_the_editor_is_told_of_the_opinion(django_capture_on_commit_callbacks, mailoutbox):
    sitting = make_sitting()
    with django_capture_on_commit_callbacks(execute=True):
        give(sitting, OpinionKind.WITH_SUSPENSIVE)
    told = Notification.objects.get(recipient=sitting.editor)
    assert "réserves suspensives" in told.content
    assert told.link == f"/commission/avis/{sitting.candidature.pk}/"


# -- suspensive reservations


@pytest.fixture
def suspended():
    sitting = make_sitting()
    give(sitting, OpinionKind.WITH_SUSPENSIVE, [reserve(), reserve(is_suspensive=False, days=90)])
    return sitting


def first_of(sitting):
    return sitting.candidature.reservations.get(number=1)


def answer(sitting, number=1):
    reservation = sitting.candidature.reservations.get(number=number)
    answer_reservation(reservation_id=reservation.pk, text="Voici.", actor=sitting.editor)
    return reservation


@pytest.mark.rule("BR-158")
def test_suspensive_reservations_wait_for_the_editor(suspended):
    candidature = suspended.candidature
    assert candidature.state == CandidatureState.RESERVATIONS
    assert (candidature.waiting_for, candidature.due_on) == (Holder.EDITOR, in_days(60))
    assert [each.number for each in open_suspensive(candidature)] == [1]
    assert refused(transmit_file, candidature_id=candidature.pk, actor=suspended.secretary) == ["suspensive_open"]


def test_an_answer_is_sealed_and_waits_for_the_team(suspended, django_capture_on_commit_callbacks):
    reservation = first_of(suspended)
    added = add_file(reservation_id=reservation.pk, upload=pdf("politique.pdf"), actor=suspended.editor)
    with django_capture_on_commit_callbacks(execute=True):
        sent = answer_reservation(reservation_id=reservation.pk, text="Voici la politique.", actor=suspended.editor)
    assert verify_bytes(bytes(sent.payload), bytes(sent.seal)).is_intact
    assert added.file.blob.sha256 in bytes(sent.payload).decode()
    assert list(sent.files.values_list("pk", flat=True)) == [added.pk]
    suspended.candidature.refresh_from_db()
    assert suspended.candidature.waiting_for == Holder.LISTING_TEAM
    assert Notification.objects.filter(recipient=suspended.candidature.referent, product__isnull=False).exists()
    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
        ReservationAnswer.objects.filter(pk=sent.pk).update(text="Autre")
    with pytest.raises(TransitionRefused):
        remove_file(file_id=added.pk, actor=suspended.editor)


def test_an_answer_needs_a_text_and_comes_once(suspended):
    reservation = first_of(suspended)
    arguments = {"reservation_id": reservation.pk, "actor": suspended.editor}
    assert refused(answer_reservation, text=" ", **arguments) == ["text"]
    answer(suspended)
    assert refused(answer_reservation, text="Encore.", **arguments) == ["wrong_state"]
    assert refused(add_file, upload=pdf(), **arguments) == ["answered"]


def test_a_file_of_another_kind_is_refused_with_its_reason(suspended):
    from django.core.files.uploadedfile import SimpleUploadedFile

    with pytest.raises(UploadRefused):
        add_file(
            reservation_id=first_of(suspended).pk,
            upload=SimpleUploadedFile("outil.exe", b"MZ"),
            actor=suspended.editor,
        )
    assert ReservationFile.objects.count() == 0


def test_strangers_find_no_reservation(suspended):
    for stranger in (make_scheduled()[1], make_agent(Role.MEMBER), make_agent(Role.MINISTRY)):
        with pytest.raises(Reservation.DoesNotExist):
            answer_reservation(reservation_id=first_of(suspended).pk, text="Voici.", actor=stranger)


def test_the_team_does_not_answer_and_the_editor_does_not_lift(suspended):
    reservation = answer(suspended)
    with pytest.raises(PermissionDenied):
        lift_reservation(reservation_id=reservation.pk, note="Bien.", actor=suspended.editor)
    with pytest.raises(PermissionDenied):
        comment_reservation(reservation_id=reservation.pk, text="Bien.", actor=suspended.editor)
    with pytest.raises(PermissionDenied):
        answer_reservation(reservation_id=reservation.pk, text="Voici.", actor=suspended.candidature.referent)


def test_the_team_comments_then_sends_back_with_a_later_day(suspended):
    reservation = answer(suspended)
    team = suspended.candidature.referent
    assert comment_reservation(reservation_id=reservation.pk, text="Incomplet.", actor=team).author == team
    arguments = {"reservation_id": reservation.pk, "actor": team}
    assert refused(send_back_reservation, note=" ", due_on=in_days(5), **arguments) == ["note", "due_on"]

    send_back_reservation(note="Ajoutez la durée.", due_on=in_days(70), **arguments)

    reservation.refresh_from_db()
    assert (reservation.state, reservation.due_on) == (ReservationState.OPEN, in_days(70))
    assert reservation.decided_by == team
    suspended.candidature.refresh_from_db()
    assert (suspended.candidature.waiting_for, suspended.candidature.due_on) == (Holder.EDITOR, in_days(70))


@pytest.mark.rule("BR-158", "A-30")
def test_the_last_suspensive_reservation_lifted_frees_the_file(suspended, django_capture_on_commit_callbacks):
    reservation = answer(suspended)
    team = suspended.candidature.referent
    assert refused(lift_reservation, reservation_id=reservation.pk, note="", actor=team) == ["note"]

    with django_capture_on_commit_callbacks(execute=True):
        lift_reservation(reservation_id=reservation.pk, note="Politique publiée.", actor=team)

    candidature = suspended.candidature
    candidature.refresh_from_db()
    assert (candidature.state, candidature.waiting_for) == (CandidatureState.OPINION, Holder.COMMISSION)
    assert open_suspensive(candidature) == []
    assert Notification.objects.filter(recipient=suspended.secretary).exists()
    transmit_file(candidature_id=candidature.pk, actor=suspended.secretary)
    candidature.refresh_from_db()
    assert (candidature.state, candidature.waiting_for) == (CandidatureState.MINISTER, Holder.MINISTRY)


@pytest.mark.rule("OQ-11")
def test_a_demarche_may_want_another_opinion_once_reservations_are_lifted(suspended):
    demarche = suspended.candidature.enrolment.demarche
    demarche.settings = {**demarche.settings, "commission": {"after_lifting": "re_examination"}}
    demarche.save(update_fields=["settings"])
    reservation = answer(suspended)

    lift_reservation(reservation_id=reservation.pk, note="Politique publiée.", actor=suspended.candidature.referent)

    candidature = suspended.candidature
    candidature.refresh_from_db()
    assert (candidature.state, candidature.waiting_for) == (CandidatureState.READY_COMMISSION, Holder.COMMISSION)
    states = dict(candidature.reservations.values_list("number", "state"))
    assert states == {1: ReservationState.LIFTED, 2: ReservationState.CLOSED}


@pytest.mark.rule("BR-158")
def test_a_reservation_that_does_not_suspend_is_followed_after_the_listing(suspended):
    team = suspended.candidature.referent
    lift_reservation(reservation_id=answer(suspended).pk, note="Bien.", actor=team)
    transmit_file(candidature_id=suspended.candidature.pk, actor=suspended.secretary)
    Candidature.objects.filter(pk=suspended.candidature.pk).update(state=CandidatureState.APPROVED)
    Candidature.objects.filter(pk=suspended.candidature.pk).update(state=CandidatureState.LISTED)

    second = answer(suspended, number=2)
    lift_reservation(reservation_id=second.pk, note="Bien.", actor=team)

    second.refresh_from_db()
    assert second.state == ReservationState.LIFTED
    assert refused(lift_reservation, reservation_id=second.pk, note="Bien.", actor=team) == ["wrong_state"]


@pytest.mark.rule("A-30")
def test_an_overdue_reservation_is_told_once(suspended, django_capture_on_commit_callbacks):
    now = timezone.now()
    with django_capture_on_commit_callbacks(execute=True):
        assert remind_reservations(at=now) == 0
        assert remind_reservations(at=now + timedelta(days=54)) == 1
        assert remind_reservations(at=now + timedelta(days=55)) == 0
        assert remind_reservations(at=now + timedelta(days=61)) == 1
        assert remind_reservations(at=now + timedelta(days=62)) == 0
    reservation = first_of(suspended)
    assert (reservation.reminded_at, reservation.overdue_at) == (now + timedelta(days=54), now + timedelta(days=61))
    assert CandidatureEvent.objects.filter(kind="reservation_overdue").count() == 1
    texts = list(
        Notification.objects.filter(recipient=suspended.editor).order_by("pk").values_list("content", flat=True)
    )
    assert len(texts) == 2
    assert "refuser le référencement" in texts[1]


@pytest.mark.rule("A-30")
def test_after_an_outage_only_what_is_true_is_told(suspended, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        assert remind_reservations(at=timezone.now() + timedelta(days=100)) == 2
    assert set(Reservation.objects.values_list("reminded_at", flat=True)) == {None}


def late(sitting):
    """Its suspensive reservation was due yesterday."""
    Reservation.objects.filter(candidature=sitting.candidature, number=1).update(due_on=in_days(-1))


@pytest.mark.rule("A-30", "BR-158")
def test_an_overdue_suspensive_reservation_goes_to_the_minister_for_refusal(suspended):
    late(suspended)
    transmit_file(candidature_id=suspended.candidature.pk, actor=suspended.secretary)
    suspended.candidature.refresh_from_db()
    assert suspended.candidature.state == CandidatureState.MINISTER
    assert [each.number for each in open_suspensive(suspended.candidature)] == [1]
    told = refused(answer_reservation, reservation_id=first_of(suspended).pk, text="Trop tard.", actor=suspended.editor)
    assert told == ["wrong_state"]


@pytest.mark.rule("A-30")
def test_an_answer_that_the_team_did_not_examine_in_time_is_not_the_editors_delay(suspended):
    answer(suspended)
    late(suspended)
    told = refused(transmit_file, candidature_id=suspended.candidature.pk, actor=suspended.secretary)
    assert told == ["suspensive_open"]


@pytest.mark.rule("A-30")
def test_an_overdue_suspensive_reservation_may_go_back_before_the_commission(suspended):
    arguments = {"candidature_id": suspended.candidature.pk, "actor": suspended.secretary}
    assert refused(send_to_re_examination, reason=" ", **arguments) == ["not_overdue", "reason"]
    late(suspended)

    send_to_re_examination(reason="Réserve non levée.", **arguments)

    suspended.candidature.refresh_from_db()
    assert (suspended.candidature.state, suspended.candidature.waiting_for) == (
        CandidatureState.READY_COMMISSION,
        Holder.COMMISSION,
    )
    assert set(suspended.candidature.reservations.values_list("state", flat=True)) == {ReservationState.CLOSED}


def test_a_withdrawn_file_owes_nothing_more(suspended):
    withdraw(candidature_id=suspended.candidature.pk, reason="Projet arrêté.", actor=suspended.editor)
    assert set(suspended.candidature.reservations.values_list("state", flat=True)) == {ReservationState.CLOSED}


@pytest.mark.rule("A-30", "BR-158")
def test_a_refused_file_owes_nothing_more_and_what_was_not_lifted_still_bars(suspended):
    late(suspended)
    transmit_file(candidature_id=suspended.candidature.pk, actor=suspended.secretary)
    candidature = Candidature.objects.get(pk=suspended.candidature.pk)
    workflow.fire(candidature, "refuse", actor=make_agent(Role.MINISTRY), at=timezone.now())
    assert set(candidature.reservations.values_list("state", flat=True)) == {ReservationState.CLOSED}
    assert [each.number for each in open_suspensive(candidature)] == [1]


# -- transmission


@pytest.mark.rule("A-01", "BR-157")
def test_an_unfavourable_opinion_goes_to_the_minister_too_for_a_refusal_only():
    sitting = make_sitting(has_exchange=True)
    give(sitting, OpinionKind.UNFAVOURABLE)
    assert load_outlook(sitting.candidature, today=timezone.localdate()).is_for_refusal
    transmit_file(candidature_id=sitting.candidature.pk, actor=sitting.secretary)
    sitting.candidature.refresh_from_db()
    assert sitting.candidature.state == CandidatureState.MINISTER


@pytest.mark.rule("BR-136")
def test_a_favourable_opinion_waits_for_the_tests():
    sitting = make_sitting(has_exchange=True)
    give(sitting, OpinionKind.FAVOURABLE)
    told = refused(transmit_file, candidature_id=sitting.candidature.pk, actor=sitting.secretary)
    assert told == ["tests_not_passed"]


def test_only_the_secretary_transmits():
    sitting = make_sitting()
    give(sitting, OpinionKind.FAVOURABLE)
    with pytest.raises(PermissionDenied):
        transmit_file(candidature_id=sitting.candidature.pk, actor=sitting.members["siege-4"])
    with pytest.raises(Candidature.DoesNotExist):
        transmit_file(candidature_id=sitting.candidature.pk, actor=make_agent(Role.TESTS))


def test_no_opinion_nothing_to_transmit():
    sitting = make_sitting()
    assert newest_opinion(sitting.candidature) is None
    assert refused(transmit_file, candidature_id=sitting.candidature.pk, actor=sitting.secretary) == ["wrong_state"]


def test_the_next_session_hears_of_lifted_reservations(suspended):
    lift_reservation(reservation_id=answer(suspended).pk, note="Bien.", actor=suspended.candidature.referent)
    following = make_session(secretary=suspended.secretary)
    assert [each.number for each in list_lifted_since(following, suspended.secretary)] == [1]
    assert list(list_lifted_since(following, make_agent(Role.MEMBER))) == []
    later = make_session(held_at=timezone.now() + timedelta(days=60), secretary=suspended.secretary)
    following.opened_at = following.held_at
    following.save()
    assert list(list_lifted_since(later, suspended.secretary)) == []
