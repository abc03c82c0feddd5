"""What a signed act says: plain values in, the content to freeze out. Page and PDF read nothing else (BR-160)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

SCHEMA = 1
#: « D-2026-00012 »
NUMBER = "D-{year}-{rank:05d}"


@dataclass(frozen=True, slots=True)
class Signatory:
    """Whoever signs for the minister, and the delegation that lets them (A-32)."""

    name: str
    quality: str
    email: str = ""
    delegation: str = ""
    delegation_from: date | None = None
    delegation_until: date | None = None

    def explain(self, signed_on: date, *, needs_delegation: bool) -> list[tuple[str, str, str]]:
        """Why this person cannot sign an act of that day, as (code, French sentence, field); empty when they can."""
        problems = []
        if not self.name.strip():
            problems.append(("signatory_name", "Indiquez le nom du signataire.", "signatory_name"))
        if not self.quality.strip():
            problems.append(("signatory_quality", "Indiquez la qualité du signataire.", "signatory_quality"))
        if not self.delegation.strip():
            if needs_delegation:
                problems.append(("delegation", "Indiquez la référence de la délégation de signature.", "delegation"))
            return problems
        if self.delegation_from is None or self.delegation_until is None:
            problems.append(("delegation_dates", "Indiquez les dates de la délégation.", "delegation_from"))
        elif self.delegation_until < self.delegation_from:
            problems.append(("delegation_dates", "La délégation finit après avoir commencé.", "delegation_until"))
        elif not self.delegation_from <= signed_on <= self.delegation_until:
            problems.append(
                ("outside_delegation", "À la date de l’acte, la délégation de signature ne vaut pas.", "signed_on")
            )
        return problems


def number_of(year: int, rank: int) -> str:
    return NUMBER.format(year=year, rank=rank)


def build_act(
    *,
    number: str,
    kind: str,
    kind_text: str,
    signatory: Signatory,
    signed_on: date,
    service: Mapping[str, str],
    basis: Mapping[str, Any],
    reasons: str,
    scope: Sequence[Mapping[str, str]],
    terms: Mapping[str, Any],
    remedies: str,
    original_sha256: str = "",
) -> dict[str, Any]:
    """The content of an act. `service`: label, organisation, démarche; `basis`: dossier, addenda, opinion, reservations,
    decision concerned; `original_sha256`: the file signed elsewhere, when there is one."""
    return {
        "schema": SCHEMA,
        "number": number,
        "kind": kind,
        "kind_text": kind_text,
        "signed_on": signed_on,
        "signatory": {key: value for key, value in asdict(signatory).items() if key != "email"},
        "service": dict(service),
        "basis": dict(basis),
        "reasons": reasons,
        "scope": [dict(row) for row in scope],
        "terms": dict(terms),
        "remedies": remedies,
        "original_sha256": original_sha256,
    }
