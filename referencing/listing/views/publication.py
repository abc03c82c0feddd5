"""The publication sheet, editor’s side: written with autosave, illustrated, read as the public will, submitted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.accounts.requests import SignedInRequest
from convergence.audit.workflow import is_allowed
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.autosave import changed_fields, saved
from convergence.ui.typography import in_paris
from convergence.ui.values import Action, Badge, Link, Progress, Tone
from convergence.ui.views import render_confirmation
from evidence.core.formats import IMAGES
from evidence.errors import UploadRefused
from evidence.services import read_bytes
from evidence.values import DropZone, deposited_file, drop_zone
from referencing.candidature.models import Candidature
from referencing.enrolment.frame import frame
from referencing.enrolment.models import Enrolment
from referencing.listing import rules
from referencing.listing.core.sheet import find_missing
from referencing.listing.enums import WRITABLE_SHEETS, PublicationState
from referencing.listing.forms.publication import PublicationForm
from referencing.listing.models import SHEET_FIELDS, CatalogueEntry, PublicationSheet
from referencing.listing.presenting import show_exchanges, show_sheet
from referencing.listing.selectors.publication import (
    described_candidature,
    listing_decision,
    read_source,
    start_sheet,
)
from referencing.listing.services.describing import (
    LOGO_MAX_MB,
    StaleSheet,
    deposit_logo,
    revise_sheet,
    save_sheet,
    submit_sheet,
)

TONES: dict[str, Tone] = {
    PublicationState.DRAFT: "new",
    PublicationState.SUBMITTED: "info",
    PublicationState.CHANGES_REQUESTED: "warning",
    PublicationState.ACCEPTED: "success",
}
#: Questions of the sheet that `find_missing` may ask, and the logo.
TOTAL = 9


def sheet_badge(sheet: PublicationSheet) -> Badge:
    return Badge(str(PublicationState(sheet.state).label), tone=TONES[sheet.state])


def get_enrolment(request: SignedInRequest, pk: UUID) -> Enrolment:
    return get_object_or_404(Enrolment.objects.visible_to(request.user).with_product().select_related("sheet"), pk=pk)


def get_file(pk: UUID) -> Candidature:
    """404 before the evaluation: nobody is asked for a sheet yet."""
    candidature = described_candidature(pk)
    if candidature is None:
        raise Http404("publication sheet")
    return candidature


def get_sheet(enrolment: Enrolment, candidature: Candidature) -> PublicationSheet:
    """The sheet, or the one that the first save will make."""
    found = (
        PublicationSheet.objects.filter(enrolment=enrolment)
        .select_related("logo__blob", "logo__uploaded_by", "updated_by")
        .first()
    )
    if found is None:
        return start_sheet(enrolment, candidature)
    found.enrolment = enrolment
    return found


def logo_url(sheet: PublicationSheet) -> str:
    """The deposited logo as its authors see it; its hash makes the browser ask again after a new deposit."""
    if sheet.logo is None:
        return ""
    return f"{reverse('listing:publication_logo', args=[sheet.enrolment_id])}?{sheet.logo.blob.sha256[:8]}"


def remaining(sheet: PublicationSheet) -> list[Blocker]:
    return find_missing(sheet.values, has_logo=sheet.logo_id is not None)


def sheet_progress(sheet: PublicationSheet, *, page: str = "") -> Progress:
    """`page`: address before the anchors, when they stand on another one."""
    missing = remaining(sheet)
    fields = {blocker.code for blocker in missing}
    asked = {"public_name", "short_text", "long_text", "logo", "categories", "price", "platforms", "accessibility"}
    done = TOTAL - len(fields & asked) - ("support_email" in fields)
    return Progress(
        title="La fiche de publication est complétée à",
        percent=100 * done // TOTAL,
        done=done,
        total=TOTAL,
        unit="rubriques renseignées",
        remaining=[Link(blocker.message, f"{page}{blocker.anchor}") for blocker in missing],
        remaining_title="Il reste à faire :",
    )


@require_http_methods(["GET", "POST"])
@login_required
def publication_edit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Write the sheet; once submitted, it is read on its preview."""
    enrolment = get_enrolment(request, pk)
    candidature = get_file(pk)
    if not rules.can_describe(request.user, enrolment):
        raise PermissionDenied("publication_edit")
    sheet = get_sheet(enrolment, candidature)
    if request.method == "GET":
        if sheet.state not in WRITABLE_SHEETS:
            return redirect("listing:publication_preview", pk)
        return _render_form(request, sheet, candidature, PublicationForm(initial=sheet.values))
    form = PublicationForm(request.POST)
    if not form.is_valid():
        return _render_form(request, sheet, candidature, form, status=422)
    try:
        save_sheet(enrolment_id=pk, values=form.cleaned_data, actor=request.user, version=_version(request))
    except TransitionRefused as refusal:
        return _render_form(request, sheet, candidature, form, blockers=refusal.blockers, status=422)
    except StaleSheet as stale:
        theirs = Blocker(
            "stale",
            f"{stale.sheet.updated_by or 'Un collègue'} a modifié la fiche pendant que vous la remplissiez. Votre texte est "
            "conservé ici : comparez, puis enregistrez de nouveau pour le garder.",
        )
        return _render_form(request, stale.sheet, candidature, form, blockers=[theirs], status=409)
    if "next" in request.POST:
        return redirect("listing:publication_preview", pk)
    messages.success(request, "La fiche de publication est enregistrée.")
    return redirect("listing:publication_edit", pk)


def _version(request: SignedInRequest) -> int | None:
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else None


def _render_form(
    request: SignedInRequest,
    sheet: PublicationSheet,
    candidature: Candidature,
    form: PublicationForm,
    *,
    blockers: Sequence[Blocker] = (),
    logo_errors: Sequence[str] = (),
    status: int = 200,
) -> HttpResponse:
    source = read_source(candidature, listing_decision(candidature))
    return render(
        request,
        "listing/publication_edit.html",
        {
            **_frame(sheet),
            "form": form,
            "blockers": blockers,
            "logo": _logo_zone(sheet, logo_errors),
            "logo_url": logo_url(sheet),
            "exchanges": show_exchanges(source.exchanges),
            "is_decided": source.is_decided,
            "ecoscore": source.ecoscore,
            "progress": sheet_progress(sheet),
        },
        status=status,
    )


def _frame(sheet: PublicationSheet) -> dict[str, Any]:
    return {
        **frame(sheet.enrolment, current=3, convention_done=True, page="Fiche de publication"),
        "sheet": sheet,
        "badge": sheet_badge(sheet),
    }


def _logo_zone(sheet: PublicationSheet, errors: Sequence[str]) -> DropZone:
    return drop_zone(
        id="logo",
        label="Logo du service",
        url=reverse("listing:publication_logo", args=[sheet.enrolment_id]),
        formats=IMAGES,
        max_size_mb=LOGO_MAX_MB,
        hint="Carré de préférence, au moins 320 pixels de côté. La plateforme le redessine ; le fichier d’origine n’est "
        "pas conservé.",
        required=True,
        submit_label="Remplacer le logo" if sheet.logo_id else "Déposer le logo",
        errors=errors,
        files=[deposited_file(sheet.logo)] if sheet.logo else [],
        heading_level=2,
    )


@require_POST
@login_required
def publication_save(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Autosave: the changed fields only. 200 with the progress, 422 with errors, 409 with both texts."""
    enrolment = get_enrolment(request, pk)
    candidature = get_file(pk)
    form = PublicationForm(request.POST)
    form.is_valid()
    names = [name for name in changed_fields(request) if name in SHEET_FIELDS]
    values = {name: form.cleaned_data[name] for name in names if name in form.cleaned_data}
    try:
        sheet = save_sheet(enrolment_id=pk, values=values, actor=request.user, version=_version(request))
    except TransitionRefused as refusal:
        return HttpResponse(str(refusal), status=422, content_type="text/plain; charset=utf-8")
    except StaleSheet as stale:
        name = names[0]
        html = render_to_string(
            "listing/_publication_conflict.html",
            {
                "label": form.fields[name].label,
                "theirs": _as_text(getattr(stale.sheet, name)),
                "mine": _as_text(values[name]),
                "actor": str(stale.sheet.updated_by or "un collègue"),
                "at": stale.sheet.updated_at,
            },
        )
        return saved(at=timezone.now(), versions={"version": stale.sheet.version}, html=html, status=409)
    if errors := {name: list(map(str, form.errors[name])) for name in names if name in form.errors}:
        said = in_paris(timezone.now()).strftime("%H:%M")
        return JsonResponse(
            {"versions": {"version": str(sheet.version)}, "saved_at": said, "errors": errors}, status=422
        )
    sheet = get_sheet(enrolment, candidature)
    html = render_to_string("listing/_publication_progress.html", {"progress": sheet_progress(sheet), "is_oob": True})
    return saved(at=timezone.now(), versions={"version": sheet.version}, html=html)


def _as_text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


@require_http_methods(["GET", "POST"])
@login_required
def publication_logo(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The logo of the sheet for those who may see it; deposited by the editor."""
    enrolment = get_enrolment(request, pk)
    candidature = get_file(pk)
    if request.method == "POST":
        if not rules.can_describe(request.user, enrolment):
            raise PermissionDenied("publication_logo")
        upload = request.FILES.get("file")
        problems: Sequence[Blocker] = [Blocker("logo", "Choisissez une image à déposer.", "#logo")]
        if upload is not None:
            try:
                deposit_logo(enrolment_id=pk, upload=upload, actor=request.user)
            except UploadRefused as refusal:
                problems = refusal.problems
            except TransitionRefused as refusal:
                problems = refusal.blockers
            else:
                messages.success(request, "Le logo est déposé.")
                return redirect(f"{reverse('listing:publication_edit', args=[pk])}#logo")
        sheet = get_sheet(enrolment, candidature)
        form = PublicationForm(initial=sheet.values)
        errors = [problem.message for problem in problems]
        return _render_form(request, sheet, candidature, form, logo_errors=errors, status=422)
    sheet = get_sheet(enrolment, candidature)
    if sheet.logo is None:
        raise Http404("logo")
    return image_response(read_bytes(sheet.logo))


def image_response(content: bytes) -> HttpResponse:
    """A PNG that the platform drew: shown in place, and nothing else."""
    response = HttpResponse(content, content_type="image/png")
    response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    return response


@require_GET
@login_required
def publication_preview(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Ce que verront les usagers », and what may be done with the sheet."""
    enrolment = get_enrolment(request, pk)
    candidature = get_file(pk)
    sheet = get_sheet(enrolment, candidature)
    return _render_preview(request, sheet, candidature)


def _render_preview(
    request: SignedInRequest,
    sheet: PublicationSheet,
    candidature: Candidature,
    *,
    blockers: Sequence[Blocker] = (),
) -> HttpResponse:
    source = read_source(candidature, listing_decision(candidature))
    may_write = rules.can_describe(request.user, sheet.enrolment) and sheet.state in WRITABLE_SHEETS
    submit_address = reverse("listing:publication_submit", args=[sheet.enrolment_id])
    revise_address = reverse("listing:publication_revise", args=[sheet.enrolment_id])
    entry = CatalogueEntry.objects.filter(enrolment=sheet.enrolment_id, is_listed=True).first()
    return render(
        request,
        "listing/publication_preview.html",
        {
            **_frame(sheet),
            "service": show_sheet(sheet, source, logo_url=logo_url(sheet)),
            "may_write": may_write,
            "may_submit": is_allowed(sheet, "submit", request.user),
            "missing": [
                Blocker(
                    each.code,
                    each.message,
                    f"{reverse('listing:publication_edit', args=[sheet.enrolment_id])}{each.anchor}",
                )
                for each in (remaining(sheet) if may_write else [])
            ],
            "submit": submit_action(submit_address),
            "revise": revise_action(revise_address) if is_allowed(sheet, "revise", request.user) else None,
            "entry": entry,
            "blockers": blockers,
        },
        status=422 if blockers else 200,
    )


def submit_action(address: str) -> Action:
    return Action(
        "Soumettre la fiche de publication",
        address,
        confirm_url=address,
        confirm_title="Soumettre la fiche de publication",
        confirm_text="L’équipe de référencement vérifie la fiche. Vous ne pouvez plus la modifier, sauf à la reprendre.",
    )


def revise_action(address: str) -> Action:
    return Action(
        "Modifier la fiche",
        address,
        style="secondary",
        confirm_url=address,
        confirm_title="Modifier la fiche de publication",
        confirm_text="La fiche redevient un brouillon : l’équipe de référencement devra la vérifier de nouveau. Ce qui est "
        "déjà publié au catalogue ne change pas en attendant.",
    )


@require_http_methods(["GET", "POST"])
@login_required
def publication_submit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Hand the sheet to the listing team, or say everything that it lacks."""
    enrolment = get_enrolment(request, pk)
    candidature = get_file(pk)
    address = reverse("listing:publication_submit", args=[pk])
    if not rules.can_commit(request.user, enrolment):
        raise PermissionDenied("publication_submit")
    if request.method == "GET":
        return render_confirmation(
            request, submit_action(address), cancel_url=reverse("listing:publication_preview", args=[pk])
        )
    try:
        submit_sheet(enrolment_id=pk, actor=request.user)
    except TransitionRefused as refusal:
        sheet = get_sheet(enrolment, candidature)
        return _render_preview(request, sheet, candidature, blockers=refusal.blockers)
    messages.success(request, "La fiche de publication est soumise à l’équipe de référencement.")
    return redirect("listing:publication_preview", pk)


@require_http_methods(["GET", "POST"])
@login_required
def publication_revise(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Write again: what is published stays until the new sheet is accepted."""
    enrolment = get_enrolment(request, pk)
    candidature = get_file(pk)
    if not rules.can_commit(request.user, enrolment):
        raise PermissionDenied("publication_revise")
    if request.method == "GET":
        address = reverse("listing:publication_revise", args=[pk])
        return render_confirmation(
            request, revise_action(address), cancel_url=reverse("listing:publication_preview", args=[pk])
        )
    try:
        revise_sheet(enrolment_id=pk, actor=request.user)
    except TransitionRefused as refusal:
        sheet = get_sheet(enrolment, candidature)
        return _render_preview(request, sheet, candidature, blockers=refusal.blockers)
    return redirect("listing:publication_edit", pk)
