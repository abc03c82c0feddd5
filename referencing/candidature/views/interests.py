"""« Mes liens d’intérêts »: what an agent declared, and declaring anew (A-21)."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from convergence.accounts.requests import SignedInRequest
from convergence.interests.core import InterestLine
from convergence.interests.enums import Nature
from convergence.interests.forms import LINE_FIELDS, MAX_LINES, NONE, SOME, DeclarationForm, declared_rows, typed_rows
from convergence.interests.models import InterestDeclaration
from convergence.interests.rules import may_declare
from convergence.ui.fields import summary_title
from convergence.ui.typography import format_date
from convergence.ui.values import Badge, Link
from referencing.candidature.services.interests import declare_interests, files_named_by

LINE_COLUMNS = ["Structure", "Nature du lien", "Période", "Précisions"]
HOME = "Mes liens d’intérêts"


def _require_agent(request: SignedInRequest) -> None:
    if not may_declare(request.user):
        raise PermissionDenied("interests")


@require_GET
@login_required
def interest_list(request: SignedInRequest) -> HttpResponse:
    """The declaration that counts, and the earlier ones."""
    _require_agent(request)
    declarations = list(
        InterestDeclaration.objects.visible_to(request.user).newest_first().prefetch_related("interests__organisation")
    )
    newest = declarations[0] if declarations else None
    return render(
        request,
        "candidature/interest_list.html",
        {
            "crumbs": [Link(HOME)],
            "newest": newest,
            "badge": _badge(newest),
            "rows": [_cells(_as_line(interest)) for interest in newest.interests.all()] if newest else [],
            "columns": LINE_COLUMNS,
            "history": [
                [
                    declaration.declared_at,
                    format_date(declaration.expires_on),
                    "Aucun lien"
                    if declaration.has_none
                    else [
                        f"{interest.name} ({interest.get_nature_display()})" for interest in declaration.interests.all()
                    ],
                ]
                for declaration in declarations[1:]
            ],
            "history_columns": ["Déclarée", "Valable jusqu’au", "Liens"],
        },
    )


@require_http_methods(["GET", "POST"])
@login_required
def interest_declare(request: SignedInRequest) -> HttpResponse:
    """Lines come and go by plain posts; nothing is kept before the recap is confirmed."""
    _require_agent(request)
    if request.method == "GET":
        newest = (
            InterestDeclaration.objects.visible_to(request.user).newest_first().prefetch_related("interests").first()
        )
        situation = "" if newest is None else NONE if newest.has_none else SOME
        return _render_form(request, DeclarationForm(situation=situation, rows=declared_rows(newest)))
    action, rows = request.POST.get("action", ""), typed_rows(request.POST)
    if action == "add":
        rows.append({})
        return _render_form(request, _typed(request, rows))
    if action == "edit":
        return _render_form(request, _typed(request, rows))
    if (number := action.removeprefix("remove-")).isdecimal():
        rows = [row for index, row in enumerate(rows) if index != int(number)]
        return _render_form(request, _typed(request, rows))
    form = DeclarationForm(request.POST)
    if not form.is_valid():
        return _render_form(request, form, status=422)
    if action != "confirm":
        return _render_recap(request, form)
    declaration = declare_interests(
        person=request.user, lines=form.as_lines(), has_none=form.has_none, at=timezone.now()
    )
    messages.success(
        request, f"Votre déclaration est enregistrée. Elle est valable jusqu’au {format_date(declaration.expires_on)}."
    )
    return redirect("candidature:interest_list")


def _typed(request: SignedInRequest, rows: list[dict[str, str]]) -> DeclarationForm:
    return DeclarationForm(situation=request.POST.get("situation", ""), rows=rows)


def _render_form(request: SignedInRequest, form: DeclarationForm, *, status: int = 200) -> HttpResponse:
    errors = form.errors
    return render(
        request,
        "candidature/interest_declare.html",
        {
            "crumbs": [Link(HOME, reverse("candidature:interest_list")), Link("Déclarer")],
            "form": form,
            "errors": errors,
            "errors_title": summary_title(len(errors)),
            "may_add": len(form.lines) < MAX_LINES,
        },
        status=status,
    )


def _render_recap(request: SignedInRequest, form: DeclarationForm) -> HttpResponse:
    """What will be declared and what it changes, before it is."""
    lines = form.as_lines()
    return render(
        request,
        "candidature/interest_recap.html",
        {
            "crumbs": [Link(HOME, reverse("candidature:interest_list")), Link("Vérifier")],
            "rows": [_cells(line) for line in lines],
            "columns": LINE_COLUMNS,
            "files": [file.enrolment.label for file in files_named_by(request.user, lines)],
            "hidden": [(name, value) for name, value in request.POST.items() if _is_typed(name)],
        },
    )


def _is_typed(name: str) -> bool:
    return name in ("situation", "lines") or (name.startswith("lien-") and name.rpartition("-")[2] in LINE_FIELDS)


def _badge(newest: InterestDeclaration | None) -> Badge:
    if newest is None:
        return Badge("À faire", tone="warning")
    return Badge("À jour", tone="success") if newest.is_current(at=timezone.now()) else Badge("Expirée", tone="error")


def _as_line(interest: object) -> InterestLine:
    return InterestLine(**{name: getattr(interest, name) for name in LINE_FIELDS})


def _cells(line: InterestLine) -> list[str]:
    since = f"depuis le {format_date(line.since)}" if line.since else ""
    if line.until:
        ended = f"au {format_date(line.until)}"
        since = f"du {format_date(line.since)} {ended}" if line.since else f"jusqu’{ended}"
    return [line.name, str(Nature(line.nature).label), since or "en cours", line.detail]
