"""The evaluation questionnaires of our own grid in a real Chromium."""

import os
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from questionnaires.models import QuestionnaireResponse, Validation
from questionnaires.selectors import load_form
from questionnaires.services import (
    Change,
    import_definition,
    open_orientation,
    open_response,
    publish_definition,
    save_answers,
    validate,
)
from referencing.enrolment.enums import WhiteLabelRole
from referencing.enrolment.models import AdministrativeSheet, Enrolment
from tests.enrolment.answering.own_grid import GRID, guide_answers
from tests.evidence import corpus
from tests.factories import DemarcheFactory, ProductFactory, make_member
from tests.plugins.browser import axe_violations, login
from tests.questionnaires.factories import FULL_ACCESS, answer, deposit, finish, pdf

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def enrolment():
    DemarcheFactory()
    product = ProductFactory(name="Carnet de suivi")
    definition = import_definition(text=GRID.read_text(encoding="utf-8"), actor=None)
    publish_definition(definition=definition, actor=None, at=timezone.now())
    response = open_response(definition=definition)
    open_orientation(response=response)
    enrolment = Enrolment.objects.create(
        product=product,
        demarche=definition.demarche,
        response=response,
        white_label=WhiteLabelRole.NONE,
        created_by=product.owner,
    )
    AdministrativeSheet.objects.get_or_create(enrolment=enrolment)
    save_answers(
        response=response,
        questionnaire="orientation",
        changes={code: Change(value=value) for code, value in guide_answers().items()},
        actor=product.owner,
        at=timezone.now(),
        access=FULL_ACCESS,
    )
    validate(response=response, questionnaire="orientation", actor=product.owner, at=timezone.now(), access=FULL_ACCESS)
    response.refresh_from_db()
    return enrolment


@pytest.fixture
def editor_page(page: Page, live_server, enrolment, console_errors) -> Page:
    login(page, live_server, make_member(enrolment.product.organisation))
    return page


def address(live_server, enrolment, code, name="questionnaire_form"):
    return live_server.url + reverse(f"enrolment:{name}", args=[enrolment.pk, code])


def look(page: Page, name: str) -> None:
    """Keep a screenshot when SCREENSHOTS names a folder."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("code", ["interoperabilite", "ethique", "rgpd", "securite-echanges"])
def test_form_is_accessible_at_every_width(editor_page: Page, live_server, enrolment, code):
    if code == "ethique":
        deposit(enrolment.response, "QUA.1.1", "charte-editoriale")
    if code == "rgpd":
        deposit(enrolment.response, "RGPD.1", "cgu-mentions")
    for width in (1280, 390, 320):
        editor_page.set_viewport_size({"width": width, "height": 900})
        editor_page.goto(address(live_server, enrolment, code))
        editor_page.wait_for_function("!!window.dsfr")
        look(editor_page, f"{code}-{width}")
        assert editor_page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert axe_violations(editor_page) == []


def test_results_and_history_are_accessible_at_every_width(editor_page: Page, live_server, enrolment):
    security = shown_criteria(enrolment, "maturite-securite")
    finish(enrolment.response, "maturite-securite", {code: {"level": "1"} for code in security})
    finish(enrolment.response, "maturite-securite", {code: {"level": "3"} for code in security[:8]})
    answer(enrolment.response, "maturite-securite", {code: {"level": "2"} for code in security[8:12]})
    pages = {
        "results": address(live_server, enrolment, "maturite-securite", "questionnaire_results"),
        "validation": live_server.url
        + reverse("enrolment:validation_detail", args=[enrolment.pk, "maturite-securite", 2]),
    }
    for name, url in pages.items():
        for width in (1280, 390):
            editor_page.set_viewport_size({"width": width, "height": 900})
            editor_page.goto(url)
            editor_page.wait_for_function("!!window.dsfr")
            look(editor_page, f"{name}-{width}")
            assert editor_page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert axe_violations(editor_page) == []


def test_container_and_file_pages_are_accessible(editor_page: Page, live_server, enrolment):
    charter = deposit(enrolment.response, "QUA.1.1", "charte-editoriale")
    single = deposit(enrolment.response, "RGPD.1", "questionnaire-rgpd", upload=workbook())
    visits = {
        "archive": reverse("enrolment:evidence_archive", args=[enrolment.pk, charter.pk]),
        "confirm": reverse("enrolment:evidence_confirm", args=[enrolment.pk, single.pk]),
        "archived": reverse("enrolment:evidence_archived", args=[enrolment.pk, "QUA.1.1"]),
        "container": reverse("enrolment:container_detail", args=[enrolment.pk]),
    }
    editor_page.set_viewport_size({"width": 390, "height": 900})
    for name, path in visits.items():
        editor_page.goto(live_server.url + path)
        look(editor_page, name)
        assert axe_violations(editor_page) == []
    editor_page.get_by_role("button", name="Afficher les identifiants").click()
    expect(editor_page.get_by_text("Notez ces identifiants maintenant")).to_be_visible()
    look(editor_page, "credentials")
    assert axe_violations(editor_page) == []


def test_a_level_saves_itself_and_the_panel_follows(editor_page: Page, live_server, enrolment):
    editor_page.goto(address(live_server, enrolment, "interoperabilite"))
    editor_page.get_by_label("Maturité moyenne").first.check(force=True)
    expect(editor_page.locator("[data-autosave-status]")).to_contain_text("Enregistré à")
    expect(editor_page.locator("#progress")).to_contain_text("1/3 critères évalués")
    expect(editor_page.locator("[data-badge]")).to_contain_text("Brouillon")
    with editor_page.expect_response(lambda response: "/enregistrer/" in response.url):
        editor_page.get_by_label("Commentaire sur A06.1.1").fill("Voir notre feuille de route")
    editor_page.reload()
    expect(editor_page.get_by_label("Commentaire sur A06.1.1")).to_have_value("Voir notre feuille de route")


def test_a_file_is_deposited_and_its_cross_asks_before_archiving_the_only_one(
    editor_page: Page, live_server, enrolment
):
    editor_page.goto(address(live_server, enrolment, "ethique"))
    zone = editor_page.locator('[id="field-QUA.1.1-evidence-charte-editoriale"]')
    editor_page.get_by_label("Commentaire sur QUA.1.1").fill("Charte de mars")
    upload = pdf("charte.pdf")
    zone.locator("input[type=file]").set_input_files(
        {"name": "charte.pdf", "mimeType": "application/pdf", "buffer": upload.read()}
    )
    zone.get_by_role("button", name="Déposer le fichier").click()
    expect(zone.get_by_role("link", name="charte.pdf")).to_be_visible()
    expect(editor_page.get_by_label("Commentaire sur QUA.1.1")).to_have_value("Charte de mars")
    zone.get_by_role("button", name="Archiver").click()
    expect(editor_page.get_by_role("heading", level=1, name="Archiver cette preuve")).to_be_visible()
    editor_page.get_by_role("button", name="Archiver la preuve").click()
    expect(zone.get_by_text("Aucun fichier déposé.")).to_be_visible()


def test_the_last_validation_opens_the_window_that_offers_the_dossier(editor_page: Page, live_server, enrolment):
    row = QuestionnaireResponse.objects.filter(response=enrolment.response, code="interoperabilite").get()
    codes = shown_criteria(enrolment, row.code)
    finish(enrolment.response, row.code, {code: {"level": "2"} for code in codes})
    validation = Validation.objects.get(questionnaire=row)
    QuestionnaireResponse.objects.filter(response=enrolment.response).exclude(
        code__in=["orientation", row.code]
    ).update(validation=validation, is_current=True)
    editor_page.set_viewport_size({"width": 1280, "height": 900})
    editor_page.goto(address(live_server, enrolment, "interoperabilite"))
    editor_page.get_by_role("button", name="Valider", exact=True).click()
    window = editor_page.get_by_role("dialog", name="Tous vos questionnaires sont terminés")
    expect(window).to_be_visible()
    look(editor_page, "done-1280")
    expect(window.get_by_role("link", name="Générer une référence de dossier d’évaluation")).to_be_visible()
    window.get_by_role("button", name="Plus tard").click()
    expect(window).not_to_be_visible()


def shown_criteria(enrolment, questionnaire):
    return [view.code for view in load_form(enrolment.response, questionnaire).criteria]


def workbook():
    return SimpleUploadedFile("questionnaire.xlsx", corpus.office("xlsx"))
