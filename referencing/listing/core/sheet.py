"""The publication sheet as plain values: what it must say before it is submitted, and what is frozen at publication."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from convergence.kernel.errors import Blocker

#: Version of the frozen format; readers upcast older ones.
SCHEMA = 1

NAME_LENGTH = 80
SHORT_LENGTH = 160
LONG_LENGTH = 4000
LONG_MINIMUM = 200
PRICE_LENGTH = 160

#: Field of the address of each platform.
ADDRESS_FIELDS = {"web": "web_url", "android": "android_url", "ios": "ios_url"}
ADDRESS_NAMES = {"web": "l’adresse du site", "android": "la page d’Android", "ios": "la page de l’App Store"}

_ADDRESS = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One line of the table of exchanges: interface × direction × purpose (A-31); `information`: what users are told."""

    api: str
    direction: str
    purpose: str
    data: str = ""
    information: str = ""


@dataclass(frozen=True, slots=True)
class Hints:
    """What the frozen dossier says that the sheet asks again: offered, never imposed."""

    platforms: tuple[str, ...] = ()
    addresses: Mapping[str, str] | None = None
    price: str = ""
    accessibility_url: str = ""


def find_missing(values: Mapping[str, Any], *, has_logo: bool) -> list[Blocker]:
    """Every reason not to submit the sheet yet, each with the anchor of the field that mends it.

    `values`: the fields of the sheet; lists for `categories` and `platforms`.
    """
    blockers = [
        Blocker(field, message, f"#id_{field}")
        for field, message in (
            ("public_name", "Indiquez le nom du service, tel que les usagers le connaissent."),
            ("short_text", "Présentez le service en une phrase."),
        )
        if not values[field]
    ]
    long = len(values["long_text"])
    if long < LONG_MINIMUM:
        message = f"Décrivez le service en {LONG_MINIMUM} caractères au moins ; vous en avez écrit {long}."
        blockers.append(Blocker("long_text", message, "#id_long_text"))
    if not has_logo:
        blockers.append(Blocker("logo", "Déposez le logo du service.", "#logo"))
    for field, message in (
        ("categories", "Choisissez au moins une catégorie."),
        ("price", "Dites si le service est gratuit ou payant."),
        ("platforms", "Dites où le service s’utilise : site web, Android, iPhone."),
    ):
        if not values[field]:
            blockers.append(Blocker(field, message, f"#id_{field}"))
    blockers += [
        Blocker(field, f"Indiquez {ADDRESS_NAMES[platform]}.", f"#id_{field}")
        for platform, field in ADDRESS_FIELDS.items()
        if platform in values["platforms"] and not values[field]
    ]
    if values["price"] in ("payant", "mixte") and not values["price_note"]:
        blockers.append(Blocker("price_note", "Indiquez le prix, tel que les usagers le paient.", "#id_price_note"))
    if not values["accessibility"]:
        blockers.append(Blocker("accessibility", "Dites où en est l’accessibilité du service.", "#id_accessibility"))
    if not values["support_email"] and not values["support_url"]:
        message = "Donnez aux usagers un moyen de vous joindre : une adresse e-mail ou une page d’aide."
        blockers.append(Blocker("support_email", message, "#id_support_email"))
    return blockers


def read_hints(content: Mapping[str, Any]) -> Hints:
    """What the orientation of a frozen dossier tells (Q4, Q5, Q25, Q33 of the grid)."""
    answers = {row["code"]: row["value"] for row in content["orientation"]["answers"]}
    platforms = tuple(each for each in answers.get("Q4") or () if each in ADDRESS_FIELDS)
    addresses: dict[str, str] = {}
    stores = [each for each in platforms if each != "web"]
    for address in _ADDRESS.findall(str(answers.get("Q5") or "")):
        platform = next((each for each in stores if each not in addresses and _is_store_of(address, each)), "")
        if platform:
            addresses[platform] = address.rstrip(".,;")
    price = str(answers.get("Q25") or "")
    declaration = str(answers.get("Q33") or "")
    return Hints(platforms, addresses, price, declaration if declaration.startswith("https://") else "")


def _is_store_of(address: str, platform: str) -> bool:
    words = {"android": ("android", "play.google"), "ios": ("ios", "apple")}[platform]
    return any(word in address for word in words)


def read_exchanges(scope: Sequence[Mapping[str, Any]]) -> list[Exchange]:
    """The lines of a frozen scope, of a dossier or of a decision (A-31)."""
    return [
        Exchange(
            api=str(line["api"]),
            direction=str(line["direction"]),
            purpose=str(line.get("purpose", "")),
            data=_say_data(line.get("data", "")),
            information=str(line.get("consent_text", "")),
        )
        for line in scope
    ]


def _say_data(data: Any) -> str:
    return ", ".join(str(each) for each in data) if isinstance(data, list) else str(data or "")


def authorised(decided: Sequence[Exchange], described: Sequence[Exchange]) -> list[Exchange]:
    """The exchanges that the decision authorises, each with what the editor tells its users about it (A-31)."""
    told = {(each.api, each.direction): each.information for each in described}
    return [
        Exchange(each.api, each.direction, each.purpose, each.data, told.get((each.api, each.direction), ""))
        for each in decided
    ]


def find_ecoscore(content: Mapping[str, Any]) -> str:
    """The frozen value of criterion DEV.1.1 as text (`63.2`), empty when the dossier does not hold it."""
    for questionnaire in content["questionnaires"]:
        for criterion in questionnaire["criteria"]:
            if criterion["code"] == "DEV.1.1":
                value = (criterion["answer"] or {}).get("number")
                return "" if value is None else str(value)
    return ""


def build_content(*, values: Mapping[str, Any], source: Mapping[str, Any], logo: str, at: datetime) -> dict[str, Any]:
    """What the public will read, ready for `canonical_json`: nothing of it is read elsewhere afterwards.

    `source`: what is not typed (organisation, exchanges, écoscore, decision, dossier).
    """
    return {
        "schema": SCHEMA,
        "frozen_at": at,
        **source,
        "name": values["public_name"],
        "short_text": values["short_text"],
        "long_text": values["long_text"],
        "categories": list(values["categories"]),
        "price": values["price"],
        "price_note": values["price_note"],
        "platforms": list(values["platforms"]),
        "addresses": {
            platform: values[field] for platform, field in ADDRESS_FIELDS.items() if platform in values["platforms"]
        },
        "accessibility": values["accessibility"],
        "accessibility_url": values["accessibility_url"],
        "support_email": values["support_email"],
        "support_url": values["support_url"],
        "logo": logo,
    }
