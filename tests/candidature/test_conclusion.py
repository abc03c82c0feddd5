import json
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role, Theme
from convergence.audit.models import AuditEntry
from convergence.documents.signatures import verify_bytes
from convergence.jobs.models import Job
from convergence.jobs.services import run
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from referencing.candidature.content import load_criteria
from referencing.candidature.enums import CandidatureState, Holder, Outcome, Proposal, Severity
from referencing.candidature.models import (
    CandidatureEvent,
    ComplementRequest,
    Conclusion,
    NonConformity,
    ThemeReview,
    Verdict,
)
from referencing.candidature.services.conclusion import conclude, read_conclusion, reopen
from tests.candidature.factories import conclude_themes, make_candidature
from tests.factories import DemarcheFactory, make_agent

pytestmark = pytest.mark.django_db

TEXT = "Le service répond aux critères vérifiés."


@pytest.fixture
def verifier():
    return make_agent(Role.LISTING_TEAM)


@pytest.fixture
def file(verifier):
    """A file whose every theme is concluded."""
    candidature, _ = make_candidature(complete=False, referent=verifier)
    conclude_themes(candidature, verifier)
    return candidature


def add_gap(candidature, by, **fields):
    values = {"severity": Severity.MAJOR, "criterion": "A06.1.2", "theme": "interoperabilite", "number": 1}
    return NonConformity.objects.create(
        candidature=candidature, rationale="Écart", opened_by=by, opened_at=timezone.now(), **{**values, **fields}
    )


def give(candidature, by, outcome, criterion="A06.1.2", **fields):
    """Another verdict than the one that `conclude_themes` gave, on the criterion as it stands."""
    Verdict.objects.filter(candidature=candidature, criterion=criterion).update(outcome=outcome, by=by, **fields)


def refusal(candidature, actor, proposal=Proposal.FAVOURABLE, text=TEXT):
    with pytest.raises(TransitionRefused) as refused:
        conclude(candidature_id=candidature.pk, proposal=proposal, text=text, actor=actor)
    candidature.refresh_from_db()
    assert candidature.state == CandidatureState.EVALUATION
    assert not Conclusion.objects.exists()
    return [blocker.code for blocker in refused.value.blockers]


class TestConclude:
    def test_report_is_frozen_sealed_and_the_commission_has_the_ball(
        self, file, verifier, django_capture_on_commit_callbacks
    ):
        give(file, verifier, Outcome.COMPLIANT, text="Vu.", note="Secret de l’instruction")
        with django_capture_on_commit_callbacks(execute=True):
            conclusion = conclude(candidature_id=file.pk, proposal=Proposal.FAVOURABLE, text=TEXT, actor=verifier)

        file.refresh_from_db()
        content = read_conclusion(conclusion)
        assert (file.state, file.waiting_for) == (CandidatureState.READY_COMMISSION, Holder.COMMISSION)
        assert (file.proposal, file.concluded_at) == (Proposal.FAVOURABLE, conclusion.concluded_at)
        assert verify_bytes(bytes(conclusion.payload), bytes(conclusion.seal)).is_intact
        assert [row["outcome"] for row in content["themes"][0]["criteria"] if row["code"] == "A06.1.2"] == ["compliant"]
        assert "Secret de l’instruction" not in bytes(conclusion.payload).decode()
        assert AuditEntry.objects.get(action="candidature.conclude").data == {"proposal": "favourable"}

    def test_editor_learns_the_end_but_not_the_proposal(self, verifier, django_capture_on_commit_callbacks):
        file, manager = make_candidature(complete=False, referent=verifier)
        conclude_themes(file, verifier)
        give(file, verifier, Outcome.NON_COMPLIANT, text="Rien ne le montre.")
        with django_capture_on_commit_callbacks(execute=True):
            conclude(candidature_id=file.pk, proposal=Proposal.UNFAVOURABLE, text="À refuser.", actor=verifier)

        told = Notification.objects.filter(recipient=manager).latest("pk").content
        assert "commission" in told
        assert "éfavorable" not in told
        assert "refuser" not in told
        shared = CandidatureEvent.objects.filter(candidature=file, is_internal=False)
        assert "unfavourable" not in json.dumps([each.data for each in shared])

    @pytest.mark.rule("BR-115")
    def test_blocking_non_conformity_bars_a_favourable_conclusion(self, file, verifier):
        add_gap(file, verifier)
        add_gap(file, verifier, number=2, severity=Severity.MINOR)

        assert refusal(file, verifier) == ["blocking_non_conformity"]

    @pytest.mark.rule("A-20")
    def test_unfavourable_conclusion_carries_the_blockers_to_the_commission(self, file, verifier):
        add_gap(file, verifier)

        conclusion = conclude(candidature_id=file.pk, proposal=Proposal.UNFAVOURABLE, text=TEXT, actor=verifier)

        assert len(read_conclusion(conclusion)["open_blockers"]) == 1
        file.refresh_from_db()
        assert file.proposal == Proposal.UNFAVOURABLE

    def test_every_unfinished_thing_is_listed_at_once_for_any_proposal(self, verifier):
        DemarcheFactory(settings={"instruction": {"second_reading": ["urbanisation"]}})
        file, _ = make_candidature(complete=False, referent=verifier)
        conclude_themes(file, verifier)
        first, *themes = file.reviews.order_by("position").values_list("theme", flat=True)
        ThemeReview.objects.filter(candidature=file, theme__in=themes).update(concluded_at=None, concluded_by=None)
        rereading = load_criteria(file)[0]
        assert rereading.theme == first
        give(file, verifier, Outcome.COMPLIANT, criterion=rereading.code, needs_rereading=True)
        ComplementRequest.objects.create(
            candidature=file,
            number=1,
            kind="criteria",
            due_on=timezone.localdate() + timedelta(days=9),
            requested_by=verifier,
            requested_at=timezone.now(),
        )
        expected = ["needs_rereading", *["theme_open"] * len(themes), "request_open"]

        assert refusal(file, verifier, Proposal.UNFAVOURABLE) == expected
        assert refusal(file, verifier) == expected

    def test_second_reading_is_waited_for(self, verifier):
        file, _ = make_candidature(complete=False, referent=verifier)
        conclude_themes(file, verifier)
        demarche = file.enrolment.demarche
        demarche.settings = {**demarche.settings, "instruction": {"second_reading": ["interoperabilite"]}}
        demarche.save()

        assert refusal(file, verifier) == ["visa"]

    def test_obligation_judged_non_compliant_bars_a_favourable_conclusion(self, file, verifier):
        obligation = next(each for each in load_criteria(file) if each.nature == "obligation")
        give(file, verifier, Outcome.NON_COMPLIANT, criterion=obligation.code)

        assert refusal(file, verifier) == ["obligation_not_met"]

    def test_text_and_proposal_are_asked_together(self, file, verifier):
        assert refusal(file, verifier, proposal="", text=" ") == ["proposal", "text"]

    @pytest.mark.parametrize("role", [Role.SUPPORT])
    def test_only_the_listing_team_concludes(self, file, role):
        with pytest.raises(PermissionDenied):
            conclude(candidature_id=file.pk, proposal=Proposal.FAVOURABLE, text=TEXT, actor=make_agent(role))

    def test_expert_does_not_conclude_the_file(self, verifier):
        expert = make_agent(Role.EXPERT, Theme.INTEROPERABILITE)
        file, _ = make_candidature(complete=False, referent=verifier, experts={"interoperabilite": expert})
        conclude_themes(file, verifier)
        with pytest.raises(PermissionDenied):
            conclude(candidature_id=file.pk, proposal=Proposal.FAVOURABLE, text=TEXT, actor=expert)

    def test_database_freezes_the_conclusion(self, file, verifier):
        conclusion = conclude(candidature_id=file.pk, proposal=Proposal.FAVOURABLE, text=TEXT, actor=verifier)
        for change in (
            lambda: Conclusion.objects.filter(pk=conclusion.pk).update(proposal=Proposal.UNFAVOURABLE),
            conclusion.delete,
        ):
            with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
                change()


class TestReopen:
    def test_file_returns_to_evaluation_and_its_conclusion_stays(self, file, verifier):
        first = conclude(candidature_id=file.pk, proposal=Proposal.UNFAVOURABLE, text=TEXT, actor=verifier)
        reopen(candidature_id=file.pk, reason="Un document manquait.", actor=verifier)

        file.refresh_from_db()
        assert (file.state, file.proposal, file.concluded_at) == (CandidatureState.EVALUATION, "", None)
        assert AuditEntry.objects.get(action="candidature.reopen").reason == "Un document manquait."
        second = conclude(candidature_id=file.pk, proposal=Proposal.FAVOURABLE, text=TEXT, actor=verifier)
        assert [each.number for each in (first, second)] == [1, 2]
        assert Conclusion.objects.filter(candidature=file).count() == 2

    def test_reason_is_mandatory(self, file, verifier):
        conclude(candidature_id=file.pk, proposal=Proposal.FAVOURABLE, text=TEXT, actor=verifier)
        with pytest.raises(TransitionRefused) as refused:
            reopen(candidature_id=file.pk, reason="  ", actor=verifier)
        assert [each.code for each in refused.value.blockers] == ["reason"]


class TestPages:
    def test_conclusion_is_written_confirmed_and_shown(self, client, file, verifier):
        client.force_login(verifier)
        page = reverse("candidature:candidature_conclude", args=[file.pk])
        assert "Tous les thèmes sont conclus" in client.get(page).content.decode()

        values = {"proposal": "favourable", "text": TEXT}
        assert "Le rapport de synthèse est figé" in client.post(page, values).content.decode()
        assert not Conclusion.objects.exists()

        shown = client.post(page, {**values, "confirmed": "1"}, follow=True).content.decode()
        assert "Proposition : favorable" in shown
        assert TEXT in shown

    def test_refusal_lists_blockers_and_keeps_the_text(self, client, file, verifier):
        add_gap(file, verifier)
        client.force_login(verifier)
        page = reverse("candidature:candidature_conclude", args=[file.pk])

        answer = client.post(page, {"proposal": "favourable", "text": TEXT})

        assert answer.status_code == 422
        assert TEXT in answer.content.decode()
        assert "non-conformité n° 1" in answer.content.decode()

    def test_empty_form_says_both_errors(self, client, file, verifier):
        client.force_login(verifier)
        answer = client.post(reverse("candidature:candidature_conclude", args=[file.pk]), {})
        assert answer.status_code == 422
        assert set(answer.context["form"].errors) == {"proposal", "text"}

    def test_editor_is_kept_out(self, client, verifier):
        file, manager = make_candidature(complete=False, referent=verifier)
        client.force_login(manager)
        assert client.get(reverse("candidature:candidature_conclude", args=[file.pk])).status_code == 403

    def test_report_is_a_sealed_pdf(self, client, file, verifier, tmp_path):
        conclude(candidature_id=file.pk, proposal=Proposal.FAVOURABLE, text=TEXT, actor=verifier)
        client.force_login(verifier)
        client.post(reverse("candidature:conclusion_export", args=[file.pk, 1]))
        job = Job.objects.get(kind="candidature.report")
        run(job_id=job.pk)
        job.refresh_from_db()
        assert job.output_name == f"rapport-{file.dossier.reference}-1.pdf"

    def test_reopening_asks_for_a_reason(self, client, file, verifier):
        conclude(candidature_id=file.pk, proposal=Proposal.FAVOURABLE, text=TEXT, actor=verifier)
        client.force_login(verifier)
        address = reverse("candidature:candidature_reopen", args=[file.pk])
        assert client.post(address, {}).status_code == 422
        assert client.post(address, {"reason": "Oubli."}).status_code == 302
        file.refresh_from_db()
        assert file.state == CandidatureState.EVALUATION


@pytest.mark.rule("BR-114")
def test_answer_that_came_after_a_verdict_is_judged_before_concluding(file, verifier):
    Verdict.objects.filter(candidature=file, criterion="A06.1.2").update(content_sha256="0" * 64)

    assert refusal(file, verifier, Proposal.UNFAVOURABLE) == ["changed"]
