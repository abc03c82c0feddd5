"""The listing team’s side: sheets to check (BO-09), files to publish (T34), and every listing with its end (BO-10)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from convergence.accounts.requests import SignedInRequest
from convergence.audit.workflow import is_allowed
from convergence.database.search import search
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import format_date
from convergence.ui.values import Action, Badge, Row, Tone
from convergence.ui.views import render_confirmation
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.listing import rules
from referencing.listing.core.terms import one_year_after
from referencing.listing.enums import ListingState, PublicationState
from referencing.listing.forms.publication import ChangesForm
from referencing.listing.models import Listing, PublicationSheet
from referencing.listing.presenting import show_sheet
from referencing.listing.selectors.publication import described_candidature, listing_decision, read_source
from referencing.listing.services.conditions import find_publication_blockers
from referencing.listing.services.publishing import accept_sheet, publish, request_sheet_changes
from referencing.listing.views.publication import logo_url, sheet_badge

LIST_LIMIT = 200
#: Days before the end from which a listing is shown as ending soon: its renewal opens then (A-35).
ENDS_SOON = timedelta(days=120)
LISTING_TONES: dict[str, Tone] = {
    ListingState.LISTED: "success",
    ListingState.SUSPENDED: "warning",
    ListingState.EXPIRED: "neutral",
    ListingState.WITHDRAWN: "error",
    ListingState.WITHDRAWN_BY_EDITOR: "neutral",
}


def require_readers(request: SignedInRequest) -> None:
    if not rules.reads_listings(request.user):
        raise PermissionDenied("listings")


def require_publishers(request: SignedInRequest) -> None:
    if not rules.can_publish(request.user):
        raise PermissionDenied("publication")


@require_GET
@login_required
def listing_list(request: SignedInRequest) -> HttpResponse:
    """Every listing, those that end first on top; by state, and those that end within 120 days."""
    require_readers(request)
    state = request.GET.get("etat", ListingState.LISTED)
    text = request.GET.get("q", "").strip()
    today = timezone.localdate()
    listings = Listing.objects.visible_to(request.user).select_related("enrolment__product__organisation", "decision")
    if state in ListingState.values:
        listings = listings.filter(state=state)
    elif state == "bientot":
        listings = listings.standing().filter(ends_on__lte=today + ENDS_SOON)
    found = search(
        listings, text, "enrolment__product__name", "enrolment__product__organisation__name", "decision__number"
    )
    rows = [
        Row(
            cells=[
                listing.enrolment.label,
                listing.enrolment.product.organisation.name,
                listing_badge(listing),
                format_date(listing.published_on),
                format_date(listing.ends_on),
                listing.decision.number,
            ],
            url=reverse("listing:publication_review", args=[listing.enrolment_id])
            if rules.can_publish(request.user)
            else "",
        )
        for listing in found.order_by("ends_on", "pk")[:LIST_LIMIT]
    ]
    return render(
        request,
        "listing/listing_list.html",
        {
            "rows": rows,
            "columns": ["Service", "Structure", "État", "Publié le", "Jusqu’au", "Décision"],
            "states": [("tous", "Tous"), ("bientot", "Fin dans moins de 120 jours"), *ListingState.choices],
            "state": state,
            "text": text,
            "may_publish": rules.can_publish(request.user),
            "limit": LIST_LIMIT if len(rows) == LIST_LIMIT else None,
        },
    )


def listing_badge(listing: Listing) -> Badge:
    return Badge(str(ListingState(listing.state).label), tone=LISTING_TONES[listing.state])


@require_GET
@login_required
def publication_list(request: SignedInRequest) -> HttpResponse:
    """What waits for the team: approved files to publish, and publication sheets to check."""
    require_publishers(request)
    files = (
        Candidature.objects.visible_to(request.user)
        .filter(state=CandidatureState.APPROVED)
        .select_related("enrolment__product__organisation", "enrolment__publication_sheet", "dossier")
        .order_by("last_event_at", "pk")[:LIST_LIMIT]
    )
    sheets = (
        PublicationSheet.objects.visible_to(request.user)
        .filter(state=PublicationState.SUBMITTED)
        .select_related("enrolment__product__organisation")
        .order_by("submitted_at", "pk")[:LIST_LIMIT]
    )
    return render(
        request,
        "listing/publication_list.html",
        {
            "file_columns": ["Service", "Structure", "Dossier", "Fiche de publication"],
            "file_rows": [
                Row(
                    cells=[
                        each.enrolment.label,
                        each.enrolment.product.organisation.name,
                        each.dossier.reference,
                        _badge_of(each),
                    ],
                    url=reverse("listing:candidature_publish", args=[each.pk]),
                )
                for each in files
            ],
            "sheet_columns": ["Service", "Structure", "Soumise"],
            "sheet_rows": [
                Row(
                    cells=[each.enrolment.label, each.enrolment.product.organisation.name, each.submitted_at],
                    url=reverse("listing:publication_review", args=[each.enrolment_id]),
                )
                for each in sheets
            ],
        },
    )


def _badge_of(candidature: Candidature) -> Badge:
    sheet = getattr(candidature.enrolment, "publication_sheet", None)
    return sheet_badge(sheet) if sheet else Badge("Pas commencée")


@require_GET
@login_required
def publication_review(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Read the sheet as the public will; accept it, or ask for changes."""
    return _render_review(request, get_sheet(request, pk))


def get_sheet(request: SignedInRequest, pk: UUID) -> PublicationSheet:
    require_publishers(request)
    return get_object_or_404(
        PublicationSheet.objects.visible_to(request.user).select_related(
            "enrolment__product__organisation", "logo__blob"
        ),
        enrolment=pk,
    )


def _render_review(
    request: SignedInRequest,
    sheet: PublicationSheet,
    *,
    form: ChangesForm | None = None,
    blockers: Sequence[Blocker] = (),
) -> HttpResponse:
    candidature = described_candidature(sheet.enrolment_id)
    source = read_source(candidature, listing_decision(candidature)) if candidature else None
    address = reverse("listing:publication_accept", args=[sheet.enrolment_id])
    refused = bool(blockers) or (form is not None and bool(form.errors))
    return render(
        request,
        "listing/publication_review.html",
        {
            "sheet": sheet,
            "enrolment": sheet.enrolment,
            "badge": sheet_badge(sheet),
            "service": show_sheet(sheet, source, logo_url=logo_url(sheet)) if source else None,
            "candidature": candidature,
            "is_approved": candidature is not None and candidature.state == CandidatureState.APPROVED,
            "accept": Action(
                "Accepter la fiche",
                address,
                confirm_url=address,
                confirm_title="Accepter la fiche de publication",
                confirm_text=ACCEPT_TEXT,
            )
            if is_allowed(sheet, "accept", request.user)
            else None,
            "may_send_back": is_allowed(sheet, "request_changes", request.user),
            "form": form or ChangesForm(),
            "blockers": blockers,
        },
        status=422 if refused else 200,
    )


ACCEPT_TEXT = (
    "La fiche pourra être publiée telle qu’elle est. Si le service figure déjà au catalogue, elle y remplace la précédente "
    "tout de suite."
)


@require_http_methods(["GET", "POST"])
@login_required
def publication_accept(request: SignedInRequest, pk: UUID) -> HttpResponse:
    sheet = get_sheet(request, pk)
    address = reverse("listing:publication_accept", args=[pk])
    if request.method == "GET":
        action = Action(
            "Accepter la fiche",
            address,
            confirm_title="Accepter la fiche de publication",
            confirm_text=ACCEPT_TEXT,
        )
        return render_confirmation(request, action, cancel_url=reverse("listing:publication_review", args=[pk]))
    try:
        accept_sheet(enrolment_id=pk, actor=request.user)
    except TransitionRefused as refusal:
        return _render_review(request, sheet, blockers=refusal.blockers)
    messages.success(request, "La fiche de publication est acceptée.")
    return redirect("listing:publication_review", pk)


@require_http_methods(["GET", "POST"])
@login_required
def publication_request_changes(request: SignedInRequest, pk: UUID) -> HttpResponse:
    sheet = get_sheet(request, pk)
    if request.method == "GET":
        return redirect("listing:publication_review", pk)
    form = ChangesForm(request.POST)
    if not form.is_valid():
        return _render_review(request, sheet, form=form)
    try:
        request_sheet_changes(enrolment_id=pk, reason=form.cleaned_data["reason"], actor=request.user)
    except TransitionRefused as refusal:
        return _render_review(request, sheet, form=form, blockers=refusal.blockers)
    messages.success(request, "La demande de correction est envoyée à l’éditeur.")
    return redirect("listing:publication_list")


@require_http_methods(["GET", "POST"])
@login_required
def candidature_publish(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The conditions of a publication, met or not, then the publication itself (T34)."""
    require_publishers(request)
    candidature = get_object_or_404(
        Candidature.objects.visible_to(request.user).select_related(
            "enrolment__product__organisation", "enrolment__demarche", "dossier"
        ),
        pk=pk,
    )
    address = reverse("listing:candidature_publish", args=[pk])
    blockers: Sequence[Blocker] = ()
    if request.method == "POST":
        if "confirmed" not in request.POST and not find_publication_blockers(candidature):
            return render_confirmation(request, _publish_action(candidature, address), cancel_url=address)
        try:
            publish(candidature_id=pk, actor=request.user)
        except TransitionRefused as refusal:
            blockers = refusal.blockers
        else:
            messages.success(request, f"{candidature.enrolment.label} figure au catalogue.")
            return redirect("listing:listing_list")
    is_open = candidature.state == CandidatureState.APPROVED
    found = blockers or (find_publication_blockers(candidature) if is_open else [])
    return render(
        request,
        "listing/candidature_publish.html",
        {
            "candidature": candidature,
            "enrolment": candidature.enrolment,
            "is_open": is_open,
            "blockers": found,
            "address": address,
        },
        status=422 if blockers else 200,
    )


def _publish_action(candidature: Candidature, address: str) -> Action:
    standing = Listing.objects.standing().filter(enrolment=candidature.enrolment_id).first()
    end = format_date(standing.ends_on if standing else one_year_after(timezone.localdate()))
    return Action(
        "Publier au catalogue",
        address,
        confirm_title=f"Publier {candidature.enrolment.label}",
        confirm_text=f"Le service paraît tout de suite au catalogue public, jusqu’au {end}. L’éditeur est prévenu.",
        hidden={"confirmed": "1"},
    )
