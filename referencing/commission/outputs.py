"""The convocation as a sealed PDF, from what was kept when it was sent."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from convergence.documents.pdf import render_pdf
from convergence.documents.signatures import seal_pdf
from convergence.jobs.registry import Report
from evidence.services import keep_generated
from referencing.commission.enums import ConvocationKind
from referencing.commission.models import CommissionSession, Convocation, ConvocationDocument
from referencing.commission.notices import SECOND_MENTION
from referencing.commission.services.convoking import mask_of

if TYPE_CHECKING:
    from convergence.jobs.models import Job


def make_convocation(job: Job, report: Report) -> None:
    """Job handler: the document for those who may not know the masked points; a second run finds it there."""
    convocation = Convocation.objects.select_related("session").get(pk=job.payload["convocation"])
    masked = job.payload["masked"]
    if ConvocationDocument.objects.filter(convocation=convocation, mask=mask_of(masked)).exists():
        return
    report(10, "Mise en page")
    document = render_pdf(
        "commission/convocation_pdf.html",
        convocation_values(convocation, masked),
        variant="pdf/a-3a",
        created_at=convocation.sent_at,
    )
    report(80, "Apposition du cachet de la plateforme")
    number = convocation.session.number
    sealed = seal_pdf(document, reason=f"{convocation.get_kind_display()} séance n° {number}")
    with transaction.atomic():
        CommissionSession.objects.locked().get(pk=convocation.session_id)
        if ConvocationDocument.objects.filter(convocation=convocation, mask=mask_of(masked)).exists():
            return
        file = keep_generated(content=sealed, name=f"convocation-seance-{number}.pdf", code="pdf")
        ConvocationDocument.objects.create(
            convocation=convocation, mask=mask_of(masked), file=file, made_at=timezone.now()
        )


def convocation_values(convocation: Convocation, masked: Collection[str]) -> dict[str, Any]:
    """What the document shows: of a masked point, its position and « déport », nothing else (A-28)."""
    return {
        "convocation": convocation,
        "number": convocation.session.number,
        "title": {
            ConvocationKind.FIRST: "Convocation à une séance de la commission",
            ConvocationKind.ADDITION: "Ajout à l’ordre du jour d’une séance de la commission",
            ConvocationKind.SECOND: "Seconde convocation à une séance de la commission",
        }[ConvocationKind(convocation.kind)],
        "points": [
            {"position": row["position"], "product": "", "organisation": ""} if row["point"] in masked else row
            for row in convocation.agenda
        ],
        "second_mention": SECOND_MENTION if convocation.kind == ConvocationKind.SECOND else "",
    }
