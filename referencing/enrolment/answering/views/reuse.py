"""« Reprendre des réponses »: choose a product of the organisation, see what would be taken over and what not, confirm."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import NBSP
from convergence.ui.values import Row
from questionnaires.core import Grid
from questionnaires.models import ORIENTATION
from questionnaires.selectors import load_row
from questionnaires.services import Item, Reuse, StaleReuse, closed_reason, load_grid
from referencing.enrolment.answering.pages import Place, find_place, page_values, refused
from referencing.enrolment.models import Enrolment
from referencing.enrolment.reuse import preview, reusable_enrolments, take_answers_over

PAGE = "Reprendre des réponses"
SOURCES_LIMIT = 50


@require_http_methods(["GET", "POST"])
@login_required
def answers_reuse(request: HttpRequest, pk: UUID) -> HttpResponse:
    """`?source=` shows the preview; posting it back with its token takes the answers over, as drafts."""
    place = find_place(request, pk)
    place.access.require_write()
    if reason := closed_reason(load_row(place.enrolment.response, ORIENTATION)):
        return refused(request, place, reason, page=PAGE)
    sources = reusable_enrolments(place.enrolment, place.user)
    asked = (request.POST if request.method == "POST" else request.GET).get("source", "")
    if not asked:
        return _choose(request, place, list(sources[:SOURCES_LIMIT]))
    source = get_object_or_404(sources, pk=_as_uuid(asked))
    if request.method == "GET":
        return _preview(request, place, source, preview(enrolment=place.enrolment, source=source))
    try:
        taken = take_answers_over(
            enrolment=place.enrolment, source=source, token=request.POST.get("token", ""), actor=place.user
        )
    except StaleReuse as stale:
        messages.warning(request, f"Les réponses ont changé entre-temps{NBSP}: relisez ce qui sera repris.")
        return _preview(request, place, source, stale.preview, status=409)
    except TransitionRefused as refusal:
        shown = preview(enrolment=place.enrolment, source=source)
        return _preview(request, place, source, shown, blockers=refusal.blockers, status=422)
    files = sum(bool(each.file) for each in taken.taken)
    messages.success(
        request,
        f"{_count(len(taken.taken) - files, 'réponse')} et {_count(files, 'preuve')} de {source.label} sont reprises comme "
        "brouillon. Relisez-les, puis validez chaque questionnaire.",
    )
    return redirect("enrolment:questionnaire_list", pk)


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _count(count: int, noun: str) -> str:
    return f"{count}{NBSP}{noun}{'s' if count > 1 else ''}"


def _choose(request: HttpRequest, place: Place, sources: list[Enrolment]) -> HttpResponse:
    """Versions of the same product first."""
    name = place.enrolment.product.name.casefold()
    ordered = sorted(sources, key=lambda each: each.product.name.casefold() != name)
    rows = [
        Row(
            cells=[each.label, each.demarche.title, str(each.get_state_display())],
            url=f"{request.path}?source={each.pk}",
        )
        for each in ordered
    ]
    return render(
        request,
        "enrolment/answering/answers_reuse.html",
        {**page_values(place, PAGE), "source": None, "rows": rows, "columns": ["Produit", "Démarche", "État"]},
    )


def _preview(
    request: HttpRequest,
    place: Place,
    source: Enrolment,
    reuse: Reuse,
    *,
    blockers: Iterable[Blocker] = (),
    status: int = 200,
) -> HttpResponse:
    grid = load_grid(place.enrolment.response.definition)
    return render(
        request,
        "enrolment/answering/answers_reuse.html",
        {
            **page_values(place, PAGE),
            "source": source,
            "reuse": reuse,
            "taken": _by_questionnaire(grid, reuse.taken),
            "left": _by_questionnaire(grid, reuse.left),
            "blockers": list(blockers),
        },
        status=status,
    )


def _by_questionnaire(grid: Grid, items: Iterable[Item]) -> list[dict[str, Any]]:
    """The items of each questionnaire, in the order of the grid; what the grid no longer has comes last."""
    titles = {ORIENTATION: grid.orientation_title, **{each.code: each.title for each in grid.questionnaires}}
    found: dict[str, list[Item]] = {}
    for item in items:
        found.setdefault(item.questionnaire, []).append(item)
    order = list(titles)
    codes = sorted(found, key=lambda code: order.index(code) if code in titles else len(order))
    return [{"title": titles.get(code, "Hors de cette grille"), "items": found[code]} for code in codes]
