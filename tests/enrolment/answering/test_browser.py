"""The orientation in a real Chromium: questions come and go under the fingers, nothing typed is lost."""

import os
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from questionnaires.models import Answer
from tests.factories import make_member
from tests.plugins.browser import axe_violations, login
from tests.questionnaires.factories import answer, make_enrolment, orient, row

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SAVED = "Enregistré à"


@pytest.fixture
def shown(page: Page, live_server, console_errors) -> Page:
    """The orientation of a fresh enrolment, opened by a mandataire; the enrolment is at `shown.enrolment`."""
    enrolment = make_enrolment()
    login(page, live_server, make_member(enrolment.product.organisation))
    page.enrolment = enrolment  # type: ignore[attr-defined]
    page.goto(f"{live_server.url}/rattachements/{enrolment.pk}/orientation/")
    page.wait_for_function("!!window.dsfr")
    return page


def screenshot(page: Page, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def expect_refusal(errors: list[str], words: str) -> None:
    """The browser reports each refused request in its console: this one was meant."""
    assert [error for error in errors if words in error]
    errors[:] = [error for error in errors if words not in error]


def group(page: Page, code: str):
    return page.locator(f"[data-question='{code}']")


def status(page: Page):
    return page.locator("[data-autosave-status]")


@pytest.mark.rule("BR-041", "BR-042")
def test_questions_come_and_go_without_moving_the_focus(shown: Page):
    expect(group(shown, "Q2")).to_be_hidden()

    group(shown, "Q1").get_by_text("Oui").click()

    expect(status(shown)).to_contain_text(SAVED)
    expect(group(shown, "Q2")).to_be_visible()
    expect(group(shown, "Q1").get_by_label("Oui")).to_be_focused()
    expect(shown.locator("#progress")).to_contain_text("1/6")
    expect(shown.locator("[data-badge]")).to_contain_text("Brouillon")
    shown.keyboard.press("ArrowDown")  # Oui → Non, by keyboard
    expect(group(shown, "Q2")).to_be_hidden()
    expect(group(shown, "Q1").get_by_label("Non")).to_be_focused()
    expect(shown.locator("#progress")).to_contain_text("1/5")
    assert row(shown.enrolment.response, "orientation").state == "draft"


def test_typing_goes_on_while_an_answer_is_saved(shown: Page):
    group(shown, "Q13").get_by_text("Oui").click()
    field = group(shown, "Q14").get_by_role("textbox")
    field.click()
    shown.keyboard.type("Nous ajoutons ", delay=20)
    expect(status(shown)).to_contain_text(SAVED)
    shown.keyboard.type("des mesures.", delay=20)
    expect(field).to_be_focused()
    expect(field).to_have_value("Nous ajoutons des mesures.")
    shown.wait_for_timeout(1500)
    expect(status(shown)).to_contain_text(SAVED)
    assert Answer.objects.get(code="Q14").value == "Nous ajoutons des mesures."


@pytest.mark.rule("BR-043")
def test_the_exclusive_choice_unticks_the_others_and_the_reverse(shown: Page):
    boxes = group(shown, "Q3")
    boxes.get_by_text("Mesures de santé").click()
    boxes.get_by_text("Documents").click()

    boxes.get_by_text("Aucune réponse correspondante").click()

    expect(boxes.get_by_label("Mesures de santé")).not_to_be_checked()
    expect(boxes.get_by_label("Documents")).not_to_be_checked()
    expect(status(shown)).to_contain_text(SAVED)
    boxes.get_by_text("Documents").click()
    expect(boxes.get_by_label("Aucune réponse correspondante")).not_to_be_checked()


@pytest.mark.rule("A-13")
def test_a_conflict_lets_the_person_choose(shown: Page, console_errors):
    answer(shown.enrolment.response, Q4="https://collegue.example")

    group(shown, "Q4").get_by_role("textbox").fill("https://moi.example")
    keep = shown.get_by_role("button", name="Garder mon texte")
    expect(keep).to_be_visible()
    assert axe_violations(shown) == []
    keep.click()

    expect(status(shown)).to_contain_text(SAVED)
    assert Answer.objects.get(code="Q4").value == "https://moi.example"
    expect_refusal(console_errors, "409")


def test_answers_typed_after_the_session_ended_are_saved_after_the_login(shown: Page, live_server):
    group(shown, "Q10").get_by_text("Oui").click()
    expect(status(shown)).to_contain_text(SAVED)
    Session.objects.all().delete()

    group(shown, "Q4").get_by_role("textbox").fill("https://exemple.fr")
    expect(status(shown)).to_contain_text("Votre session a expiré")
    assert not Answer.objects.filter(code="Q4").exists()
    member = shown.enrolment.product.organisation.memberships.get().user
    login(shown, live_server, member)
    shown.goto(f"{live_server.url}/rattachements/{shown.enrolment.pk}/orientation/")

    expect(status(shown)).to_contain_text(SAVED)
    expect(group(shown, "Q4").get_by_role("textbox")).to_have_value("https://exemple.fr")
    assert Answer.objects.get(code="Q4").value == "https://exemple.fr"


@pytest.mark.rule("A-10")
def test_a_secret_never_stays_in_the_browser(shown: Page, console_errors):
    shown.context.set_offline(True)
    group(shown, "Q6").get_by_role("textbox").fill("demo / Zq8")
    group(shown, "Q4").get_by_role("textbox").fill("https://exemple.fr")
    expect(status(shown)).to_contain_text("Hors connexion")

    kept = shown.evaluate("JSON.stringify(localStorage)")

    assert "exemple.fr" in kept
    assert "Zq8" not in kept
    expect_refusal(console_errors, "ERR_INTERNET_DISCONNECTED")
    shown.context.set_offline(False)


@pytest.mark.parametrize("width", [1280, 390])
def test_pages_are_accessible_at_every_width(shown: Page, live_server, console_errors, width):
    shown.set_viewport_size({"width": width, "height": 900})
    base = f"{live_server.url}/rattachements/{shown.enrolment.pk}"
    group(shown, "Q1").get_by_text("Oui").click()
    expect(group(shown, "Q2")).to_be_visible()
    screenshot(shown, f"orientation-{width}")
    assert axe_violations(shown) == []
    shown.get_by_role("button", name="Valider").click()
    expect(shown.get_by_role("link", name="Répondez à la question 2").first).to_be_visible()
    expect_refusal(console_errors, "422")
    screenshot(shown, f"orientation-refused-{width}")
    assert axe_violations(shown) == []
    orient(shown.enrolment.response)
    answer(shown.enrolment.response, Q10="oui")
    for name in ("questionnaires", "orientation/consequences"):
        shown.goto(f"{base}/{name}/")
        screenshot(shown, f"{name.replace('/', '-')}-{width}")
        assert axe_violations(shown) == []
        assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
