"""The optional company data provider, against a local server that answers as its public documentation says."""

import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from convergence.accounts import company_lookup
from convergence.accounts.models import Organisation
from tests.accounts.pages import text_of
from tests.factories import UserFactory

SIRET = "73282932000074"
FOUND = {
    "results": [
        {
            "nom_complet": "ALIZE SANTE",
            "nature_juridique": "5710",
            "siege": {"siret": SIRET, "adresse": "12 RUE DES TANNEURS 59000 LILLE"},
        }
    ]
}


@pytest.fixture
def provider(settings):
    """A server whose next answer the test chooses: `provider.answer = (status, body, seconds)`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            server.asked.append(parse_qs(urlsplit(self.path).query))
            status, body, wait = server.answer
            time.sleep(wait)
            self.send_response(status)
            self.end_headers()
            with contextlib.suppress(BrokenPipeError):  # the client has given up
                self.wfile.write(body.encode())

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.answer = [], (200, json.dumps(FOUND), 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings.COMPANY_LOOKUP_URL = f"http://127.0.0.1:{server.server_port}/search"
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_company_is_read(provider):
    company = company_lookup.look_up(SIRET)

    assert company == company_lookup.Company("ALIZE SANTE", "12 RUE DES TANNEURS 59000 LILLE", "sas")
    assert provider.asked == [{"q": [SIRET], "per_page": ["1"]}]


@pytest.mark.parametrize(
    ("category", "legal_form"),
    [("5710", "sas"), ("5499", "sarl"), ("5599", "sa"), ("7364", "public_hospital"), ("7210", "public_body"),
     ("9220", "association"), ("1000", "sole_trader"), ("6220", "grouping"), ("0000", ""), (None, "")],
)  # fmt: skip
def test_legal_category_becomes_a_legal_form(provider, category, legal_form):
    provider.answer = (200, json.dumps({"results": [FOUND["results"][0] | {"nature_juridique": category}]}), 0)

    assert company_lookup.look_up(SIRET).legal_form == legal_form


@pytest.mark.parametrize(
    "answer",
    [
        (200, '{"results": []}', 0),
        (200, "pas du JSON", 0),
        (200, '{"autre": 1}', 0),
        (200, '["results"]', 0),
        (200, '{"results": [{"siege": 3}]}', 0),
        (200, json.dumps({"results": [], "x": "x" * company_lookup.MAX_BYTES}), 0),
        (429, "", 0),
        (500, "", 0),
        (302, "", 0),
    ],
    ids=["unknown", "not json", "no results", "list", "no name", "too long", "429", "500", "redirection"],
)
def test_trouble_gives_nothing(provider, answer):
    provider.answer = answer

    assert company_lookup.look_up(SIRET) is None


def test_slow_provider_is_given_up(provider, monkeypatch):
    monkeypatch.setattr(company_lookup, "TIMEOUT", (0.2, 0.2))
    provider.answer = (200, json.dumps(FOUND), 1)

    assert company_lookup.look_up(SIRET) is None


def test_absent_provider_gives_nothing(settings):
    settings.COMPANY_LOOKUP_URL = "http://127.0.0.1:9/"

    assert company_lookup.look_up(SIRET) is None


def test_nothing_is_asked_when_off(settings):
    settings.COMPANY_LOOKUP_URL = ""

    assert company_lookup.look_up(SIRET) is None


@pytest.mark.django_db
class TestPage:
    URL = "accounts:organisation_create"

    @pytest.fixture(autouse=True)
    def _person(self, client):
        client.force_login(UserFactory())

    def test_button_is_there_only_with_a_provider(self, client, settings):
        settings.COMPANY_LOOKUP_URL = ""
        assert "annuaire" not in text_of(client.get(reverse(self.URL)))
        settings.COMPANY_LOOKUP_URL = "http://127.0.0.1:9/"
        assert "annuaire" in text_of(client.get(reverse(self.URL)))

    def test_lookup_fills_what_is_empty_and_saves_nothing(self, client, provider):
        page = client.post(
            reverse(self.URL), {"lookup": "1", "siret": SIRET, "name": "Mon nom", "legal_form": "", "address": ""}
        )

        assert page.status_code == 200
        body = page.content.decode()
        assert 'value="Mon nom"' in body
        assert "TANNEURS" in body
        assert '<option value="sas" selected>' in body
        assert not Organisation.objects.exists()

    def test_trouble_keeps_what_was_typed(self, client, provider):
        provider.answer = (500, "", 0)

        page = client.post(reverse(self.URL), {"lookup": "1", "siret": SIRET, "name": "Mon nom"}, follow=True)

        assert "n’a pas répondu" in text_of(page)
        assert 'value="Mon nom"' in page.content.decode()

    def test_wrong_siret_is_not_asked(self, client, provider):
        page = client.post(reverse(self.URL), {"lookup": "1", "siret": "12"})

        assert page.status_code == 422
        assert provider.asked == []
