"""The public catalogue: who stands in it, how it is searched, what may be kept and until when."""

from __future__ import annotations

import html
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convergence.accounts.enums import Role
from convergence.audit import workflow
from convergence.database.search import fold_words
from convergence.ui.typography import PARIS
from referencing.enrolment.enums import PreListingState
from referencing.enrolment.models import PreListing
from referencing.listing.core.catalogue import (
    NAMES,
    CatalogueFilter,
    close_terms,
    exact_terms,
    read_filter,
    seconds_to_midnight,
)
from referencing.listing.enums import Category, ListingState, Platform, Price
from referencing.listing.models import CatalogueEntry, CatalogueStamp, Listing
from referencing.listing.presenting import service_address
from referencing.listing.services.catalogue import rebuild_entry
from tests.candidature.factories import make_candidature
from tests.factories import make_agent
from tests.listing.factories import make_listed

HOME = "/catalogue/"
SCOPE = [{"api": "mesures", "direction": "ecriture", "purpose": "prevention", "data": "Tension artérielle"}]


def address_of(entry: CatalogueEntry) -> str:
    return service_address({"slug": entry.slug, "number": entry.number})


def names(response: Any) -> list[str]:
    return [card.name for card in response.context["cards"]]


def named(name: str, **fields: Any) -> CatalogueEntry:
    return make_listed(sheet={"public_name": name, **fields.pop("sheet", {})}, **fields)


# what a visitor asks


def read(asked: dict[str, str]) -> CatalogueFilter:
    return read_filter(asked, categories=Category.values, platforms=Platform.values, prices=Price.values)


def test_an_unknown_choice_is_dropped() -> None:
    asked = {"q": "  carnet  de tension ", "prix": "gratuit", "support": "minitel", "tri": "hasard", "ecoscore": "x"}

    assert read(asked) == CatalogueFilter(text="carnet de tension", price="gratuit")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.fixed_dictionaries({name: st.text(max_size=12) for name in NAMES.values()}))
def test_any_address_is_read(asked: dict[str, str]) -> None:
    found = read(asked)

    assert read(dict(pair.split("=", 1) for pair in found.query(text="").split("&") if pair)).price == found.price


@pytest.mark.parametrize(
    ("text", "exact", "close"),
    [
        ("diabètes", "diabete:*", "diabet:*"),
        ("une appli pour le sommeil", "sommeil:*", "somme:*"),
        ("suivi tension", "suivi:* & tension:*", "suiv:* | tensi:*"),
        ("le", "le:*", ""),
    ],
)
def test_words_that_say_nothing_plurals_and_endings_are_forgiven(text: str, exact: str, close: str) -> None:
    words = fold_words(text)

    assert (exact_terms(words), close_terms(words)) == (exact, close)


@settings(deadline=None)
@given(st.datetimes(min_value=datetime(2025, 1, 1), max_value=datetime(2030, 1, 1), timezones=st.just(UTC)))
def test_midnight_in_paris_is_never_passed(at: datetime) -> None:
    seconds = seconds_to_midnight(at)

    assert 1 <= seconds <= 25 * 3600
    before = (at + timedelta(seconds=seconds - 1)).astimezone(PARIS).date()
    assert before <= at.astimezone(PARIS).date() or seconds == 1
    assert (at + timedelta(seconds=seconds + 1)).astimezone(PARIS).date() > at.astimezone(PARIS).date()


# who stands in it


@pytest.mark.django_db
@pytest.mark.rule("BR-177")
@pytest.mark.parametrize("state", [state for state in ListingState if state != ListingState.LISTED])
def test_only_listed_services_are_served(client: Client, state: ListingState) -> None:
    entry = make_listed(state=state)

    assert names(client.get(HOME)) == []
    assert client.get(address_of(entry)).status_code == 410
    assert client.get(f"/catalogue/logos/{entry.logo}.png").status_code == 404
    assert client.get("/api/catalogue/").json()["results"] == []
    assert client.get(f"/api/catalogue/{entry.number}/").status_code == 404
    assert "Carnet" not in client.get("/catalogue/flux.atom").content.decode()
    assert address_of(entry) not in client.get("/sitemap.xml").content.decode()


@pytest.mark.django_db
@pytest.mark.rule("BR-191")
def test_a_pre_listed_solution_is_not_in_the_catalogue(client: Client) -> None:
    candidature, manager = make_candidature(complete=False)
    PreListing.objects.create(
        enrolment=candidature.enrolment,
        state=PreListingState.ACTIVE,
        dossier_id=candidature.dossier_id,
        dossier_reference=candidature.dossier.reference,
        pre_listed_by=manager,
        pre_listed_at=timezone.now(),
    )

    assert names(client.get(HOME)) == []


@pytest.mark.django_db
@pytest.mark.rule("BR-176", "A-34")
def test_a_suspended_service_says_that_it_left_and_never_why(client: Client) -> None:
    entry = make_listed()
    listing = Listing.objects.get()
    Listing.objects.filter(pk=listing.pk).update(state_reason="Faille de sécurité")
    address = address_of(entry)
    assert client.get(address).status_code == 200

    move(listing, "suspend", why="Faille de sécurité")
    page = client.get(address)

    assert page.status_code == 410
    text = page.content.decode()
    assert "Ce service n’est plus référencé" in text
    for secret in ("Faille", "suspen", "retir", entry.name, entry.organisation):
        assert secret not in html.unescape(text).replace("retirer cet accord", "")

    move(listing, "reinstate")
    assert client.get(address).status_code == 200


def move(listing: Listing, name: str, **fields: Any) -> None:
    workflow.fire(Listing.objects.get(pk=listing.pk), name, actor=None, at=timezone.now(), **fields)


@pytest.mark.django_db
@pytest.mark.rule("BR-172")
def test_a_service_leaves_the_catalogue_the_day_after_its_last(client: Client, monkeypatch: Any) -> None:
    last = date(2027, 3, 1)
    entry = make_listed(published_on=date(2026, 3, 1), ends_on=last)
    address = address_of(entry)

    def visit(at: datetime) -> tuple[list[str], int]:
        monkeypatch.setattr(timezone, "now", lambda: at)
        return names(client.get(HOME)), client.get(address).status_code

    assert visit(datetime(2027, 3, 1, 23, 59, 59, tzinfo=PARIS)) == (["Carnet de tension"], 200)
    assert visit(datetime(2027, 3, 2, 0, 0, 0, tzinfo=PARIS)) == ([], 410)


@pytest.mark.django_db
def test_a_service_keeps_its_address_when_it_is_listed_again(client: Client) -> None:
    entry = make_listed()
    first = Listing.objects.get()
    move(first, "expire")
    second = Listing.objects.create(
        enrolment=first.enrolment, decision=first.decision, published_on=date(2026, 1, 1), ends_on=date(2099, 1, 1)
    )
    version = first.publications.get()
    version.pk, version.listing = None, second
    version.save(force_insert=True)

    rebuild_entry(second)
    assert client.get(address_of(entry)).status_code == 200
    # what happens to the former listing no longer concerns the page
    assert rebuild_entry(first) is None
    assert CatalogueEntry.objects.get().listing == second


@pytest.mark.django_db
def test_an_older_name_in_the_address_leads_to_the_page(client: Client) -> None:
    entry = make_listed()

    response = client.get(f"/catalogue/ancien-nom-{entry.number}/")

    assert (response.status_code, response.url) == (301, address_of(entry))
    assert client.get("/catalogue/rien-999999999/").status_code == 404
    assert client.get(f"/catalogue/rien-{10**30}/").status_code == 404


# the list


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_public_pages_ask_the_same_queries(client: Client, count: int, django_assert_num_queries: Any) -> None:
    entries = [named(f"Carnet {rank}") for rank in range(count)]
    client.get(HOME)

    with django_assert_num_queries(2):
        page = client.get(HOME)
    with django_assert_num_queries(3):
        found = client.get(f"{HOME}?q=carnet&prix=gratuit")
    with django_assert_num_queries(1):
        sheet = client.get(address_of(entries[0]))
    with django_assert_num_queries(2):
        client.get("/catalogue/flux.atom")
    with django_assert_num_queries(1):
        listed = client.get("/api/catalogue/")

    assert len(names(page)) == len(names(found)) == len(listed.json()["results"]) == count
    assert sheet.status_code == 200


@pytest.mark.django_db
def test_search_forgives_accents_case_plurals_and_a_mistaken_end(client: Client) -> None:
    named("Mon diabète au quotidien")
    named("Sommeil léger")

    def look(text: str) -> list[str]:
        return names(client.get(HOME, {"q": text}))

    for text in ("DIABETE", "diabètes", "le diabete", "quotidien diab"):
        assert look(text) == ["Mon diabète au quotidien"], text
    near = client.get(HOME, {"q": "diabetse"})
    assert (names(near), near.context["is_close"]) == (["Mon diabète au quotidien"], True)
    assert "Voici ceux qui s’en approchent" in near.content.decode()
    nothing = client.get(HOME, {"q": "xylophone"})
    assert names(nothing) == []
    assert "Aucun service trouvé" in nothing.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_search_finds_the_same_however_many_there_are(client: Client, monkeypatch: Any, limit: int) -> None:
    """Above the limit of the count, the rows are found another way."""
    monkeypatch.setattr("referencing.listing.selectors.catalogue.COUNT_LIMIT", limit)
    monkeypatch.setattr("referencing.listing.selectors.catalogue.PAGE_SIZE", 2)
    for name in ("Boussole de tension", "Boussole du sommeil", "Agenda", "Boussole de route"):
        named(name)

    first = client.get(HOME, {"q": "boussoles"})
    second = client.get(first.context["page"].next_url)

    assert names(first) + names(second) == ["Boussole de route", "Boussole de tension", "Boussole du sommeil"]
    assert not second.context["page"].next_url
    assert names(client.get(HOME, {"q": "boussoles", "tri": "ecoscore"}))[0].startswith("Boussole")


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["'", "a:* | b", "!!", "\\", "<->", "é" * 500, "\x00", "()", "%"])
def test_search_takes_anything(client: Client, text: str) -> None:
    make_listed()

    assert client.get(HOME, {"q": text}).status_code == 200


@pytest.mark.django_db
def test_each_filter_keeps_what_it_says(client: Client) -> None:
    named("Alpha", sheet={"categories": ["acces-aux-soins"], "price": "payant", "price_note": "5 €"}, scope=SCOPE)
    named("Bêta", complete=True, sheet={"platforms": ["android"], "android_url": "https://a.example", "web_url": ""})

    def kept(**asked: str) -> list[str]:
        return names(client.get(HOME, asked))

    assert kept() == ["Alpha", "Bêta"]
    assert kept(categorie="acces-aux-soins") == ["Alpha"]
    assert kept(prix="gratuit") == ["Bêta"]
    assert kept(support="android") == ["Bêta"]
    assert kept(donnees="oui") == kept(donnees="mesures") == ["Alpha"]
    assert kept(donnees="non") == ["Bêta"]
    assert kept(donnees="agenda") == []
    assert kept(ecoscore="50") == ["Bêta"]  # the frozen value of DEV.1.1 is 63.2
    assert kept(ecoscore="75") == []
    assert kept(tri="ecoscore") == ["Bêta", "Alpha"]
    assert names(client.get("/catalogue/categories/acces-aux-soins/")) == ["Alpha"]
    assert client.get("/catalogue/categories/rien/").status_code == 404


@pytest.mark.django_db
def test_pages_neither_skip_nor_repeat(client: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr("referencing.listing.selectors.catalogue.PAGE_SIZE", 2)
    for rank in range(5):
        named(f"Service {rank}", published_on=date(2026, 1, 1 + rank))

    for sort, expected in (("nom", [0, 1, 2, 3, 4]), ("recents", [4, 3, 2, 1, 0])):
        page = client.get(HOME, {"tri": sort})
        seen = names(page)
        while address := page.context["page"].next_url:
            page = client.get(address)
            seen += names(page)
        assert seen == [f"Service {rank}" for rank in expected]
        back = client.get(page.context["page"].previous_url)
        assert names(back) == [f"Service {rank}" for rank in expected[2:4]]


@pytest.mark.django_db
def test_the_whole_sheet_is_read(client: Client) -> None:
    entry = make_listed(scope=SCOPE, complete=True)

    page = client.get(address_of(entry)).content.decode()

    for words in (
        "Carnet de tension",
        "Suivi de pathologies et traitements",
        "Gratuit",
        "Ouvrir le site",
        "Ajouter des mesures de santé",
        "Pourquoi : prévention",
        "Tension artérielle",
        "63,2 sur 100",
        "Partiellement conforme",
        "mailto:aide@carnet.example",
        entry.decision_number,
        f'<link rel="canonical" href="http://localhost:8000{address_of(entry)}">',
        '<meta property="og:title" content="Carnet de tension">',
    ):
        assert words in page, words
    logo = client.get(f"/catalogue/logos/{entry.logo}.png")
    assert logo.headers["Content-Type"] == "image/png"
    assert "immutable" in logo.headers["Cache-Control"]


# what may be kept


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["list", "sheet", "feed", "sitemap"])
def test_an_unchanged_page_is_not_made_again(client: Client, kind: str, django_assert_num_queries: Any) -> None:
    entry = make_listed()
    address = {
        "list": HOME,
        "sheet": address_of(entry),
        "feed": "/catalogue/flux.atom",
        "sitemap": "/sitemap.xml",
    }[kind]
    first = client.get(address)
    assert "Set-Cookie" not in first.headers
    assert first.headers["Cache-Control"].startswith("public, max-age=")
    assert "Cookie" in first.headers["Vary"]  # somebody who is logged in is shown another page

    with django_assert_num_queries(1):
        again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(address, headers={"If-Modified-Since": first.headers["Last-Modified"]}).status_code == 304

    rebuild_entry(Listing.objects.get())
    changed = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


@pytest.mark.django_db
@pytest.mark.rule("BR-172")
def test_what_was_kept_ends_at_midnight_in_paris(client: Client, monkeypatch: Any) -> None:
    make_listed(published_on=date(2026, 7, 1), ends_on=date(2026, 7, 14))
    CatalogueStamp.objects.update(changed_at=datetime(2026, 7, 1, tzinfo=UTC))
    # 23:59:30 in Paris, still the 14th in summer time
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 7, 14, 21, 59, 30, tzinfo=UTC))
    first = client.get(HOME)
    assert names(first) == ["Carnet de tension"]
    assert first.headers["Cache-Control"] == "public, max-age=30"

    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 7, 14, 22, 0, 1, tzinfo=UTC))
    for header, value in (
        ("If-None-Match", first.headers["ETag"]),
        ("If-Modified-Since", first.headers["Last-Modified"]),
    ):
        after = client.get(HOME, headers={header: value})
        assert after.status_code == 200
        assert names(after) == []


@pytest.mark.django_db
def test_the_page_of_somebody_is_kept_by_nobody(client: Client) -> None:
    entry = make_listed()
    client.force_login(make_agent(Role.LISTING_TEAM))

    for address in (HOME, address_of(entry)):
        assert client.get(address).headers["Cache-Control"] == "no-store"


# other programs


@pytest.mark.django_db
def test_the_api_says_what_the_page_says(client: Client) -> None:
    entry = make_listed(scope=SCOPE, complete=True)

    found = client.get(f"/api/catalogue/{entry.number}/")

    assert found.headers["Cache-Control"].startswith("public, max-age=")
    service = found.json()
    assert service["url"] == f"http://localhost:8000{address_of(entry)}"
    assert service["exchanges"][0]["purpose"] == "prevention"
    assert service["ecoscore"] == "63.2"
    assert "state" not in json.dumps(service)
    listed = client.get("/api/catalogue/").json()
    assert listed["results"] == [service]
    assert client.post("/api/catalogue/").status_code == 405


@pytest.mark.django_db
def test_the_schema_describes_these_addresses_only(client: Client) -> None:
    schema = client.get("/api/catalogue/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()

    assert list(schema["paths"]) == ["/api/catalogue/", "/api/catalogue/{number}/"]
    fields = schema["components"]["schemas"]["Service"]["properties"]
    assert {"url", "logo_url", "exchanges", "ecoscore"} <= set(fields)


HOSTILE = "<script>alert(1)</script>\"'&{{ 7|add:7 }}"


@pytest.mark.django_db
def test_hostile_strings_come_out_as_text(client: Client) -> None:
    entry = named(
        HOSTILE,
        sheet={
            "short_text": HOSTILE,
            "long_text": HOSTILE * 8,
            "price_note": HOSTILE,
            "support_email": '"<b>"@carnet.example',
        },
        scope=[{**SCOPE[0], "data": HOSTILE, "purpose": HOSTILE}],
    )

    for address in (HOME, address_of(entry)):
        page = client.get(address).content.decode()
        assert "<script>alert" not in page
        assert "<b>" not in page
        assert html.unescape(page).count(HOSTILE) >= 2
    feed = client.get("/catalogue/flux.atom").content
    titles = [each.text for each in ElementTree.fromstring(feed).iter("{http://www.w3.org/2005/Atom}title")]
    assert HOSTILE in titles
    answer = client.get("/api/catalogue/")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["results"][0]["name"] == HOSTILE


@pytest.mark.django_db
def test_search_engines_are_led_to_the_sheets(client: Client) -> None:
    entry = make_listed()

    assert "Sitemap: http://localhost:8000/sitemap.xml" in client.get("/robots.txt").content.decode()
    tree = ElementTree.fromstring(client.get("/sitemap.xml").content)
    addresses = [each.text for each in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert f"http://localhost:8000{address_of(entry)}" in addresses


@pytest.mark.django_db
def test_strangers_and_members_find_the_catalogue(client: Client) -> None:
    entry = make_listed()
    assert f'href="{HOME}"' in client.get("/").content.decode()

    client.force_login(entry.enrolment.product.owner)
    assert f'href="{HOME}"' in client.get(HOME).content.decode()
