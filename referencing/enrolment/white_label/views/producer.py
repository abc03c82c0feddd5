"""The producer’s side: a demand, its answer, and the distributors of a solution (SC-21)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from convergence.accounts.requests import SignedInRequest
from convergence.audit.workflow import is_allowed
from convergence.database.search import search
from convergence.kernel.errors import TransitionRefused
from convergence.products import rules as product_rules
from convergence.ui.typography import format_date
from convergence.ui.values import Action, Badge, Item, Row, Tone
from convergence.ui.views import render_confirmation
from referencing.enrolment import rules
from referencing.enrolment.enums import AttachmentState, WhiteLabelRole
from referencing.enrolment.frame import frame
from referencing.enrolment.models import AttachmentRequest, Enrolment
from referencing.enrolment.white_label.attachments import (
    accept_attachment,
    announce_end,
    cancel_attachment,
    refuse_attachment,
)
from referencing.enrolment.white_label.delays import read_delays
from referencing.enrolment.white_label.forms import WhyForm
from referencing.enrolment.white_label.notices import name_solution
from referencing.enrolment.white_label.selectors import count_recovered, list_recovered

LIST_LIMIT = 200
TONES: dict[AttachmentState, Tone] = {
    AttachmentState.PENDING: "new",
    AttachmentState.ACCEPTED: "success",
    AttachmentState.REFUSED: "error",
    AttachmentState.BROKEN: "warning",
}


def attachment_badge(request: AttachmentRequest) -> Badge:
    state = AttachmentState(request.state)
    return Badge(state.label, tone=TONES.get(state, "neutral"))


def get_request(request: SignedInRequest, pk: UUID) -> AttachmentRequest:
    """The demand for either side and for the listing team, or 404."""
    return get_object_or_404(
        AttachmentRequest.objects.visible_to(request.user).select_related(
            "pre_listing__enrolment__product__organisation",
            "enrolment__product__organisation",
            "enrolment__demarche",
            "answered_by",
        ),
        pk=pk,
    )


def page_values(request: SignedInRequest, found: AttachmentRequest) -> dict[str, Any]:
    return {
        "found": found,
        "badge": attachment_badge(found),
        "solution": name_solution(found.pre_listing),
        "page_url": reverse("enrolment:attachment_detail", args=[found.pk]),
        "is_producer": rules.can_answer_attachment(request.user, found),
        "is_distributor": product_rules.is_member(request.user, found),
        "producer_url": reverse("enrolment:distributor_list", args=[found.pre_listing.enrolment_id])
        if request.user.access.is_member(found.pre_listing.enrolment.product.organisation_id)
        else "",
    }


@require_GET
@login_required
def attachment_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Who asks, where it stands, what may be done, and — codes and titles alone — what the distributor recovers."""
    found = get_request(request, pk)
    items = [
        Item("Éditeur distributeur", found.told_organisation),
        Item("Produit", found.told_product),
        *([Item("Pour le compte de", found.told_third_party)] if found.told_third_party else []),
        Item("Solution de l’éditeur producteur", name_solution(found.pre_listing)),
        Item("Date de réception", found.requested_at),
    ]
    if found.state == AttachmentState.PENDING:
        items.append(Item("À traiter avant le", format_date(found.expires_on)))
    if found.answered_at:
        items.append(Item("Traitée le", found.answered_at))
    if found.ends_on:
        items.append(Item("Prend fin le", format_date(found.ends_on)))
    if found.ended_at:
        items.append(Item("Terminée le", found.ended_at))
    if found.why:
        items.append(Item("Motif", found.why))
    return render(
        request,
        "enrolment/white_label/attachment_detail.html",
        {
            **page_values(request, found),
            "items": items,
            "may_answer": is_allowed(found, "accept", request.user),
            "may_cancel": is_allowed(found, "cancel", request.user),
            "may_end": found.ends_on is None and is_allowed(found, "break_off", request.user),
            "accept": accept_action(found),
            "cancel": cancel_action(found),
            "recovered": list_recovered(found) if found.state == AttachmentState.ACCEPTED else [],
        },
    )


def accept_action(found: AttachmentRequest) -> Action:
    address = reverse("enrolment:attachment_accept", args=[found.pk])
    return Action(
        "Accepter",
        address,
        confirm_url=address,
        confirm_title="Accepter la demande de rattachement",
        confirm_text=f"{found.told_organisation} récupérera vos réponses aux critères qui ne sont pas spécifiques, sans les "
        "lire : vos réponses, vos commentaires et vos preuves restent confidentiels. Vous pourrez mettre fin au "
        f"rattachement avec un préavis de {read_delays(found.enrolment.demarche).notice_days} jours.",
    )


def cancel_action(found: AttachmentRequest) -> Action:
    address = reverse("enrolment:attachment_cancel", args=[found.pk])
    return Action(
        "Annuler la demande",
        address,
        style="secondary",
        confirm_url=address,
        confirm_title="Annuler la demande de rattachement",
        confirm_text="L’éditeur producteur en est informé. Vous pourrez choisir une autre solution, ou passer au cas nominal.",
    )


@require_http_methods(["GET", "POST"])
@login_required
def attachment_accept(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Accepter », asked once more (BR-192)."""
    found = get_request(request, pk)
    if not rules.can_answer_attachment(request.user, found):
        raise PermissionDenied("attachment_accept")
    if request.method == "GET":
        if found.state != AttachmentState.PENDING:
            return redirect("enrolment:attachment_detail", pk)
        return render_confirmation(
            request, accept_action(found), cancel_url=reverse("enrolment:attachment_detail", args=[pk])
        )
    try:
        accept_attachment(request_id=pk, actor=request.user)
    except TransitionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{found.told_organisation} est rattaché à votre solution.")
    return redirect("enrolment:attachment_detail", pk)


@require_http_methods(["GET", "POST"])
@login_required
def attachment_refuse(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Refuser », with its reason."""
    found = get_request(request, pk)
    if not rules.can_answer_attachment(request.user, found):
        raise PermissionDenied("attachment_refuse")
    if request.method == "GET" and found.state != AttachmentState.PENDING:
        return redirect("enrolment:attachment_detail", pk)
    return _with_reason(
        request,
        found,
        service=refuse_attachment,
        title="Refuser la demande de rattachement",
        label="Refuser la demande",
        text=f"{found.told_organisation} reçoit votre refus et son motif. Un refus ne peut pas être annulé ; l’éditeur "
        "distributeur peut faire une nouvelle demande.",
        done="La demande est refusée ; l’éditeur distributeur en est informé.",
    )


@require_http_methods(["GET", "POST"])
@login_required
def attachment_cancel(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The distributor takes its demand back."""
    found = get_request(request, pk)
    if not rules.can_cancel_attachment(request.user, found):
        raise PermissionDenied("attachment_cancel")
    if request.method == "GET":
        return render_confirmation(
            request, cancel_action(found), cancel_url=reverse("enrolment:attachment_detail", args=[pk])
        )
    try:
        cancel_attachment(request_id=pk, actor=request.user)
    except TransitionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Votre demande de rattachement est annulée.")
    return redirect("enrolment:solution_detail", found.enrolment_id)


@require_http_methods(["GET", "POST"])
@login_required
def attachment_end(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Either side gives the attachment up, with the notice of the démarche."""
    found = get_request(request, pk)
    if not rules.can_end_attachment(request.user, found):
        raise PermissionDenied("attachment_end")
    days = read_delays(found.enrolment.demarche).notice_days
    return _with_reason(
        request,
        found,
        service=announce_end,
        title="Mettre fin au rattachement",
        label="Mettre fin au rattachement",
        text=f"Le rattachement de {found.told_product} à la solution {name_solution(found.pre_listing)} prendra fin dans "
        f"{days} jours. L’autre éditeur en est informé dès maintenant. Ensuite, l’éditeur distributeur répondra lui-même à "
        "tous les critères ; ses dossiers déjà générés ne changent pas.",
        done="La fin du rattachement est annoncée.",
    )


def _with_reason(
    request: SignedInRequest, found: AttachmentRequest, *, service: Any, title: str, label: str, text: str, done: str
) -> HttpResponse:
    form = WhyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            service(request_id=found.pk, why=form.cleaned_data["why"], actor=request.user)
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
        else:
            messages.success(request, done)
            return redirect("enrolment:attachment_detail", found.pk)
    return render(
        request,
        "enrolment/white_label/attachment_why.html",
        {**page_values(request, found), "form": form, "page_title": title, "label": label, "text": text},
        status=422 if form.errors else 200,
    )


@require_GET
@login_required
def distributor_list(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Who is attached to a producer’s solution, who waits, and how many criteria each recovers."""
    enrolment = get_object_or_404(
        Enrolment.objects.visible_to(request.user).with_product().select_related("sheet"),
        pk=pk,
        white_label=WhiteLabelRole.PRODUCER,
    )
    text = request.GET.get("q", "").strip()
    found = AttachmentRequest.objects.visible_to(request.user).filter(pre_listing__enrolment=enrolment)
    found = search(found, text, "told_organisation", "told_product", "told_third_party")
    requests = list(found.select_related("pre_listing", "enrolment").order_by("-requested_at", "-pk")[:LIST_LIMIT])
    counts = count_recovered(requests)
    rows = [
        Row(
            cells=[
                each.told_organisation,
                each.told_product,
                each.told_third_party,
                attachment_badge(each),
                each.requested_at,
                _recovered(each, counts),
            ],
            url=reverse("enrolment:attachment_detail", args=[each.pk]),
        )
        for each in requests
    ]
    return render(
        request,
        "enrolment/white_label/distributor_list.html",
        {
            **frame(enrolment, current=1, page="Distributeurs"),
            "rows": rows,
            "columns": [
                "Éditeur distributeur",
                "Produit",
                "Pour le compte de",
                "État",
                "Date de réception",
                "Critères récupérés",
            ],
            "text": text,
        },
    )


def _recovered(request: AttachmentRequest, counts: dict[UUID, int]) -> str:
    """« 30 sur 34 »: recovered now, among those that the pre-listing offers."""
    if request.state != AttachmentState.ACCEPTED:
        return ""
    return f"{counts.get(request.pk, 0)} sur {len(request.pre_listing.offer.get('recoverable', []))}"
