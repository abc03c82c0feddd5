"""Pure rules of the convention: its parties, what the verifier may choose, what a signing link and a code are worth."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

NO_DATA = "aucune"

CODE_DIGITS = 6
CODE_LIFETIME = timedelta(minutes=10)
CODE_ATTEMPTS = 5
CODE_INTERVAL = timedelta(seconds=60)
CODES_PER_LINK = 10
COPY_LIFETIME = timedelta(days=90)
"""How long the link of a signed convention still hands over the signed copy."""

MILLIMETRE = 72 / 25.4  # in points


@dataclass(frozen=True, slots=True)
class Party:
    """One of the three parties (R.1111-38): the key of its signature, its name, what identifies it, who signs for it."""

    key: str
    name: str
    identity: str
    represented_by: str

    def as_dict(self) -> dict[str, str]:
        return {
            "key": self.key,
            "name": self.name,
            "identity": self.identity,
            "represented_by": self.represented_by,
        }


EDITOR, MINISTER, CNAM = "editeur", "ministre", "cnam"

# Top left corner of each signature on the last page, and its size, in millimetres; the template draws the same boxes.
SIGNATURE_LEFT, SIGNATURE_WIDTH, SIGNATURE_HEIGHT = 18, 90, 30
SIGNATURE_TOPS = {EDITOR: 72, MINISTER: 132, CNAM: 192}


def parties_of(values: Mapping[str, Any]) -> list[Party]:
    """Editor (from a transmitted fiche), minister, Cnam (BR-032)."""
    number = (values.get("siret") and f"SIRET {values['siret']}") or f"registre n° {values.get('register_number', '')}"
    identity = ", ".join(part for part in (one_line(values.get("address", "")), number) if part)
    function = values.get("representative_function", "")
    represented = signer_of(values) + (f", {function}" if function else "")
    return [
        Party(EDITOR, str(values.get("organisation_name", "")), identity, represented),
        Party(MINISTER, "le ministre chargé de la santé", "", "le délégué au numérique en santé, ou son représentant"),
        Party(CNAM, "la Caisse nationale de l’assurance maladie", "", "son directeur général, ou son représentant"),
    ]


def one_line(text: str) -> str:
    return ", ".join(line.strip(" ,") for line in str(text).splitlines() if line.strip(" ,"))


def signer_of(values: Mapping[str, Any]) -> str:
    """First and last name of the legal representative of a transmitted fiche."""
    return f"{values.get('representative_first_name', '')} {values.get('representative_last_name', '')}".strip()


def explain_terms(data_categories: Collection[str], purposes: Collection[str]) -> list[tuple[str, str, str]]:
    """Why these choices cannot stand, as (code, French sentence, field); empty when they can (A-04)."""
    problems = []
    if not data_categories:
        problems.append(("data_categories", "Choisissez les catégories de données.", "data_categories"))
    if NO_DATA in data_categories and len(data_categories) > 1:
        problems.append(
            (
                "no_data_is_exclusive",
                "« Aucune donnée » exclut les autres catégories : gardez l’un ou les autres.",
                "data_categories",
            )
        )
    elif NO_DATA in data_categories and purposes:
        problems.append(("purpose_without_data", "Sans donnée, la convention n’a pas de finalité.", "purposes"))
    elif data_categories and NO_DATA not in data_categories and not purposes:
        problems.append(("purposes", "Choisissez au moins une finalité pour ces données.", "purposes"))
    return problems


def may_send_code(*, sent_at: datetime | None, sent: int, at: datetime) -> str:
    """Why a new one-time code is not sent now, in French; empty when it is."""
    if sent >= CODES_PER_LINK:
        return "Trop de codes ont été demandés pour ce lien. Demandez un nouveau lien à l’équipe de référencement."
    if sent_at is not None and at < sent_at + CODE_INTERVAL:
        seconds = int((sent_at + CODE_INTERVAL - at).total_seconds()) + 1
        return f"Un code vient de vous être envoyé. Attendez encore {seconds} secondes avant d’en demander un autre."
    return ""


def explain_code(*, matches: bool, has_code: bool, expires_at: datetime | None, attempts: int, at: datetime) -> str:
    """Why a typed code does not sign, in French; empty when it does. `attempts`: codes tried before this one."""
    if not has_code or expires_at is None:
        return "Demandez d’abord un code : il vous sera envoyé par e-mail."
    if attempts >= CODE_ATTEMPTS:
        return "Ce code a été essayé trop de fois : il n’est plus valable. Demandez-en un nouveau."
    if at >= expires_at:
        return "Ce code n’est plus valable : il durait 10 minutes. Demandez-en un nouveau."
    if not matches:
        left = CODE_ATTEMPTS - attempts - 1
        if left == 0:
            return "Ce code n’est pas le bon. Il n’est plus valable : demandez-en un nouveau."
        return f"Ce code n’est pas le bon. Il vous reste {left} essai{'s' if left > 1 else ''}."
    return ""


@dataclass(frozen=True, slots=True)
class Options:
    """What the démarche fixes for its conventions; `link_days`: how long a signing link lives."""

    duration_months: int
    withdrawal_terms: str
    link_days: int


def options_of(settings: Mapping[str, Any]) -> Options | None:
    """The convention settings of a démarche, or None when the operator has not filled them."""
    found = settings.get("convention") or {}
    try:
        options = Options(int(found["duration_months"]), str(found["withdrawal_terms"]), int(found["link_days"]))
    except (KeyError, TypeError, ValueError):
        return None
    return options if options.duration_months > 0 and options.withdrawal_terms and options.link_days > 0 else None
