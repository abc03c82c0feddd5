"""The cahier de tests in a real Chromium: saved while it is filled, and readable on a phone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.urls import reverse
from playwright.sync_api import Page, expect

from referencing.candidature.enums import CampaignState
from referencing.candidature.services.connection.lines import LineChange, save_lines
from tests.candidature.campaigns import make_campaign
from tests.plugins.browser import axe_violations, login

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def aside(action):
    """Playwright runs an event loop in this thread, in which nothing can be sealed."""

    def run():
        try:
            return action()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


@pytest.fixture
def tested():
    return aside(lambda: make_campaign(CampaignState.E2E_RUNNING))


@pytest.fixture
def cahier(page: Page, live_server, tested, console_errors) -> Page:
    login(page, live_server, tested.manager)
    page.goto(live_server.url + reverse("candidature:workbook_detail", args=[tested.campaign.pk]))
    return page


def test_lines_are_saved_while_they_are_filled(cahier, tested):
    line = cahier.locator("#line-APP-05")
    with cahier.expect_response(lambda response: response.url.endswith("/enregistrer/")) as answer:
        line.get_by_text("KO", exact=True).click()
    assert answer.value.status == 200
    with cahier.expect_response(lambda response: response.url.endswith("/enregistrer/")) as answer:
        line.get_by_label("Commentaire").fill("La réponse altérée est acceptée.")
    assert answer.value.status == 200

    expect(cahier.locator("#progress")).to_contain_text("2/16")
    saved = aside(lambda: tested.line("APP-05"))
    assert (saved.result, saved.comment) == ("ko", "La réponse altérée est acceptée.")


def test_colleague_who_wrote_meanwhile_is_shown(cahier, tested, console_errors):
    change = LineChange({"comment": "Texte du collègue"}, 1)
    aside(lambda: save_lines(campaign_id=tested.campaign.pk, changes={"APP-05": change}, actor=tested.manager))

    with cahier.expect_response(lambda response: response.url.endswith("/enregistrer/")) as answer:
        cahier.locator("#line-APP-05").get_by_label("Commentaire").fill("Mon texte")

    assert answer.value.status == 409
    expect(cahier.get_by_text("collègue").first).to_be_visible()
    assert len(console_errors) == 1  # Chromium says each 409; nothing else is wrong
    console_errors.clear()


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_cahier_is_accessible_at_every_width(cahier, width):
    cahier.set_viewport_size({"width": width, "height": 900})

    assert not axe_violations(cahier)
    too_wide = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert cahier.evaluate(too_wide) <= 0
