"""Countersigning: the table of ministry and Cnam, and where the convention of one service stands (A-03, A-04)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.accounts.requests import SignedInRequest
from convergence.kernel.errors import TransitionRefused
from convergence.ui.typography import NBSP, format_date
from convergence.ui.values import Action, Badge, Link
from convergence.ui.views import render_confirmation
from referencing.convention.enums import AnnexState
from referencing.convention.models import Annex, Convention, Signable
from referencing.convention.rules import can_send_annex
from referencing.decision.enums import Party
from referencing.decision.forms.acts import BatchForm
from referencing.decision.models import Countersignature
from referencing.decision.rules import can_countersign, reads_decisions
from referencing.decision.selectors.conventions import (
    awaiting_party,
    convention_blockers,
    covering_annex,
    reachable_conventions,
)
from referencing.decision.selectors.current import current_decision
from referencing.decision.services.countersigning import (
    countersign_conventions,
    latest_document,
    party_of,
    prepare_annex,
    send_annex_again,
    signatures_of,
)
from referencing.decision.views.frame import serve, status_of

LIST_LIMIT = 100


@require_http_methods(["GET", "POST"])
@login_required
def convention_list(request: SignedInRequest) -> HttpResponse:
    """What this party has not signed yet; several are signed at once, after one more question."""
    user = request.user
    if not can_countersign(user):
        raise PermissionDenied("countersign")
    party = party_of(user)
    waiting = list(awaiting_party(user, party).select_related("enrolment__product__organisation")[:LIST_LIMIT])
    rows = [
        (str(each.pk), f"{each.enrolment.label}{NBSP}: {each.enrolment.product.organisation.name}") for each in waiting
    ]
    arguments: dict[str, Any] = {"rows": rows, "label": "Conventions à signer", "phrase": "au moins une convention"}
    if request.method == "GET":
        return _render_list(request, BatchForm(initial=_last_signatory(request, party), **arguments), waiting, party)
    data = request.POST.copy()
    data.setlist("rows", [key for each in request.POST.getlist("rows") for key in each.split(",")])
    form = BatchForm(data, **arguments)
    if not form.is_valid():
        return _render_list(request, form, waiting, party)
    if "confirmed" not in request.POST:
        return _confirm(request, form)
    try:
        made = countersign_conventions(
            convention_ids=[UUID(each) for each in form.cleaned_data["rows"]],
            signatory=form.signatory(email=user.email),
            signed_on=form.cleaned_data["signed_on"],
            actor=user,
        )
    except TransitionRefused as refusal:
        form.add_blockers(refusal.blockers)
        return _render_list(request, form, waiting, party)
    messages.success(request, f"{len(made)} documents sont signés." if len(made) > 1 else "Un document est signé.")
    return redirect("decision:convention_list")


def _last_signatory(request: SignedInRequest, party: str) -> dict[str, Any]:
    last = Countersignature.objects.filter(signed_by=request.user, party=party).order_by("-signed_at").first()
    if last is None:
        return {"signatory_name": request.user.get_full_name()}
    return {
        "signatory_name": last.signatory_name,
        "signatory_quality": last.signatory_quality,
        "delegation": last.delegation,
        "delegation_from": last.delegation_from,
        "delegation_until": last.delegation_until,
    }


def _confirm(request: SignedInRequest, form: BatchForm) -> HttpResponse:
    values = form.cleaned_data
    count = len(values["rows"])
    services = f"{count} services" if count > 1 else "un service"
    action = Action(
        "Signer",
        reverse("decision:convention_list"),
        confirm_title="Signer les conventions",
        confirm_text=f"{values['signatory_name']}, {values['signatory_quality']}, signe la convention de {services}, et son annexe "
        f"quand l’éditeur l’a signée, à la date du {format_date(values['signed_on'])}. Une signature ne se retire pas.",
        hidden={
            **{name: form.data.get(name, "") for name in form.fields if name != "rows"},
            "rows": ",".join(values["rows"]),
            "confirmed": "1",
        },
    )
    return render_confirmation(request, action, cancel_url=reverse("decision:convention_list"))


def _render_list(request: SignedInRequest, form: BatchForm, waiting: list[Convention], party: str) -> HttpResponse:
    return render(
        request,
        "decision/convention_list.html",
        {
            "form": form,
            "has_rows": bool(waiting),
            "party": Party(party).label,
            "links": [
                Link(each.enrolment.label, reverse("decision:convention_detail", args=[each.enrolment_id]))
                for each in waiting
            ],
        },
        status=status_of(form),
    )


def get_convention(request: SignedInRequest, pk: UUID) -> Convention:
    """By its enrolment; 404 for whoever may not see it."""
    return get_object_or_404(
        Convention.objects.filter(pk__in=reachable_conventions(request.user).values("pk"))
        .with_enrolment()
        .with_documents(),
        enrolment=pk,
    )


@require_GET
@login_required
def convention_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Who has signed the convention and its annex, and what is missing before publication."""
    convention = get_convention(request, pk)
    enrolment = convention.enrolment
    decision = current_decision(enrolment)
    annex = covering_annex(convention, decision.scope) if decision and decision.scope else None
    blockers = convention_blockers(enrolment)
    waits = annex is not None and annex.state in (AnnexState.TO_SEND, AnnexState.TO_SIGN)
    may_send = bool(can_send_annex(request.user)) and decision is not None and bool(decision.scope)
    return render(
        request,
        "decision/convention_detail.html",
        {
            "label": enrolment.label,
            "enrolment": enrolment,
            "crumbs": [
                Link("Conventions à signer", reverse("decision:convention_list"))
                if can_countersign(request.user)
                else Link("Décisions", reverse("decision:decision_list")),
                Link(enrolment.label),
            ],
            "badge": Badge("En vigueur", tone="success") if not blockers else Badge("Signatures à venir", tone="info"),
            "blockers": blockers,
            "columns": ["Partie", "Signataire", "Signée le"],
            "convention_rows": _signature_rows(convention),
            "annex": annex,
            "annex_rows": _signature_rows(annex) if annex and annex.signed_document else [],
            "annex_state": str(annex.get_state_display()) if annex else "",
            "has_exchange": bool(decision and decision.scope),
            "is_decided": decision is not None,
            "may_send_annex": may_send and (annex is None or waits),
            "send_label": "Envoyer de nouveau le lien de signature" if waits else "Établir et envoyer l’annexe",
            "may_sign": can_countersign(request.user),
            "is_agent": reads_decisions(request.user),
        },
    )


def _signature_rows(signable: Signable) -> list[list[Any]]:
    rows: list[list[Any]] = [["Éditeur", signable.signer_name, signable.signed_at]]
    made = {each.party: each for each in signatures_of(signable)}
    for party in Party:
        if found := made.get(party):
            who = f"{found.signatory_name}, {found.signatory_quality} ({found.delegation})"
            rows.append([party.label, who, found.signed_on])
        else:
            rows.append([party.label, "", Badge("À signer", tone="info")])
    return rows


@require_GET
@login_required
def convention_file(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """The convention with every signature made so far."""
    return serve(latest_document(get_convention(request, pk)))


@require_GET
@login_required
def annex_file(request: SignedInRequest, pk: UUID, number: int) -> HttpResponseBase:
    """An annex with every signature made so far."""
    convention = get_convention(request, pk)
    annex = get_object_or_404(Annex.objects.with_convention(), convention=convention, number=number)
    return serve(latest_document(annex) or annex.document)


@require_POST
@login_required
def annex_send(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Build the annex of what was authorised and mail its link; or mail it again."""
    convention = get_convention(request, pk)
    if not can_send_annex(request.user):
        raise PermissionDenied("annex_send")
    waits = convention.annexes.filter(state__in=[AnnexState.TO_SEND, AnnexState.TO_SIGN]).first()
    decision = current_decision(convention.enrolment)
    if decision is None:
        raise Http404("decision")
    service = send_annex_again if waits and covering_annex(convention, decision.scope) == waits else prepare_annex
    try:
        annex = service(convention_id=convention.pk, actor=request.user)
    except TransitionRefused as refusal:
        for blocker in refusal.blockers:
            messages.error(request, blocker.message)
    else:
        messages.success(request, f"{annex.signer_name} reçoit un lien pour signer l’annexe.")
    return redirect("decision:convention_detail", pk)
