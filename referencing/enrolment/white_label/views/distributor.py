"""The distributor’s side: where its attachment stands, another solution, the nominal case (SC-22, BR-201)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from convergence.accounts.requests import SignedInRequest
from convergence.audit.workflow import is_allowed
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.products import rules as product_rules
from convergence.ui.values import Action, Row
from convergence.ui.views import render_confirmation
from referencing.enrolment.enums import STANDING_ATTACHMENTS, EnrolmentState, WhiteLabelRole
from referencing.enrolment.frame import frame
from referencing.enrolment.models import Enrolment
from referencing.enrolment.white_label.attachments import request_attachment
from referencing.enrolment.white_label.forms import SOLUTION_LIMIT, SolutionForm
from referencing.enrolment.white_label.nominal import become_nominal
from referencing.enrolment.white_label.notices import name_solution
from referencing.enrolment.white_label.selectors import list_solutions
from referencing.enrolment.white_label.views.producer import attachment_badge, cancel_action


def get_distributor(request: SignedInRequest, pk: UUID) -> Enrolment:
    """The enrolment of a distributor’s product, or 404."""
    return get_object_or_404(
        Enrolment.objects.visible_to(request.user).with_product().select_related("sheet"),
        pk=pk,
        white_label=WhiteLabelRole.DISTRIBUTOR,
    )


@require_http_methods(["GET", "POST"])
@login_required
def solution_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The demands of this product; when none stands, choose another solution. « Rechercher » only narrows the list."""
    enrolment = get_distributor(request, pk)
    may_commit = product_rules.can_commit(request.user, enrolment)
    if request.method == "POST" and not may_commit:
        raise PermissionDenied("solution_detail")
    solutions, is_longer = list_solutions(
        enrolment.demarche,
        text=request.POST.get("search", ""),
        chosen=request.POST.get("solution", ""),
        limit=SOLUTION_LIMIT,
        on=timezone.localdate(),
    )
    form = SolutionForm(solutions=solutions, initial=request.POST.dict())
    blockers: Sequence[Blocker] = ()
    if request.method == "POST" and "find" not in request.POST:
        form = SolutionForm(request.POST, solutions=solutions)
        if form.is_valid():
            try:
                request_attachment(enrolment_id=pk, pre_listing_id=form.chosen, actor=request.user)
            except TransitionRefused as refusal:
                blockers = refusal.blockers
            else:
                messages.success(request, "Votre demande de rattachement est envoyée à l’éditeur producteur.")
                return redirect("enrolment:solution_detail", pk)
    demands = list(
        enrolment.attachment_requests.select_related("pre_listing__enrolment__product__organisation").order_by(
            "-requested_at", "-pk"
        )
    )
    standing = next((each for each in demands if each.state in STANDING_ATTACHMENTS), None)
    if standing:
        standing.enrolment = enrolment
    may_choose = may_commit and standing is None and enrolment.state == EnrolmentState.ACTIVE
    return render(
        request,
        "enrolment/white_label/solution_detail.html",
        {
            **frame(enrolment, current=1, page="Rattachement à une solution"),
            "form": form,
            "blockers": blockers,
            "found": len(solutions),
            "is_longer": is_longer,
            "may_choose": may_choose,
            "standing": standing,
            "cancel": cancel_action(standing) if standing and is_allowed(standing, "cancel", request.user) else None,
            "may_end": standing is not None
            and standing.ends_on is None
            and is_allowed(standing, "break_off", request.user),
            "nominal": nominal_action(enrolment) if may_choose else None,
            "columns": ["Solution de l’éditeur producteur", "État", "Demandée", "Motif"],
            "rows": [
                Row(
                    cells=[name_solution(each.pre_listing), attachment_badge(each), each.requested_at, each.why],
                    url=reverse("enrolment:attachment_detail", args=[each.pk]),
                )
                for each in demands
            ],
        },
        status=422 if form.errors or blockers else 200,
    )


def nominal_action(enrolment: Enrolment) -> Action:
    address = reverse("enrolment:nominal_choose", args=[enrolment.pk])
    return Action(
        "Passer au cas nominal",
        address,
        style="secondary",
        confirm_url=address,
        confirm_title="Passer au cas nominal",
        confirm_text="Votre produit est évalué comme un produit unique : vous répondez vous-même à tous les critères. Vos "
        "réponses restent. Vous ne pourrez plus le rattacher à la solution d’un éditeur producteur.",
    )


@require_http_methods(["GET", "POST"])
@login_required
def nominal_choose(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Passer au cas nominal », asked once more (BR-201)."""
    enrolment = get_distributor(request, pk)
    if not product_rules.can_commit(request.user, enrolment):
        raise PermissionDenied("nominal_choose")
    back = reverse("enrolment:solution_detail", args=[pk])
    if request.method == "GET":
        return render_confirmation(request, nominal_action(enrolment), cancel_url=back)
    try:
        become_nominal(enrolment_id=pk, actor=request.user)
    except TransitionRefused as refusal:
        messages.error(request, str(refusal))
        return redirect(back)
    messages.success(request, "Votre produit est évalué comme un produit unique.")
    return redirect("pages:enrolment_detail", pk)
