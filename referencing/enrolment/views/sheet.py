"""Fiche administrative, editor’s side: fill, recap, transmit, read (SC-08 to SC-10)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.accounts.enums import WITHOUT_RCS
from convergence.accounts.requests import SignedInRequest
from convergence.kernel.errors import TransitionRefused
from convergence.products import rules as product_rules
from convergence.ui.values import Action, Badge, Item, Link, Progress, Tone
from convergence.ui.views import render_confirmation
from evidence.errors import UploadRefused
from evidence.services import receive
from referencing.enrolment import core
from referencing.enrolment.enums import SheetState
from referencing.enrolment.forms import SheetForm
from referencing.enrolment.frame import frame
from referencing.enrolment.models import AdministrativeSheet, Enrolment
from referencing.enrolment.services import save_sheet, sheet_progress, sheet_values, submit_sheet

EDITABLE = (SheetState.TO_COMPLETE, SheetState.DRAFT, SheetState.CHANGES_REQUESTED)
TONES: dict[SheetState, Tone] = {
    SheetState.TO_COMPLETE: "new",
    SheetState.DRAFT: "new",
    SheetState.SUBMITTED: "info",
    SheetState.CHANGES_REQUESTED: "warning",
    SheetState.VALIDATED: "success",
    SheetState.REJECTED: "error",
}


def get_enrolment(request: SignedInRequest, pk: UUID) -> Enrolment:
    """The enrolment with its sheet, or 404 for strangers."""
    return get_object_or_404(
        Enrolment.objects.visible_to(request.user).with_product().select_related("sheet__register_extract"),
        pk=pk,
    )


def sheet_badge(sheet: AdministrativeSheet) -> Badge:
    return Badge(SheetState(sheet.state).label, tone=TONES[SheetState(sheet.state)])


def progress_panel(progress: core.SheetProgress) -> Progress:
    return Progress(
        title="L’étape « Fiche administrative » est complétée à",
        percent=progress.percent,
        done=progress.answered,
        total=progress.total,
        remaining=[Link(item.label, item.anchor) for item in progress.remaining],
    )


@require_http_methods(["GET", "POST"])
@login_required
def sheet_edit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Fill the fiche: « Enregistrer comme brouillon » keeps it, « Suivant » goes to the recap when it is complete."""
    enrolment = get_enrolment(request, pk)
    sheet = enrolment.sheet
    if not product_rules.can_edit(request.user, enrolment):
        raise PermissionDenied("sheet_edit")
    if sheet.state not in EDITABLE:
        return redirect("enrolment:sheet_detail", pk)
    blockers: Any = []
    form = SheetForm(
        request.POST if request.method == "POST" else None,
        request.FILES if request.method == "POST" else None,
        instance=AdministrativeSheet.objects.get(pk=sheet.pk),
        initial={"base_version": sheet.version},
    )
    if request.method == "POST" and form.is_valid():
        changes = dict(form.sheet_changes)
        try:
            if upload := form.cleaned_data["extract"]:
                changes["register_extract"] = receive(
                    upload=upload, allowed_formats=["pdf"], max_size_mb=10, actor=request.user
                )
            saved = save_sheet(
                enrolment_id=pk, values=changes, base_version=form.cleaned_data["base_version"], actor=request.user
            )
        except UploadRefused as refusal:
            for problem in refusal.problems:
                form.add_error("extract", problem.message)
        except TransitionRefused as refusal:
            blockers = refusal.blockers
            form.data = with_version(request, AdministrativeSheet.objects.get(pk=sheet.pk))
        else:
            if "next" not in request.POST:
                messages.success(request, "Votre brouillon est enregistré.")
                return redirect("enrolment:sheet_edit", pk)
            progress = sheet_progress(saved)
            if progress.is_complete:
                return redirect("enrolment:sheet_confirm", pk)
            for item in progress.remaining:
                if item.field in form.fields:
                    form.add_error(item.field, f"Renseignez « {item.label} ».")
                else:
                    form.add_error(None, f"Renseignez « {item.label} » sur la fiche du produit.")
            form.data = with_version(request, saved)
    return render(
        request,
        "enrolment/sheet_edit.html",
        {
            **frame(enrolment, current=1, page="Fiche administrative"),
            "form": form,
            "blockers": blockers,
            "badge": sheet_badge(sheet),
            "sheet": sheet,
            "progress": progress_panel(_typed_progress(form, enrolment)),
        },
        status=422 if form.errors or blockers else 200,
    )


def with_version(request: SignedInRequest, sheet: AdministrativeSheet) -> QueryDict:
    """What was typed, now based on the version that is in the database: the next save says « I have seen it »."""
    data = request.POST.copy()
    data["base_version"] = str(sheet.version)
    return data


@require_POST
@login_required
def sheet_progress_panel(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The side panel for what is typed and not saved yet: the live counter."""
    enrolment = get_enrolment(request, pk)
    if not product_rules.can_edit(request.user, enrolment):
        raise PermissionDenied("sheet_edit")
    form = SheetForm(request.POST, instance=AdministrativeSheet.objects.get(pk=enrolment.sheet.pk))
    return render(
        request, "enrolment/sheet_edit.html#panel", {"progress": progress_panel(_typed_progress(form, enrolment))}
    )


def _typed_progress(form: SheetForm, enrolment: Enrolment) -> core.SheetProgress:
    """Progress of what the form shows: what was typed when it was, else what is saved; a wrong value does not count."""
    values = sheet_values(enrolment.sheet)
    if form.is_bound:
        form.is_valid()
        for name in SheetForm.Meta.fields:
            values[name] = form.cleaned_data.get(name, "")
    return core.measure(values, without_rcs=values["legal_form"] in WITHOUT_RCS)


@require_GET
@login_required
def sheet_confirm(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Récapitulatif » before the transmission (SC-10)."""
    enrolment = get_enrolment(request, pk)
    sheet = enrolment.sheet
    if sheet.state not in EDITABLE:
        return redirect("enrolment:sheet_detail", pk)
    return render(
        request,
        "enrolment/sheet_confirm.html",
        {
            **frame(enrolment, current=1, page="Récapitulatif"),
            "sections": recap(enrolment, edit=True),
            "action": submit_action(enrolment),
            "may_submit": product_rules.can_commit(request.user, enrolment),
            "remaining": [
                Link(item.label, reverse("enrolment:sheet_edit", args=[pk]) + item.anchor)
                for item in sheet_progress(sheet).remaining
            ],
        },
    )


def submit_action(enrolment: Enrolment) -> Action:
    address = reverse("enrolment:sheet_submit", args=[enrolment.pk])
    return Action(
        "Transmettre la fiche administrative",
        address,
        confirm_url=address,
        confirm_title="Transmettre la fiche administrative",
        confirm_text="La fiche part chez les vérificateurs Mon espace santé. Vous pourrez encore la lire, mais plus la "
        "modifier, sauf s’ils vous demandent une correction.",
    )


@require_http_methods(["GET", "POST"])
@login_required
def sheet_submit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Confirmation page (without scripts) and transmission."""
    enrolment = get_enrolment(request, pk)
    if not product_rules.can_commit(request.user, enrolment):
        raise PermissionDenied("sheet_submit")
    if request.method == "GET":
        return render_confirmation(
            request, submit_action(enrolment), cancel_url=reverse("enrolment:sheet_confirm", args=[pk])
        )
    try:
        submit_sheet(enrolment_id=pk, actor=request.user)
    except TransitionRefused as refusal:
        return render(
            request,
            "enrolment/sheet_confirm.html",
            {
                **frame(enrolment, current=1, page="Récapitulatif"),
                "sections": recap(enrolment, edit=True),
                "action": submit_action(enrolment),
                "may_submit": True,
                "remaining": [Link(blocker.message, blocker.anchor) for blocker in refusal.blockers],
            },
            status=422,
        )
    messages.success(request, "Votre fiche administrative est transmise aux vérificateurs.")
    return redirect("enrolment:sheet_detail", pk)


def recap(enrolment: Enrolment, *, edit: bool = False) -> list[tuple[str, list[Item]]]:
    """The three sections of the fiche as (title, lines)."""
    sheet = enrolment.sheet
    page = reverse("enrolment:sheet_edit", args=[enrolment.pk]) if edit else ""

    def line(label: str, field: str, value: Any) -> Item:
        return Item(label, value, f"{page}#id_{field}" if page else "")

    rcs = "Sans objet" if sheet.rcs_not_applicable else sheet.rcs
    identity = [line("SIRET", "siret", sheet.siret)]
    if sheet.legal_form == core.FOREIGN:
        identity = [
            line("N° au registre du pays", "register_number", sheet.register_number),
            line("Extrait du registre", "extract", sheet.register_extract.name if sheet.register_extract else ""),
        ]
    return [
        (
            "1. Informations du produit",
            [
                Item("Nom du produit", enrolment.product.name),
                Item("Version du produit", enrolment.product.version_label),
            ],
        ),
        (
            "2. Description de la structure porteuse du produit",
            [
                line("Dénomination ou raison sociale", "organisation_name", sheet.organisation_name),
                line("Forme juridique", "legal_form", sheet.get_legal_form_display() if sheet.legal_form else ""),
                line("Adresse du siège", "address", sheet.address),
                line("N° RCS", "rcs", rcs),
                *identity,
                line("N° FINESS", "finess", sheet.finess),
                line("Site web", "website", sheet.website),
                line("N° de téléphone", "phone", sheet.phone.as_international if sheet.phone else ""),
            ],
        ),
        (
            "3. Personne habilitée à engager juridiquement la structure",
            [
                line("Nom", "representative_last_name", sheet.representative_last_name),
                line("Prénom", "representative_first_name", sheet.representative_first_name),
                line("Fonction", "representative_function", sheet.representative_function),
                line("Adresse e-mail", "representative_email", sheet.representative_email),
                line(
                    "N° de téléphone",
                    "representative_phone",
                    sheet.representative_phone.as_international if sheet.representative_phone else "",
                ),
            ],
        ),
    ]


@require_GET
@login_required
def sheet_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The fiche, read-only, with the reason when it came back."""
    enrolment = get_enrolment(request, pk)
    sheet = enrolment.sheet
    return render(
        request,
        "enrolment/sheet_detail.html",
        {
            **frame(enrolment, current=1, page="Fiche administrative"),
            "sheet": sheet,
            "badge": sheet_badge(sheet),
            "sections": recap(enrolment),
            "may_edit": sheet.state in EDITABLE and product_rules.can_edit(request.user, enrolment),
            "is_mine": product_rules.can_edit(request.user, enrolment),
        },
    )
