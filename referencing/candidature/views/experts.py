"""Tab « Experts »: who examines each theme of a file (BR-110, A-21)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from convergence.accounts.requests import SignedInRequest
from convergence.accounts.rules import is_listing_team
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.values import Badge
from referencing.candidature.enums import CandidatureState
from referencing.candidature.forms.admission import SeatForm, files
from referencing.candidature.models import Candidature
from referencing.candidature.rules import is_instructor
from referencing.candidature.services.assignment import assign_experts, find_expert_blockers
from referencing.candidature.services.suggestions import Seat, list_seats
from referencing.candidature.views.frame import file_frame, get_file

if TYPE_CHECKING:
    from collections.abc import Sequence


@require_http_methods(["GET", "POST"])
@login_required
def expert_list(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Each theme with its expert, what this person carries, what interests were declared, and who else could do it."""
    candidature = get_file(request, pk)
    if not is_instructor(request.user, candidature):
        raise PermissionDenied("experts")
    if request.method == "POST" and not is_listing_team(request.user, candidature):
        raise PermissionDenied("assign_expert")
    seats = list_seats(candidature)
    data = request.POST if request.method == "POST" else None
    forms = [SeatForm(data, seat=seat) for seat in seats]
    if request.method == "GET" or not all(form.is_valid() for form in forms):
        return _render(request, candidature, seats, forms)
    changes = {str(form.prefix): form.change for form in forms if form.change}
    try:
        assign_experts(candidature_id=pk, changes=changes, actor=request.user)
    except TransitionRefused as refusal:
        by_prefix = {f"#id_{form.prefix}-expert": form for form in forms}
        left = []
        for blocker in refusal.blockers:
            if form := by_prefix.get(blocker.anchor):
                form.add_error("expert", blocker.message)
            else:
                left.append(blocker)
        return _render(request, candidature, seats, forms, blockers=left)
    messages.success(request, _done(len(changes)))
    return redirect("candidature:expert_list", pk)


def _done(number: int) -> str:
    if not number:
        return "Rien n’a changé."
    return "Le thème est réattribué." if number == 1 else f"{number} thèmes sont réattribués."


def _render(
    request: SignedInRequest,
    candidature: Candidature,
    seats: Sequence[Seat],
    forms: Sequence[SeatForm],
    blockers: Sequence[Blocker] = (),
) -> HttpResponse:
    may = candidature.state == CandidatureState.EVALUATION and is_listing_team(request.user, candidature)
    refused = bool(blockers) or any(form.is_bound and form.errors for form in forms)
    return render(
        request,
        "candidature/expert_list.html",
        {
            **file_frame(request, candidature, "experts"),
            "rows": [
                {
                    "seat": seat,
                    "form": form,
                    "badge": _badge(seat),
                    "load": files(seat.holder.load) if seat.holder else "",
                    "concerns": seat.holder.obstacles if seat.holder else (),
                    "has_lost_theme": bool(seat.review.expert) and seat.holder is None,
                    "barred": [each for each in seat.candidates if each.obstacles],
                }
                for seat, form in zip(seats, forms, strict=True)
            ],
            "all_forms": forms,
            "blockers": blockers,
            "closed": [] if may or seats else find_expert_blockers(candidature, None),
            "may": may,
        },
        status=422 if refused else 200,
    )


def _badge(seat: Seat) -> Badge:
    if seat.review.concluded_at:
        return Badge("Conclu", tone="success")
    return Badge("En cours", tone="info") if seat.review.expert_id else Badge("À désigner", tone="new")
