"""Admissibility: acknowledgement, checklist, « recevable » and « irrecevable » (T14, T17, T17b, T18)."""

import json
from datetime import timedelta
from io import BytesIO

import pikepdf
import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.utils import timezone

from convergence.accounts.enums import Role, Theme
from convergence.audit.models import AuditEntry
from convergence.jobs.models import Job
from convergence.jobs.services import run
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from evidence.services import read_bytes
from referencing.candidature.enums import CandidatureState, DocumentKind, Holder, RequestKind, RequestState
from referencing.candidature.models import (
    AdmissibilityAct,
    AdmissibilityCheck,
    Candidature,
    CandidatureEvent,
    ComplementRequest,
    Extension,
    IssuedDocument,
    ThemeReview,
)
from referencing.candidature.services import (
    answer_checklist,
    apply,
    declare_admissible,
    declare_inadmissible,
    find_blockers,
)
from referencing.candidature.services.admission import GivenAnswer, StaleAnswers
from referencing.candidature.services.asking import open_request
from referencing.candidature.services.checklist import check_before_applying, check_file
from referencing.dossier.readers import read_payload
from tests.candidature.factories import make_candidature, set_instruction
from tests.dossier.factories import make_dossier
from tests.factories import make_agent

pytestmark = pytest.mark.django_db

CHECKLIST = [
    {"code": "structure", "label": "Structure vérifiée", "auto": "organisation", "missing_piece": "Un extrait"},
    {"code": "preuves", "label": "Preuves lisibles", "missing_piece": "La preuve, lisible"},
]
REASONS = {
    "inadmissible": [
        {"code": "absentes", "label": "Pièces absentes", "text": "Les pièces n’ont pas été fournies."},
        {"code": "hors-champ", "label": "Hors champ", "text": "Le service est hors du champ.", "ineligible": True},
    ]
}


@pytest.fixture(autouse=True)
def _authority(settings, tmp_path):
    settings.SIGNATURE_DIR = str(tmp_path)


@pytest.fixture
def verifier():
    return make_agent(Role.LISTING_TEAM)


@pytest.fixture
def candidature(verifier):
    found, _ = make_candidature(CandidatureState.ADMISSIBILITY, referent=verifier, complete=False)
    set_instruction(found, checklist=CHECKLIST, reason_templates=REASONS)
    return found


def answer(candidature, actor, **answers):
    """`preuves=("yes", "note", version)`, or only the result."""
    given = {code: GivenAnswer(*(value if isinstance(value, tuple) else (value,))) for code, value in answers.items()}
    return answer_checklist(candidature_id=candidature.pk, answers=given, actor=actor)


def ask(candidature, actor, *, days=10, codes=("preuves",)):
    return open_request(
        candidature_id=candidature.pk,
        kind=RequestKind.PIECES,
        items=[(code, "La pièce, s’il vous plaît") for code in codes],
        text="Il manque des pièces.",
        due_on=timezone.localdate() + timedelta(days=days),
        actor=actor,
    )


def refuse(candidature, actor, **values):
    return declare_inadmissible(
        candidature_id=candidature.pk,
        actor=actor,
        **{
            "reasons": ["absentes"],
            "text": "La notice n’a jamais été reçue.",
            "delegation": "Arrêté n° 1 du 2 mars 2026",
            "remedies": "Recours gracieux.",
            **values,
        },
    )


def codes(refusal):
    return [blocker.code for blocker in refusal.value.blockers]


class TestAcknowledgement:
    @pytest.fixture
    def applied(self, django_capture_on_commit_callbacks):
        dossier, manager = make_dossier()
        demarche = dossier.enrolment.demarche
        demarche.settings = {"service": "Équipe A", "contact": "a@operateur.example"}
        demarche.save()
        with django_capture_on_commit_callbacks(execute=True):
            return apply(dossier_id=dossier.pk, actor=manager), manager

    def text_of_pdf(self, candidature):
        run(job_id=Job.objects.get(kind="candidature.issue").pk)
        document = IssuedDocument.objects.get(candidature=candidature, kind=DocumentKind.ACKNOWLEDGEMENT)
        return read_bytes(document.file)

    @pytest.mark.rule("A-17")
    def test_says_service_and_contact_and_nothing_of_silence_that_nobody_set(self, applied):
        candidature, manager = applied

        assert candidature.acknowledgement == {"service": "Équipe A", "contact": "a@operateur.example", "silence": ""}
        notice = Notification.objects.get(recipient=manager, content__contains="Service chargé du dossier")
        assert "Équipe A" in notice.content
        assert "a@operateur.example" in notice.content

    @pytest.mark.rule("A-17")
    def test_effect_of_silence_is_the_one_of_the_demarche(self, django_capture_on_commit_callbacks):
        dossier, manager = make_dossier()
        demarche = dossier.enrolment.demarche
        demarche.settings = {"silence": {"effect": "Le silence vaut rejet."}}
        demarche.save()

        with django_capture_on_commit_callbacks(execute=True):
            apply(dossier_id=dossier.pk, actor=manager)

        assert Notification.objects.filter(recipient=manager, content__contains="Le silence vaut rejet.").exists()

    def test_is_a_sealed_pdf_made_once_and_kept(self, applied):
        candidature, _ = applied
        content = self.text_of_pdf(candidature)

        assert content.startswith(b"%PDF-")
        with pikepdf.open(BytesIO(content)) as pdf:
            assert pdf.Root.AcroForm.Fields[0].FT == "/Sig"
        job = Job.objects.get(kind="candidature.issue")
        again = Job.objects.create(kind=job.kind, payload=job.payload)
        run(job_id=again.pk)
        assert IssuedDocument.objects.count() == 1

    def test_database_refuses_to_replace_it(self, applied):
        candidature, _ = applied
        self.text_of_pdf(candidature)

        with pytest.raises(DatabaseError), transaction.atomic():
            IssuedDocument.objects.update(made_at=timezone.now())


class TestChecklist:
    def test_answers_are_kept_with_their_author_and_version(self, candidature, verifier):
        assert answer(candidature, verifier, preuves=("no", "Page 3 illisible")) == ["preuves"]
        answer(candidature, verifier, preuves=("yes", "Reçue", 1))

        row = AdmissibilityCheck.objects.get()
        assert (row.result, row.note, row.version, row.by) == ("yes", "Reçue", 2, verifier)
        assert AuditEntry.objects.filter(action="candidature.checklist_answered").count() == 2
        assert CandidatureEvent.objects.filter(kind="checklist_answered", is_internal=True).count() == 2

    def test_same_answer_again_changes_nothing(self, candidature, verifier):
        answer(candidature, verifier, preuves="yes")

        assert answer(candidature, verifier, preuves=("yes", "", 1)) == []
        assert AdmissibilityCheck.objects.get().version == 1

    def test_answer_may_be_taken_back(self, candidature, verifier):
        answer(candidature, verifier, preuves="yes")
        answer(candidature, verifier, preuves=("", "", 1))

        assert not AdmissibilityCheck.objects.exists()

    def test_stale_answer_is_refused_with_the_one_written_meanwhile(self, candidature, verifier):
        colleague = make_agent(Role.LISTING_TEAM)
        answer(candidature, colleague, preuves="no")

        with pytest.raises(StaleAnswers) as stale:
            answer(candidature, verifier, preuves="yes", structure=("no", "À revoir"))

        assert stale.value.rows["preuves"].by == colleague
        assert AdmissibilityCheck.objects.get().result == "no"

    def test_failing_check_is_overruled_only_with_a_note(self, candidature, verifier):
        organisation = candidature.enrolment.product.organisation
        organisation.verified_at = None
        organisation.save()

        with pytest.raises(TransitionRefused) as refusal:
            answer(candidature, verifier, structure="yes")
        assert codes(refusal) == ["note_missing"]

        answer(candidature, verifier, structure=("yes", "Extrait vu"))
        assert check_file(candidature)[0].is_overridden

    def test_unknown_line_is_refused(self, candidature, verifier):
        with pytest.raises(TransitionRefused) as refusal:
            answer(candidature, verifier, autre="yes")

        assert codes(refusal) == ["unknown"]

    def test_nobody_answers_once_the_file_moved_on(self, candidature, verifier):
        answer(candidature, verifier, preuves="yes")
        declare_admissible(candidature_id=candidature.pk, actor=verifier)

        with pytest.raises(TransitionRefused) as refusal:
            answer(candidature, verifier, preuves=("no", "", 1))
        assert codes(refusal) == ["wrong_state"]

    @pytest.mark.parametrize("role", [Role.SUPPORT, Role.EXPERT, Role.TESTS])
    def test_only_the_listing_team_answers(self, candidature, role):
        actor = make_agent(role, Theme.RGPD if role == Role.EXPERT else "")

        with pytest.raises((PermissionDenied, Candidature.DoesNotExist)):
            answer(candidature, actor, preuves="yes")

    def test_editor_does_not_answer(self, candidature):
        with pytest.raises(PermissionDenied):
            answer(candidature, candidature.applied_by, preuves="yes")

    @pytest.mark.rule("A-21")
    def test_agent_without_a_declaration_of_interests_does_not_answer(self, candidature):
        with pytest.raises(TransitionRefused) as refusal:
            answer(candidature, make_agent(Role.LISTING_TEAM, has_declared=False), preuves="yes")

        assert codes(refusal) == ["interests_missing"]


class TestFactsOfTheDossier:
    """The automatic checks read the frozen dossier, and what lives outside it."""

    ALL = [
        {"code": name, "label": name, "auto": name}
        for name in ("convention", "organisation", "complete", "obligations", "evidence_scanned", "values")
    ]

    def test_complete_dossier_passes_every_check(self):
        dossier, _ = make_dossier()
        set_instruction(dossier.enrolment, checklist=self.ALL)

        lines = check_before_applying(dossier.enrolment, read_payload(dossier))

        assert {each.line.code: each.result.value for each in lines} == dict.fromkeys(
            [row["code"] for row in self.ALL], "yes"
        )

    def test_incomplete_dossier_names_what_it_lacks(self):
        dossier, _ = make_dossier(complete=False)
        set_instruction(dossier.enrolment, checklist=self.ALL)

        lines = {each.line.code: each for each in check_before_applying(dossier.enrolment, read_payload(dossier))}

        assert [problem.place for problem in lines["complete"].finding.problems] == [
            "questionnaire:ethique",
            "questionnaire:rgpd",
        ]
        assert len(find_blockers(dossier.enrolment, dossier)) == 2

    def test_verifier_and_editor_read_the_same(self):
        candidature, _ = make_candidature(CandidatureState.ADMISSIBILITY, complete=False)
        set_instruction(candidature, checklist=self.ALL)

        assert check_file(candidature) == check_before_applying(
            candidature.enrolment, read_payload(candidature.dossier)
        )


class TestDeclareAdmissible:
    @pytest.mark.rule("BR-111")
    def test_opens_a_review_per_theme_and_tells_the_editor(
        self, candidature, verifier, django_capture_on_commit_callbacks
    ):
        answer(candidature, verifier, preuves="yes")
        with django_capture_on_commit_callbacks(execute=True):
            declared = declare_admissible(candidature_id=candidature.pk, actor=verifier)

        themes = [row["code"] for row in read_payload(candidature.dossier)["questionnaires"]]
        reviews = ThemeReview.objects.filter(candidature=candidature).order_by("position")
        assert [review.theme for review in reviews] == themes
        assert declared.state == CandidatureState.EVALUATION
        assert declared.admissible_at is not None
        assert declared.waiting_for == Holder.LISTING_TEAM  # experts are still to be named
        notice = Notification.objects.get(recipient=candidature.applied_by, content__contains="recevable")
        assert "recevable" in notice.content
        assert AuditEntry.objects.filter(action="candidature.declare_admissible", actor_id=verifier.pk).count() == 1

    def test_every_blocker_is_said_at_once_with_its_line(self, candidature, verifier):
        organisation = candidature.enrolment.product.organisation
        organisation.verified_at = None
        organisation.save()
        ask(candidature, verifier)

        with pytest.raises(TransitionRefused) as refusal:
            declare_admissible(candidature_id=candidature.pk, actor=verifier)

        assert codes(refusal) == ["line_failing", "line_unanswered", "request_open"]
        assert [blocker.anchor.partition("#")[2] for blocker in refusal.value.blockers] == [
            "ligne-structure",
            "ligne-preuves",
            "demandes",
        ]
        assert not ThemeReview.objects.exists()

    def test_twice_is_refused(self, candidature, verifier):
        answer(candidature, verifier, preuves="not_applicable")
        declare_admissible(candidature_id=candidature.pk, actor=verifier)

        with pytest.raises(TransitionRefused) as refusal:
            declare_admissible(candidature_id=candidature.pk, actor=verifier)
        assert codes(refusal) == ["wrong_state"]

    @pytest.mark.rule("A-21")
    def test_agent_without_a_declaration_of_interests_does_not_decide(self, candidature, verifier):
        answer(candidature, verifier, preuves="yes")

        with pytest.raises(TransitionRefused) as refusal:
            declare_admissible(candidature_id=candidature.pk, actor=make_agent(Role.LISTING_TEAM, has_declared=False))
        assert codes(refusal) == ["interests_missing"]

    def test_support_and_editor_do_not_decide(self, candidature):
        for actor in (make_agent(Role.SUPPORT), candidature.applied_by):
            with pytest.raises(PermissionDenied):
                declare_admissible(candidature_id=candidature.pk, actor=actor)


class TestDeclareInadmissible:
    @pytest.mark.rule("A-18")
    def test_missing_pieces_are_asked_first(self, candidature, verifier):
        with pytest.raises(TransitionRefused) as refusal:
            refuse(candidature, verifier)

        assert codes(refusal) == ["pieces_not_asked"]

    @pytest.mark.rule("A-18")
    def test_editor_keeps_the_time_that_was_given(self, candidature, verifier):
        request = ask(candidature, verifier)
        Extension.objects.create(
            request=request,
            wanted_on=request.due_on + timedelta(days=5),
            reason="Congés",
            asked_by=candidature.applied_by,
            asked_at=timezone.now(),
        )

        with pytest.raises(TransitionRefused) as refusal:
            refuse(candidature, verifier)

        assert codes(refusal) == ["pieces_pending", "extension_pending"]

    @pytest.mark.rule("A-18")
    def test_answer_that_is_enough_bars_the_decision(self, candidature, verifier):
        request = ask(candidature, verifier)
        ComplementRequest.objects.filter(pk=request.pk).update(state=RequestState.ANSWERED)

        with pytest.raises(TransitionRefused) as refusal:
            refuse(candidature, verifier)
        assert codes(refusal) == ["pieces_sufficient"]

        answer(candidature, verifier, preuves=("no", "Toujours illisible"))
        assert refuse(candidature, verifier).candidature.state == CandidatureState.INADMISSIBLE

    @pytest.mark.rule("A-01")
    def test_act_carries_reasons_delegation_and_remedies_and_is_notified(
        self, candidature, verifier, django_capture_on_commit_callbacks
    ):
        request = ask(candidature, verifier)
        ComplementRequest.objects.filter(pk=request.pk).update(due_on=timezone.localdate() - timedelta(days=1))
        with django_capture_on_commit_callbacks(execute=True):
            act = refuse(candidature, verifier)

        content = json.loads(bytes(act.payload))
        assert content["reasons"] == [{"code": "absentes", "text": "Les pièces n’ont pas été fournies."}]
        assert content["delegation"] == "Arrêté n° 1 du 2 mars 2026"
        assert content["requests"][0]["number"] == 1
        notice = Notification.objects.get(recipient=candidature.applied_by, content__contains="irrecevable").content
        assert "Les pièces n’ont pas été fournies." in notice
        assert "Recours gracieux." in notice
        request.refresh_from_db()
        assert request.state == RequestState.ENDED
        assert Candidature.objects.get().waiting_for == Holder.NOBODY

    @pytest.mark.rule("A-01")
    def test_ineligible_service_is_refused_without_asking_pieces(self, candidature, verifier):
        act = refuse(candidature, verifier, reasons=["hors-champ"])

        assert act.is_ineligible
        assert not Candidature.objects.open().exists()  # the enrolment may apply again

    @pytest.mark.rule("A-01")
    def test_every_missing_part_of_the_act_is_said_at_once(self, candidature, verifier):
        with pytest.raises(TransitionRefused) as refusal:
            refuse(candidature, verifier, reasons=["inconnu"], text=" ", delegation="", remedies="")

        assert codes(refusal) == ["reasons", "text", "delegation", "remedies", "pieces_not_asked"]
        assert not AdmissibilityAct.objects.exists()

    def test_pdf_of_the_act_is_kept_with_its_content(self, candidature, verifier):
        act = refuse(candidature, verifier, reasons=["hors-champ"])
        run(job_id=Job.objects.get(kind="candidature.issue").pk)

        document = IssuedDocument.objects.get(kind=DocumentKind.INADMISSIBILITY)
        with pikepdf.open(BytesIO(read_bytes(document.file))) as pdf:
            (attached,) = pdf.attachments.values()
            assert attached.get_file().read_bytes() == bytes(act.payload)

    def test_database_refuses_to_change_an_act(self, candidature, verifier):
        refuse(candidature, verifier, reasons=["hors-champ"])

        with pytest.raises(DatabaseError), transaction.atomic():
            AdmissibilityAct.objects.update(delegation="Autre")

    def test_admissible_file_is_not_declared_inadmissible(self, candidature, verifier):
        answer(candidature, verifier, preuves="yes")
        declare_admissible(candidature_id=candidature.pk, actor=verifier)

        with pytest.raises(TransitionRefused) as refusal:
            refuse(candidature, verifier, reasons=["hors-champ"])
        assert codes(refusal) == ["wrong_state"]

    def test_support_and_editor_do_not_decide(self, candidature):
        for actor in (make_agent(Role.SUPPORT), candidature.applied_by):
            with pytest.raises(PermissionDenied):
                refuse(candidature, actor, reasons=["hors-champ"])
