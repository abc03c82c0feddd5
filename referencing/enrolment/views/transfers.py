"""« Transmettre le produit »: to a colleague, or to another organisation that accepts or refuses."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from convergence.accounts.requests import SignedInRequest
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.products import rules as product_rules
from convergence.products.models import Product
from convergence.ui.typography import format_date
from convergence.ui.values import Badge, Item, Tone
from referencing.enrolment.enums import TransferState
from referencing.enrolment.models import ProductTransfer
from referencing.enrolment.transfers import services
from referencing.enrolment.transfers.forms import ColleagueForm, OfferForm, RefusalForm

TONES: dict[str, Tone] = {
    TransferState.OFFERED: "info",
    TransferState.ACCEPTED: "success",
    TransferState.REFUSED: "error",
    TransferState.CANCELLED: "neutral",
    TransferState.EXPIRED: "neutral",
}


@require_http_methods(["GET", "POST"])
@login_required
def product_transfer(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Two forms: a colleague at once, another organisation with its consent."""
    products = Product.objects.visible_to(request.user).select_related("organisation", "owner")
    product = get_object_or_404(products, pk=pk)
    if not product_rules.can_commit(request.user, product):
        raise PermissionDenied("product_transfer")
    people = services.list_colleagues(product)
    target = request.POST.get("target", "")
    colleague = ColleagueForm(request.POST if target == "colleague" else None, people=people)
    offer = OfferForm(request.POST if target == "organisation" else None)
    obstacles = services.find_transfer_blockers(product)
    if request.method == "POST":
        try:
            if target == "colleague" and colleague.is_valid():
                chosen = colleague.cleaned_data["colleague"]
                services.hand_to_colleague(product_id=pk, colleague_id=chosen, actor=request.user)
                messages.success(request, "Votre collègue est maintenant responsable du produit.")
                return redirect("pages:product_detail", pk)
            if target == "organisation" and offer.is_valid():
                transfer = services.offer_product(product_id=pk, actor=request.user, **offer.cleaned_data)
                messages.success(request, f"La transmission est proposée à {transfer.recipient.name}.")
                return redirect("enrolment:transfer_detail", transfer.pk)
        except TransitionRefused as refusal:
            form = colleague if target == "colleague" else offer
            form.add_blockers([each for each in refusal.blockers if each not in obstacles])
    return render(
        request,
        "enrolment/product_transfer.html",
        {
            "product": product,
            "colleague_form": colleague,
            "has_colleagues": bool(people),
            "offer_form": offer,
            "offered": ProductTransfer.objects.offered().filter(product=product).first(),
            "answer_days": settings.TRANSFERS["ANSWER_DAYS"],
            "obstacles": obstacles,
        },
        status=422 if request.method == "POST" else 200,
    )


def _find(request: SignedInRequest, transfer: UUID) -> ProductTransfer:
    rows = ProductTransfer.objects.visible_to(request.user)
    return get_object_or_404(
        rows.select_related("product__organisation", "recipient", "offered_by", "answered_by", "successor"), pk=transfer
    )


@require_http_methods(["GET", "POST"])
@login_required
def transfer_detail(request: SignedInRequest, transfer: UUID) -> HttpResponse:
    """What is offered and what it entails; the recipient accepts or refuses, the other side may cancel."""
    found = _find(request, transfer)
    may_answer = request.user.access.is_manager(found.recipient_id)
    form, status = RefusalForm(), 200
    blockers: Iterable[Blocker] = ()
    if request.method == "POST":
        if not may_answer:
            raise PermissionDenied("transfer_detail")
        form = RefusalForm(request.POST)
        try:
            if request.POST.get("decision") == "accept":
                accepted = services.accept_product(transfer_id=found.pk, actor=request.user)
                messages.success(request, "Le produit est dans votre catalogue. Complétez sa fiche administrative.")
                return redirect("pages:product_detail", accepted.successor_id)
            if form.is_valid():
                services.refuse_product(transfer_id=found.pk, why=form.cleaned_data["why"], actor=request.user)
                messages.success(request, "La transmission est refusée.")
                return redirect("enrolment:transfer_detail", found.pk)
        except TransitionRefused as refusal:
            blockers = refusal.blockers
        status = 422
    is_offered = found.state == TransferState.OFFERED
    items = [
        Item("Produit", found.told_product),
        Item("Transmis par", found.told_organisation),
        Item("Repris par", found.recipient.name),
        Item("Proposé le", found.offered_at),
    ]
    if is_offered:
        items.append(Item("À traiter avant le", format_date(found.expires_on)))
    if found.ended_at:
        items.append(Item("Expirée le", found.ended_at))
    if found.message:
        items.append(Item("Message", found.message))
    if found.why:
        items.append(Item("Motif du refus", found.why))
    own = found.product if request.user.access.is_member(found.product.organisation_id) else None
    may_commit = bool(product_rules.can_commit(request.user, found.product))
    return render(
        request,
        "enrolment/transfer_detail.html",
        {
            "transfer": found,
            "badge": Badge(str(found.get_state_display()), tone=TONES[found.state]),
            "items": items,
            "is_offered": is_offered,
            "may_answer": is_offered and may_answer,
            "may_cancel": is_offered and may_commit,
            "is_expired": found.state == TransferState.EXPIRED,
            "offer_again_url": reverse("enrolment:product_transfer", args=[found.product_id]) if may_commit else "",
            "product_url": reverse("pages:product_detail", args=[own.pk]) if own else "",
            "successor_url": reverse("pages:product_detail", args=[found.successor_id])
            if found.successor and request.user.access.is_member(found.recipient_id)
            else "",
            "form": form,
            "blockers": list(blockers),
        },
        status=status,
    )


@require_POST
@login_required
def transfer_cancel(request: SignedInRequest, transfer: UUID) -> HttpResponse:
    """The side that offered withdraws its offer."""
    found = _find(request, transfer)
    try:
        services.cancel_offer(transfer_id=found.pk, actor=request.user)
    except TransitionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "La transmission n’est plus proposée.")
    return redirect("enrolment:transfer_detail", found.pk)
