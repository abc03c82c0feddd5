"""Exchange scope form (A-11), one section per interface and direction that the orientation names."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from convergence.accounts.requests import SignedInRequest
from convergence.kernel.errors import TransitionRefused
from convergence.products import rules as product_rules
from referencing.enrolment.exchange import find_exchange_blockers, list_pairs, save_exchange_scope
from referencing.enrolment.forms import ExchangeScopeForm
from referencing.enrolment.frame import frame
from referencing.enrolment.models import ExchangeScope
from referencing.enrolment.views.sheet import get_enrolment


@require_http_methods(["GET", "POST"])
@login_required
def exchange_scope(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Describe each exchange; nothing is asked of a product that exchanges nothing."""
    enrolment = get_enrolment(request, pk)
    may_edit = product_rules.can_edit(request.user, enrolment)
    if request.method == "POST" and not may_edit:
        raise PermissionDenied("exchange_scope")
    orientation = enrolment.response.orientation or {}
    pairs = list_pairs(enrolment, orientation)
    scopes = {(scope.api, scope.direction): scope for scope in enrolment.exchange_scopes.all()}
    sections = [
        (
            f"{api}-{direction}",
            f"{api.label} – {direction.label}",
            ExchangeScopeForm(
                request.POST if request.method == "POST" else None,
                instance=scopes.get((api, direction))
                or ExchangeScope(enrolment=enrolment, api=api, direction=direction),
                prefix=f"{api}-{direction}",
            ),
        )
        for api, direction in pairs
    ]
    blockers: list[object] = []
    validities = [form.is_valid() for _, _, form in sections]  # every form speaks, not only the first that refuses
    if request.method == "POST" and all(validities):
        try:
            save_exchange_scope(
                enrolment_id=pk,
                values=[(pair, form.cleaned_data) for pair, (_, _, form) in zip(pairs, sections, strict=True)],
                actor=request.user,
            )
        except TransitionRefused as refusal:
            blockers = list(refusal.blockers)
        else:
            messages.success(request, "La description de vos échanges est enregistrée.")
            return redirect("enrolment:exchange_scope", pk)
    refused = bool(blockers) or any(form.errors for _, _, form in sections)
    return render(
        request,
        "enrolment/exchange_scope.html",
        {
            **frame(enrolment, current=3, convention_done=True, page="Échanges avec Mon espace santé"),
            "sections": sections,
            "remaining": find_exchange_blockers(enrolment, orientation) if not refused else blockers,
            "may_edit": may_edit,
        },
        status=422 if refused else 200,
    )
