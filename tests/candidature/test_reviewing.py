"""Verdicts, themes, second reading: the services."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.audit.models import AuditEntry
from convergence.kernel.canonical import canonical_json
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from referencing.candidature.content import load_criteria
from referencing.candidature.core.examination import Judged, find_gap, find_next, neighbours
from referencing.candidature.enums import CandidatureState, Outcome
from referencing.candidature.models import Candidature, CandidatureEvent, ThemeReview, Verdict
from referencing.candidature.services import (
    StaleVerdict,
    UnknownCriterion,
    conclude_theme,
    give_verdict,
    give_visa,
    reopen_theme,
    send_back_theme,
)
from referencing.dossier.models import Addendum
from tests.candidature.factories import make_candidature
from tests.factories import OrganisationFactory, make_agent, make_member

pytestmark = pytest.mark.django_db
CRITERION = "A06.1.2"
THEME = "interoperabilite"


@pytest.fixture
def verifier():
    return make_agent(Role.LISTING_TEAM)


@pytest.fixture
def expert():
    return make_agent(Role.EXPERT, THEME)


@pytest.fixture
def candidature(expert):
    return make_candidature(experts={THEME: expert}, complete=False)[0]


def judge(candidature, actor, outcome=Outcome.COMPLIANT, *, criterion=CRITERION, base_version=0, **texts):
    return give_verdict(
        candidature_id=candidature.pk,
        criterion=criterion,
        outcome=outcome,
        base_version=base_version,
        actor=actor,
        **{"text": "", "note": "", **texts},
    )


def codes(refusal):
    return [blocker.code for blocker in refusal.value.blockers]


def add_complement(candidature, manager):
    """A complement on the criterion, frozen."""
    content = {"items": [{"criterion": CRITERION, "answer": {"level": "3"}, "comment": "Précision"}]}
    return Addendum.objects.create(
        dossier=candidature.dossier,
        number=1,
        kind="complement",
        payload=canonical_json(content),
        sha256="0" * 64,
        seal=b"",
        schema=1,
        frozen_at=timezone.now(),
        created_by=manager,
    )


def ask_second_reading(candidature):
    demarche = candidature.enrolment.demarche
    demarche.settings = {**demarche.settings, "instruction": {"second_reading": [THEME]}}
    demarche.save()


class TestVerdict:
    @pytest.mark.rule("BR-112")
    def test_expert_judges_own_theme_and_the_journal_says_so(self, candidature, expert):
        verdict = judge(candidature, expert, text=" Vu\n", note="bof")

        assert (verdict.outcome, verdict.text, verdict.note, verdict.version) == ("compliant", "Vu", "bof", 1)
        assert verdict.content_sha256 == load_criteria(candidature)[0].content_sha256
        entry = AuditEntry.objects.get(action="verdict.verdict_given")
        assert (entry.actor_id, entry.data["outcome"], entry.data["former"]) == (expert.pk, "compliant", "")
        assert CandidatureEvent.objects.get(kind="verdict_given").is_internal

    @pytest.mark.rule("BR-112")
    def test_expert_of_another_theme_is_refused(self):
        stranger = make_agent(Role.EXPERT, "rgpd")
        candidature, _ = make_candidature(experts={"rgpd": stranger})

        with pytest.raises(PermissionDenied):
            judge(candidature, stranger)
        assert judge(candidature, stranger, criterion="RGPD.1").theme == "rgpd"

    @pytest.mark.rule("BR-112")
    def test_assigned_expert_who_lost_the_theme_is_refused(self, candidature, expert):
        expert.role_assignments.update(theme="rgpd")

        with pytest.raises(PermissionDenied):
            judge(candidature, expert)

    def test_listing_team_judges_any_theme(self, candidature, verifier):
        assert judge(candidature, verifier).by == verifier

    @pytest.mark.parametrize("role", [Role.SUPPORT, Role.TESTS])
    def test_other_roles_judge_nothing(self, candidature, role):
        Candidature.objects.update(has_exchange=True)

        with pytest.raises(PermissionDenied):
            judge(candidature, make_agent(role))

    def test_editor_judges_nothing(self, candidature):
        with pytest.raises(PermissionDenied):
            judge(candidature, make_member(candidature.enrolment.product.organisation))

    @pytest.mark.parametrize(
        "person", [lambda: make_member(OrganisationFactory()), lambda: make_agent(Role.EXPERT, THEME)]
    )
    def test_stranger_finds_no_file(self, candidature, person):
        with pytest.raises(Candidature.DoesNotExist):
            judge(candidature, person())

    @pytest.mark.parametrize("outcome", [Outcome.NON_COMPLIANT, Outcome.TO_COMPLETE, Outcome.NOT_APPLICABLE])
    def test_what_the_editor_must_act_on_is_explained(self, candidature, expert, outcome):
        with pytest.raises(TransitionRefused) as refusal:
            judge(candidature, expert, outcome, text="  ")

        assert codes(refusal) == ["text"]

    def test_every_reason_is_given_at_once(self, expert):
        candidature, _ = make_candidature(CandidatureState.READY_COMMISSION, experts={THEME: expert}, complete=False)
        ThemeReview.objects.filter(theme=THEME).update(concluded_at=timezone.now())

        with pytest.raises(TransitionRefused) as refusal:
            judge(candidature, expert, "nonsense")

        assert codes(refusal) == ["wrong_state", "theme_concluded", "outcome"]
        assert not Verdict.objects.exists()

    def test_unknown_criterion(self, candidature, verifier):
        with pytest.raises(UnknownCriterion):
            judge(candidature, verifier, criterion="X.1")

    def test_save_over_a_newer_verdict_is_refused_and_keeps_it(self, candidature, expert, verifier):
        judge(candidature, verifier, text="le premier")

        with pytest.raises(StaleVerdict) as stale:
            judge(candidature, expert, Outcome.NON_COMPLIANT, text="le second")

        assert stale.value.verdict.text == "le premier"
        assert Verdict.objects.get().text == "le premier"
        assert judge(candidature, expert, Outcome.NON_COMPLIANT, text="le second", base_version=1).version == 2

    def test_new_verdict_is_read_again_by_nobody_s_former_mark(self, candidature, expert):
        judge(candidature, expert)
        Verdict.objects.update(needs_rereading=True, carried_from=timezone.localdate())

        verdict = judge(candidature, expert, base_version=1)

        assert (verdict.needs_rereading, verdict.carried_from) == (False, None)

    def test_last_verdict_gives_the_ball_to_the_listing_team(self, candidature, expert):
        candidature.refresh_from_db()
        assert candidature.waiting_for == "experts"
        judge(candidature, expert)
        conclude_theme(candidature_id=candidature.pk, theme=THEME, summary="", actor=expert)

        candidature.refresh_from_db()
        assert candidature.waiting_for == "listing_team"


class TestTheme:
    def conclude(self, candidature, actor, summary=""):
        return conclude_theme(candidature_id=candidature.pk, theme=THEME, summary=summary, actor=actor)

    def test_theme_is_concluded_and_the_referent_told(self, candidature, expert, django_capture_on_commit_callbacks):
        judge(candidature, expert)
        with django_capture_on_commit_callbacks(execute=True):
            review = self.conclude(candidature, expert, " Rien à signaler ")

        assert (review.concluded_by, review.summary) == (expert, "Rien à signaler")
        assert "Interopérabilité" in Notification.objects.get(recipient=candidature.referent).content
        assert AuditEntry.objects.filter(action="themereview.theme_concluded").count() == 1

    def test_every_criterion_that_is_not_settled_is_named_and_linked(self):
        expert = make_agent(Role.EXPERT, "ethique")
        candidature, _ = make_candidature(experts={"ethique": expert})
        judge(candidature, expert, Outcome.TO_COMPLETE, criterion="DEV.1.1", text="Il manque la mesure")

        with pytest.raises(TransitionRefused) as refusal:
            conclude_theme(candidature_id=candidature.pk, theme="ethique", summary="", actor=expert)

        assert [(each.code, each.anchor) for each in refusal.value.blockers] == [
            ("to_complete", f"/candidatures/{candidature.pk}/examen/DEV.1.1/"),
            ("no_verdict", f"/candidatures/{candidature.pk}/examen/DEV.1.2/"),
        ]

    @pytest.mark.rule("BR-114")
    def test_verdict_older_than_a_complement_keeps_the_theme_open(self, candidature, expert, verifier):
        judge(candidature, expert)
        add_complement(candidature, verifier)

        with pytest.raises(TransitionRefused) as refusal:
            self.conclude(candidature, expert)

        assert codes(refusal) == ["changed"]
        judge(candidature, expert, base_version=1)
        assert self.conclude(candidature, expert).concluded_at

    @pytest.mark.rule("A-21")
    def test_verdict_to_reread_keeps_the_theme_open(self, candidature, expert):
        judge(candidature, expert)
        Verdict.objects.update(needs_rereading=True)

        with pytest.raises(TransitionRefused) as refusal:
            self.conclude(candidature, expert)

        assert codes(refusal) == ["needs_rereading"]

    def test_concluded_theme_is_not_concluded_again_and_its_verdicts_stand(self, candidature, expert):
        judge(candidature, expert)
        self.conclude(candidature, expert)

        with pytest.raises(TransitionRefused) as refusal:
            self.conclude(candidature, expert)
        assert codes(refusal) == ["theme_concluded"]
        with pytest.raises(TransitionRefused) as refusal:
            judge(candidature, expert, base_version=1)
        assert codes(refusal) == ["theme_concluded"]

    def test_reopening_needs_a_reason_and_lets_verdicts_change(self, candidature, expert):
        judge(candidature, expert)
        self.conclude(candidature, expert)
        act = {"candidature_id": candidature.pk, "theme": THEME, "actor": expert}

        with pytest.raises(TransitionRefused) as refusal:
            reopen_theme(reason=" ", **act)
        assert codes(refusal) == ["reason"]
        reopen_theme(reason="Nouvelle pièce", **act)

        assert judge(candidature, expert, base_version=1).version == 2
        assert AuditEntry.objects.get(action="themereview.theme_reopened").reason == "Nouvelle pièce"
        with pytest.raises(TransitionRefused) as refusal:
            reopen_theme(reason="Encore", **act)
        assert codes(refusal) == ["theme_open"]

    def test_nothing_moves_once_the_evaluation_is_over(self, candidature, expert):
        judge(candidature, expert)
        self.conclude(candidature, expert)
        Candidature.objects.filter(pk=candidature.pk).update(
            state=CandidatureState.READY_COMMISSION, concluded_at=timezone.now(), proposal="favourable"
        )

        with pytest.raises(TransitionRefused) as refusal:
            reopen_theme(candidature_id=candidature.pk, theme=THEME, reason="Trop tard", actor=expert)
        assert codes(refusal) == ["wrong_state"]

    @pytest.mark.rule("BR-112")
    @pytest.mark.parametrize("act", [conclude_theme, reopen_theme])
    def test_expert_of_another_theme_neither_concludes_nor_reopens(self, act):
        stranger = make_agent(Role.EXPERT, "rgpd")
        candidature, _ = make_candidature(experts={"rgpd": stranger})
        more = {"summary": ""} if act is conclude_theme else {"reason": "x"}

        with pytest.raises(PermissionDenied):
            act(candidature_id=candidature.pk, theme=THEME, actor=stranger, **more)


class TestSecondReading:
    @pytest.fixture
    def concluded(self, candidature, expert):
        ask_second_reading(candidature)
        judge(candidature, expert)
        conclude_theme(candidature_id=candidature.pk, theme=THEME, summary="", actor=expert)
        return candidature

    def test_another_agent_gives_the_visa(self, concluded, verifier):
        review = give_visa(candidature_id=concluded.pk, theme=THEME, actor=verifier)

        assert (review.visa_by, review.visa_at is not None) == (verifier, True)
        with pytest.raises(TransitionRefused) as refusal:
            give_visa(candidature_id=concluded.pk, theme=THEME, actor=verifier)
        assert codes(refusal) == ["no_visa"]

    def test_author_never_gives_own_visa(self, concluded, expert):
        with pytest.raises(TransitionRefused) as refusal:
            give_visa(candidature_id=concluded.pk, theme=THEME, actor=expert)

        assert codes(refusal) == ["own_visa"]

    def test_author_of_a_verdict_does_not_read_in_second_what_another_concluded(self, candidature, expert, verifier):
        ask_second_reading(candidature)
        judge(candidature, verifier)
        conclude_theme(candidature_id=candidature.pk, theme=THEME, summary="", actor=expert)

        with pytest.raises(TransitionRefused) as refusal:
            give_visa(candidature_id=candidature.pk, theme=THEME, actor=verifier)

        assert codes(refusal) == ["own_visa"]

    def test_expert_who_does_not_hold_the_theme_is_refused(self, expert):
        other = make_agent(Role.EXPERT, "rgpd")
        candidature, _ = make_candidature(experts={THEME: expert, "rgpd": other})
        ask_second_reading(candidature)
        judge(candidature, expert)
        conclude_theme(candidature_id=candidature.pk, theme=THEME, summary="", actor=expert)

        with pytest.raises(PermissionDenied):
            give_visa(candidature_id=candidature.pk, theme=THEME, actor=other)

    def test_theme_without_second_reading_asks_no_visa(self, candidature, expert, verifier):
        judge(candidature, expert)
        conclude_theme(candidature_id=candidature.pk, theme=THEME, summary="", actor=expert)

        with pytest.raises(TransitionRefused) as refusal:
            give_visa(candidature_id=candidature.pk, theme=THEME, actor=verifier)

        assert codes(refusal) == ["no_visa"]

    def test_sent_back_theme_is_open_again_and_its_author_told_why(
        self, concluded, expert, verifier, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            review = send_back_theme(
                candidature_id=concluded.pk, theme=THEME, reason="Le motif est trop court", actor=verifier
            )

        assert review.concluded_at is None
        assert "Le motif est trop court" in Notification.objects.get(recipient=expert).content
        assert CandidatureEvent.objects.get(kind="visa_refused").is_internal

    def test_visa_falls_with_a_reopening(self, concluded, expert, verifier):
        give_visa(candidature_id=concluded.pk, theme=THEME, actor=verifier)

        review = reopen_theme(candidature_id=concluded.pk, theme=THEME, reason="Nouvelle pièce", actor=expert)

        assert (review.visa_by, review.visa_at) == (None, None)


def test_gaps_and_next_criterion_to_examine():
    """Round the list once; what waits for the editor is not next."""
    candidature, _ = make_candidature()
    criteria = load_criteria(candidature)
    first, second, third, fourth = (each.code for each in criteria)
    hashes = {each.code: each.content_sha256 for each in criteria}
    judged = {
        first: Judged("compliant", hashes[first]),
        second: Judged("to_complete", hashes[second]),
        third: Judged("compliant", "older"),
    }

    assert [find_gap(each, judged.get(each.code)) for each in criteria] == ["", "to_complete", "changed", "no_verdict"]
    assert find_next(criteria, judged) == third
    assert find_next(criteria, judged, after=third) == fourth
    assert find_next(criteria, judged, after=fourth) == third
    done = judged | {third: Judged("compliant", hashes[third])}
    assert find_next(criteria, done, after=fourth) == ""
    assert neighbours(criteria, first) == ("", second)
    assert neighbours(criteria, fourth) == (third, "")


def test_addenda_are_read_with_their_number_and_date(verifier):
    candidature, _ = make_candidature(complete=False)
    addendum = add_complement(candidature, verifier)

    (criterion,) = load_criteria(candidature)

    assert criterion.answer == {"level": "3"}
    assert [(each.number, each.frozen_at) for each in criterion.supplements] == [(1, addendum.frozen_at.isoformat())]
    assert json.loads(bytes(addendum.payload))["items"]
