"""The work queue under the hands of its readers: keyboard alone, no script, narrow and wide."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from convergence.accounts.enums import Role
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from tests.candidature.factories import make_candidature
from tests.factories import make_agent
from tests.plugins.browser import axe_violations, login

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def apart(work: Callable[[], Any]) -> Any:
    """Run in another thread: nothing can be signed in the one where playwright runs its event loop."""

    def run() -> Any:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


@pytest.fixture
def team(page: Page, live_server: Any) -> Any:
    """Somebody of the listing team, with two late files and one to take in charge."""

    def build() -> Any:
        agent = make_agent(Role.LISTING_TEAM)
        for name, late in (("Moins tard", 2), ("Le plus en retard", 9)):
            candidature, _ = make_candidature(referent=agent, complete=False, name=name)
            Candidature.objects.filter(pk=candidature.pk).update(due_on=timezone.localdate() - timedelta(days=late))
        make_candidature(CandidatureState.APPLIED, complete=False, name="À prendre")
        return agent

    agent = apart(build)
    login(page, live_server, agent)
    return agent


def test_the_oldest_late_file_opens_in_two_keys(page, live_server, team, console_errors):
    page.goto(f"{live_server.url}{reverse('candidature:candidature_list')}?vue=en-retard&retard=1")
    for key in ("ArrowDown", "Enter"):
        page.keyboard.press(key)

    expect(page.get_by_role("heading", level=1)).to_contain_text("Le plus en retard")


def test_arrows_walk_the_lines_and_leave_the_fields_alone(page, live_server, team, console_errors):
    page.goto(live_server.url + reverse("candidature:candidature_list"))
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "End"):
        page.keyboard.press(key)
    expect(page.get_by_role("link", name="À prendre", exact=True)).to_be_focused()

    page.get_by_label("Produit, structure").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Produit, structure")).to_be_focused()


@pytest.mark.parametrize("width", [390, 1280])
def test_filters_and_lines_are_accessible_and_fit(page, live_server, team, console_errors, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(live_server.url + reverse("candidature:candidature_list") + "?agent=moi&retard=1")
    page.get_by_text(re.compile(r"^Filtres")).click()
    page.get_by_text("Colonnes", exact=True).click()

    assert axe_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_ticked_files_change_hands_with_scripts_and_without(page, browser, live_server, team, browser_context_args):
    colleague = apart(lambda: make_agent(Role.LISTING_TEAM))
    cookies = page.context.cookies()
    for has_scripts, name in ((True, "Moins tard"), (False, "Le plus en retard")):
        context = browser.new_context(**browser_context_args, java_script_enabled=has_scripts)
        context.add_cookies(cookies)
        tab = context.new_page()
        tab.goto(live_server.url + reverse("candidature:candidature_list"))
        tab.get_by_label(f"Sélectionner {name}").check(force=True)
        tab.get_by_label("Confier la sélection à").select_option(f"referent:{colleague.pk}")
        tab.get_by_role("button", name="Voir ce qui va changer").click()
        expect(tab.get_by_role("heading", level=1)).to_have_text("Vérifiez ce qui va changer")
        assert has_scripts is False or axe_violations(tab) == []
        tab.get_by_role("button", name=re.compile("^Enregistrer 1")).click()
        expect(tab.get_by_text("Une attribution enregistrée")).to_be_visible()
        context.close()

    assert apart(lambda: Candidature.objects.filter(referent=colleague).count()) == 2
