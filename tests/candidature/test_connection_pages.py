"""Pages of the connection tests, for both sides."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from convergence.accounts.enums import MembershipType, Role
from convergence.ui.typography import in_paris
from referencing.candidature import models
from referencing.candidature.enums import CampaignState
from referencing.candidature.services.connection import campaigns
from referencing.candidature.services.connection.lines import LineChange, save_lines
from tests.candidature.campaigns import make_campaign, make_ended
from tests.candidature.factories import make_candidature
from tests.evidence.corpus import archive_bomb, office
from tests.factories import OrganisationFactory, make_agent, make_member
from tests.questionnaires.factories import pdf

pytestmark = pytest.mark.django_db


def text_of(response) -> str:
    return response.content.decode().replace("\u202f", " ").replace("\u00a0", " ")


def url(name, *arguments) -> str:
    return reverse(f"candidature:{name}", args=arguments)


def tab(tested) -> str:
    return url("campaign_detail", tested.candidature.pk)


def cahier(tested) -> str:
    return url("workbook_detail", tested.campaign.pk)


def versions(tested, *codes) -> dict[str, str]:
    return {f"{code}-version": str(tested.line(code).version) for code in codes}


# -- the tab


@pytest.mark.parametrize(
    ("state", "editor", "team"),
    [
        (CampaignState.UNIT_SELF_CHECK, "En attente des clés de test", "Clés à envoyer"),
        (CampaignState.KEYS_SENT, "Cahier de tests à remplir", "Clés et cahier envoyés"),
        (CampaignState.ACCEPTANCE_SUBMITTED, "Recette en cours d’examen", "Recette à examiner"),
        (CampaignState.E2E_REDO, "Tests à refaire", "Tests renvoyés à l’éditeur"),
        (CampaignState.CONNECTION_PLANNED, "Raccordement à planifier", "Raccordement à planifier"),
        (CampaignState.REMARK_DISPUTED, "Contestation en cours d’examen", "Contestation à trancher"),
        (CampaignState.PASSED, "Tests réussis", "Tests réussis"),
    ],
)
def test_tab_words_the_state_for_each_side(client, state, editor, team):
    tested = make_campaign(state)

    for person, words in ((tested.manager, editor), (tested.coach, team)):
        client.force_login(person)
        page = text_of(client.get(tab(tested)))
        assert words in page
        assert "Tests de connexion" in page


def test_file_without_exchange_says_so(client):
    candidature, manager = make_candidature(complete=False)
    client.force_login(manager)

    page = text_of(client.get(url("campaign_detail", candidature.pk)))

    assert "sans objet" in page
    assert url("campaign_detail", candidature.pk) not in text_of(client.get(url("candidature_detail", candidature.pk)))


def test_stranger_finds_no_page(client):
    tested = make_campaign(CampaignState.KEYS_SENT)
    client.force_login(make_member(OrganisationFactory()))

    assert client.get(tab(tested)).status_code == 404
    assert client.get(cahier(tested)).status_code == 404
    assert client.get(url("keys_send", tested.campaign.pk)).status_code == 404


def test_former_campaign_stays_readable(client):
    tested = make_ended(CampaignState.FAILED)
    campaigns.reopen_campaign(candidature_id=tested.candidature.pk, reason="Corrigé.", actor=tested.coach)
    client.force_login(tested.manager)

    assert "Campagne n° 2" in text_of(client.get(tab(tested)))
    former = text_of(client.get(tab(tested), {"campagne": "1"}))
    assert "Campagne n° 1" in former
    assert "Le service ne s’apparie pas." in former


# -- steps


def test_team_sends_the_keys_from_the_page(client):
    tested = make_campaign()
    client.force_login(tested.coach)
    address = url("keys_send", tested.campaign.pk)
    today = f"{in_paris(timezone.now()):%d/%m/%Y}"

    refused = client.post(address, {"to": "", "channel": "", "sent_on": "demain"})
    assert refused.status_code == 422
    assert len(refused.context["form"].errors) == 3

    response = client.post(address, {"to": "Camille Durand", "channel": "safe", "sent_on": today})
    assert response.url == tab(tested)
    assert tested.refresh().state == CampaignState.KEYS_SENT


def test_keys_of_tomorrow_keep_what_was_typed(client):
    tested = make_campaign()
    client.force_login(tested.coach)
    tomorrow = f"{in_paris(timezone.now() + timedelta(days=2)):%d/%m/%Y}"

    response = client.post(
        url("keys_send", tested.campaign.pk), {"to": "Camille Durand", "channel": "safe", "sent_on": tomorrow}
    )

    assert response.status_code == 422
    assert "Camille Durand" in text_of(response)
    assert "dans le futur" in text_of(response)


def test_page_of_another_time_leads_back(client):
    tested = make_campaign(CampaignState.KEYS_SENT)
    client.force_login(tested.coach)

    assert client.get(url("keys_send", tested.campaign.pk)).url == tab(tested)


def test_editor_declares_unit_tests_with_a_report(client):
    tested = make_campaign()
    client.force_login(tested.manager)

    response = client.post(
        url("unit_declare", tested.campaign.pk), {"comment": "Tout est vert", "file": pdf("rapport.pdf")}
    )

    assert response.url == tab(tested)
    page = text_of(client.get(tab(tested)))
    assert "Tout est vert" in page
    assert "rapport.pdf" in page


def test_refused_start_shows_its_reason_on_the_tab(client):
    tested = make_campaign(CampaignState.CONNECTION_PLANNED)
    client.force_login(tested.coach)

    assert "Commencer le raccordement" in text_of(client.get(url("connection_start", tested.campaign.pk)))
    response = client.post(url("connection_start", tested.campaign.pk))

    assert response.status_code == 422
    assert "Aucun créneau de raccordement n’est réservé" in text_of(response)


def test_slot_is_proposed_by_one_side_booked_by_the_other_then_cancelled(client, django_capture_on_commit_callbacks):
    tested = make_campaign(CampaignState.CONNECTION_PLANNED)
    client.force_login(tested.coach)
    day = f"{in_paris(timezone.now() + timedelta(days=5)):%d/%m/%Y}"
    propose = url("slot_propose", tested.campaign.pk)
    assert client.post(propose, {"day": "1/1/2020", "hour": "10:00", "minutes": "60", "place": "x"}).status_code == 422
    client.post(propose, {"day": day, "hour": "14:30", "minutes": "60", "place": "https://visio.example/1"})
    client.post(propose, {"day": day, "hour": "16:00", "minutes": "60", "place": "https://visio.example/1"})
    slot, other = models.TestSlot.objects.order_by("starts_at")
    book = url("slot_book", slot.pk)
    assert client.post(book).status_code == 422  # one does not book one’s own proposal
    assert book not in text_of(client.get(tab(tested)))

    client.force_login(tested.manager)
    assert book in text_of(client.get(tab(tested)))
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(book).url == tab(tested)
    other.refresh_from_db()
    assert other.cancelled_at is not None
    sent = next(each for each in mail.outbox if "raccordement fixé" in each.subject)
    assert "BEGIN:VEVENT" in sent.attachments[0].content
    calendar = client.get(url("slot_calendar", slot.pk))
    assert calendar["Content-Type"].startswith("text/calendar")
    assert client.get(url("slot_calendar", other.pk)).status_code == 404

    cancel = url("slot_cancel", slot.pk)
    assert client.post(cancel, {"reason": ""}).status_code == 422
    client.post(cancel, {"reason": "Personne absente"})
    slot.refresh_from_db()
    assert slot.cancel_reason == "Personne absente"


def test_dispute_is_judged_by_a_lead_who_did_not_write_the_remark(client):
    tested = make_campaign(CampaignState.REMARK_DISPUTED)
    dispute = models.TestDispute.objects.get()
    address = url("dispute_judge", dispute.pk)

    client.force_login(tested.coach)
    assert client.get(address).status_code == 403
    client.force_login(tested.lead)
    assert client.post(address, {"ruling": "overturned", "result": "", "note": "Constaté"}).status_code == 422
    response = client.post(address, {"ruling": "overturned", "result": "ok", "note": "Constaté"})

    assert response.url == tab(tested)
    assert tested.refresh().state == CampaignState.CONNECTION_RUNNING
    assert tested.line("APP-03").final_result == "ok"


@pytest.mark.rule("A-20")
def test_lead_who_wrote_the_remark_does_not_judge_it(client):
    tested = make_campaign(CampaignState.REMARK_DISPUTED)
    models.TestDispute.objects.update(remark_by=tested.lead)
    client.force_login(tested.lead)

    assert client.get(url("dispute_judge", models.TestDispute.objects.get().pk)).status_code == 403
    assert "Trancher" not in text_of(client.get(tab(tested)))


def test_editor_disputes_from_the_cahier(client):
    tested = make_campaign(CampaignState.CONNECTION_RUNNING)
    tested.campaign.lines.filter(code="APP-05").update(
        final_result="ko", final_remark="Réponse acceptée à tort", final_by=tested.coach
    )
    client.force_login(tested.manager)
    address = url("line_dispute", tested.campaign.pk, "APP-05")
    assert address in text_of(client.get(cahier(tested)))
    assert "Réponse acceptée à tort" in text_of(client.get(address))

    assert client.post(address, {"reason": ""}).status_code == 422
    client.post(address, {"reason": "Elle est refusée, voir la capture."})

    assert tested.refresh().state == CampaignState.REMARK_DISPUTED
    assert address not in text_of(client.get(cahier(tested)))


# -- the cahier


def test_cahier_saves_what_is_typed_and_deposits_files_in_one_posting(client):
    tested = make_campaign(CampaignState.KEYS_SENT)
    client.force_login(make_member(tested.candidature.enrolment.product.organisation, MembershipType.SALARIE))
    data = {
        **versions(tested, "APP-01", "APP-02"),
        "APP-01-result": "ok",
        "APP-01-comment": "Vu sur Android",
        "APP-02-result": "",
        "APP-02-comment": "",
        "APP-01-file": pdf("ecran.pdf"),
        "action": "save",
    }

    response = client.post(cahier(tested), data)

    assert response.url == cahier(tested)
    line = tested.line("APP-01")
    assert (line.result, line.comment, line.files.get().file.name) == ("ok", "Vu sur Android", "ecran.pdf")
    assert tested.refresh().state == CampaignState.E2E_RUNNING
    download = client.get(url("test_file_download", line.files.get().pk))
    assert b"".join(download.streaming_content).startswith(b"%PDF-")


def test_refused_file_keeps_what_was_typed(client):
    tested = make_campaign(CampaignState.KEYS_SENT)
    client.force_login(tested.manager)
    data = {
        **versions(tested, "APP-01"),
        "APP-01-result": "ko",
        "APP-01-comment": "Ne répond pas",
        "APP-01-file": SimpleUploadedFile("virus.exe", b"MZ"),
        "action": "deposit:APP-01",
    }

    response = client.post(cahier(tested), data)

    assert response.status_code == 422
    assert "Ce format n’est pas accepté ici" in text_of(response)
    assert "Ne répond pas" in text_of(response)
    assert tested.line("APP-01").comment == "Ne répond pas"


def test_visual_is_removed_and_stays_on_record(client):
    tested = make_campaign(CampaignState.E2E_RUNNING)
    tested.fill_recette()
    client.force_login(tested.manager)
    file = tested.line("APP-01").files.get()

    client.post(cahier(tested), {"action": f"remove:{file.pk}"})

    file.refresh_from_db()
    assert file.removed_by == tested.manager


@pytest.mark.rule("BR-133")
def test_deposit_button_lists_every_incomplete_line(client):
    tested = make_campaign(CampaignState.E2E_RUNNING)
    client.force_login(tested.manager)

    response = client.post(cahier(tested), {"action": "submit"})

    assert response.status_code == 422
    assert len(response.context["blockers"]) == tested.campaign.lines.count() - 1
    assert "#line-APP-01" in text_of(response)


def test_complete_recette_asks_then_is_deposited(client):
    tested = make_campaign(CampaignState.E2E_RUNNING)
    tested.fill_recette()
    client.force_login(tested.manager)

    submit = client.post(cahier(tested), {"action": "submit"}).url
    assert "Vous ne pourrez plus le modifier" in text_of(client.get(submit))
    client.post(submit)

    assert tested.refresh().state == CampaignState.ACCEPTANCE_SUBMITTED
    assert "Ce cahier se consulte" in text_of(client.get(cahier(tested)))


def test_contributor_fills_but_does_not_deposit(client):
    tested = make_campaign(CampaignState.E2E_RUNNING)
    tested.fill_recette()
    client.force_login(make_member(tested.candidature.enrolment.product.organisation, MembershipType.SALARIE))

    assert "Déposer le dossier de recette" not in text_of(client.get(cahier(tested)))
    assert client.post(url("acceptance_submit", tested.campaign.pk)).status_code == 403


@pytest.mark.rule("BR-134")
def test_team_sends_lines_back_and_the_editor_reads_why_only_then(client):
    tested = make_campaign(CampaignState.ACCEPTANCE_SUBMITTED)
    client.force_login(tested.coach)
    data = {**versions(tested, "APP-03"), "APP-03-redo_reason": "Le refus manque.", "action": "send_back"}
    asked = client.post(cahier(tested), data)
    assert asked.url == url("acceptance_send_back", tested.campaign.pk)

    client.force_login(tested.manager)
    assert "Le refus manque." not in text_of(client.get(cahier(tested)))
    client.force_login(tested.coach)
    client.post(asked.url)
    client.force_login(tested.manager)
    assert "Le refus manque." in text_of(client.get(cahier(tested)))


def test_two_people_on_one_line_see_both_texts(client):
    tested = make_campaign(CampaignState.E2E_RUNNING)
    client.force_login(tested.manager)
    stale = versions(tested, "APP-05")
    change = LineChange({"comment": "Texte du collègue"}, tested.line("APP-05").version)
    save_lines(campaign_id=tested.campaign.pk, changes={"APP-05": change}, actor=tested.manager)

    response = client.post(cahier(tested), {**stale, "APP-05-comment": "Mon texte", "action": "save"})

    assert response.status_code == 409
    (conflict,) = response.context["conflicts"]
    assert (conflict["theirs"], conflict["mine"]) == ("Texte du collègue", "Mon texte")
    assert "Un collègue a écrit entre-temps" in text_of(response)
    again = client.post(cahier(tested), {**versions(tested, "APP-05"), "APP-05-comment": "Mon texte", "action": "save"})
    assert again.status_code == 302


class TestAutosave:
    @pytest.fixture
    def tested(self, client):
        tested = make_campaign(CampaignState.E2E_RUNNING)
        client.force_login(tested.manager)
        return tested

    def send(self, client, tested, **fields):
        data = {**fields, "_fields": [name for name in fields if not name.endswith("version")]}
        return client.post(url("workbook_save", tested.campaign.pk), data, headers={"X-Autosave": "1"})

    def test_saves_the_changed_field_alone(self, client, tested):
        response = self.send(client, tested, **{"APP-05-comment": "En cours", **versions(tested, "APP-05")})

        assert response.json()["versions"] == {"APP-05-version": str(tested.line("APP-05").version)}
        assert tested.line("APP-05").comment == "En cours"
        assert "progress" in response.json()

    def test_stale_version_gets_both_texts(self, client, tested):
        response = self.send(client, tested, **{"APP-05-comment": "En cours", "APP-05-version": "99"})

        assert response.status_code == 409
        assert "X-Autosave-Versions" in response.headers

    def test_result_that_the_line_does_not_take_is_refused(self, client, tested):
        response = self.send(client, tested, **{"APP-05-result": "na", **versions(tested, "APP-05")})

        assert response.status_code == 422
        assert "APP-05-result" in response.json()["errors"]

    def test_nothing_is_saved_once_deposited(self, client):
        tested = make_campaign(CampaignState.ACCEPTANCE_SUBMITTED)
        client.force_login(tested.manager)

        response = self.send(client, tested, **{"APP-05-comment": "Trop tard", **versions(tested, "APP-05")})

        assert response.status_code == 422
        assert tested.line("APP-05").comment == "Vérifié"

    @pytest.mark.rule("BR-135")
    def test_editor_never_writes_the_final_workbook(self, client):
        tested = make_campaign(CampaignState.CONNECTION_RUNNING)
        client.force_login(tested.manager)

        response = self.send(client, tested, **{"APP-05-final_result": "ok", **versions(tested, "APP-05")})

        assert response.status_code == 422
        assert tested.line("APP-05").final_result == ""


# -- xlsx


def filled(client, tested, **cells) -> SimpleUploadedFile:
    """The workbook as downloaded, with some cells filled: `filled(…, **{"APP-01": ("ok", "Vu")})`."""
    content = client.get(url("workbook_export", tested.campaign.pk)).content
    book = load_workbook(BytesIO(content))
    page = book.active
    head = {cell.value: cell.column for cell in page[1]}
    for row in page.iter_rows(min_row=2):
        if row[0].value in cells:
            result, text = cells[row[0].value]
            page.cell(row[0].row, head["Résultat"], result)
            page.cell(row[0].row, head["Commentaire"], text)
    file = BytesIO()
    book.save(file)
    return SimpleUploadedFile("cahier.xlsx", file.getvalue())


class TestWorkbook:
    @pytest.fixture
    def tested(self, client):
        tested = make_campaign(CampaignState.KEYS_SENT)
        client.force_login(tested.manager)
        return tested

    def test_goes_out_is_filled_offline_previewed_and_comes_in(self, client, tested):
        address = url("workbook_import", tested.campaign.pk)
        upload = filled(
            client, tested, **{"APP-04": ("OK", "Fait hors ligne"), "APP-09": ("sans objet", "- un seul usager")}
        )

        preview = client.post(address, {"file": upload})
        assert "2 lignes" in text_of(preview)
        assert "Fait hors ligne" in text_of(preview)
        assert tested.line("APP-04").result == ""

        response = client.post(address, {"changes": preview.context["changes"]})
        assert response.url == cahier(tested)
        assert (tested.line("APP-04").result, tested.line("APP-09").comment) == ("ok", "- un seul usager")

    def test_one_error_applies_nothing_and_names_its_line(self, client, tested):
        upload = filled(client, tested, **{"APP-04": ("OK", "Fait"), "APP-05": ("peut-être", "")})

        response = client.post(url("workbook_import", tested.campaign.pk), {"file": upload})

        assert response.status_code == 422
        assert "Ligne 6 : le résultat « peut-être »" in text_of(response)
        assert tested.line("APP-04").result == ""

    def test_preview_overtaken_by_a_colleague_applies_nothing(self, client, tested):
        address = url("workbook_import", tested.campaign.pk)
        upload = filled(client, tested, **{"APP-04": ("OK", "Fait"), "APP-05": ("OK", "Fait")})
        sealed = client.post(address, {"file": upload}).context["changes"]
        change = LineChange({"comment": "Entre-temps"}, tested.line("APP-05").version)
        save_lines(campaign_id=tested.campaign.pk, changes={"APP-05": change}, actor=tested.manager)

        response = client.post(address, {"changes": sealed})

        assert response.status_code == 422
        assert tested.line("APP-04").result == ""

    def test_altered_or_foreign_preview_is_refused(self, client, tested):
        address = url("workbook_import", tested.campaign.pk)
        assert client.post(address, {"changes": "faux"}).url == address

        other = make_campaign(CampaignState.KEYS_SENT)
        client.force_login(other.manager)
        upload = filled(client, other, **{"APP-04": ("OK", "Fait")})
        sealed = client.post(url("workbook_import", other.campaign.pk), {"file": upload}).context["changes"]
        client.force_login(tested.manager)
        assert client.post(address, {"changes": sealed}).url == address
        assert tested.line("APP-04").result == ""

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("cahier.xlsx", b"PK\x03\x04 pas un classeur"),
            ("cahier.exe", b"MZ"),
            ("cahier.xls", b"\xd0\xcf\x11\xe0"),
            ("cahier.xlsx", office("xlsx", macro=True)),
            ("cahier.xlsx", archive_bomb()),
        ],
    )
    def test_hostile_file_is_refused_beside_its_field(self, client, tested, name, content):
        address = url("workbook_import", tested.campaign.pk)

        response = client.post(address, {"file": SimpleUploadedFile(name, content)})

        assert response.status_code == 422
        assert response.context["form"].errors["file"]

    def test_there_is_nothing_to_import_during_the_review(self, client):
        tested = make_campaign(CampaignState.ACCEPTANCE_SUBMITTED)
        client.force_login(tested.coach)

        assert client.get(url("workbook_import", tested.campaign.pk)).url == tab(tested)

    def test_stranger_downloads_nothing(self, client, tested):
        client.force_login(make_member(OrganisationFactory()))

        assert client.get(url("workbook_export", tested.campaign.pk)).status_code == 404


# -- the queue


@pytest.mark.parametrize("count", [1, 3])
def test_queue_query_count_is_constant(client, django_assert_num_queries, count):
    for _ in range(count):
        make_campaign()
    client.force_login(make_agent(Role.TESTS))
    client.get(url("campaign_list"))
    with django_assert_num_queries(3):
        response = client.get(url("campaign_list"))

    assert len(response.context["rows"]) == count


@pytest.mark.parametrize("pairs", [[], [("mesures", "lecture"), ("documents", "ecriture"), ("agenda", "lecture")]])
def test_cahier_query_count_is_constant(client, django_assert_num_queries, pairs):
    tested = make_campaign(CampaignState.E2E_RUNNING, pairs=pairs)
    tested.fill_recette()
    client.force_login(tested.manager)
    client.get(cahier(tested))
    with django_assert_num_queries(7):
        client.get(cahier(tested))


def test_queue_filters_by_state_and_coach_and_forgives_accents(client):
    first, second = make_campaign(name="Santé Été"), make_campaign(CampaignState.KEYS_SENT, name="Autre")
    client.force_login(first.coach)
    address = url("campaign_list")

    assert len(client.get(address).context["rows"]) == 1
    assert len(client.get(address, {"etat": "toutes"}).context["rows"]) == 2
    assert len(client.get(address, {"etat": "toutes", "q": "sante ete"}).context["rows"]) == 1
    assert len(client.get(address, {"etat": "keys_sent"}).context["rows"]) == 1
    assert not client.get(address, {"etat": "que-j-accompagne"}).context["rows"]
    client.force_login(second.coach)
    assert len(client.get(address, {"etat": "que-j-accompagne"}).context["rows"]) == 1


def test_queue_is_not_for_editors(client):
    tested = make_campaign()
    client.force_login(tested.manager)

    assert client.get(url("campaign_list")).status_code == 403
