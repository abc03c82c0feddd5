"""PDF documents of the instruction, made by jobs from what was frozen."""

from __future__ import annotations

import json

from convergence.documents.pdf import Attachment, render_pdf
from convergence.jobs.models import Job
from convergence.jobs.registry import Output, Report
from referencing.candidature.models import Conclusion
from referencing.dossier.services import seal_copy

REPORT_JOB = "candidature.report"


def make_report(job: Job, report: Report) -> Output:
    """The sealed synthesis report, which carries its canonical JSON (T24)."""
    conclusion = Conclusion.objects.get(pk=job.payload["conclusion"])
    content = json.loads(bytes(conclusion.payload))
    report(10, "Mise en page du rapport")
    name = f"rapport-{content['dossier']}-{conclusion.number}"
    document = render_pdf(
        "candidature/conclusion_pdf.html",
        {"conclusion": conclusion, "content": content},
        variant="pdf/a-3a",
        attachments=[
            Attachment(
                name=f"{name}.json",
                content=bytes(conclusion.payload),
                mime="application/json",
                relationship="Source",
                description="Contenu du rapport, au format JSON canonique",
            )
        ],
        created_at=conclusion.concluded_at,
    )
    report(80, "Apposition du cachet de la plateforme")
    sealed = seal_copy(document, reference=name, reason=f"Rapport de synthèse {content['dossier']}")
    return Output(f"{name}.pdf", "application/pdf", sealed)
