"""The review workspace (BO-05) as its readers meet it."""

from __future__ import annotations

import io
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from convergence.accounts.enums import Role
from convergence.audit import workflow
from convergence.audit.models import AuditEntry
from convergence.drafts.models import TextDraft
from convergence.drafts.services import save_drafts
from questionnaires.models import Deposit
from referencing.candidature.content import load_criteria
from referencing.candidature.enums import CandidatureState, Outcome
from referencing.candidature.models import Candidature, Discussion, EvidencePin, Presence, ThemeReview, Verdict
from referencing.candidature.services import add_pin, conclude_theme, give_verdict, open_discussion
from referencing.dossier.services import generate_dossier
from tests.candidature.factories import make_candidature
from tests.dossier import factories as dossiers
from tests.evidence import corpus
from tests.factories import OrganisationFactory, make_agent, make_member
from tests.questionnaires.factories import deposit, finish, orient

pytestmark = pytest.mark.django_db

ETHICS, RGPD, INTEROP = "DEV.1.2", "RGPD.1", "A06.1.2"


@pytest.fixture
def verifier():
    return make_agent(Role.LISTING_TEAM)


@pytest.fixture
def expert():
    return make_agent(Role.EXPERT, "ethique")


@pytest.fixture
def file(expert, verifier):
    return make_candidature(experts={"ethique": expert}, referent=verifier)


@pytest.fixture
def candidature(file):
    return file[0]


@pytest.fixture
def manager(file):
    return file[1]


def page(candidature, criterion="", **query):
    name, args = ("criterion_review", [candidature.pk, criterion]) if criterion else ("examination", [candidature.pk])
    address = reverse(f"candidature:{name}", args=args)
    return f"{address}?{urlencode(query)}" if query else address


def address(name, *args):
    return reverse(f"candidature:{name}", args=args)


def read(client, person, url, status=200):
    client.force_login(person)
    response = client.get(url)
    assert response.status_code == status
    return response.content.decode()


def evidence_of(candidature, criterion):
    return next(each for each in load_criteria(candidature) if each.code == criterion).evidence


def judge(candidature, actor, criterion=ETHICS, outcome=Outcome.COMPLIANT, **more):
    values = {"text": "", "note": "", "base_version": 0, **more}
    return give_verdict(candidature_id=candidature.pk, criterion=criterion, outcome=outcome, actor=actor, **values)


VERDICT = {"outcome": "non_compliant", "text": "Le taux manque", "note": "à revoir", "base_version": "0"}


class TestList:
    def test_expert_finds_own_theme_first_with_what_remains(self, client, candidature, expert):
        judge(candidature, expert, "DEV.1.1")

        html = read(client, expert, page(candidature))

        assert html.index('id="ethique"') < html.index('id="interoperabilite"')
        assert "1/2 critères examinés" in html
        assert f"Continuer l’examen au critère {ETHICS}" in html
        assert html.count("Conclure le thème") == 1

    def test_only_what_remains_can_be_asked(self, client, candidature, verifier):
        judge(candidature, verifier)

        html = read(client, verifier, page(candidature, reste=1))

        assert (ETHICS in html, "DEV.1.1" in html) == (False, True)

    def test_marks_say_what_changed(self, client, candidature, verifier):
        judge(candidature, verifier)
        Verdict.objects.update(needs_rereading=True, carried_from=timezone.localdate())
        open_discussion(
            candidature_id=candidature.pk, criterion=ETHICS, is_internal=True, text="Vu ?", actor=candidature.referent
        )

        html = read(client, make_agent(Role.LISTING_TEAM), page(candidature))

        for mark in ("Verdict à relire", "Déjà vérifié", "Nouveau message"):
            assert mark in html

    def test_editor_reads_own_answers_and_no_verdict(self, client, candidature, manager, verifier):
        judge(candidature, verifier, outcome=Outcome.NON_COMPLIANT, text="Refus motivé", note="secret")
        open_discussion(
            candidature_id=candidature.pk, criterion=ETHICS, is_internal=True, text="Entre nous", actor=verifier
        )

        html = read(client, manager, page(candidature)) + read(client, manager, page(candidature, ETHICS))

        for word in ("Non conforme", "Refus motivé", "secret", "Entre nous", "Sans verdict", "Discussion ouverte"):
            assert word not in html

    @pytest.mark.parametrize("criterion", ["", ETHICS])
    def test_strangers_get_404(self, client, candidature, criterion):
        for person in (make_member(OrganisationFactory()), make_agent(Role.EXPERT, "ethique")):
            read(client, person, page(candidature, criterion), 404)

    @pytest.mark.parametrize("is_complete", [False, True])
    def test_queries_do_not_grow_with_criteria(self, client, verifier, django_assert_num_queries, is_complete):
        """One criterion in one theme, or four in three."""
        candidature, _ = make_candidature(complete=is_complete, referent=verifier)
        for criterion in load_criteria(candidature):
            judge(candidature, verifier, criterion.code)
            open_discussion(
                candidature_id=candidature.pk, criterion=criterion.code, is_internal=True, text="?", actor=verifier
            )
        client.force_login(verifier)
        client.get(page(candidature))
        with django_assert_num_queries(LIST_QUERIES):
            assert client.get(page(candidature)).status_code == 200


LIST_QUERIES = 6


class TestVerdictForm:
    def post(self, client, person, candidature, values, criterion=ETHICS):
        client.force_login(person)
        return client.post(page(candidature, criterion), values)

    def test_saving_leads_to_the_next_criterion_to_examine(self, client, candidature, expert):
        response = self.post(client, expert, candidature, VERDICT)

        assert response.url == page(candidature, "DEV.1.1")
        assert Verdict.objects.get().text == "Le taux manque"
        response = self.post(client, expert, candidature, VERDICT, "DEV.1.1")
        assert response.url == page(candidature) + "#ethique"

    def test_saving_may_stay_on_the_criterion(self, client, candidature, expert):
        assert self.post(client, expert, candidature, {**VERDICT, "stay": "1"}).url == page(candidature, ETHICS)

    def test_refusal_keeps_what_was_typed_and_says_all(self, client, candidature, expert):
        response = self.post(client, expert, candidature, {**VERDICT, "text": " ", "note": "Ma note"})

        assert response.status_code == 422
        html = response.content.decode()
        assert "Indiquez le motif de ce verdict" in html
        assert "Ma note" in html
        assert 'value="non_compliant" checked' in html
        assert self.post(client, expert, candidature, {"base_version": "0"}).status_code == 422

    def test_stale_save_shows_both_versions_then_mine_can_be_kept(self, client, candidature, expert, verifier):
        judge(candidature, verifier, outcome=Outcome.TO_COMPLETE, text="Le sien")

        response = self.post(client, expert, candidature, VERDICT)

        html = response.content.decode()
        assert response.status_code == 409
        assert verifier.get_full_name() in html
        assert "Le sien" in html
        assert html.count("Le taux manque") == 2  # beside the other one, and still in the field
        assert Verdict.objects.get().text == "Le sien"
        again = {**VERDICT, "base_version": str(response.context["form"]["base_version"].value())}
        assert self.post(client, expert, candidature, again).status_code == 302
        assert Verdict.objects.get().text == "Le taux manque"

    @pytest.mark.rule("BR-112")
    def test_expert_of_another_theme_reads_and_does_not_judge(self, client, candidature, expert):
        html = read(client, expert, page(candidature, RGPD))

        assert "data-verdict-form" not in html
        assert "confié à personne pour le moment" in html
        assert self.post(client, expert, candidature, VERDICT, RGPD).status_code == 403

    def test_concluded_theme_shows_its_verdict_without_form(self, client, candidature, expert):
        for criterion in (ETHICS, "DEV.1.1"):
            judge(candidature, expert, criterion, Outcome.NON_COMPLIANT, text="Motif durable")
        conclude_theme(candidature_id=candidature.pk, theme="ethique", summary="", actor=expert)

        html = read(client, expert, page(candidature, ETHICS))

        assert "Motif durable" in html
        assert "Ce thème est conclu" in html
        assert "data-verdict-form" not in html
        assert self.post(client, expert, candidature, {**VERDICT, "base_version": "1"}).status_code == 422

    def test_file_that_is_no_longer_evaluated_has_no_form(self, client, verifier):
        candidature, _ = make_candidature(CandidatureState.READY_COMMISSION, referent=verifier, complete=False)

        assert "on n’y rend pas de verdict" in read(client, verifier, page(candidature, INTEROP))

    @pytest.mark.parametrize("person", ["manager", "support"])
    def test_others_post_no_verdict(self, client, candidature, manager, person):
        who = manager if person == "manager" else make_agent(Role.SUPPORT)

        assert self.post(client, who, candidature, VERDICT).status_code == 403

    def test_unknown_criterion_is_404(self, client, candidature, expert):
        assert self.post(client, expert, candidature, VERDICT, "X.9").status_code == 404

    def test_reason_is_inserted_without_scripts(self, client, candidature, expert):
        demarche = candidature.enrolment.demarche
        templates = [
            {"code": "date", "label": "Non daté", "outcome": "to_complete", "text": "Le document n’est pas daté."},
            {"code": "rgpd", "label": "Autre thème", "theme": "rgpd", "text": "Registre absent."},
            {"code": "one", "label": "Ce critère", "criterion": ETHICS, "text": "Taux absent."},
            {"code": "two", "label": "Autre critère", "criterion": "DEV.1.1", "text": "Mesure absente."},
        ]
        demarche.settings = {**demarche.settings, "instruction": {"reason_templates": {"verdicts": templates}}}
        demarche.save()
        html = read(client, expert, page(candidature, ETHICS))
        assert [title in html for title in ("Non daté", "Autre thème", "Ce critère", "Autre critère")] == [
            True,
            False,
            True,
            False,
        ]

        typed = {**VERDICT, "outcome": "", "insert": "date"}
        html = self.post(client, expert, candidature, typed).content.decode()

        assert "Le taux manque\n\nLe document n’est pas daté." in html
        assert 'value="to_complete" checked' in html
        assert not Verdict.objects.exists()

    def test_draft_comes_back_until_it_is_sent_or_given_up(self, client, candidature, expert):
        key = f"verdict:{candidature.pk}:{ETHICS}"
        for sent in ({**VERDICT}, {"discard": "1"}):
            save_drafts(user=expert, form=key, texts={"text": "À moitié écrit"}, at=timezone.now())
            html = read(client, expert, page(candidature, ETHICS))
            assert "À moitié écrit" in html
            assert "Brouillon retrouvé" in html
            assert f'data-autosave-form="{key}"' in html

            self.post(client, expert, candidature, sent)

            assert not TextDraft.objects.exists()
        assert Verdict.objects.get().text == "Le taux manque"

    def test_presence_is_said_to_agents_only(self, client, candidature, expert, verifier, manager):
        polling = address("criterion_presence", candidature.pk, ETHICS)
        assert f'hx-post="{polling}"' in read(client, verifier, page(candidature, ETHICS))
        assert client.post(polling).content == b""
        client.force_login(expert)
        assert client.post(polling).content.decode() == f"{verifier.get_full_name()} regarde aussi ce critère."
        assert client.post(address("criterion_presence", candidature.pk, "X")).status_code == 404
        assert "presence" not in read(client, manager, page(candidature, ETHICS))
        assert client.post(polling).status_code == 403
        assert not Presence.objects.filter(user=manager).exists()

    def test_why_the_criterion_applies_is_told_with_the_frozen_answers(self, client, verifier):
        enrolment, manager = dossiers.make_signed_enrolment()
        orient(enrolment.response, Q10="oui")
        finish(enrolment.response, "interoperabilite", {"A06.1.1": {"level": "1"}, INTEROP: {"level": "2"}})
        dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)
        candidature = Candidature.objects.create(
            enrolment=enrolment, dossier=dossier, applied_by=manager, applied_at=timezone.now()
        )
        html = read(client, verifier, page(candidature, "A06.1.1"))

        assert "Le service échange-t-il avec d’autres professionnels ?" in html
        assert "Oui" in html


class TestEvidence:
    def test_page_is_an_image_that_no_browser_keeps(self, client, candidature, verifier, manager):
        (item,) = evidence_of(candidature, ETHICS)
        for person in (verifier, manager):
            client.force_login(person)
            response = client.get(address("evidence_page", candidature.pk, item.sha256, 1) + "?largeur=1600")
            assert response["Content-Type"] == "image/png"
            assert response["Cache-Control"] == "no-store, private"
            assert Image.open(io.BytesIO(response.content)).width == 1600

    def test_evidence_of_another_file_or_page_is_404(self, client, candidature, verifier, manager):
        other, _ = make_candidature()
        (foreign,) = evidence_of(other, ETHICS)
        (item,) = evidence_of(candidature, ETHICS)
        for sha256, number in ((foreign.sha256, 1), ("0" * 64, 1), (item.sha256, 2)):
            client.force_login(manager)
            assert client.get(address("evidence_page", candidature.pk, sha256, number)).status_code == 404
        assert client.get(address("evidence_page", other.pk, foreign.sha256, 1)).status_code == 404
        assert client.get(address("evidence_original", candidature.pk, foreign.sha256)).status_code == 404

    def test_original_is_an_attachment(self, client, candidature, verifier):
        (item,) = evidence_of(candidature, ETHICS)
        client.force_login(verifier)
        response = client.get(address("evidence_original", candidature.pk, item.sha256))

        assert response["Content-Disposition"] == 'attachment; filename="preuve.pdf"'
        assert b"".join(response.streaming_content).startswith(b"%PDF")

    def test_words_are_looked_for_and_shown_on_the_page(self, client, candidature, verifier):
        html = read(client, verifier, page(candidature, ETHICS, chercher="PREUVE"))
        assert "1\xa0passage" in html
        assert html.count("ui-viewer__hit") >= 1
        assert "<rect" in html
        html = read(client, verifier, page(candidature, ETHICS, chercher="introuvable"))
        assert "n’est pas dans ce document" in html

    def test_address_says_where_one_is(self, client, verifier):
        candidature = self.make(verifier, [corpus.text_pdf(*[[f"Page {number}"] for number in range(1, 61)])])
        (item, _) = evidence_of(candidature, ETHICS)

        html = read(client, verifier, page(candidature, ETHICS, preuve=item.sha256, page=30, zoom=150))

        assert "Page 30 sur 60" in html
        assert f"/preuves/{item.sha256}/pages/30/?largeur=1600" in html
        assert ">29<" in html
        assert ">12<" not in html  # the strip leaves far pages out
        assert "Page 60 sur 60" in read(client, verifier, page(candidature, ETHICS, preuve=item.sha256, page=999))

    @pytest.mark.parametrize(
        "query",
        [{"preuve": "x"}, {"page": "-1"}, {"page": "²"}, {"zoom": "1e9"}, {"fichier": "0"}, {"fichier": "99999999"}],
    )
    def test_odd_addresses_show_the_page_all_the_same(self, client, candidature, verifier, query):
        assert "Page 1 sur 1" in read(client, verifier, page(candidature, ETHICS, **query))

    def make(self, verifier, contents):
        """A file whose accessibility criterion also has these PDF."""
        original = dossiers.answer_ethics

        def answer(enrolment):
            for number, content in enumerate(contents):
                upload = SimpleUploadedFile(f"annexe-{number}.pdf", content, "application/pdf")
                deposit(enrolment.response, ETHICS, "declaration", upload=upload)
            original(enrolment)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(dossiers, "answer_ethics", answer)
            return make_candidature(referent=verifier)[0]

    def test_panel_alone_is_sent_when_it_is_all_that_changes(self, client, candidature, verifier):
        client.force_login(verifier)
        response = client.get(page(candidature, ETHICS, chercher="preuve"), headers={"HX-Target": "viewer"})

        html = response.content.decode()
        assert html.strip().startswith('<div id="viewer"')
        assert "data-verdict-form" not in html
        assert "no-store" in response["Cache-Control"]

    @pytest.mark.parametrize("extra", [0, 2])
    def test_queries_do_not_grow_with_files_and_threads(self, client, verifier, django_assert_num_queries, extra):
        candidature = self.make(verifier, [corpus.text_pdf([f"Annexe {number}"]) for number in range(extra)])
        judge(candidature, verifier)
        for number in range(1 + extra):
            open_discussion(
                candidature_id=candidature.pk, criterion=ETHICS, is_internal=True, text=f"{number}", actor=verifier
            )
        client.force_login(verifier)
        client.get(page(candidature, ETHICS))
        with django_assert_num_queries(PAGE_QUERIES):
            html = client.get(page(candidature, ETHICS)).content.decode()
        assert html.count("ui-viewer__name") == 1 + extra

    def test_scan_is_awaited_before_anything_is_shown(self, client, candidature, verifier):
        (item,) = evidence_of(candidature, ETHICS)
        blob = Deposit.objects.get(pk=item.deposit).file.blob
        workflow.fire(blob, "request_scan", actor=None, at=timezone.now())

        html = read(client, verifier, page(candidature, ETHICS))

        assert "L’analyse antivirus de ce fichier n’est pas terminée" in html
        assert "Télécharger l’original" not in html
        assert client.get(address("evidence_page", candidature.pk, item.sha256, 1)).status_code == 404


PAGE_QUERIES = 11


class TestContainer:
    @pytest.fixture
    def rgpd_expert(self):
        return make_agent(Role.EXPERT, "rgpd")

    @pytest.fixture
    def candidature(self, rgpd_expert, expert, verifier):
        return make_candidature(experts={"rgpd": rgpd_expert, "ethique": expert}, referent=verifier)[0]

    @pytest.fixture
    def sha256(self, candidature):
        return next(each.sha256 for each in evidence_of(candidature, RGPD) if each.type == "aipd")

    @pytest.mark.rule("A-14")
    @pytest.mark.parametrize("who", ["rgpd_expert", "verifier"])
    def test_expert_of_the_theme_and_listing_team_open_it_in_memory(
        self, client, candidature, sha256, who, rgpd_expert, verifier, settings
    ):
        person = {"rgpd_expert": rgpd_expert, "verifier": verifier}[who]
        html = read(client, person, page(candidature, RGPD, preuve=sha256))
        assert "Ouvrir le conteneur" in html
        assert not AuditEntry.objects.filter(action__startswith="storedfile.").exists()

        html = read(client, person, page(candidature, RGPD, preuve=sha256, ouvrir=1))
        assert "aipd.pdf" in html
        assert AuditEntry.objects.get(action="storedfile.list_container").actor_id == person.pk

        html = read(client, person, page(candidature, RGPD, preuve=sha256, fichier=0))
        assert f"/preuves/{sha256}/pages/1/?fichier=0&amp;largeur=800" in html
        image = client.get(address("evidence_page", candidature.pk, sha256, 1) + "?fichier=0&largeur=800")
        assert image.content.startswith(b"\x89PNG")
        assert image["Cache-Control"] == "no-store, private"
        opened = client.get(address("evidence_original", candidature.pk, sha256) + "?fichier=0")
        assert opened.content.startswith(b"%PDF")
        assert opened["Content-Disposition"] == 'attachment; filename="aipd.pdf"'
        assert opened["Cache-Control"] == "no-store, private"
        actions = set(AuditEntry.objects.filter(actor_id=person.pk).values_list("action", flat=True))
        assert actions >= {"storedfile.render_container_page", "storedfile.open_container_entry"}

    @pytest.mark.rule("A-14")
    @pytest.mark.parametrize("who", ["expert", "support", "editor"])
    def test_others_never_do(self, client, candidature, sha256, who, expert):
        person = {
            "expert": lambda: expert,
            "support": lambda: make_agent(Role.SUPPORT),
            "editor": lambda: make_member(candidature.enrolment.product.organisation),
        }[who]()
        for query in ({}, {"ouvrir": 1}, {"fichier": 0}):
            html = read(client, person, page(candidature, RGPD, preuve=sha256, **query))
            assert "Conteneur chiffré" in html
            assert "aipd.pdf" not in html
        for name, args in (("evidence_page", [sha256, 1]), ("evidence_original", [sha256])):
            assert client.get(address(name, candidature.pk, *args) + "?fichier=0").status_code == 403
        assert not AuditEntry.objects.filter(action__startswith="storedfile.").exists()

    @pytest.mark.rule("A-14")
    def test_container_has_no_page_of_its_own(self, client, candidature, sha256, verifier):
        client.force_login(verifier)
        assert client.get(address("evidence_page", candidature.pk, sha256, 1)).status_code == 404
        assert client.get(address("evidence_page", candidature.pk, sha256, 1) + "?fichier=7").status_code == 404


class TestPins:
    def url(self, candidature, **query):
        (item,) = evidence_of(candidature, ETHICS)
        return f"{address('pin_add', candidature.pk, ETHICS)}?{urlencode({'preuve': item.sha256, **query})}"

    def test_pin_is_posted_with_numbers(self, client, candidature, expert, manager):
        client.force_login(expert)
        response = client.post(self.url(candidature), {"x": "255", "y": "10", "note": "Regardez ici"})

        assert response.status_code == 302
        assert EvidencePin.objects.get().is_internal
        html = read(client, expert, page(candidature, ETHICS))
        assert 'cx="25.5%" cy="1%"' in html
        assert "Regardez ici" not in read(client, manager, page(candidature, ETHICS))

    def test_shared_pin_is_shown_to_the_editor_without_naming_the_agent(self, client, candidature, expert, manager):
        client.force_login(expert)
        client.post(self.url(candidature), {"x": "5", "y": "1", "note": "Date ?", "is_shared": "on"})

        html = read(client, manager, page(candidature, ETHICS))

        assert "Date ?" in html
        assert expert.get_full_name() not in html
        assert "data-pin-form" not in html

    def test_refusal_keeps_the_note(self, client, candidature, expert):
        client.force_login(expert)
        response = client.post(self.url(candidature), {"x": "2000", "y": "1", "note": "Gardée"})

        assert response.status_code == 422
        assert "Gardée" in response.content.decode()

    def test_settling_from_the_list(self, client, candidature, expert, manager):
        (item,) = evidence_of(candidature, ETHICS)
        pin = add_pin(
            candidature_id=candidature.pk,
            criterion=ETHICS,
            sha256=item.sha256,
            entry=None,
            page=1,
            x=1,
            y=1,
            note="Ici",
            is_internal=False,
            actor=expert,
        )
        client.force_login(manager)
        assert client.post(address("pin_settle", candidature.pk, pin.pk)).status_code == 403
        client.force_login(expert)
        assert client.post(address("pin_settle", candidature.pk, pin.pk)).status_code == 302
        pin.refresh_from_db()
        assert pin.resolved_by == expert
        assert client.post(address("pin_settle", candidature.pk, 0)).status_code == 404

    def test_editor_posts_no_pin_and_unknown_evidence_is_404(self, client, candidature, expert, manager):
        client.force_login(manager)
        assert client.post(self.url(candidature), {"x": "1", "y": "1", "note": "x"}).status_code == 403
        client.force_login(expert)
        missing = f"{address('pin_add', candidature.pk, ETHICS)}?preuve={'0' * 64}"
        assert client.post(missing, {"x": "1", "y": "1", "note": "x"}).status_code == 404


class TestThreads:
    def test_agent_asks_editor_answers_thread_is_resolved(self, client, candidature, expert, manager):
        client.force_login(expert)
        opening = address("discussion_open", candidature.pk, ETHICS)
        assert client.post(opening, {"audience": "shared", "message": "Quelle date ?"}).status_code == 302
        thread = Discussion.objects.get()

        html = read(client, manager, page(candidature, ETHICS))
        assert "Quelle date ?" in html
        assert expert.get_full_name() not in html
        answer = client.post(address("discussion_reply", candidature.pk, thread.pk), {"message": "Le 3 mars."})
        assert answer.status_code == 302
        assert client.post(address("discussion_move", candidature.pk, thread.pk, "resolve")).status_code == 302

        html = read(client, expert, page(candidature, ETHICS))
        assert "Le 3 mars." in html
        assert f"{manager.get_full_name()}, {candidature.enrolment.product.organisation.name}" in html
        assert "Résolue" in html

    def test_internal_thread_does_not_exist_for_the_editor(self, client, candidature, expert, manager):
        thread = open_discussion(
            candidature_id=candidature.pk, criterion=ETHICS, is_internal=True, text="Entre nous", actor=expert
        )
        client.force_login(manager)

        for name in ("repondre", "resolve", "close"):
            url = f"/candidatures/{candidature.pk}/discussions/{thread.pk}/{name}/"
            assert client.post(url, {"message": "x"}).status_code == 404

    def test_editor_s_own_thread_is_shared_whatever_is_posted(self, client, candidature, manager):
        client.force_login(manager)
        opening = address("discussion_open", candidature.pk, ETHICS)
        assert client.post(opening, {"audience": "internal", "message": "Bonjour"}).status_code == 302

        assert Discussion.objects.get().is_internal is False

    def test_blank_messages_come_back_with_their_error(self, client, candidature, expert):
        client.force_login(expert)
        opening = client.post(address("discussion_open", candidature.pk, ETHICS), {"audience": "shared", "message": ""})
        assert opening.status_code == 422
        assert "Indiquez votre message." in opening.content.decode()
        thread = open_discussion(
            candidature_id=candidature.pk, criterion=ETHICS, is_internal=True, text="Un", actor=expert
        )
        reply = client.post(address("discussion_reply", candidature.pk, thread.pk), {"message": " "})
        assert reply.status_code == 422
        assert "Indiquez votre message." in reply.content.decode()

    def test_support_writes_nothing(self, client, candidature, expert):
        thread = open_discussion(
            candidature_id=candidature.pk, criterion=ETHICS, is_internal=True, text="Un", actor=expert
        )
        client.force_login(make_agent(Role.SUPPORT))

        assert client.post(address("discussion_open", candidature.pk, ETHICS), {"message": "x"}).status_code == 403
        for name in ("repondre", "close"):
            url = f"/candidatures/{candidature.pk}/discussions/{thread.pk}/{name}/"
            assert client.post(url, {"message": "x"}).status_code == 403

    def test_draft_of_a_reply_comes_back(self, client, candidature, expert):
        thread = open_discussion(
            candidature_id=candidature.pk, criterion=ETHICS, is_internal=True, text="Un", actor=expert
        )
        save_drafts(user=expert, form=f"reply:{thread.pk}", texts={"message": "Pas fini"}, at=timezone.now())

        assert "Pas fini" in read(client, expert, page(candidature, ETHICS))
        client.post(address("discussion_reply", candidature.pk, thread.pk), {"message": "Fini"})
        assert not TextDraft.objects.exists()


class TestSecrets:
    @pytest.mark.rule("A-10")
    def test_demo_account_is_shown_once_and_kept_by_no_cache(self, client, candidature, expert):
        assert "mot de passe" not in read(client, expert, page(candidature, ETHICS))

        response = client.post(address("secrets_show", candidature.pk), {"criterion": ETHICS})

        assert "demo / mot de passe" in response.content.decode()
        assert response["Cache-Control"] == "no-store, private"
        assert page(candidature, ETHICS) in response.content.decode()
        fragment = client.post(address("secrets_show", candidature.pk), headers={"HX-Request": "true"})
        assert fragment.content.decode().strip().startswith('<div class="ui-exam__secrets"')
        assert AuditEntry.objects.filter(action="answer.read_secret", actor_id=expert.pk).count() == 2

    @pytest.mark.rule("A-10")
    def test_editor_and_support_do_not_read_it_here(self, client, candidature, manager):
        for person in (manager, make_agent(Role.SUPPORT)):
            assert "compte de démonstration" not in read(client, person, page(candidature, ETHICS))
            assert client.post(address("secrets_show", candidature.pk)).status_code == 403


class TestThemes:
    def url(self, candidature, act, theme="ethique"):
        return address("theme_act", candidature.pk, theme, act)

    def test_conclusion_says_what_stands_in_the_way(self, client, candidature, expert):
        html = read(client, expert, self.url(candidature, "conclure"))
        assert f'href="{page(candidature, ETHICS)}"' in html

        response = client.post(self.url(candidature, "conclure"), {"text": "Ma synthèse"})

        assert response.status_code == 422
        assert "n’a pas de verdict" in response.content.decode()
        assert "Ma synthèse" in response.content.decode()

    def test_theme_is_concluded_then_reopened(self, client, candidature, expert):
        for criterion in (ETHICS, "DEV.1.1"):
            judge(candidature, expert, criterion)
        client.force_login(expert)
        assert client.post(self.url(candidature, "conclure"), {"text": ""}).url == page(candidature) + "#ethique"
        assert "Rouvrir le thème" in read(client, expert, page(candidature))
        assert client.post(self.url(candidature, "rouvrir"), {"text": ""}).status_code == 422
        assert client.post(self.url(candidature, "rouvrir"), {"text": "Une pièce"}).status_code == 302
        assert ThemeReview.objects.get(theme="ethique").concluded_at is None

    def test_second_reading_page_by_page(self, client, candidature, expert, verifier):
        demarche = candidature.enrolment.demarche
        demarche.settings = {**demarche.settings, "instruction": {"second_reading": ["ethique"]}}
        demarche.save()
        for criterion in (ETHICS, "DEV.1.1"):
            judge(candidature, expert, criterion)
        conclude_theme(candidature_id=candidature.pk, theme="ethique", summary="", actor=expert)

        assert "Donner le visa" not in read(client, expert, page(candidature))
        response = client.post(self.url(candidature, "viser"))
        assert response.status_code == 422
        assert "son visa revient à une autre personne" in response.content.decode()
        assert "Donner le visa" in read(client, verifier, page(candidature))
        assert client.post(self.url(candidature, "renvoyer"), {"text": ""}).status_code == 422
        assert client.post(self.url(candidature, "viser")).status_code == 302
        assert f"visa de {verifier.get_full_name()}" in read(client, verifier, page(candidature))

    def test_others_and_unknown_acts(self, client, candidature, expert, manager):
        client.force_login(expert)
        assert client.get(self.url(candidature, "supprimer")).status_code == 404
        assert client.get(self.url(candidature, "conclure", "inconnu")).status_code == 404
        assert client.post(self.url(candidature, "conclure", "rgpd"), {"text": ""}).status_code == 403
        for person in (manager, make_agent(Role.SUPPORT)):
            client.force_login(person)
            assert client.get(self.url(candidature, "conclure")).status_code == 403
