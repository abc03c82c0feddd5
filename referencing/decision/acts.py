"""The act as it is frozen, and the PDF made of it: what is signed is what is read (BR-160, A-31, A-32)."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings

from convergence.documents.pdf import Attachment, render_pdf
from convergence.documents.qr import qr_svg, verification_url
from convergence.documents.signatures import SignatureBox
from convergence.ui.typography import format_date
from referencing.commission.selectors.opinions import followed_reservations
from referencing.decision.core.act import SCHEMA, Signatory, build_act
from referencing.decision.enums import FAVOURABLE_KINDS, DecisionKind
from referencing.dossier.models import Addendum
from referencing.enrolment.editors import name_addressee

if TYPE_CHECKING:
    from referencing.candidature.models import Candidature
    from referencing.decision.models import Decision

MILLIMETRE = 72 / 25.4
#: Top left corners on the last page and size of both boxes, in millimetres; the template draws the same.
LEFT, WIDTH, HEIGHT = 18, 90, 30
SIGNATURE_TOP, SEAL_TOP = 90, 150
#: What an act disposes, in the order in which it is read; other keys are for the stages that follow it.
TERMS: dict[str, str] = {
    "condition_text": "Condition de référencement qui n’est plus remplie",
    "invited_on": "Éditeur invité à présenter ses observations le",
    "heard": "Procédure contradictoire",
    "urgency": "Urgence qui dispense de la procédure contradictoire",
    "effective_on": "Prend effet le",
    "comply_by": "À exécuter avant le",
    "ends_on": "Jusqu’au",
}
_DATES = {"invited_on", "effective_on", "comply_by", "ends_on"}


def act_content(decision: Decision, *, number: str, signatory: Signatory, signed_on: date) -> dict[str, Any]:
    """Everything that the act says; `decision` comes with its names, file locked."""
    enrolment = decision.enrolment
    return build_act(
        number=number,
        kind=decision.kind,
        kind_text=str(DecisionKind(decision.kind).label),
        signatory=signatory,
        signed_on=signed_on,
        service={
            "label": enrolment.label,
            "organisation": name_addressee(enrolment),
            "demarche": enrolment.demarche.title,
        },
        basis=_basis(decision),
        reasons=decision.reasons,
        scope=decision.scope,
        terms=decision.terms,
        remedies=decision.remedies,
        original_sha256=decision.original.blob.sha256 if decision.original else "",
    )


def _basis(decision: Decision) -> dict[str, Any]:
    """On what the act rests: the frozen dossier with its addenda, the opinion, the act concerned."""
    about = decision.about
    candidature: Candidature | None = decision.candidature or (about.candidature if about else None)
    basis: dict[str, Any] = {"about": about.number if about else ""}
    if candidature is not None:
        addenda = Addendum.objects.filter(dossier=candidature.dossier_id).select_related("dossier").order_by("number")
        basis |= {
            "dossier": candidature.dossier.reference,
            "dossier_sha256": candidature.dossier.sha256,
            "addenda": [{"reference": each.reference, "sha256": each.sha256} for each in addenda],
        }
    if decision.opinion is not None:
        session = decision.opinion.point.session
        basis |= {
            "opinion": decision.opinion.kind,
            "opinion_text": str(decision.opinion.get_kind_display()),
            "opinion_on": decision.opinion.given_at,
            "session": f"n° {session.number}",
            "reservations": [
                {"number": each.number, "criterion": each.criterion, "text": each.text, "due_on": each.due_on}
                for each in followed_reservations(decision.opinion)
            ],
        }
    return basis


def read_act(decision: Decision) -> dict[str, Any]:
    """The frozen act as pages and PDF show it, its days as dates. Raises ValueError for a schema newer than this code."""
    content: dict[str, Any] = json.loads(bytes(decision.payload))
    if content["schema"] > SCHEMA:
        raise ValueError(f"act schema {content['schema']} is newer than {SCHEMA}")
    signatory, basis = content["signatory"], content["basis"]
    return {
        **content,
        "signed_on": date.fromisoformat(content["signed_on"]),
        "signatory": {
            **signatory,
            **{
                key: date.fromisoformat(signatory[key]) if signatory[key] else None
                for key in ("delegation_from", "delegation_until")
            },
        },
        "basis": {
            "dossier": "",
            "opinion_text": "",
            "session": "",
            **basis,
            "opinion_on": datetime.fromisoformat(basis["opinion_on"]) if basis.get("opinion_on") else None,
            "reservations": [
                {**each, "due_on": date.fromisoformat(each["due_on"])} for each in basis.get("reservations", ())
            ],
        },
        "term_lines": say_terms(content["terms"]),
    }


def say_terms(terms: dict[str, Any]) -> list[tuple[str, str]]:
    """(label, text) of what an act disposes; keys that only other stages read are not shown."""
    return [
        (label, format_date(date.fromisoformat(str(terms[key]))) if key in _DATES else str(terms[key]))
        for key, label in TERMS.items()
        if terms.get(key)
    ]


def verification_mark(decision: Decision) -> dict[str, str]:
    """Where anybody may check the act, for the foot of the PDF: address and QR code that leads there.

    A favourable act is known by its number, any other by the hash of its content alone (A-37).
    """
    known_by = (
        {"reference": decision.number or ""} if decision.kind in FAVOURABLE_KINDS else {"sha256": decision.sha256}
    )
    address = verification_url(**known_by)
    return {"url": address, "qr": qr_svg(address)}


def render_act(decision: Decision, content: dict[str, Any], *, at: datetime) -> bytes:
    """The PDF to sign: PDF/A-3a that carries its own content as JSON."""
    return render_pdf(
        "decision/decision_pdf.html",
        {
            "act": content,
            "sha256": decision.sha256,
            "mark": verification_mark(decision),
            "left": LEFT,
            "width": WIDTH,
            "height": HEIGHT,
            "signature_top": SIGNATURE_TOP,
            "seal_top": SEAL_TOP,
            "operator": settings.CONVERGENCE["OPERATOR_NAME"],
        },
        variant="pdf/a-3a",
        attachments=[
            Attachment(
                name=f"{content['number']}.json",
                content=bytes(decision.payload),
                mime="application/json",
                relationship="Source",
                description="Contenu de la décision, au format JSON canonique",
            )
        ],
        created_at=at,
    )


def box(top: int) -> SignatureBox:
    return SignatureBox(
        page=-1,
        x=round(LEFT * MILLIMETRE),
        y=round(top * MILLIMETRE),
        width=round(WIDTH * MILLIMETRE),
        height=round(HEIGHT * MILLIMETRE),
    )
