"""Who the editor of record is: the organisation of the product, or the third party on whose behalf it acts (A-26)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from referencing.enrolment.enums import SheetState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from referencing.enrolment.models import Enrolment


def name_editor(enrolment: Enrolment) -> str:
    """The name that acts, letters and agendas bear; one query more for a third party, whose fiche says it."""
    organisation: str = enrolment.product.organisation.name
    if not enrolment.is_on_behalf:
        return organisation
    return enrolment.sheet.organisation_name or organisation


def name_addressee(enrolment: Enrolment) -> str:
    """« Hôpital de la Côte, représenté par Éditions Distribution »: to whom a decision is addressed (A-26)."""
    editor = name_editor(enrolment)
    if not enrolment.is_on_behalf:
        return editor
    return f"{editor}, représenté par {enrolment.product.organisation.name} en vertu de son mandat"


def is_editor_verified(enrolment: Enrolment) -> bool:
    """A validated fiche proves whom it is about (A-06): the organisation once for all, a third party for its product."""
    if enrolment.is_on_behalf:
        return bool(enrolment.sheet.state == SheetState.VALIDATED)
    return bool(enrolment.product.organisation.is_verified)


def identify_editor(enrolment: Enrolment, sheet: Mapping[str, Any] | None) -> dict[str, Any]:
    """Identity of the editor of record as a dossier freezes it; `sheet`: values of the fiche that was transmitted last."""
    organisation = enrolment.product.organisation
    if not enrolment.is_on_behalf or sheet is None:
        return {
            "name": organisation.name,
            "legal_form": organisation.legal_form,
            "siret": organisation.siret or "",
            "country": organisation.country,
            "register_number": organisation.register_number,
        }
    return {
        "name": str(sheet.get("organisation_name", "")),
        "legal_form": str(sheet.get("legal_form", "")),
        "siret": str(sheet.get("siret", "")),
        "country": "FR" if sheet.get("siret") else "",
        "register_number": str(sheet.get("register_number", "")),
    }
