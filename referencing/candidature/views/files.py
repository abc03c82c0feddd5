"""A file taken in charge."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from convergence.accounts.requests import SignedInRequest
from convergence.audit.workflow import is_allowed
from convergence.kernel.errors import TransitionRefused
from convergence.ui.values import Action
from convergence.ui.views import render_confirmation
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.candidature.services import take_charge
from referencing.candidature.views.frame import get_file


def require_agent(request: SignedInRequest) -> None:
    if not request.user.access.reads_every_file:
        raise PermissionDenied("agents")


@require_http_methods(["GET", "POST"])
@login_required
def candidature_take(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Prendre en charge » (T16)."""
    require_agent(request)
    candidature = get_file(request, pk)
    page = reverse("candidature:candidature_detail", args=[pk])
    if not is_allowed(candidature, "take_charge", request.user):
        if request.method == "POST" and candidature.state == CandidatureState.APPLIED:
            raise PermissionDenied("take_charge")
        messages.info(request, "Cette candidature n’est plus à prendre en charge.")
        return redirect(page)
    action = Action(
        "Prendre en charge",
        reverse("candidature:candidature_take", args=[pk]),
        confirm_title="Prendre en charge la candidature",
        confirm_text="Vous devenez le référent de cette candidature.",
    )
    if request.method == "GET":
        return render_confirmation(request, action, cancel_url=page)
    try:
        take_charge(candidature_id=pk, actor=request.user)
    except Candidature.DoesNotExist as error:
        raise Http404 from error
    except TransitionRefused as refusal:
        values = {"action": action, "cancel_url": page, "blockers": refusal.blockers}
        return render(request, "candidature/candidature_take.html", values, status=422)
    messages.success(request, "Vous êtes le référent de cette candidature.")
    return redirect(page)
