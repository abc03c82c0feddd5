"""The third party of a distributor: its mandate; an editor of record that no longer exists (A-26)."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from convergence.accounts.requests import SignedInRequest
from convergence.accounts.rules import is_listing_team
from convergence.kernel.errors import TransitionRefused
from convergence.products import rules as product_rules
from convergence.ui.typography import NBSP, format_date
from convergence.ui.values import Badge, Item, Link, Row
from evidence.errors import FileWithheld, UploadRefused
from evidence.services import examine, stream
from referencing.enrolment.editors import name_editor
from referencing.enrolment.frame import frame
from referencing.enrolment.models import Dissolution, Enrolment, Mandate
from referencing.enrolment.views.review import get_sheet
from referencing.enrolment.white_label.dissolution import record_dissolution, say_dissolution
from referencing.enrolment.white_label.forms import DissolutionForm, MandateForm, WhyForm
from referencing.enrolment.white_label.mandates import (
    FORMATS,
    MAX_SIZE_MB,
    deposit_mandate,
    find_mandate_blockers,
    revoke_mandate,
)


def get_on_behalf(request: SignedInRequest, pk: UUID) -> Enrolment:
    """The enrolment of a product that is evaluated for a third party, or 404."""
    return get_object_or_404(
        Enrolment.objects.visible_to(request.user).with_product().select_related("sheet"), pk=pk, is_on_behalf=True
    )


@require_http_methods(["GET", "POST"])
@login_required
def mandate_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The mandates of the third party, the one in force first; deposit one when none is."""
    enrolment = get_on_behalf(request, pk)
    may_deposit = product_rules.can_commit(request.user, enrolment)
    if request.method == "POST" and not may_deposit:
        raise PermissionDenied("mandate_detail")
    form = MandateForm(request.POST or None, request.FILES or None) if request.method == "POST" else MandateForm()
    if request.method == "POST" and form.is_valid():
        try:
            deposit_mandate(
                enrolment_id=pk,
                examined=examine(
                    upload=form.cleaned_data["file"],
                    allowed_formats=FORMATS,
                    max_size_mb=MAX_SIZE_MB,
                    anchor="#id_file",
                ),
                given_on=form.cleaned_data["given_on"],
                ends_on=form.cleaned_data["ends_on"],
                actor=request.user,
            )
        except UploadRefused as refusal:
            for problem in refusal.problems:
                form.add_error("file", problem.message)
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
        else:
            messages.success(request, "Le mandat est déposé. L’antivirus l’analyse.")
            return redirect("enrolment:mandate_detail", pk)
    today = timezone.localdate()
    mandates = list(
        Mandate.objects.visible_to(request.user)
        .filter(enrolment=enrolment)
        .select_related("file__blob", "deposited_by")
        .order_by("-deposited_at")
    )
    in_force = next((each for each in mandates if each.revoked_at is None), None)
    return render(
        request,
        "enrolment/white_label/mandate_detail.html",
        {
            **frame(enrolment, current=1, page="Mandat"),
            "editor": name_editor(enrolment),
            "form": form,
            "blockers": find_mandate_blockers(enrolment, on=today),
            "may_deposit": may_deposit and (in_force is None or in_force.is_past(today)),
            "may_revoke": in_force is not None and (may_deposit or is_listing_team(request.user)),
            "columns": ["Mandat", "État", "Donné le", "Jusqu’au", "Déposé", "Motif de la révocation"],
            "rows": [
                Row(
                    cells=[
                        Link(each.file.name, reverse("enrolment:mandate_download", args=[pk, each.pk])),
                        _badge(each),
                        format_date(each.given_on),
                        format_date(each.ends_on) if each.ends_on else "",
                        each.deposited_at,
                        each.revoke_reason,
                    ]
                )
                for each in mandates
            ],
        },
        status=422 if form.errors else 200,
    )


def _badge(mandate: Mandate) -> Badge:
    if mandate.revoked_at:
        return Badge("Révoqué", tone="error")
    return Badge("Terminé", tone="warning") if mandate.is_past(timezone.localdate()) else Badge("En vigueur", "success")


@require_GET
@login_required
def mandate_download(request: SignedInRequest, pk: UUID, mandate: UUID) -> HttpResponse | FileResponse:
    """The original, as an attachment, once the antivirus has said that it is clean."""
    found = get_object_or_404(
        Mandate.objects.visible_to(request.user).select_related("file__blob"), pk=mandate, enrolment=pk
    )
    return _stream(request, found, back=reverse("enrolment:mandate_detail", args=[pk]))


@require_http_methods(["GET", "POST"])
@login_required
def mandate_revoke(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Revoke the mandate in force, with its reason: by the distributor, or by a verifier whom the third party told."""
    enrolment = get_on_behalf(request, pk)
    if not (product_rules.can_commit(request.user, enrolment) or is_listing_team(request.user)):
        raise PermissionDenied("mandate_revoke")
    form = WhyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            revoke_mandate(enrolment_id=pk, why=form.cleaned_data["why"], actor=request.user)
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
        else:
            messages.success(request, "Le mandat est révoqué.")
            return redirect("enrolment:mandate_detail", pk)
    return render(
        request,
        "enrolment/white_label/mandate_revoke.html",
        {**frame(enrolment, current=1, page="Révoquer le mandat"), "form": form, "editor": name_editor(enrolment)},
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "POST"])
@login_required
def dissolution_record(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The verifier’s page: evidence, date, successor; recorded once."""
    enrolment = get_sheet(request, pk)
    found = Dissolution.objects.filter(enrolment=enrolment).select_related("evidence", "recorded_by").first()
    form = DissolutionForm(request.POST, request.FILES) if request.method == "POST" else DissolutionForm()
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            record_dissolution(
                enrolment_id=pk,
                examined=examine(
                    upload=values["file"], allowed_formats=FORMATS, max_size_mb=MAX_SIZE_MB, anchor="#id_file"
                ),
                dissolved_on=values["dissolved_on"],
                successor=values["successor"],
                note=values["note"],
                actor=request.user,
            )
        except UploadRefused as refusal:
            for problem in refusal.problems:
                form.add_error("file", problem.message)
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
        else:
            messages.success(request, "La dissolution est constatée ; les responsables du produit en sont informés.")
            return redirect("enrolment:dissolution_record", pk)
    return render(
        request,
        "enrolment/white_label/dissolution_record.html",
        {
            "enrolment": enrolment,
            "editor": name_editor(enrolment),
            "form": form,
            "found": found,
            "said": say_dissolution(found) if found else "",
            "items": [
                Item("Éditeur", found.editor),
                Item("Dissous le", format_date(found.dissolved_on)),
                Item("Successeur", found.successor or "Aucun"),
                Item(
                    "Preuve", Link(found.evidence.name, reverse("enrolment:dissolution_evidence", args=[enrolment.pk]))
                ),
                Item("Constatée par", str(found.recorded_by)),
                Item("Note", found.note),
            ]
            if found
            else [],
        },
        status=422 if form.errors else 200,
    )


@require_GET
@login_required
def dissolution_evidence(request: SignedInRequest, pk: UUID) -> HttpResponse | FileResponse:
    """The evidence, for the listing team."""
    enrolment = get_sheet(request, pk)
    found = get_object_or_404(Dissolution.objects.select_related("evidence__blob"), enrolment=enrolment)
    return _stream(request, found, back=reverse("enrolment:dissolution_record", args=[pk]))


def _stream(request: SignedInRequest, found: Mandate | Dissolution, *, back: str) -> HttpResponse | FileResponse:
    file = found.file if isinstance(found, Mandate) else found.evidence
    try:
        return stream(file)
    except FileWithheld as withheld:
        messages.error(request, f"{file.name}{NBSP}: {withheld.problem.message}")
        return redirect(back)
