"""A service as the public reads it, as plain values: the sheet, its preview, the lines of the list, feeds and API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.urls import reverse

from convergence.ui.typography import format_number
from convergence.ui.values import Link
from referencing.enrolment.enums import Api, Direction, Purpose
from referencing.listing.core.sheet import ADDRESS_FIELDS, Exchange
from referencing.listing.enums import AccessibilityLevel, Category, Platform, Price
from referencing.listing.models import PublicationSheet
from referencing.listing.selectors.publication import Source

CATEGORIES: dict[str, str] = {str(value): str(label) for value, label in Category.choices}
PRICES: dict[str, str] = {str(value): str(label) for value, label in Price.choices}
PLATFORMS: dict[str, str] = {str(value): str(label) for value, label in Platform.choices}
LEVELS: dict[str, str] = {str(value): str(label) for value, label in AccessibilityLevel.choices}
PURPOSES: dict[str, str] = {str(value): str(label) for value, label in Purpose.choices}
#: What a service does with the data of a citizen, as citizens say it.
EXCHANGES: dict[tuple[str, str], str] = {
    (Api.PAIRING, Direction.READ): "Se relier à votre espace santé",
    (Api.PAIRING, Direction.WRITE): "Se relier à votre espace santé",
    (Api.MEASURES, Direction.READ): "Lire vos mesures de santé",
    (Api.MEASURES, Direction.WRITE): "Ajouter des mesures de santé",
    (Api.DOCUMENTS, Direction.READ): "Lire vos documents de santé",
    (Api.DOCUMENTS, Direction.WRITE): "Ajouter des documents de santé",
    (Api.AGENDA, Direction.READ): "Lire votre agenda",
    (Api.AGENDA, Direction.WRITE): "Ajouter des rendez-vous à votre agenda",
}
#: Words of each platform’s link.
OPEN_LABELS = {"web": "Ouvrir le site", "android": "Télécharger pour Android", "ios": "Télécharger dans l’App Store"}


@dataclass(frozen=True, slots=True)
class ExchangeLine:
    what: str
    purpose: str
    data: str
    information: str


@dataclass(frozen=True, slots=True)
class Service:
    """The sheet of a service. `ecoscore` is a text (« 63,2 »); an empty value is not shown."""

    name: str
    organisation: str
    short_text: str
    long_text: str
    categories: Sequence[Link]
    price: str
    price_note: str
    platforms: Sequence[Link]
    exchanges: Sequence[ExchangeLine]
    ecoscore: str
    accessibility: str
    accessibility_url: str
    support_email: str
    support_url: str
    logo_url: str
    published_on: date | None = None
    ends_on: date | None = None
    decision_number: str = ""
    decided_on: date | None = None


def say_ecoscore(value: Decimal | None) -> str:
    return "" if value is None else format_number(value.normalize() if value else Decimal(0))


def service_address(row: Mapping[str, Any]) -> str:
    return reverse("listing:service_detail", args=[row["slug"], row["number"]])


def logo_address(sha256: str) -> str:
    return reverse("listing:service_logo", args=[sha256]) if sha256 else ""


def category_links(codes: Sequence[str]) -> list[Link]:
    return [Link(CATEGORIES[code], reverse("listing:category_detail", args=[code])) for code in codes]


def show_entry(row: Mapping[str, Any]) -> Service:
    """From a row of the catalogue, read as values."""
    return Service(
        name=row["name"],
        organisation=row["organisation"],
        short_text=row["short_text"],
        long_text=row["long_text"],
        categories=category_links(row["categories"]),
        price=PRICES[row["price"]],
        price_note=row["price_note"],
        platforms=[Link(OPEN_LABELS[each], row["addresses"].get(each, "")) for each in row["platforms"]],
        exchanges=[_line(Exchange(**each)) for each in row["exchanges"]],
        ecoscore=say_ecoscore(row["ecoscore"]),
        accessibility=LEVELS[row["accessibility"]],
        accessibility_url=row["accessibility_url"],
        support_email=row["support_email"],
        support_url=row["support_url"],
        logo_url=logo_address(row["logo"]),
        published_on=row["published_on"],
        ends_on=row["ends_on"],
        decision_number=row["decision_number"],
        decided_on=row["decided_on"],
    )


def show_sheet(sheet: PublicationSheet, source: Source, *, logo_url: str) -> Service:
    """From a sheet that is being written: what the public will see."""
    return Service(
        name=sheet.public_name,
        organisation=source.organisation,
        short_text=sheet.short_text,
        long_text=sheet.long_text,
        categories=[Link(CATEGORIES[each]) for each in sheet.categories],
        price=PRICES.get(sheet.price, ""),
        price_note=sheet.price_note,
        platforms=[Link(OPEN_LABELS[each], getattr(sheet, ADDRESS_FIELDS[each])) for each in sheet.platforms],
        exchanges=[_line(each) for each in source.exchanges],
        ecoscore=say_ecoscore(Decimal(source.ecoscore) if source.ecoscore else None),
        accessibility=LEVELS.get(sheet.accessibility, ""),
        accessibility_url=sheet.accessibility_url,
        support_email=sheet.support_email,
        support_url=sheet.support_url,
        logo_url=logo_url,
    )


def show_exchanges(exchanges: Sequence[Exchange]) -> list[ExchangeLine]:
    return [_line(each) for each in exchanges]


def _line(exchange: Exchange) -> ExchangeLine:
    return ExchangeLine(
        what=EXCHANGES.get((exchange.api, exchange.direction), f"{exchange.api} ({exchange.direction})"),
        purpose=PURPOSES.get(exchange.purpose, exchange.purpose),
        data=exchange.data,
        information=exchange.information,
    )


@dataclass(frozen=True, slots=True)
class Card:
    """A service in a list."""

    name: str
    url: str
    organisation: str
    short_text: str
    logo_url: str
    tags: Sequence[str]
    ecoscore: str
    has_exchange: bool


#: Columns of `Card`, read as plain values.
CARD_FIELDS = (
    "number",
    "slug",
    "name",
    "organisation",
    "short_text",
    "logo",
    "price",
    "platforms",
    "data",
    "ecoscore",
)


def show_card(row: Mapping[str, Any]) -> Card:
    return Card(
        name=row["name"],
        url=f"/catalogue/{row['slug']}-{row['number']}/",
        organisation=row["organisation"],
        short_text=row["short_text"],
        logo_url=f"/catalogue/logos/{row['logo']}.png",
        tags=[PRICES[row["price"]], *(PLATFORMS[each] for each in row["platforms"])],
        ecoscore=say_ecoscore(row["ecoscore"]),
        has_exchange=bool(row["data"]),
    )
