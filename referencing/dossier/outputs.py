"""The PDF and the workbook of a dossier, made by jobs from its frozen payload (BR-100)."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from convergence.documents.pdf import Attachment, render_pdf
from convergence.documents.qr import qr_svg, verification_url
from convergence.documents.xlsx import Column, Sheet, write_workbook
from convergence.jobs.models import Job
from convergence.jobs.registry import Output, Report
from referencing.dossier.models import Addendum, Dossier
from referencing.dossier.readers import (
    NATURES,
    acceptable_text,
    answer_text,
    exceptions_of,
    find_frozen,
    parse_payload,
    reached_text,
    read_payload,
)
from referencing.dossier.services import seal_copy

PDF_JOB = "dossier.pdf"
XLSX_JOB = "dossier.xlsx"
ADDENDUM_JOB = "dossier.addendum"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def make_pdf(job: Job, report: Report) -> Output:
    """The sealed dossier: PDF/A-3 that carries its canonical JSON."""
    dossier = Dossier.objects.get(pk=job.payload["dossier"])
    report(10, "Mise en page du dossier")
    document = render_pdf(
        "dossier/dossier_pdf.html",
        {"dossier": dossier, "content": present(read_payload(dossier)), **_verification(dossier.sha256)},
        variant="pdf/a-3a",
        attachments=[
            Attachment(
                name=f"{dossier.reference}.json",
                content=bytes(dossier.payload),
                mime="application/json",
                relationship="Source",
                description="Contenu du dossier, au format JSON canonique",
            )
        ],
        created_at=dossier.frozen_at,
    )
    report(80, "Apposition du cachet de la plateforme")
    sealed = seal_copy(document, reference=dossier.reference, reason=f"Dossier d’évaluation {dossier.reference}")
    return Output(f"dossier-{dossier.reference}.pdf", "application/pdf", sealed)


def make_xlsx(job: Job, report: Report) -> Output:
    dossier = Dossier.objects.get(pk=job.payload["dossier"])
    report(10, "Écriture du classeur")
    content = read_payload(dossier)
    file = BytesIO()
    write_workbook(_sheets(content), file, title=f"Dossier {dossier.reference}")
    return Output(f"dossier-{dossier.reference}.xlsx", XLSX_TYPE, file.getvalue())


def make_addendum_pdf(job: Job, report: Report) -> Output:
    """An addendum, sealed: PDF/A-3 that carries its canonical JSON."""
    addendum = Addendum.objects.select_related("dossier").get(pk=job.payload["addendum"])
    report(10, "Mise en page de l’additif")
    document = render_pdf(
        "dossier/addendum_pdf.html",
        {"addendum": addendum, "content": present_addendum(addendum), **_verification(addendum.sha256)},
        variant="pdf/a-3a",
        attachments=[
            Attachment(
                name=f"{addendum.reference}.json",
                content=bytes(addendum.payload),
                mime="application/json",
                relationship="Source",
                description="Contenu de l’additif, au format JSON canonique",
            )
        ],
        created_at=addendum.frozen_at,
    )
    report(80, "Apposition du cachet de la plateforme")
    sealed = seal_copy(document, reference=addendum.reference, reason=f"Additif {addendum.reference}")
    return Output(f"additif-{addendum.reference}.pdf", "application/pdf", sealed)


def _verification(sha256: str) -> dict[str, str]:
    """What the last block of a sealed PDF shows: the address that recognises the frozen content, and its code (A-37)."""
    address = verification_url(sha256=sha256)
    return {"address": address, "qr": qr_svg(address)}


def present_addendum(addendum: Addendum) -> dict[str, Any]:
    """The frozen content of an addendum with the words that pages and the PDF show; `dossier` is loaded."""
    content, dossier = parse_payload(bytes(addendum.payload)), read_payload(addendum.dossier)
    frozen = find_frozen(dossier)
    exchanges = {
        f"{row['api']}-{row['direction']}": f"{row['api_text']} ({row['direction_text'].lower()})"
        for row in dossier["exchange_scope"]
    }
    items = []
    for item in content["items"]:
        row = frozen.get(item["criterion"])
        words = answer_text({**row, "answer": item["answer"], "recovered": None}) if row and item["answer"] else ""
        items.append({**item, "answer_text": words})
    removed = [(code, content.get("removed_titles", {}).get(code, "")) for code in content.get("removed", ())]
    said = {key: [exchanges.get(code, code) for code in content.get(key, ())] for key in ("given_up", "kept")}
    return {**content, **said, "items": items, "removed": removed}


def _sheets(content: dict[str, Any]) -> list[Sheet]:
    orientation = Sheet(
        "Orientation",
        [Column("Question", 60), Column("Réponse", 60)],
        (
            (row["label"], ", ".join(row["text"]) if isinstance(row["text"], list) else row["text"])
            for row in content["orientation"]["answers"]
        ),
    )
    columns = [
        Column("Critère", 14),
        Column("Titre", 50),
        Column("Section", 40),
        Column("Nature", 14),
        Column("Attendu", 40),
        Column("Réponse", 60),
        Column("Atteint", 10),
        Column("Commentaire", 60),
        Column("Preuves", 50),
        Column("Exceptions par système", 60),
    ]
    return [
        orientation,
        *(
            Sheet(
                questionnaire["title"][:31],
                columns,
                (
                    (
                        criterion["code"],
                        criterion["title"],
                        criterion["section"],
                        NATURES[criterion["nature"]],
                        acceptable_text(criterion),
                        answer_text(criterion),
                        reached_text(criterion),
                        criterion["comment"],
                        _evidence_lines(criterion),
                        "\n\n".join(_exception_lines(each) for each in exceptions_of(criterion)),
                    )
                    for criterion in questionnaire["criteria"]
                ),
            )
            for questionnaire in content["questionnaires"]
        ),
    ]


def _evidence_lines(row: dict[str, Any]) -> str:
    return "\n".join(f"{item['name']} (SHA-256 {item['sha256']})" for item in row["evidence"])


def _exception_lines(exception: dict[str, Any]) -> str:
    """One exception in a cell: system, answer, whether it is reached, comment, evidence."""
    reached = "atteint" if exception["is_reached"] else "non atteint"
    first = f"{exception['system_text']} : {exception['answer_text'] or 'documents déposés'} ({reached})"
    return "\n".join(filter(None, [first, exception["comment"], _evidence_lines(exception)]))


def present(content: dict[str, Any]) -> dict[str, Any]:
    """The payload with the words that pages and the PDF show beside each criterion."""
    return {
        **content,
        "questionnaires": [
            {
                **questionnaire,
                "criteria": [
                    {
                        **criterion,
                        "nature_text": NATURES[criterion["nature"]],
                        "acceptable_text": acceptable_text(criterion),
                        "answer_text": answer_text(criterion),
                        "exceptions": exceptions_of(criterion),
                    }
                    for criterion in questionnaire["criteria"]
                ],
            }
            for questionnaire in content["questionnaires"]
        ],
    }
