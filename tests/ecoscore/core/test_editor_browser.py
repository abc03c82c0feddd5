"""The script editor under the hands of its user: numbers, remarks while typing, models; and all of it without scripts."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from ecoscore.models import Measure
from ecoscore.services import create_measure
from tests.ecoscore.factories import make_application
from tests.factories import make_member
from tests.plugins.browser import axe_violations, login

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def person():
    application = make_application()
    person = make_member(application.product.organisation)
    create_measure(application_id=application.pk, version="2.1", actor=person)
    return person


def open_editor(page, live_server, person):
    login(page, live_server, person)
    page.goto(live_server.url + reverse("ecoscore:scenario_edit", args=[Measure.objects.get().pk]))
    return page.get_by_role("textbox", name=re.compile("Scénario"))


def test_remarks_follow_what_is_typed_and_lead_to_their_line(page: Page, live_server, person):
    area = open_editor(page, live_server, person)
    numbers = page.locator(".eco-editor__gutter > span")
    before = numbers.count()
    assert before == area.input_value().count("\n") + 1

    area.fill(area.input_value() + "\nmeasureStart,ACTION_A\n  clickBytext,Été\nmeasureStop\n")
    link = page.get_by_role("link", name=f"Ligne {before + 2}, colonne 3")
    expect(link).to_be_visible()
    expect(page.locator("[data-script-status]")).to_contain_text("1 erreur")
    assert numbers.count() == before + 4
    expect(numbers.nth(before + 1)).to_have_class("eco-editor__line--error")

    link.click()
    chosen = area.evaluate("(area) => area.value.slice(area.selectionStart, area.selectionEnd)")
    assert chosen == "clickBytext,Été"
    page.keyboard.type("clickByText,Été")
    expect(link).to_have_count(0)
    assert axe_violations(page) == []


def test_a_model_is_inserted_after_the_line_of_the_cursor(page: Page, live_server, person):
    area = open_editor(page, live_server, person)
    area.fill("# à moi\n# ensuite")
    area.evaluate("(area) => area.setSelectionRange(2, 2)")
    page.get_by_text("Insérer un modèle").click()
    page.get_by_role("button", name="Insérer le modèle Bandeau de cookies").click()
    expect(area).to_have_value("# à moi\n\nclickIfTextExists,Tout refuser\n\n# ensuite")
    assert axe_violations(page) == []


def test_without_scripts_a_model_and_a_file_are_taken_by_the_server(browser: Browser, live_server, person, tmp_path):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    area = open_editor(page, live_server, person)
    area.fill("# à moi")
    page.get_by_text("Insérer un modèle").click()
    page.get_by_role("button", name="Insérer le modèle Repos").click()
    assert area.input_value().startswith("# à moi\n\nmeasureStart,PAUSE_RESULTATS")
    expect(page.get_by_text("Le modèle est ajouté")).to_be_visible()

    path = tmp_path / "a.testgb"
    path.write_bytes("\ufeff# chargé\r\nclickBytext,Été\r\n".encode())
    page.get_by_text("Charger un fichier .testgb").click()
    page.get_by_label("Fichier de scénario").set_input_files(path)
    page.get_by_role("button", name="Charger le fichier").click()
    assert area.input_value() == "# chargé\nclickBytext,Été\n"
    expect(page.get_by_text("Le texte que le fichier remplace")).to_be_visible()
    expect(page.get_by_role("link", name="Ligne 2, colonne 1")).to_be_visible()
    assert Measure.objects.get().scenario.number == 1  # nothing was saved meanwhile
    context.close()
