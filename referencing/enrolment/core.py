"""Pure rules of the fiche administrative: what counts as answered, what is left, what changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stdnum.exceptions import InvalidChecksum, InvalidComponent, InvalidFormat, InvalidLength
from stdnum.fr import siret as stdnum_siret

FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class SheetItem:
    """One of the 14 mandatory answers of the fiche: field, label of the screen, anchor on the page (SC-09)."""

    field: str
    label: str

    @property
    def anchor(self) -> str:
        return f"#id_{self.field}"


#: In the order of the screen. Name and version come from the product (BR-020).
ITEMS = (
    SheetItem("product_name", "Nom du produit"),
    SheetItem("product_version", "Version du produit"),
    SheetItem("organisation_name", "Dénomination ou raison sociale"),
    SheetItem("legal_form", "Forme juridique"),
    SheetItem("address", "Adresse du siège"),
    SheetItem("rcs", "N° RCS"),
    SheetItem("siret", "SIRET"),
    SheetItem("website", "Site web"),
    SheetItem("phone", "N° de téléphone"),
    SheetItem("representative_last_name", "Nom"),
    SheetItem("representative_first_name", "Prénom"),
    SheetItem("representative_function", "Fonction"),
    SheetItem("representative_email", "Adresse e-mail"),
    SheetItem("representative_phone", "N° de téléphone (représentant)"),
)


@dataclass(frozen=True, slots=True)
class SheetProgress:
    """`answered`/`total` mandatory items; `percent` is floored (BR-021): 2 of 3 is 66."""

    answered: int
    total: int
    remaining: tuple[SheetItem, ...]

    @property
    def percent(self) -> int:
        return 100 * self.answered // self.total

    @property
    def is_complete(self) -> bool:
        return not self.remaining


def is_answered(item: SheetItem, values: Mapping[str, Any], *, without_rcs: bool) -> bool:
    """Whether the item counts. `without_rcs`: the legal form is not entered in the trade register (A-06)."""
    if item.field == "rcs" and values.get("rcs_not_applicable"):
        return without_rcs
    if item.field == "siret" and values.get("legal_form") == FOREIGN:
        return bool(values.get("register_number")) and bool(values.get("register_extract"))
    return bool(str(values.get(item.field) or "").strip())


def measure(values: Mapping[str, Any], *, without_rcs: bool) -> SheetProgress:
    """Count the mandatory items of a fiche whose values are given by field name."""
    remaining = tuple(item for item in ITEMS if not is_answered(item, values, without_rcs=without_rcs))
    return SheetProgress(answered=len(ITEMS) - len(remaining), total=len(ITEMS), remaining=remaining)


def explain_siret(number: str) -> str:
    """Why the number is no SIRET, in French; empty when it is one (BR-025).

    14 digits, Luhn on the SIREN and on the whole; the establishments of La Poste (SIREN 356000000) follow a rule of
    their own, which the library knows. Spaces are forgiven.
    """
    try:
        stdnum_siret.validate(number)
    except InvalidLength:
        digits = sum(character.isdigit() for character in number)
        return f"Un SIRET compte 14 chiffres ; vous en avez saisi {digits}."
    except InvalidFormat:
        return "Un SIRET ne contient que des chiffres."
    except (InvalidChecksum, InvalidComponent):
        return "Ce SIRET comporte une erreur de saisie : sa clé de contrôle ne correspond pas."
    return ""


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Fields whose value differs between two transmitted versions, in the order of `after`."""
    return {
        field: (str(before.get(field) or ""), str(value or ""))
        for field, value in after.items()
        if str(before.get(field) or "") != str(value or "")
    }
