"""The text of a convention and the PDF made of it: one source for what is read on the page and what is signed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.template.loader import render_to_string

from convergence.documents.pdf import render_pdf
from convergence.documents.signatures import SignatureBox
from convergence.ui.clean import CleanHtml, clean_html
from referencing.convention import core
from referencing.convention.enums import DataCategory
from referencing.enrolment.enums import Purpose

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from referencing.convention.models import Annex, Convention, Signable


def draft_text(convention: Convention) -> str:
    """The articles as HTML, escaped values included."""
    enrolment = convention.enrolment
    return render_to_string(
        "convention/convention_text.html",
        {
            "parties": convention.parties,
            "label": enrolment.label,
            "product_name": convention.sheet_version.values.get("product_name", ""),
            "product_version": convention.sheet_version.values.get("product_version", ""),
            "description": enrolment.product.description,
            "demarche": enrolment.demarche.title,
            "without_data": convention.data_categories == [DataCategory.NONE],
            "data_categories": [DataCategory(category).label for category in convention.data_categories],
            "purposes": [Purpose(purpose).label for purpose in convention.purposes],
            "duration_months": convention.duration_months,
            "withdrawal_terms": convention.withdrawal_terms,
        },
    )


def show_text(text: str) -> CleanHtml:
    """The text of a convention for the page and the PDF, cleaned again: nothing but our own markup passes."""
    return clean_html(text, tags={"em", "h2", "li", "p", "ul"}, attributes={"*": {"class"}})


def render_convention(convention: Convention, *, text: str, at: datetime, is_preview: bool = False) -> bytes:
    """The PDF to sign: `text`, then a page with a place for each of the three signatures."""
    notice = "Aperçu : ce document n’est pas la convention envoyée" if is_preview else ""
    return render_pdf(
        "convention/convention_pdf.html",
        {
            "text": show_text(text),
            "label": convention.enrolment.label,
            "parties": [{**party, "top": core.SIGNATURE_TOPS[party["key"]]} for party in convention.parties],
            "left": core.SIGNATURE_LEFT,
            "width": core.SIGNATURE_WIDTH,
            "height": core.SIGNATURE_HEIGHT,
            "at": at,
            "is_preview": is_preview,
            "operator": settings.CONVERGENCE["OPERATOR_NAME"],
            "notice": notice,
        },
        created_at=at,
    )


def draft_annex(convention: Convention, *, scope: Sequence[Mapping[str, str]], source: str) -> str:
    """The articles of an annex as HTML: one table per interface and direction."""
    return render_to_string(
        "convention/annex_text.html",
        {"parties": convention.parties, "label": convention.enrolment.label, "scope": scope, "source": source},
    )


def render_annex(annex: Annex, *, at: datetime) -> bytes:
    """The PDF of an annex, with a place for each of the three signatures."""
    return render_pdf(
        "convention/annex_pdf.html",
        {
            "text": show_text(annex.text),
            "label": annex.enrolment.label,
            "number": annex.number,
            "parties": [{**party, "top": core.SIGNATURE_TOPS[party["key"]]} for party in annex.parties],
            "left": core.SIGNATURE_LEFT,
            "width": core.SIGNATURE_WIDTH,
            "height": core.SIGNATURE_HEIGHT,
            "at": at,
            "operator": settings.CONVERGENCE["OPERATOR_NAME"],
            "notice": "",
        },
        created_at=at,
    )


def is_annex(signable: Signable) -> bool:
    return hasattr(signable, "convention")


def title_of(signable: Signable) -> str:
    return "Annexe de la convention de référencement" if is_annex(signable) else "Convention de référencement"


def words_of(signable: Signable) -> str:
    """« la convention de référencement », inside a sentence."""
    return "l’annexe de la convention de référencement" if is_annex(signable) else "la convention de référencement"


def signature_box(party: str) -> SignatureBox:
    """Where a party signs, on the last page."""
    return SignatureBox(
        page=-1,
        x=round(core.SIGNATURE_LEFT * core.MILLIMETRE),
        y=round(core.SIGNATURE_TOPS[party] * core.MILLIMETRE),
        width=round(core.SIGNATURE_WIDTH * core.MILLIMETRE),
        height=round(core.SIGNATURE_HEIGHT * core.MILLIMETRE),
    )


def file_name(signable: Signable, *, is_signed: bool) -> str:
    name = "annexe" if is_annex(signable) else "convention"
    return f"{name}-{signable.enrolment.number}{'-signee' if is_signed else ''}.pdf"
