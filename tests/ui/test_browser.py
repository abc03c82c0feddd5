"""The component page in a real Chromium: accessible, without sideways scroll, quiet console, working behaviours."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.factories import UserFactory
from tests.plugins.browser import axe_violations, login

# Elements that stick out on the right, those that scroll on their own excepted.
TOO_WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
    [...document.querySelectorAll('main *, header *, footer *')]
        .filter((node) => node.getBoundingClientRect().right > innerWidth + 1 && !node.closest('.ui-table--plain'))
        .map((node) => `${node.tagName}.${node.className} ${node.getBoundingClientRect().right}`)"""

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def staff_page(page: Page, live_server, console_errors) -> Page:
    login(page, live_server, UserFactory(is_staff=True, first_name="Jeanne", last_name="Martin"))
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390, 320])
def test_component_page_is_accessible(staff_page: Page, live_server, scheme, width):
    staff_page.emulate_media(color_scheme=scheme)
    staff_page.set_viewport_size({"width": width, "height": 900})
    staff_page.goto(f"{live_server.url}/ui/")
    expect(staff_page.get_by_role("heading", level=1, name="Composants de page")).to_be_visible()
    staff_page.wait_for_function("!!window.dsfr")
    staff_page.evaluate("scrollTo(0, 0)")
    if folder := os.environ.get("SCREENSHOTS"):
        staff_page.screenshot(path=Path(folder) / f"ui-{width}-{scheme}.png", full_page=True)

    assert axe_violations(staff_page) == []
    assert staff_page.evaluate(TOO_WIDE) == []


@pytest.fixture
def component_page(staff_page: Page, live_server) -> Page:
    staff_page.goto(f"{live_server.url}/ui/")
    staff_page.wait_for_function("window.dsfr?.(document.getElementById('theme-modal'))?.modal")
    return staff_page


def test_confirmation_opens_as_a_modal_and_gives_focus_back(component_page: Page):
    link = component_page.get_by_role("link", name="Transmettre la fiche administrative")
    link.click()
    dialog = component_page.get_by_role("dialog", name="Transmettre la fiche administrative ?")
    expect(dialog).to_be_visible()
    assert axe_violations(component_page) == []
    dialog.get_by_role("button", name="Annuler").click()
    expect(dialog).to_be_hidden()
    expect(link).to_be_focused()


def test_theme_choice_is_kept_from_page_to_page(component_page: Page):
    component_page.get_by_role("button", name="Affichage").first.click()
    component_page.get_by_text("Thème sombre").click()
    expect(component_page.locator("html")).to_have_attribute("data-fr-theme", "dark")
    component_page.reload()
    expect(component_page.locator("html")).to_have_attribute("data-fr-theme", "dark")


def test_menu_opens_on_a_small_screen(staff_page: Page, live_server):
    staff_page.set_viewport_size({"width": 390, "height": 844})
    staff_page.goto(f"{live_server.url}/ui/")
    staff_page.wait_for_function("window.dsfr?.(document.getElementById('main-modal'))?.modal")
    expect(staff_page.get_by_role("button", name="Se déconnecter")).to_have_count(0)
    staff_page.get_by_role("button", name="Menu").click()
    expect(staff_page.get_by_role("button", name="Se déconnecter")).to_be_visible()
    assert axe_violations(staff_page) == []


def test_error_summary_takes_focus_and_leads_to_the_field(component_page: Page, console_errors):
    form = component_page.locator("form[data-unsaved]")
    form.get_by_label("Nom du produit").fill("Mon carnet")
    form.get_by_role("button", name="Valider").click()
    summary = component_page.locator("form[data-unsaved] [data-error-summary]")
    expect(summary).to_be_visible()
    expect(form.get_by_label("Nom du produit")).to_have_value("Mon carnet")
    summary.get_by_role("link", name="Indiquez la date d’ouverture.").click()
    expect(form.get_by_label("Date d’ouverture du service")).to_be_focused()
    console_errors.clear()  # the 422 itself


def test_file_input_speaks_french_and_stays_a_file_input(component_page: Page):
    frame = component_page.locator(".ui-file").first
    expect(frame.locator(".ui-file__button")).to_have_text("Choisir un fichier", timeout=30_000)
    expect(frame.locator(".ui-file__name")).to_have_text("Aucun fichier choisi")

    with component_page.expect_file_chooser() as chooser:
        frame.locator(".ui-file__name").click(force=True)
    chooser.value.set_files({"name": "charte.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"})

    expect(frame.locator(".ui-file__name")).to_have_text("charte.pdf")
    frame.locator("input").focus()
    assert frame.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
    assert axe_violations(component_page) == []


def test_arrows_move_between_rows(component_page: Page):
    links = component_page.locator("[data-row] .ui-table__link")
    links.first.focus()
    component_page.keyboard.press("ArrowDown")
    expect(links.nth(1)).to_be_focused()
    component_page.keyboard.press("End")
    expect(links.nth(2)).to_be_focused()
    component_page.keyboard.press("ArrowUp")
    expect(links.nth(1)).to_be_focused()


class TestAutosave:
    def status(self, page: Page):
        return page.locator("[data-autosave-status]")

    def kept(self, page: Page) -> list[str]:
        return page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('autosave:'))")

    def test_saves_while_typing_and_says_when(self, component_page: Page):
        component_page.get_by_label("Votre réponse").fill("Bonjour")
        expect(self.status(component_page)).to_have_text(re.compile(r"^Enregistré à \d\d:\d\d$"))
        expect(component_page.get_by_text("7 caractères enregistrés")).to_be_visible()
        expect(component_page.get_by_label("Votre réponse")).to_be_focused()
        assert self.kept(component_page) == []
        component_page.reload()
        expect(component_page.get_by_label("Votre réponse")).to_have_value("Bonjour")

    def test_keeps_answers_while_offline_and_sends_them_after(self, component_page: Page, console_errors):
        component_page.context.set_offline(True)
        component_page.get_by_label("Votre réponse").fill("Dans le train")
        expect(self.status(component_page)).to_have_text("Hors connexion, vos réponses sont gardées ici")
        assert len(self.kept(component_page)) == 1
        component_page.context.set_offline(False)
        expect(self.status(component_page)).to_have_text(re.compile("^Enregistré à"))
        assert self.kept(component_page) == []
        console_errors.clear()  # the browser reports the refused connections

    def test_ended_session_keeps_answers_until_the_next_login(self, component_page: Page, live_server, console_errors):
        cookies = component_page.context.cookies()
        component_page.context.clear_cookies(name="sessionid")
        component_page.get_by_label("Votre réponse").fill("Avant de partir")
        expect(self.status(component_page)).to_contain_text("Votre session a expiré, vos réponses sont gardées ici.")
        link = self.status(component_page).get_by_role("link", name="Reconnectez-vous")
        assert link.get_attribute("href").endswith("?next=%2Fui%2F")

        component_page.context.add_cookies([cookie for cookie in cookies if cookie["name"] == "sessionid"])
        component_page.goto(f"{live_server.url}/ui/")
        expect(component_page.get_by_label("Votre réponse")).to_have_value("Avant de partir")
        expect(self.status(component_page)).to_have_text(re.compile("^Enregistré à"))
        assert self.kept(component_page) == []
        console_errors.clear()

    def test_stale_answer_shows_both_texts(self, component_page: Page, console_errors):
        other = component_page.context.new_page()
        other.goto(component_page.url)
        other.get_by_label("Votre réponse").fill("Texte du collègue")
        expect(self.status(other)).to_have_text(re.compile("^Enregistré à"))

        component_page.get_by_label("Votre réponse").fill("Mon texte à moi")
        conflict = component_page.get_by_role("region", name="Deux versions de « Votre réponse »")
        expect(conflict).to_contain_text("Texte du collègue")
        expect(conflict).to_contain_text("Mon texte à moi")
        conflict.get_by_role("button", name="Garder mon texte").click()
        expect(self.status(component_page)).to_have_text(re.compile("^Enregistré à"))
        component_page.reload()
        expect(component_page.get_by_label("Votre réponse")).to_have_value("Mon texte à moi")
        console_errors.clear()  # the 409 itself

    def test_logout_purges_what_the_browser_kept(self, component_page: Page, console_errors):
        component_page.context.set_offline(True)
        component_page.get_by_label("Votre réponse").fill("Secret")
        expect(self.status(component_page)).to_have_text("Hors connexion, vos réponses sont gardées ici")
        component_page.evaluate(
            "document.addEventListener('submit', (event) => event.preventDefault(), { once: true })"
        )
        component_page.get_by_role("button", name="Se déconnecter").first.click()
        assert self.kept(component_page) == []
        console_errors.clear()
