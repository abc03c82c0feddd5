"""Public statistics, their open data, and the board of the listing team. Each page reads one row."""

from __future__ import annotations

import csv
import json
from io import StringIO
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from convergence.accounts.models import User
from convergence.accounts.requests import SignedInRequest
from convergence.accounts.rules import is_listing_team
from convergence.statistics.presenting import COLUMNS, SETS, present, present_board
from convergence.statistics.selectors import newest_snapshot
from convergence.ui.caching import share
from convergence.ui.typography import format_datetime

SHARED_FOR = 300  # seconds; as often as the figures are written again


@require_GET
def statistics_detail(request: HttpRequest) -> HttpResponse:
    snapshot = newest_snapshot()
    licence, licence_url = settings.CONVERGENCE["DATA_LICENCE"]
    response = render(
        request,
        "statistics/statistics_detail.html",
        {
            "snapshot": snapshot,
            "page": present(snapshot.figures) if snapshot else None,
            "sets": SETS,
            "columns": COLUMNS,
            "licence": licence,
            "licence_url": licence_url,
        },
    )
    return share(request, response, seconds=SHARED_FOR)


@require_GET
def statistics_export(request: HttpRequest, form: str) -> HttpResponse:
    """The figures of the page, all of them, as CSV (semicolons, decimal point, UTF-8) or JSON."""
    if form not in WRITERS:
        raise Http404
    snapshot = newest_snapshot()
    content_type, write = WRITERS[form]
    response = HttpResponse(write(snapshot), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="convergence-statistiques.{form}"'
    return share(request, response, seconds=SHARED_FOR)


def _write_csv(snapshot: Any) -> str:
    names = [name for name, _ in COLUMNS]
    file = StringIO()
    writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
    writer.writerow(names)
    for figure in snapshot.figures if snapshot else ():
        writer.writerow(["" if figure[name] is None else figure[name] for name in names])
    return file.getvalue()


def _write_json(snapshot: Any) -> str:
    licence, licence_url = settings.CONVERGENCE["DATA_LICENCE"]
    return json.dumps(
        {
            "titre": "Statistiques du référencement",
            "producteur": settings.CONVERGENCE["OPERATOR_NAME"],
            "licence": {"nom": licence, "adresse": licence_url},
            "etabli_le": snapshot.taken_at.isoformat() if snapshot else None,
            "jeux": {name: {"contenu": what, "periodes": periods} for name, what, periods in SETS},
            "colonnes": dict(COLUMNS),
            "donnees": snapshot.figures if snapshot else [],
        },
        ensure_ascii=False,
        indent=1,
    )


WRITERS = {"csv": ("text/csv; charset=utf-8", _write_csv), "json": ("application/json", _write_json)}


@require_GET
@login_required
def board_detail(request: SignedInRequest) -> HttpResponse:
    """Load, lateness, ages, people and months: totals of all files, which name none of them."""
    if not is_listing_team(request.user):
        raise PermissionDenied("board_detail")
    snapshot = newest_snapshot()
    names: dict[str, str] = {}
    if snapshot:
        people = {row["person"] for part in ("referents", "experts") for row in snapshot.board[part]} - {None}
        names = {str(person.pk): person.get_full_name() for person in User.objects.filter(pk__in=people)}
    return render(
        request,
        "statistics/board_detail.html",
        {
            "page": present_board(snapshot.board, names) if snapshot else None,
            "taken_at": format_datetime(snapshot.taken_at) if snapshot else "",
        },
    )
