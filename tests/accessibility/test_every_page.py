"""Figure A1: every page that answers 200 to an anonymous visitor, an editor, a verifier, the secretary and the presidency of
the commission, the ministry, in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections, transaction
from playwright.sync_api import Page

from tests.access.asking import Asker, address_of
from tests.access.test_matrix import PERSONAL, ROWS
from tests.access.world import build_world
from tests.plugins.browser import axe_violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: Everybody whose pages differ. Those who come later look only at what nobody before them opens.
PEOPLE = ["anonyme", "mandataire", "listing_team", "secretary", "president", "ministry"]
THOROUGH = 3
#: Every width and every scheme; a page is loaded once and changes shape as under the hands of its reader.
SHAPES = [(1280, "light"), (320, "dark"), (320, "light"), (1280, "dark")]
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
#: The end of an animation of the design system is not worth waiting for at each page.
READY = "() => document.readyState === 'complete' && (!document.querySelector('script[src*=dsfr]') || !!window.dsfr)"


def prepare(person: str) -> tuple[str, list[str]]:
    """Session and pages of the person. Playwright runs an event loop in this thread, in which nothing can be signed or
    verified: the world is built, and asked which addresses are pages, in another.
    """

    def build() -> tuple[str, list[str]]:
        try:
            with transaction.atomic():
                asker = Asker(build_world())
                session = asker.cookies[person]["sessionid"].value if person != "anonyme" else ""
                return session, list(list_pages(asker, person))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(build).result()


def list_pages(asker: Asker, person: str) -> Iterator[str]:
    """Addresses whose answer is a page for this person."""
    objects = {**asker.world.own.objects, **asker.personal[person], "-": {}}
    for name, row in ROWS.items():
        if row.says("GET", person) != "200" or (row.object in PERSONAL and person == "anonyme"):
            continue
        rank = PEOPLE.index(person)
        if rank >= THOROUGH and any(row.says("GET", other) == "200" for other in PEOPLE[:rank]):
            continue
        address = address_of(name, objects[row.object] | row.extra)
        response = asker.ask(person, "GET", address)
        is_page = response.headers["Content-Type"].startswith("text/html")
        if is_page and response.content.lstrip().lower().startswith(
            b"<!doctype"
        ):  # a fragment is looked at in its page
            yield address


def complaints(page: Page, url: str) -> Iterator[str]:
    """What is wrong with one page, in every shape."""
    noise: list[str] = []

    def hear(message: Any) -> None:
        if message.type == "error":
            noise.append(message.text)

    page.on("console", hear)
    page.goto(url)
    page.wait_for_function(READY)
    for width, scheme in SHAPES:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        for violation in axe_violations(page):
            yield f"{width} px, {scheme}: {violation}"
        if width == 320 and (excess := page.evaluate(TOO_WIDE)) > 0:
            yield f"320 px, {scheme}: {excess} px too wide"
    page.remove_listener("console", hear)
    yield from noise


@pytest.mark.parametrize("person", PEOPLE)
def test_every_page_is_accessible(page: Page, live_server, settings, tmp_path, person):
    settings.SIGNATURE_DIR = str(tmp_path)
    session, pages = prepare(person)
    if session:
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    assert pages

    wrong = [f"{path} – {each}" for path in pages for each in complaints(page, live_server.url + path)]

    assert not wrong, "\n".join(wrong)
