"""« Qui répond à quoi »."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from convergence.kernel.errors import TransitionRefused
from convergence.ui.typography import NBSP
from convergence.ui.values import Action, Badge, FilterTag, Link, Row, Tone
from convergence.ui.views import render_confirmation
from referencing.enrolment.answering.pages import Place, page_values
from referencing.teamwork.addresses import part_address
from referencing.teamwork.core import Scope, read_scope
from referencing.teamwork.enums import DelegationState
from referencing.teamwork.forms import DelegationForm
from referencing.teamwork.models import Delegation
from referencing.teamwork.selectors import Standing, load_standings
from referencing.teamwork.services import delegate, end_delegation
from referencing.teamwork.views.frame import colleagues_of, find_team_place, grid_of
from referencing.teamwork.wording import part_title

TITLE = "Qui répond à quoi"
TONES: dict[DelegationState, Tone] = {
    DelegationState.TO_ANSWER: "new",
    DelegationState.LATE: "error",
    DelegationState.ANSWERED: "success",
}
COLUMNS = ["Partie", "Confiée à", "Attendue le", "Avancement", "État", "Retirer"]


def state_badge(state: DelegationState) -> Badge:
    return Badge(str(state.label), TONES[state])


@dataclass(frozen=True, slots=True)
class Filters:
    """`person`: key of a colleague; `state`: value of a DelegationState; empty for all."""

    person: str = ""
    state: str = ""

    def address(self, base: str, **changed: str) -> str:
        asked = {"personne": self.person, "etat": self.state} | changed
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"{base}?{query}" if query else base


def _filters(request: HttpRequest) -> Filters:
    state = request.GET.get("etat", "")
    return Filters(request.GET.get("personne", ""), state if state in DelegationState.values else "")


@require_http_methods(["GET", "POST"])
@login_required
def delegation_list(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Every part that somebody answers, how far it is; below, the form that entrusts one more."""
    place = find_team_place(request, pk)
    standing = load_standings([place.enrolment])[place.enrolment.pk]
    colleagues = list(colleagues_of(place))
    if request.method == "GET":
        form = DelegationForm(standing, colleagues, initial=_initial(request))
        return _render(request, place, standing, form)
    form = DelegationForm(standing, colleagues, request.POST)
    scope = read_scope(request.POST.get("part", ""))
    if not form.is_valid() or scope is None:
        return _render(request, place, standing, form, status=422)
    values = form.cleaned_data
    try:
        delegation = delegate(
            enrolment_id=pk,
            scope=scope,
            assignee_id=UUID(values["assignee"]),
            due_on=values["due_on"],
            message=values["message"],
            actor=place.user,
            at=timezone.now(),
        )
    except TransitionRefused as refusal:
        form.add_blockers(refusal.blockers)
        return _render(request, place, standing, form, status=422)
    title = part_title(standing.grid, scope)
    messages.success(request, f"«{NBSP}{title}{NBSP}» est confié à {delegation.assignee}.")
    return redirect("teamwork:delegation_list", pk)


def _initial(request: HttpRequest) -> dict[str, Any]:
    """A link beside a criterion chooses it."""
    return {"part": request.GET.get("partie", "")}


def _render(
    request: HttpRequest, place: Place, standing: Standing, form: DelegationForm, *, status: int = 200
) -> HttpResponse:
    filters, today = _filters(request), timezone.localdate()
    base = reverse("teamwork:delegation_list", args=[place.enrolment.pk])
    delegations = list(
        Delegation.objects.visible_to(place.user)
        .standing()
        .filter(enrolment=place.enrolment)
        .select_related("assignee")
        .order_by("due_on", "created_at", "pk")
    )
    people = {str(each.assignee_id): str(each.assignee) for each in delegations}
    rows = [
        _row(place, standing, each, state)
        for each in delegations
        if (state := each.state_at(today, is_answered=standing.is_answered(each.scope)))
        and filters.state in ("", state.value)
        and filters.person in ("", str(each.assignee_id))
    ]
    tags = []
    if filters.person:
        tags.append(FilterTag(people.get(filters.person, "Personne inconnue"), filters.address(base, personne="")))
    if filters.state:
        tags.append(FilterTag(str(DelegationState(filters.state).label), filters.address(base, etat="")))
    values = {
        **page_values(place, TITLE),
        "page_title": TITLE,
        "columns": COLUMNS,
        "rows": rows,
        "count": len(rows),
        "has_any": bool(delegations),
        "people": sorted(people.items(), key=lambda each: each[1]),
        "states": DelegationState.choices,
        "filters": filters,
        "tags": tags,
        "clear_url": base if tags else "",
        "form": form,
        "can_write": place.access.can_write,
        "proposals_url": reverse("teamwork:proposal_list", args=[place.enrolment.pk]),
    }
    return render(request, "teamwork/delegation_list.html", values, status=status)


def _row(place: Place, standing: Standing, delegation: Delegation, state: DelegationState) -> Row:
    answered, total = standing.count(delegation.scope)
    key = place.enrolment.pk
    return Row(
        [
            part_title(standing.grid, delegation.scope),
            str(delegation.assignee),
            day_words(delegation.due_on),
            f"{answered}/{total}",
            state_badge(state),
            Link("Retirer", reverse("teamwork:delegation_end", args=[key, delegation.pk])),
        ],
        url=part_address(key, delegation.scope),
        detail=delegation.message,
    )


def day_words(day: date | None) -> Any:
    return day or "Sans date"


@require_http_methods(["GET", "POST"])
@login_required
def delegation_end(request: HttpRequest, pk: UUID, delegation: UUID) -> HttpResponse:
    """Ask, then take the part back."""
    place = find_team_place(request, pk)
    found = get_object_or_404(
        Delegation.objects.visible_to(place.user).filter(enrolment=place.enrolment).select_related("assignee"),
        pk=delegation,
    )
    back = reverse("teamwork:delegation_list", args=[pk])
    if found.ended_at is not None:
        return redirect(back)
    title = part_title(grid_of(place), found.scope)
    if request.method == "GET":
        text = (
            f"{found.assignee} n’aura plus à répondre à «{NBSP}{title}{NBSP}» et en sera prévenu. Ses réponses restent."
        )
        action = Action("Retirer", request.path, confirm_title="Retirer cette partie", confirm_text=text)
        return render_confirmation(request, action, cancel_url=back)
    try:
        end_delegation(delegation_id=found.pk, actor=place.user, at=timezone.now())
    except Delegation.DoesNotExist as gone:
        raise Http404 from gone
    messages.success(request, f"«{NBSP}{title}{NBSP}» n’est plus confié à {found.assignee}.")
    return redirect(back)


def scope_of(place: Place, code: str) -> Scope:
    """The part that one criterion is."""
    return Scope(grid_of(place).questionnaire_of[code].code, criterion=code)
