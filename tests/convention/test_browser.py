"""The pages of the convention in a real Chromium: accessible, without sideways scroll, quiet console."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection
from django.urls import reverse
from playwright.sync_api import Page

from convergence.accounts.enums import Role
from referencing.convention import services
from tests.convention.factories import last_code, last_token, make_prepared, make_submitted
from tests.factories import make_agent, make_member
from tests.plugins.browser import axe_violations, login

TOO_WIDE = "() => document.documentElement.scrollWidth > innerWidth"

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def look(page: Page, live_server, console_errors):

    def visit(name, *arguments, shot=""):
        for width in (1280, 390, 320):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(live_server.url + reverse(f"convention:{name}", args=arguments))
            page.wait_for_function("!!window.dsfr")
            if folder := os.environ.get("SCREENSHOTS"):
                page.screenshot(path=Path(folder) / f"{shot or name}-{width}.png", full_page=True)
            assert axe_violations(page) == []
            assert not page.evaluate(TOO_WIDE)

    return visit


@pytest.fixture
def verifier(db):
    return make_agent(Role.LISTING_TEAM)


def apart(action, **values):
    """Call a service in a thread of its own: the browser keeps an event loop running in this one."""

    def run():
        try:
            action(**values)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result()


def sign():
    services.send_code(token=last_token())
    apart(services.sign, token=last_token(), code=last_code())


def test_verifier_pages(page, live_server, look, verifier):
    login(page, live_server, verifier)
    enrolment, _ = make_submitted()
    look("sheet_validate", enrolment.pk)
    convention = make_prepared(verifier)
    look("convention_list")
    look("convention_prepare", convention.pk, shot="convention_prepare-to_send")
    look("convention_send", convention.pk)
    services.send_convention(convention_id=convention.pk, actor=verifier)
    look("convention_prepare", convention.pk, shot="convention_prepare-to_sign")
    sign()
    look("convention_prepare", convention.pk, shot="convention_prepare-signed")
    look("convention_validate", convention.pk)


def test_editor_pages(page, live_server, look, verifier):
    convention = make_prepared(verifier)
    enrolment = convention.enrolment_id
    login(page, live_server, make_member(convention.enrolment.product.organisation))
    look("convention_detail", enrolment, shot="convention_detail-to_send")
    services.send_convention(convention_id=convention.pk, actor=verifier)
    look("convention_detail", enrolment, shot="convention_detail-to_sign")
    look("representative_change", enrolment)
    sign()
    look("convention_detail", enrolment, shot="convention_detail-signed")
    look("convention_verify", enrolment)
    apart(services.validate_convention, convention_id=convention.pk, actor=verifier)
    look("convention_detail", enrolment, shot="convention_detail-validated")


def test_signer_walks_without_account(page, live_server, look, verifier):
    convention = make_prepared(verifier)
    services.send_convention(convention_id=convention.pk, actor=verifier)
    token = last_token()
    look("signing_detail", token, shot="signing_detail-open")
    look("convention_refuse", token)
    page.goto(live_server.url + reverse("convention:signing_detail", args=[token]))
    page.get_by_text("J’ai lu la convention").click()
    page.get_by_role("button", name="Recevoir mon code de signature").click()
    look("convention_sign", token)
    page.get_by_label("Code à 6 chiffres").fill(last_code())
    page.get_by_role("button", name="Signer la convention").click()
    page.get_by_role("heading", name="La convention est signée").wait_for()
    look("signing_detail", token, shot="signing_detail-used")
