"""Fiche administrative, verifier’s side (BO-02): the queue, the examination, the differences between two versions.

« Valider » is posted to the convention stage, which accepts the fiche and prepares the convention in one transaction.
"""

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

from convergence.accounts.enums import LegalForm, Role
from convergence.accounts.requests import SignedInRequest
from convergence.database.search import search
from convergence.kernel.errors import TransitionRefused
from convergence.ui.values import Action, Item, Row
from referencing.enrolment import core
from referencing.enrolment.enums import SheetState
from referencing.enrolment.forms import ReasonForm, RejectionForm
from referencing.enrolment.models import AdministrativeSheet, Enrolment
from referencing.enrolment.services import reject_sheet, request_sheet_changes
from referencing.enrolment.views.sheet import recap, sheet_badge

LIST_LIMIT = 200
REMEDIES = (
    "Vous pouvez former un recours gracieux auprès de l’équipe de référencement, ou un recours contentieux devant le "
    "tribunal administratif compétent, dans les deux mois qui suivent la notification de cette décision."
)


def require_listing_team(request: SignedInRequest) -> None:
    """404 would hide nothing here: an editor who meets this page is told that it is not for editors."""
    if not request.user.access.has(Role.LISTING_TEAM):
        raise PermissionDenied("listing_team")


@require_GET
@login_required
def sheet_list(request: SignedInRequest) -> HttpResponse:
    """Fiches by state, those to examine first; search on product and organisation."""
    require_listing_team(request)
    state = request.GET.get("etat", SheetState.SUBMITTED)
    text = request.GET.get("q", "").strip()
    sheets = AdministrativeSheet.objects.select_related("enrolment__product__organisation")
    if state in SheetState.values:
        sheets = sheets.filter(state=state)
    sheets = search(sheets, text, "enrolment__product__name", "enrolment__product__organisation__name")
    rows = [
        Row(
            cells=[
                sheet.enrolment.label,
                sheet.enrolment.product.organisation.name,
                sheet_badge(sheet),
                sheet.submitted_at,
            ],
            url=address,
        )
        for sheet in sheets.order_by("submitted_at", "pk")[:LIST_LIMIT]
        for address in [reverse("enrolment:sheet_review", args=[sheet.enrolment_id])]
    ]
    return render(
        request,
        "enrolment/sheet_list.html",
        {
            "rows": rows,
            "columns": ["Produit", "Structure", "État", "Transmise"],
            "states": [("toutes", "Toutes"), *SheetState.choices],
            "state": state,
            "text": text,
        },
    )


def get_sheet(request: SignedInRequest, pk: UUID) -> Enrolment:
    require_listing_team(request)
    return get_object_or_404(
        Enrolment.objects.visible_to(request.user).with_product().select_related("sheet__register_extract"),
        pk=pk,
    )


@require_GET
@login_required
def sheet_review(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Read the fiche beside what changed since the version before; validate, give back, or refuse."""
    return _render_review(request, get_sheet(request, pk))


def _render_review(
    request: SignedInRequest,
    enrolment: Enrolment,
    *,
    reason_form: ReasonForm | None = None,
    rejection_form: RejectionForm | None = None,
    blockers: Any = (),
) -> HttpResponse:
    sheet = enrolment.sheet
    versions = list(sheet.versions.select_related("by").order_by("-number")[:2])
    changes = []
    if len(versions) == 2:
        changes = [
            (label_of(field), show(field, before), show(field, after))
            for field, (before, after) in core.compare(versions[1].values, versions[0].values).items()
        ]
    address = reverse("convention:sheet_validate", args=[enrolment.pk])
    refused = bool(blockers) or any(form is not None and form.errors for form in (reason_form, rejection_form))
    return render(
        request,
        "enrolment/sheet_review.html",
        {
            "enrolment": enrolment,
            "sheet": sheet,
            "badge": sheet_badge(sheet),
            "sections": recap(enrolment),
            "versions": versions,
            "changes": changes,
            "is_open": sheet.state == SheetState.SUBMITTED,
            "validate": Action(
                "Valider la fiche",
                address,
                confirm_url=address,
                confirm_title="Valider la fiche administrative",
                confirm_text="La structure devient « vérifiée » et la convention est préparée : vous pourrez l’envoyer au "
                "représentant légal.",
            ),
            "reason_form": reason_form or ReasonForm(prefix="correction"),
            "rejection_form": rejection_form or RejectionForm(prefix="refus", initial={"remedies": REMEDIES}),
            "blockers": blockers,
        },
        status=422 if refused else 200,
    )


def label_of(field: str) -> str:
    """French name of a value of a transmitted version."""
    labels = {item.field: item.label for item in core.ITEMS}
    if field in labels:
        return labels[field]
    names = {each.name: str(each.verbose_name) for each in AdministrativeSheet._meta.fields}
    return names[field].capitalize()


def show(field: str, value: str) -> str:
    if field == "legal_form" and value:
        return str(LegalForm(value).label)
    if field == "rcs_not_applicable":
        return "Oui" if value == "True" else "Non"
    return value


@require_http_methods(["GET", "POST"])
@login_required
def sheet_request_changes(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Give the fiche back with a reason (T04)."""
    enrolment = get_sheet(request, pk)
    if request.method == "GET":
        return redirect("enrolment:sheet_review", pk)
    form = ReasonForm(request.POST, prefix="correction")
    if form.is_valid():
        try:
            request_sheet_changes(enrolment_id=pk, reason=form.cleaned_data["reason"], actor=request.user)
        except TransitionRefused as refusal:
            return _render_review(request, enrolment, reason_form=form, blockers=refusal.blockers)
        messages.success(request, "La demande de correction est envoyée à l’éditeur.")
        return redirect("enrolment:sheet_list")
    return _render_review(request, enrolment, reason_form=form)


@require_http_methods(["GET", "POST"])
@login_required
def sheet_reject(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Refuse an ineligible demand (T05): reason, delegation and remedies; asks once more before it is done."""
    enrolment = get_sheet(request, pk)
    if request.method == "GET":
        return redirect("enrolment:sheet_review", pk)
    form = RejectionForm(request.POST, prefix="refus")
    if not form.is_valid():
        return _render_review(request, enrolment, rejection_form=form)
    if "confirmed" not in request.POST:
        items = [Item(str(form[name].label), form.cleaned_data[name]) for name in form.fields]
        return render(
            request, "enrolment/sheet_reject_confirm.html", {"enrolment": enrolment, "form": form, "items": items}
        )
    try:
        reject_sheet(enrolment_id=pk, actor=request.user, **form.cleaned_data)
    except TransitionRefused as refusal:
        return _render_review(request, enrolment, rejection_form=form, blockers=refusal.blockers)
    messages.success(request, "La demande est refusée ; l’éditeur reçoit la décision et ses voies de recours.")
    return redirect("enrolment:sheet_list")
