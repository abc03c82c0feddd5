"""Experts by theme and the référent (BR-110, A-21, A-22)."""

from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from convergence.accounts.enums import Role, Theme
from convergence.accounts.models import RoleAssignment
from convergence.audit.models import AuditEntry
from convergence.interests.core import InterestLine
from convergence.interests.services import declare
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from referencing.candidature.enums import CandidatureState, Holder, Outcome
from referencing.candidature.models import Candidature, CandidatureEvent, ThemeReview, Verdict
from referencing.candidature.services import assign_expert, assign_referent, take_charge
from referencing.candidature.services.assignment import ExpertChange, assign_experts
from referencing.candidature.services.suggestions import list_seats
from tests.candidature.factories import make_candidature
from tests.factories import make_agent

pytestmark = pytest.mark.django_db
THEME = Theme.INTEROPERABILITE


@pytest.fixture
def verifier():
    return make_agent(Role.LISTING_TEAM)


@pytest.fixture
def candidature():
    return make_candidature(complete=False)[0]


def make_conflicted(candidature, role=Role.EXPERT, theme=THEME):
    person = make_agent(role, theme, has_declared=False)
    organisation = candidature.enrolment.product.organisation
    line = InterestLine(name=organisation.name, nature="employment", organisation_id=organisation.pk)
    declare(person=person, lines=[line], at=timezone.now())
    return person


def assign(candidature, expert, actor, theme=THEME):
    return assign_expert(
        candidature_id=candidature.pk, theme=theme, expert_id=expert.pk if expert else None, actor=actor
    )


def codes(refusal):
    return [blocker.code for blocker in refusal.value.blockers]


class TestExpert:
    def test_expert_is_told_sees_the_file_and_holds_the_ball(
        self, candidature, verifier, django_capture_on_commit_callbacks
    ):
        expert = make_agent(Role.EXPERT, THEME)
        assert not Candidature.objects.visible_to(expert).exists()

        with django_capture_on_commit_callbacks(execute=True):
            review = assign(candidature, expert, verifier)

        assert (review.expert, review.assigned_at is not None) == (expert, True)
        assert Candidature.objects.visible_to(expert).get() == candidature
        assert Candidature.objects.get().waiting_for == Holder.EXPERTS
        assert Notification.objects.get(recipient=expert).link
        assert AuditEntry.objects.get(action="themereview.expert_assigned").data["expert"] == str(expert)
        assert CandidatureEvent.objects.get(kind="expert_assigned").is_internal

    @pytest.mark.rule("BR-110")
    @pytest.mark.parametrize("state", [CandidatureState.APPLIED, CandidatureState.ADMISSIBILITY])
    def test_nobody_is_assigned_before_the_file_is_admissible(self, verifier, state):
        candidature, _ = make_candidature(state, complete=False)

        with pytest.raises(TransitionRefused) as refusal:
            assign(candidature, make_agent(Role.EXPERT, THEME), verifier)

        assert codes(refusal) == ["not_admissible"]

    @pytest.mark.parametrize("state", [CandidatureState.READY_COMMISSION, CandidatureState.WITHDRAWN])
    def test_nobody_is_assigned_after_the_evaluation(self, verifier, state):
        candidature, _ = make_candidature(state, complete=False)

        with pytest.raises(TransitionRefused) as refusal:
            assign(candidature, make_agent(Role.EXPERT, THEME), verifier)

        assert codes(refusal) == ["wrong_state"]

    def test_theme_that_the_dossier_does_not_have_is_refused(self, candidature, verifier):
        with pytest.raises(TransitionRefused) as refusal:
            assign(candidature, make_agent(Role.EXPERT, Theme.RGPD), verifier, theme=Theme.RGPD)

        assert codes(refusal) == ["theme"]

    @pytest.mark.rule("BR-112")
    @pytest.mark.rule("A-21")
    def test_every_reason_against_a_person_is_said_at_once(self, candidature, verifier):
        person = make_conflicted(candidature, theme=Theme.RGPD)

        with pytest.raises(TransitionRefused) as refusal:
            assign(candidature, person, verifier)

        assert codes(refusal) == ["lacks_theme", "interests_conflict"]
        assert not ThemeReview.objects.filter(expert__isnull=False).exists()

    @pytest.mark.rule("A-21")
    def test_expert_without_a_declaration_is_refused(self, candidature, verifier):
        with pytest.raises(TransitionRefused) as refusal:
            assign(candidature, make_agent(Role.EXPERT, THEME, has_declared=False), verifier)

        assert codes(refusal) == ["interests_missing"]

    def test_unknown_and_inactive_people_are_refused(self, candidature, verifier):
        gone = make_agent(Role.EXPERT, THEME)
        gone.is_active = False
        gone.save()
        for expert_id in (uuid4(), gone.pk):
            with pytest.raises(TransitionRefused) as refusal:
                assign_expert(candidature_id=candidature.pk, theme=THEME, expert_id=expert_id, actor=verifier)
            assert codes(refusal) == ["expert"]

    def test_reassigning_keeps_verdicts_and_tells_both(self, candidature, verifier, django_capture_on_commit_callbacks):
        first, second = make_agent(Role.EXPERT, THEME), make_agent(Role.EXPERT, THEME)
        assign(candidature, first, verifier)
        Verdict.objects.create(
            candidature=candidature,
            theme=THEME,
            criterion="A06.1.2",
            outcome=Outcome.COMPLIANT,
            content_sha256="0" * 64,
            by=first,
            at=timezone.now(),
        )

        with django_capture_on_commit_callbacks(execute=True):
            assign(candidature, second, verifier)

        assert Verdict.objects.get().by == first
        assert Notification.objects.filter(recipient=second).exists()
        assert not Notification.objects.get(recipient=first).link  # the file is no longer theirs to open
        assert not Candidature.objects.visible_to(first).exists()

    def test_taken_back_then_given_to_nobody(self, candidature, verifier):
        assign(candidature, make_agent(Role.EXPERT, THEME), verifier)

        review = assign(candidature, None, verifier)

        assert (review.expert, review.assigned_at) == (None, None)
        assert CandidatureEvent.objects.filter(kind="expert_removed").count() == 1

    def test_same_expert_again_says_nothing(self, candidature, verifier):
        expert = make_agent(Role.EXPERT, THEME)
        assign(candidature, expert, verifier)
        assign(candidature, expert, verifier)

        assert AuditEntry.objects.filter(action="themereview.expert_assigned").count() == 1

    @pytest.mark.parametrize("role", [Role.SUPPORT, Role.EXPERT, Role.SECRETARY])
    def test_only_the_listing_team_assigns(self, candidature, role):
        actor = make_agent(role, THEME if role == Role.EXPERT else "")

        with pytest.raises((PermissionDenied, Candidature.DoesNotExist)):
            assign(candidature, make_agent(Role.EXPERT, THEME), actor)

    def test_editor_does_not_assign(self, candidature):
        with pytest.raises(PermissionDenied):
            assign(candidature, make_agent(Role.EXPERT, THEME), candidature.applied_by)


class TestSeveralThemes:
    def test_all_or_nothing_with_the_reasons_of_every_theme(self, verifier):
        candidature, _ = make_candidature()
        good = make_agent(Role.EXPERT, THEME)
        stranger = make_agent(Role.EXPERT, Theme.RGPD)
        changes = {
            THEME: ExpertChange(None, good.pk),
            Theme.ETHIQUE: ExpertChange(None, stranger.pk),
            Theme.RGPD: ExpertChange(good.pk, stranger.pk),
        }

        with pytest.raises(TransitionRefused) as refusal:
            assign_experts(candidature_id=candidature.pk, changes=changes, actor=verifier)

        assert sorted(codes(refusal)) == ["lacks_theme", "stale"]
        assert not ThemeReview.objects.filter(expert__isnull=False).exists()
        assert not CandidatureEvent.objects.filter(kind="expert_assigned").exists()


class TestSuggestions:
    def test_least_loaded_first_and_barred_people_last(self, candidature, verifier):
        busy, free = make_agent(Role.EXPERT, THEME), make_agent(Role.EXPERT, THEME)
        barred = make_conflicted(candidature)
        make_candidature(complete=False, experts={THEME: busy})

        (seat,) = [each for each in list_seats(candidature) if each.review.theme == THEME]

        assert [(each.person, each.load) for each in seat.candidates] == [(free, 0), (busy, 1), (barred, 0)]
        assert [blocker.code for blocker in seat.candidates[2].obstacles] == ["interests_conflict"]

    def test_expert_who_lost_the_theme_is_noticed(self, verifier):
        expert = make_agent(Role.EXPERT, THEME)
        candidature, _ = make_candidature(complete=False, experts={THEME: expert})
        RoleAssignment.objects.filter(user=expert).delete()

        assert [each.holder for each in list_seats(candidature) if each.review.theme == THEME] == [None]


class TestReferent:
    @pytest.mark.rule("A-22")
    def test_change_is_told_to_all_three(self, verifier, django_capture_on_commit_callbacks):
        former, newcomer = make_agent(Role.LISTING_TEAM), make_agent(Role.LISTING_TEAM)
        candidature, manager = make_candidature(referent=former, complete=False)

        with django_capture_on_commit_callbacks(execute=True):
            assign_referent(candidature_id=candidature.pk, person_id=newcomer.pk, actor=verifier)

        assert Candidature.objects.get().referent == newcomer
        for person in (former, newcomer, manager):
            assert Notification.objects.filter(recipient=person, kind="Candidature").exists()
        assert AuditEntry.objects.get(action="candidature.referent_changed").data["referent"] == str(newcomer)

    def test_application_is_taken_in_charge_for_a_colleague(self, verifier):
        candidature, _ = make_candidature(CandidatureState.APPLIED, complete=False)
        colleague = make_agent(Role.LISTING_TEAM)

        assign_referent(candidature_id=candidature.pk, person_id=colleague.pk, actor=verifier)

        candidature = Candidature.objects.get()
        assert (candidature.state, candidature.referent) == (CandidatureState.ADMISSIBILITY, colleague)
        assert AuditEntry.objects.get(action="candidature.take_charge").actor_id == verifier.pk

    def test_person_outside_the_team_is_refused(self, candidature, verifier):
        with pytest.raises(TransitionRefused) as refusal:
            assign_referent(candidature_id=candidature.pk, person_id=make_agent(Role.EXPERT, THEME).pk, actor=verifier)

        assert codes(refusal) == ["referent"]

    def test_closed_file_has_no_new_referent(self, verifier):
        candidature, _ = make_candidature(CandidatureState.WITHDRAWN, complete=False)

        with pytest.raises(TransitionRefused) as refusal:
            assign_referent(candidature_id=candidature.pk, person_id=verifier.pk, actor=verifier)
        assert codes(refusal) == ["wrong_state"]

    def test_only_the_listing_team_names_a_referent(self, candidature, verifier):
        with pytest.raises(PermissionDenied):
            assign_referent(candidature_id=candidature.pk, person_id=verifier.pk, actor=make_agent(Role.SUPPORT))

    @pytest.mark.rule("A-21")
    def test_agent_without_a_declaration_does_not_take_charge(self):
        candidature, _ = make_candidature(CandidatureState.APPLIED, complete=False)

        with pytest.raises(TransitionRefused) as refusal:
            take_charge(candidature_id=candidature.pk, actor=make_agent(Role.LISTING_TEAM, has_declared=False))

        assert codes(refusal) == ["interests_missing"]
        assert Candidature.objects.get().referent is None

    @pytest.mark.rule("A-21")
    def test_agent_with_a_conflict_does_not_even_find_the_file(self):
        candidature, _ = make_candidature(CandidatureState.APPLIED, complete=False)

        with pytest.raises(Candidature.DoesNotExist):
            take_charge(candidature_id=candidature.pk, actor=make_conflicted(candidature, Role.LISTING_TEAM, ""))
