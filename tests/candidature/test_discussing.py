"""Threads, pins, presence and secrets: the services."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from convergence.accounts.enums import MembershipType, Role
from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from referencing.candidature.content import find_files, load_criteria
from referencing.candidature.enums import CandidatureState, DiscussionState
from referencing.candidature.models import Discussion, DiscussionMessage, EvidencePin
from referencing.candidature.services import (
    UnknownCriterion,
    add_pin,
    be_present,
    move_discussion,
    open_discussion,
    reply,
    settle_pin,
    show_secrets,
)
from referencing.candidature.services.discussing import mark_read
from tests.candidature.factories import make_candidature
from tests.factories import make_agent, make_member

pytestmark = pytest.mark.django_db
CRITERION = "A06.1.2"
THEME = "interoperabilite"


@pytest.fixture
def expert():
    return make_agent(Role.EXPERT, THEME)


@pytest.fixture
def file(expert):
    return make_candidature(experts={THEME: expert}, complete=False)


@pytest.fixture
def candidature(file):
    return file[0]


@pytest.fixture
def manager(file):
    return file[1]


def open_thread(candidature, actor, *, is_internal=False, text="Une question ?", criterion=CRITERION):
    return open_discussion(
        candidature_id=candidature.pk, criterion=criterion, is_internal=is_internal, text=text, actor=actor
    )


def answer(candidature, thread, actor, text="Une réponse."):
    return reply(candidature_id=candidature.pk, discussion_id=thread.pk, text=text, actor=actor)


def move(candidature, thread, actor, name):
    return move_discussion(candidature_id=candidature.pk, discussion_id=thread.pk, move=name, actor=actor)


def codes(refusal):
    return [blocker.code for blocker in refusal.value.blockers]


class TestDiscussion:
    def test_shared_question_reaches_the_editor_and_the_answer_comes_back(
        self, candidature, manager, expert, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            thread = open_thread(candidature, expert)
        assert "Une question ?" in Notification.objects.get(recipient=manager).content
        with django_capture_on_commit_callbacks(execute=True):
            message = answer(candidature, thread, manager)

        assert message.from_editor
        assert {each.recipient for each in Notification.objects.filter(content__contains="Une réponse.")} == {
            expert,
            candidature.referent,
        }

    def test_internal_thread_tells_and_shows_the_editor_nothing(
        self, candidature, manager, expert, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            thread = open_thread(candidature, expert, is_internal=True)

        assert not Notification.objects.filter(recipient=manager).exists()
        with pytest.raises(Discussion.DoesNotExist):
            answer(candidature, thread, manager)
        with pytest.raises(Discussion.DoesNotExist):
            move(candidature, thread, manager, "resolve")

    def test_editor_opens_shared_threads_only(self, candidature, manager):
        assert open_thread(candidature, manager).is_internal is False
        with pytest.raises(PermissionDenied):
            open_thread(candidature, manager, is_internal=True)

    @pytest.mark.parametrize("role", [Role.SUPPORT])
    def test_those_who_only_read_write_nothing(self, candidature, role, expert):
        agent = make_agent(role)
        thread = open_thread(candidature, expert)

        with pytest.raises(PermissionDenied):
            open_thread(candidature, agent)
        with pytest.raises(PermissionDenied):
            answer(candidature, thread, agent)

    def test_blank_message_is_refused(self, candidature, expert):
        with pytest.raises(TransitionRefused) as refusal:
            open_thread(candidature, expert, text=" \n")

        assert codes(refusal) == ["text"]
        assert not Discussion.objects.exists()

    def test_nothing_is_written_on_a_file_that_ended(self, expert):
        candidature, manager = make_candidature(CandidatureState.WITHDRAWN, complete=False)

        with pytest.raises(TransitionRefused) as refusal:
            open_thread(candidature, manager)

        assert codes(refusal) == ["wrong_state"]

    def test_unknown_criterion(self, candidature, expert):
        with pytest.raises(UnknownCriterion):
            open_thread(candidature, expert, criterion="X")

    def test_life_of_a_thread(self, candidature, manager, expert):
        thread = open_thread(candidature, expert)
        assert move(candidature, thread, manager, "resolve").state == DiscussionState.RESOLVED
        answer(candidature, thread, manager, "Encore un mot.")
        assert Discussion.objects.get().state == DiscussionState.OPEN
        with pytest.raises(PermissionDenied):
            move(candidature, thread, manager, "close")
        assert move(candidature, thread, expert, "close").settled_at
        with pytest.raises(TransitionRefused) as refusal:
            answer(candidature, thread, manager)
        assert codes(refusal) == ["closed"]
        with pytest.raises(PermissionDenied):
            move(candidature, thread, manager, "reopen")
        assert move(candidature, thread, expert, "reopen").settled_at is None
        assert list(
            AuditEntry.objects.filter(subject_type="candidature.discussion")
            .order_by("pk")
            .values_list("action", flat=True)
        ) == [
            "discussion.discussion_opened",
            "discussion.resolve",
            "discussion.resume",
            "discussion.discussion_answered",
            "discussion.close",
            "discussion.reopen",
        ]

    @pytest.mark.parametrize("name", ["state", "delete"])
    def test_unknown_move_is_refused(self, candidature, expert, name):
        with pytest.raises(TransitionRefused):
            move(candidature, open_thread(candidature, expert), expert, name)

    def test_message_is_never_changed(self, candidature, expert):
        open_thread(candidature, expert)

        with pytest.raises(DatabaseError), transaction.atomic():
            DiscussionMessage.objects.update(text="Autre")
        with pytest.raises(DatabaseError), transaction.atomic():
            DiscussionMessage.objects.all().delete()

    def test_thread_is_unread_until_opened_and_again_after_an_answer(self, candidature, manager, expert):
        thread = open_thread(candidature, expert)

        def unread(person):
            return Discussion.objects.with_unread(person).get().is_unread

        assert (unread(expert), unread(manager)) == (False, True)
        mark_read(discussions=[thread], user=manager)
        assert unread(manager) is False
        answer(candidature, thread, manager)
        assert (unread(expert), unread(manager)) == (True, False)


class TestPin:
    @pytest.fixture
    def place(self):
        candidature, _ = make_candidature()
        evidence = next(each for each in load_criteria(candidature) if each.code == "DEV.1.2").evidence[0]
        return {
            "candidature_id": candidature.pk,
            "criterion": "DEV.1.2",
            "sha256": evidence.sha256,
            "entry": None,
            "page": 1,
            "x": 250,
            "y": 1000,
            "note": "Date illisible",
            "is_internal": True,
        }

    @pytest.fixture
    def verifier(self):
        return make_agent(Role.LISTING_TEAM)

    def test_pin_is_kept_settled_and_taken_up_again(self, place, verifier):
        pin = add_pin(actor=verifier, **place)
        act = {"candidature_id": place["candidature_id"], "pin_id": pin.pk, "actor": verifier}

        assert (pin.x, pin.y, pin.author, pin.is_internal) == (250, 1000, verifier, True)
        assert settle_pin(**act).resolved_by == verifier
        assert settle_pin(**act).resolved_at is None
        assert AuditEntry.objects.filter(action__startswith="evidencepin.").count() == 3

    @pytest.mark.parametrize(
        ("changed", "code"), [({"note": " "}, "note"), ({"x": 1001}, "place"), ({"y": -1}, "place")]
    )
    def test_pin_without_words_or_off_the_page_is_refused(self, place, verifier, changed, code):
        with pytest.raises(TransitionRefused) as refusal:
            add_pin(actor=verifier, **{**place, **changed})

        assert codes(refusal) == [code]

    def test_evidence_of_another_criterion_takes_no_pin(self, place, verifier):
        with pytest.raises(UnknownCriterion):
            add_pin(actor=verifier, **{**place, "criterion": "A06.1.2"})
        with pytest.raises(UnknownCriterion):
            add_pin(actor=verifier, **{**place, "sha256": "f" * 64})

    def test_editor_and_support_pin_nothing(self, place):
        member = make_member(load_organisation(place), MembershipType.REPRESENTANT)
        for person in (member, make_agent(Role.SUPPORT)):
            with pytest.raises(PermissionDenied):
                add_pin(actor=person, **place)

    @pytest.mark.rule("A-14")
    def test_pin_in_a_container_stays_between_agents(self, place, verifier):
        pin = add_pin(actor=verifier, **{**place, "entry": 0, "is_internal": False})

        assert pin.is_internal
        with pytest.raises(IntegrityError), transaction.atomic():
            EvidencePin.objects.update(is_internal=False)


def load_organisation(place):
    from referencing.candidature.models import Candidature

    return Candidature.objects.get(pk=place["candidature_id"]).enrolment.product.organisation


class TestPresence:
    def test_others_are_named_for_a_minute(self, candidature, expert, django_assert_num_queries):
        verifier, now = make_agent(Role.LISTING_TEAM), timezone.now()
        assert be_present(candidature=candidature, criterion=CRITERION, user=expert, at=now) == []

        with django_assert_num_queries(1):
            others = be_present(candidature=candidature, criterion="X", user=verifier, at=now)

        assert others == [(expert.get_full_name(), CRITERION)]
        later = now + timedelta(seconds=61)
        assert be_present(candidature=candidature, criterion="X", user=verifier, at=later) == []

    def test_one_place_per_person(self, candidature, expert):
        now = timezone.now()
        for criterion in ("A", "B"):
            be_present(candidature=candidature, criterion=criterion, user=expert, at=now)

        others = be_present(candidature=candidature, criterion="A", user=make_agent(Role.LISTING_TEAM), at=now)

        assert others == [(expert.get_full_name(), "B")]


class TestSecrets:
    @pytest.mark.rule("A-10")
    def test_assigned_expert_reads_the_demo_account_and_the_journal_says_so(self, candidature, expert):
        shown = show_secrets(candidature=candidature, actor=expert)

        assert shown == [("Fournir un compte de démonstration", "demo / mot de passe")]
        entry = AuditEntry.objects.get(action="answer.read_secret")
        assert (entry.actor_id, entry.data) == (expert.pk, {"question": "Q6"})

    @pytest.mark.rule("A-10")
    @pytest.mark.parametrize("role", [Role.SUPPORT, Role.TESTS, Role.EXPERT])
    def test_nobody_else_does(self, candidature, role):
        agent = make_agent(role, THEME if role == Role.EXPERT else "")

        with pytest.raises(PermissionDenied):
            show_secrets(candidature=candidature, actor=agent)
        assert not AuditEntry.objects.filter(action="answer.read_secret").exists()


def test_only_what_was_frozen_with_the_file_is_found(django_assert_num_queries):
    candidature, _ = make_candidature()
    other, _ = make_candidature()
    own = {each.sha256 for criterion in load_criteria(candidature) for each in criterion.evidence}
    foreign = {each.sha256 for criterion in load_criteria(other) for each in criterion.evidence}

    with django_assert_num_queries(1):
        found = find_files(candidature, own | foreign)

    assert set(found) == own
    assert all(file.blob.sha256 == sha256 for sha256, file in found.items())
    with django_assert_num_queries(0):
        assert find_files(candidature, []) == {}
