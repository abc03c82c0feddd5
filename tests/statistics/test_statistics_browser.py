"""The public statistics in Chromium: on a phone, for axe, on paper."""

import pytest
from playwright.sync_api import Page, expect

from convergence.statistics import services
from referencing.candidature.enums import CandidatureState as State
from tests.candidature.factories import make_candidature
from tests.plugins.browser import axe_violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_page_fits_a_phone_and_prints_its_charts_and_tables(page: Page, live_server, console_errors):
    for _ in range(5):
        make_candidature(State.EVALUATION, complete=False)
    services.rebuild_statistics()
    services.refresh_statistics()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{live_server.url}/statistiques/")

    chart = page.get_by_role("img", name="Candidatures déposées, par mois")
    expect(chart).to_be_visible()
    expect(page.get_by_role("region", name="Candidatures déposées, par mois")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert axe_violations(page) == []

    page.emulate_media(media="print")

    expect(chart).to_be_visible()
    expect(page.get_by_role("link", name="JSON, avec le dictionnaire")).to_be_hidden()
    expect(page.locator("header nav, .fr-header__tools").first).to_be_hidden()
    assert page.context.cookies() == []
