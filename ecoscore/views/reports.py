"""Results: the report, its printable twin, two results side by side, and what the bench saw."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from convergence.accounts.requests import SignedInRequest
from convergence.ui.typography import format_number
from convergence.ui.values import Column, Link, Row
from ecoscore import report as reports
from ecoscore.enums import Purpose
from ecoscore.models import Result, Screenshot
from ecoscore.printing import report_name, report_pdf_of, report_values
from ecoscore.views.applications import find_application, values_of

COMPARE_LIMIT = 60


def find_result(request: SignedInRequest, pk: UUID) -> Result:
    """One query. Raises Http404 for strangers."""
    return get_object_or_404(Result.objects.visible_to(request.user).with_measure(), pk=pk)


@require_GET
@login_required
def report_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The report of one result, read from its frozen payload."""
    result = find_result(request, pk)
    measure = result.measure
    link = Link(measure.label, reverse("ecoscore:measure_detail", args=[measure.pk]))
    return render(
        request,
        "ecoscore/report_detail.html",
        {
            **values_of(measure.application, link, Link("Rapport")),
            **report_values(result),
            "measure": measure,
            "pdf_url": reverse("ecoscore:report_pdf", args=[result.pk]),
        },
    )


@require_GET
@login_required
def report_pdf(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The report to print, to keep or to deposit."""
    result = find_result(request, pk)
    return HttpResponse(
        report_pdf_of(result),
        headers={
            "Content-Type": "application/pdf",
            "Content-Disposition": f'attachment; filename="{report_name(result)}"',
            "Cache-Control": "no-store, private",
        },
    )


@require_GET
@login_required
def report_compare(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Two results of an application side by side; those that do not compare are refused, with every reason."""
    application = find_application(request, pk)
    found = list(
        Result.objects.visible_to(request.user)
        .light()
        .filter(measure__application=application)
        .exclude(purpose=Purpose.ENVIRONMENT)
        .select_related("measure")
        .order_by("-measured_at")[:COMPARE_LIMIT]
    )
    known = {str(each.pk): each for each in found}
    chosen = [request.GET.get(name, "") for name in ("a", "b")]
    values: dict[str, Any] = {
        **values_of(application, Link("Comparer deux résultats")),
        "options": [(str(each.pk), option_label(each)) for each in found],
        "chosen_a": chosen[0] or (str(found[1].pk) if len(found) > 1 else ""),
        "chosen_b": chosen[1] or (str(found[0].pk) if found else ""),
        "reasons": [],
        "is_compared": False,
    }
    if any(chosen):
        if not all(each in known for each in chosen):
            raise Http404
        one, other = (Result.objects.select_related("measure").get(pk=known[each].pk) for each in chosen)
        values |= compare_values(one, other)
    return render(request, "ecoscore/report_compare.html", values)


def option_label(result: Result) -> str:
    score = f"{result.ecoscore} sur 100" if result.ecoscore is not None else "sans écoscore"
    return f"{result.measure.label}, passage {result.series}, {result.get_purpose_display().lower()}\u00a0: {score}"


def compare_values(one: Result, other: Result) -> dict[str, Any]:
    """Rows of the three tables, or the reasons why there are none."""
    contents = [each.content for each in (one, other)]
    if reasons := reports.differences(*contents):
        return {"reasons": reasons}
    a, b = (reports.read(each) for each in contents)
    names = list(dict.fromkeys([*(each.name for each in a.steps), *(each.name for each in b.steps)]))
    steps = [{each.name: each for each in report.steps} for report in (a, b)]
    return {
        "is_compared": True,
        "heads": [option_label(one), option_label(other)],
        "columns": [
            "Ce qui est comparé",
            Column("A", numeric=True),
            Column("B", numeric=True),
            Column("Écart", numeric=True),
        ],
        "factor_rows": [
            Row(cells=["Écoscore", *pair(a.ecoscore, b.ecoscore)]),
            *(
                Row(cells=[one.label, *pair(one.score, two.score)])
                for one, two in zip(a.factors, b.factors, strict=True)
            ),
        ],
        "step_rows": [
            Row(cells=[name, *pair(*(getattr(each.get(name), "score", None) for each in steps))]) for name in names
        ],
        "data_rows": [
            Row(cells=[name, *pair(*(getattr(each.get(name), "kilobytes", None) for each in steps), decimals=1)])
            for name in names
        ],
        "same_script": one.script_sha256 == other.script_sha256,
    }


def pair(one: Any, other: Any, *, decimals: int = 0) -> list[str]:
    """Both values and how much the second one is above the first."""
    texts = ["absente" if each is None else format_number(each, decimals) for each in (one, other)]
    if one is None or other is None:
        return [*texts, "–"]
    gap = other - one
    return [*texts, f"{'+' if gap > 0 else ''}{format_number(gap, decimals)}"]


@require_GET
@login_required
def screenshot_show(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """What the bench saw: an image that a browser drew, shown as an image and nothing else."""
    shot = get_object_or_404(Screenshot.objects.visible_to(request.user), pk=pk)
    try:
        with shot.image.open("rb") as file:
            content = file.read()
    except FileNotFoundError as gone:
        raise Http404 from gone
    return HttpResponse(
        content,
        headers={
            "Content-Type": shot.mime,
            "Content-Disposition": f'inline; filename="{slugify(shot.step)}.{shot.mime.removeprefix("image/")}"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
            "Cache-Control": "no-store, private",
        },
    )
