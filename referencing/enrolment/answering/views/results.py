"""« Voir les résultats » (SC-15): radar, levels reached, recommendations, history of validations, workbook."""

from __future__ import annotations

from io import BytesIO
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from convergence.documents.xlsx import write_workbook
from convergence.ui.typography import NBSP, in_paris, join_no_break
from convergence.ui.values import Badge, Item, Link, Row
from questionnaires.core import Criterion, Kind, anchor
from questionnaires.enums import Status
from questionnaires.models import QuestionnaireResponse, Validation
from questionnaires.selectors import Results, load_results, load_row, load_validation
from questionnaires.services import closed_reason, load_grid
from referencing.enrolment.answering import results as reading
from referencing.enrolment.answering.pages import Place, find_place, page_values, refused, state_badge
from referencing.enrolment.answering.wording import nature_badge

REACHED = {True: Badge("Atteint", "success"), False: Badge("Non atteint", "error")}


def find_results(place: Place, code: str) -> Results:
    """Raises Http404 for a questionnaire that the grid does not have."""
    try:
        return load_results(place.enrolment.response, code)
    except (QuestionnaireResponse.DoesNotExist, KeyError) as unknown:
        raise Http404 from unknown


@require_GET
@login_required
def questionnaire_results(request: HttpRequest, pk: UUID, code: str) -> HttpResponse:
    place = find_place(request, pk)
    results = find_results(place, code)
    if results.state in (Status.UNAVAILABLE, Status.NOT_APPLICABLE) and (
        reason := closed_reason(load_row(place.enrolment.response, code))
    ):
        return refused(request, place, reason, page=results.title)
    form_url = reverse("enrolment:questionnaire_form", args=[pk, code])
    axes = [section.section.title for section in results.sections]
    series = reading.radar_series(results)
    shows_draft = reading.has_newer_draft(results)
    export = reverse("enrolment:results_export", args=[pk, code]) if results.validated_at else ""
    return render(
        request,
        "enrolment/answering/questionnaire_results.html",
        {
            **page_values(place, f"Résultats{NBSP}: {results.title}"),
            "results": results,
            "state": state_badge(results.state),
            "reached": REACHED[results.is_reached] if results.is_reached is not None and results.validated_at else None,
            "radar": {"axes": axes, "series": series, "maximum": reading.MAXIMA[results.kind]},
            "radar_unit": reading.UNITS[results.kind],
            "has_radar": results.kind is not Kind.DOCUMENTS and len(axes) >= 3,
            "recovered": sum(each.is_recovered for each in reading.criteria(results)),
            "is_levels": results.kind is Kind.LEVELS,
            "not_reached": [_link(each, form_url) for each in reading.not_reached(results)],
            "recommendations": [
                (_link(criterion, form_url), join_no_break(text)) for criterion, text in reading.recommended(results)
            ],
            "columns": ["Critère", "Nature", "Réponse validée", "Résultat", *(["Brouillon"] if shows_draft else [])],
            "rows": _criterion_rows(results, form_url, shows_draft=shows_draft),
            "history_columns": ["N°", "Validé le", "Par", "Niveau d’auto-évaluation"],
            "history": [
                Row(
                    [
                        f"N° {each.number}",
                        each.at,
                        each.by,
                        REACHED[each.is_reached] if each.is_reached is not None else "",
                    ],
                    url=reverse("enrolment:validation_detail", args=[pk, code, each.number]),
                )
                for each in results.history
            ],
            "form_url": form_url,
            "export_url": export,
        },
    )


def _link(criterion: Criterion, form_url: str) -> Link:
    return Link(f"{criterion.code} {join_no_break(criterion.title)}", f"{form_url}#{anchor(criterion.code)}")


def _criterion_rows(results: Results, form_url: str, *, shows_draft: bool) -> list[Row]:
    rows = []
    for each in reading.criteria(results):
        criterion = each.criterion
        result: Badge | str = ""
        if each.is_reached is not None:
            result = REACHED[each.is_reached] if criterion.is_obligation else "Sans minimum"
        cells = [
            _link(criterion, form_url),
            nature_badge(criterion).label,
            reading.validated_words(each) or _deposited(results.kind, each.validated is not None),
            result,
        ]
        if shows_draft:
            cells.append(reading.draft_words(each))
        rows.append(Row(cells))
    return rows


def _deposited(kind: Kind, is_validated: bool) -> str:
    return "Documents déposés" if kind is Kind.DOCUMENTS and is_validated else ""


@require_GET
@login_required
def validation_detail(request: HttpRequest, pk: UUID, code: str, number: int) -> HttpResponse:
    """One validation, beside an earlier one: `?avec=` names it, the previous one by default (BR-068)."""
    place = find_place(request, pk)
    results = find_results(place, code)
    grid = load_grid(place.enrolment.response.definition)
    validation = _validation(place, code, number)
    asked = request.GET.get("avec", "")
    other = int(asked) if asked.isdecimal() and len(asked) < 6 else number - 1
    before = _validation(place, code, other) if other > 0 and other != number else None
    content = reading.describe_validation(grid, code, validation)
    return render(
        request,
        "enrolment/answering/validation_detail.html",
        {
            **page_values(place, f"{results.title}{NBSP}: validation n° {number}"),
            "results": results,
            "validation": validation,
            "before": before,
            "differences": reading.compare_validations(grid, code, before, validation) if before else [],
            "numbers": [each.number for each in results.history if each.number != number],
            "items": [
                Item(f"{each} {grid.criteria[each].title}" if each in grid.criteria else each, text)
                for each, text in content.items()
            ],
            "results_url": reverse("enrolment:questionnaire_results", args=[pk, code]),
        },
    )


def _validation(place: Place, code: str, number: int) -> Validation:
    """Raises Http404."""
    try:
        return load_validation(place.enrolment.response, code, number)
    except Validation.DoesNotExist as unknown:
        raise Http404 from unknown


@require_GET
@login_required
def results_export(request: HttpRequest, pk: UUID, code: str) -> FileResponse:
    """« Télécharger »: the last validated answers as a workbook (BR-069); 404 when nothing is validated."""
    place = find_place(request, pk)
    results = find_results(place, code)
    if results.validated_at is None:
        raise Http404
    file = BytesIO()
    title = f"{results.title} – {place.enrolment.label}"
    write_workbook([reading.workbook_sheet(results)], file, title=title)
    file.seek(0)
    name = f"resultats-{code}-{place.enrolment.number}-{in_paris(results.validated_at):%Y%m%d}.xlsx"
    return FileResponse(file, as_attachment=True, filename=name)
