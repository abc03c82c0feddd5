"""The public page in Chromium: the file stays on the machine, and the page fits a phone."""

import hashlib

import pytest
from django.core.cache import cache
from playwright.sync_api import Page, expect

from referencing.dossier.services import seal_copy
from tests.plugins.browser import axe_violations
from tests.trust.factories import make_decision, make_listing

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def sealed(tmp_path):
    """A sealed PDF, and the same with one byte changed."""
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connections

    from convergence.documents.pdf import render_html

    cache.clear()

    def make() -> bytes:
        try:
            return seal_copy(render_html("<p>Dossier</p>", variant=None), reference="N1", reason="Dossier")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:  # nothing can be signed in the thread of playwright’s event loop
        content = pool.submit(make).result()
    genuine, altered = tmp_path / "dossier.pdf", tmp_path / "faux.pdf"
    genuine.write_bytes(content)
    altered.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    return genuine, altered


@pytest.mark.rule("A-37")
@pytest.mark.parametrize("width", [1280, 390])
def test_a_file_is_recognised_without_being_sent(page: Page, live_server, sealed, console_errors, width):
    genuine, altered = sealed
    sent = []
    page.on("request", lambda request: sent.append((request.method, request.url)))
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{live_server.url}/verifier/")
    expect(page.get_by_text("le fichier n’est pas envoyé")).to_be_visible()
    expect(page.get_by_text("Le fichier est envoyé pour que")).to_be_hidden()

    page.get_by_label("Fichier à vérifier").set_input_files(genuine)
    page.get_by_role("button", name="Vérifier le fichier").click()

    expect(page.get_by_role("heading", name="Authentique, scellé le")).to_be_visible()
    digest = hashlib.sha256(genuine.read_bytes()).hexdigest()
    assert {method for method, _ in sent} == {"GET"}
    assert any(url.endswith(f"/verifier/?empreinte={digest}") for _, url in sent)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert axe_violations(page) == []

    page.get_by_label("Fichier à vérifier").set_input_files(altered)
    page.get_by_role("button", name="Vérifier le fichier").click()

    expect(page.get_by_role("heading", name="Non reconnu")).to_be_visible()
    assert page.context.cookies() == []


@pytest.mark.rule("A-37")
def test_a_dropped_file_is_checked_at_once(page: Page, live_server, sealed, console_errors):
    genuine, _ = sealed
    page.goto(f"{live_server.url}/verifier/")
    data = page.evaluate_handle(
        "bytes => { const data = new DataTransfer();"
        " data.items.add(new File([new Uint8Array(bytes)], 'dossier.pdf')); return data; }",
        list(genuine.read_bytes()),
    )

    page.locator("[data-drop-zone]").dispatch_event("drop", {"dataTransfer": data})

    expect(page.get_by_role("heading", name="Authentique, scellé le")).to_be_visible()


@pytest.mark.rule("A-37")
def test_without_scripts_the_page_says_that_the_file_is_sent(browser, live_server, sealed):
    genuine, _ = sealed
    context = browser.new_context(java_script_enabled=False, locale="fr-FR")
    page = context.new_page()
    page.goto(f"{live_server.url}/verifier/")
    expect(page.get_by_text("Le fichier est envoyé pour que")).to_be_visible()
    expect(page.get_by_text("le fichier n’est pas envoyé")).to_be_hidden()

    page.get_by_label("Fichier à vérifier").set_input_files(genuine)
    page.get_by_role("button", name="Vérifier le fichier").click()

    expect(page.get_by_role("heading", name="Authentique, scellé le")).to_be_visible()
    assert context.cookies() == []
    context.close()


@pytest.mark.rule("A-37")
def test_a_reference_is_typed(page: Page, live_server, console_errors):
    cache.clear()
    make_listing(make_decision(number="REF-2026-0007"))
    page.goto(f"{live_server.url}/verifier/")

    page.get_by_label("Référence de la décision").fill("ref-2026-0007")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Authentique, décision en vigueur jusqu’au")).to_be_visible()
