"""What a report shows, on the page and as a PDF for people and dossiers, from the frozen bytes of a result alone."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.text import slugify

from convergence.documents.pdf import render_pdf
from convergence.ui.typography import NBSP, format_number
from convergence.ui.values import Column, Item
from ecoscore import report as reports
from ecoscore.enums import Purpose
from ecoscore.models import Result


def report_pdf_of(result: Result) -> bytes:
    """Dated by the measure, not by the day on which somebody prints it."""
    return render_pdf("ecoscore/report_pdf.html", report_values(result), created_at=result.measured_at)


def report_name(result: Result) -> str:
    """`ecoscore-site-des-patients-2-1-0a1b2c3d.pdf`: application, version, beginning of the result’s hash."""
    measure = result.measure
    return f"ecoscore-{slugify(f'{measure.application.name} {measure.version}')[:80]}-{result.sha256[:8]}.pdf"


def report_values(result: Result) -> dict[str, Any]:
    """What page and PDF show alike."""
    report = reports.read(result.content)
    return {
        "result": result,
        "report": report,
        "is_final": result.purpose == Purpose.FINAL,
        "step_columns": [
            "Étape",
            "Nature",
            *(Column(label, numeric=True) for label in ("Note", "Énergie", "Données", "Performance")),
        ],
        "step_rows": [
            [each.name, each.kind_label, *map(note, (each.score, each.energy, each.data, each.performance))]
            for each in report.steps
        ],
        "measured_columns": [
            "Étape",
            *(
                Column(label, numeric=True)
                for label in ("Données (ko)", "Requêtes", "Processeur (ms)", "Réponse (ms)", "Durée (ms)")
            ),
        ],
        "share_columns": ["Étape", Column("Part", numeric=True)],
        "share_rows": [[bar.label, bar.text] for bar in report.share_bars.bars],
        "measured_rows": [
            measured(each) for each in [*([report.reference] if report.reference else []), *report.steps]
        ],
        "run_columns": [
            "Répétition",
            *(
                Column(label, numeric=True)
                for label in ("Écoscore", "Données (ko)", "Requêtes", "Processeur (ms)", "Réponses (ms)")
            ),
            "Fin",
        ],
        "run_rows": [repeated(each) for each in report.runs],
        "facts": facts_of(result, report),
    }


def note(value: Any) -> str:
    return "sans objet" if value is None else format_number(value, 0)


def measured(line: reports.StepLine) -> list[str]:
    return [
        line.name,
        format_number(line.kilobytes, 1),
        format_number(line.requests),
        format_number(line.cpu_ms, 0),
        "sans objet" if line.response_ms is None else format_number(line.response_ms, 0),
        format_number(line.duration_ms, 0),
    ]


def repeated(line: reports.RunLine) -> list[str]:
    return [
        f"N°{NBSP}{line.number}",
        "sans objet" if line.score is None else format_number(line.score, 1),
        format_number(line.kilobytes, 1),
        format_number(line.requests),
        format_number(line.cpu_ms, 0),
        format_number(line.response_ms, 0),
        line.failure or "Menée à son terme",
    ]


def facts_of(result: Result, report: reports.Report) -> list[Item]:
    """How it was measured, for who must be able to check it."""
    content = report.content
    bench = content["bench"]
    isolated = "oui" if bench["is_isolated"] else "non\u00a0: le banc n’a pas pu isoler le navigateur"
    return [
        Item("Produit", content["application"]["product"]),
        Item("Application", f"{content['application']['name']} ({content['application']['address']})"),
        Item("Version mesurée", content["measure"]["version"]),
        Item("Mesuré le", timezone.localdate(result.measured_at)),
        Item("Répétitions", str(len(content["runs"]))),
        Item("Pauses", f"{format_number(reports.seconds(bench['pause_ms']))}{NBSP}s"),
        Item("Méthode", result.method),
        Item("Banc", f"{bench['version']}, {bench['platform']}"),
        Item("Navigateur", bench["browser"]),
        Item(
            "Étalonnage du processeur",
            f"{format_number(round(float(bench['calibration']), 3))} (1 = machine de référence)",
        ),
        Item("Temps de processeur", QUALITIES.get(bench["cpu_quality"], bench["cpu_quality"])),
        Item("Charge de la machine pendant la mesure", bench["load"]),
        Item("Navigateur isolé du réseau", isolated),
        *(Item("Remarque du banc", each) for each in bench["notes"]),
    ]


QUALITIES = {"measured": "mesuré", "estimated": "estimé", "coarse": "mesuré grossièrement", "absent": "non mesuré"}
