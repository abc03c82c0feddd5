"""Figure of the daily work: without a mouse, in few presses (Chromium)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction
from django.utils import timezone
from playwright.sync_api import Page, expect

from convergence.accounts.enums import Role
from referencing.candidature.models import Candidature, ComplementRequest, EvidencePin, Verdict
from tests.candidature.factories import make_candidature
from tests.factories import make_agent
from tests.plugins.browser import axe_violations, login

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def elsewhere(action: Any) -> Any:
    """Playwright runs an event loop in this thread: what signs or asks the database works in another."""

    def run() -> Any:
        try:
            with transaction.atomic():
                return action()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


class Keyboard:
    """Counts presses; a modifier counts as one. Text is typed beside."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.presses = 0

    def press(self, keys: str) -> None:
        self.presses += len(keys.split("+"))
        self.page.keyboard.press(keys)

    def write(self, text: str) -> None:
        self.page.keyboard.type(text)


def make_late(candidature: Candidature, days: int) -> None:
    Candidature.objects.filter(pk=candidature.pk).update(due_on=timezone.localdate() - timedelta(days=days))


def test_oldest_late_file_three_verdicts_and_a_complement_in_25_presses(
    page: Page, live_server, console_errors, settings, tmp_path
):
    settings.SIGNATURE_DIR = str(tmp_path)

    def build():
        verifier = make_agent(Role.LISTING_TEAM)
        oldest, _ = make_candidature(referent=verifier, name="Carnet de suivi")
        other, _ = make_candidature(referent=verifier, complete=False)
        make_late(oldest, 9)
        make_late(other, 2)
        return verifier, oldest

    verifier, oldest = elsewhere(build)
    login(page, live_server, verifier)
    keyboard = Keyboard(page)
    page.goto(f"{live_server.url}/candidatures/")
    page.wait_for_load_state("networkidle")

    keyboard.press("r")  # the late ones
    expect(page.locator(".ui-tabs [aria-current]")).to_have_text("En retard")
    page.wait_for_load_state("networkidle")
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Carnet de suivi")
    page.wait_for_load_state("networkidle")
    keyboard.press("x")  # the criteria
    expect(page.get_by_role("link", name="Continuer l’examen")).to_be_visible()
    page.wait_for_load_state("networkidle")
    keyboard.press("n")
    for key, text in (("1", ""), ("1", ""), ("3", "La déclaration n’est pas datée.")):
        expect(page.locator("[data-verdict-form]")).to_be_visible()
        code = page.locator("#criterion-title").inner_text()
        page.wait_for_load_state("networkidle")
        keyboard.press(key)
        if text:
            expect(page.locator("#id_text")).to_be_focused()
            keyboard.write(text)
        keyboard.press("Control+Enter")
        expect(page.locator("#criterion-title")).not_to_have_text(code)
    page.wait_for_load_state("networkidle")
    keyboard.press("c")  # what « à compléter » needs is already chosen and worded
    expect(page.get_by_role("button", name="Relire la demande")).to_be_visible()
    page.wait_for_load_state("networkidle")
    keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name="Envoyer la demande")).to_be_visible()
    page.wait_for_load_state("networkidle")
    keyboard.press("Control+Enter")
    expect(page.get_by_text("est envoyée à l’éditeur")).to_be_visible()

    assert keyboard.presses <= 25
    judged, asked = elsewhere(
        lambda: (
            sorted(Verdict.objects.filter(candidature=oldest).values_list("outcome", flat=True)),
            [
                item.question
                for request in ComplementRequest.objects.filter(candidature=oldest)
                for item in request.items.all()
            ],
        )
    )
    assert judged == ["compliant", "compliant", "to_complete"]
    assert asked == ["La déclaration n’est pas datée."]


@pytest.fixture
def criterion(page: Page, live_server, settings, tmp_path):
    """The page of a criterion that has evidence, under the eyes of a verifier."""
    settings.SIGNATURE_DIR = str(tmp_path)

    def build():
        verifier = make_agent(Role.LISTING_TEAM)
        return verifier, make_candidature(referent=verifier)[0].pk

    verifier, pk = elsewhere(build)
    login(page, live_server, verifier)
    page.goto(f"{live_server.url}/candidatures/{pk}/examen/DEV.1.2/")
    page.wait_for_load_state("networkidle")
    return page


def test_letters_are_letters_in_a_field_and_keys_outside(criterion: Page, console_errors):
    criterion.keyboard.press("2")
    expect(criterion.locator("#id_text")).to_be_focused()
    criterion.keyboard.type("n1 est faux")
    expect(criterion.locator("#id_text")).to_have_value("n1 est faux")
    expect(criterion.locator("[name=outcome]:checked")).to_have_value("non_compliant")
    criterion.keyboard.press("Escape")
    criterion.keyboard.press("/")
    expect(criterion.locator("#id_search")).to_be_focused()
    criterion.keyboard.press("Escape")
    criterion.keyboard.press("?")
    expect(criterion.get_by_role("heading", name="Au clavier")).to_be_visible()
    assert axe_violations(criterion) == []
    criterion.get_by_label("Touches d’une seule lettre").focus()
    criterion.keyboard.press("Space")
    criterion.keyboard.press("Escape")
    criterion.locator("body").press("1")
    expect(criterion.locator("[name=outcome]:checked")).to_have_value("non_compliant")


def test_what_is_typed_survives_a_reload_and_turning_pages(criterion: Page, console_errors):
    criterion.locator("#id_text").fill("Une phrase à moitié")
    expect(criterion.locator("[data-verdict-form] [data-autosave-status]")).to_contain_text("Enregistré")
    criterion.locator("#id_search").fill("preuve")
    criterion.locator("#id_search").press("Enter")
    expect(criterion.locator(".ui-viewer__hits")).to_contain_text("passage")
    expect(criterion.locator(".ui-viewer__hit")).to_have_count(1)
    expect(criterion.locator("#id_text")).to_have_value("Une phrase à moitié")
    criterion.reload()
    expect(criterion.locator("#id_text")).to_have_value("Une phrase à moitié")
    expect(criterion.locator(".ui-exam__draft")).to_contain_text("Brouillon retrouvé")


def test_click_on_the_page_places_a_pin(criterion: Page, console_errors):
    image = criterion.locator("[data-sheet] img")
    expect(image).to_be_visible()
    box = image.bounding_box()
    image.click(position={"x": box["width"] * 0.25, "y": box["height"] * 0.2})
    expect(criterion.locator("[data-pin-form] [name=note]")).to_be_focused()
    criterion.keyboard.type("Ici")
    criterion.keyboard.press("Control+Enter")
    expect(criterion.locator(".ui-viewer__pin")).to_have_count(1)

    pin = elsewhere(lambda: EvidencePin.objects.get())
    assert abs(pin.x - 250) <= 5
    assert abs(pin.y - 200) <= 5
