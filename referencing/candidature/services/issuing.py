"""Documents that the platform makes once for a file, seals and keeps: acknowledgement, act of inadmissibility."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from convergence.documents.pdf import Attachment, render_pdf
from convergence.documents.signatures import seal_pdf
from convergence.jobs.registry import Report
from convergence.jobs.services import enqueue
from evidence.services import keep_generated
from referencing.candidature.enums import DocumentKind
from referencing.candidature.models import Candidature, IssuedDocument
from referencing.dossier.readers import read_payload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convergence.jobs.models import Job

ISSUE_JOB = "candidature.issue"


def issue(candidature: Candidature, kind: DocumentKind) -> None:
    """Have the document made by a job, after commit."""
    enqueue(kind=ISSUE_JOB, payload={"candidature": str(candidature.pk), "kind": kind}, key=f"{candidature.pk}:{kind}")


def make_document(job: Job, report: Report) -> None:
    """Job handler: the sealed PDF, kept with the file; a second run finds it there and makes nothing."""
    candidature = Candidature.objects.select_related(
        "dossier", "admissibility_act", "enrolment__product__organisation"
    ).get(pk=job.payload["candidature"])
    kind = DocumentKind(job.payload["kind"])
    if IssuedDocument.objects.filter(candidature=candidature, kind=kind).exists():
        return
    report(10, "Mise en page")
    document = MAKERS[kind](candidature)
    report(80, "Apposition du cachet de la plateforme")
    sealed = seal_pdf(document, reason=f"{kind.label} {candidature.dossier.reference}")
    with transaction.atomic():
        Candidature.objects.select_for_update(of=("self",)).get(pk=candidature.pk)
        if IssuedDocument.objects.filter(candidature=candidature, kind=kind).exists():
            return
        file = keep_generated(content=sealed, name=f"{kind}-{candidature.dossier.reference}.pdf", code="pdf")
        IssuedDocument.objects.create(candidature=candidature, kind=kind, file=file, made_at=timezone.now())


def _acknowledgement(candidature: Candidature) -> bytes:
    """Service in charge, contact, date, and the effect of silence only if the démarche set one (R.112-5, A-17)."""
    return render_pdf(
        "candidature/acknowledgement_pdf.html",
        {
            "candidature": candidature,
            "reference": candidature.dossier.reference,
            "content": read_payload(candidature.dossier),
            "receipt": candidature.acknowledgement,
        },
        variant="pdf/a-3a",
        created_at=candidature.applied_at,
    )


def _inadmissibility(candidature: Candidature) -> bytes:
    act = candidature.admissibility_act
    return render_pdf(
        "candidature/inadmissibility_pdf.html",
        {"act": act, "content": read_act(bytes(act.payload))},
        variant="pdf/a-3a",
        attachments=_source(f"irrecevabilite-{candidature.dossier.reference}.json", bytes(act.payload)),
        created_at=act.decided_at,
    )


def _source(name: str, payload: bytes) -> Sequence[Attachment]:
    return [
        Attachment(
            name=name,
            content=payload,
            mime="application/json",
            relationship="Source",
            description="Contenu de la décision, au format JSON canonique",
        )
    ]


def read_act(payload: bytes) -> dict[str, Any]:
    """The frozen act as pages show it, its instants as datetimes."""
    content: dict[str, Any] = json.loads(payload)
    return {
        **content,
        "applied_at": datetime.fromisoformat(content["applied_at"]),
        "decided_at": datetime.fromisoformat(content["decided_at"]),
        "requests": [
            {
                **request,
                "requested_at": datetime.fromisoformat(request["requested_at"]),
                "due_on": datetime.fromisoformat(request["due_on"]).date(),
                "answered_at": datetime.fromisoformat(request["answered_at"]) if request["answered_at"] else None,
            }
            for request in content["requests"]
        ],
    }


MAKERS = {DocumentKind.ACKNOWLEDGEMENT: _acknowledgement, DocumentKind.INADMISSIBILITY: _inadmissibility}
