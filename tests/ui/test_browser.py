"""The component page in a real Chromium: accessible, without sideways scroll, quiet console, working behaviours."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.factories import UserFactory
from tests.plugins.browser import axe_violations, login

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
    staff_page.wait_for_function("document.documentElement.dataset.frJs || window.dsfr")
    if folder := os.environ.get("SCREENSHOTS"):
        staff_page.screenshot(path=Path(folder) / f"ui-{width}-{scheme}.png", full_page=True)

    assert axe_violations(staff_page) == []
    assert staff_page.evaluate("document.documentElement.scrollWidth <= innerWidth")
