"""Convention, verifier’s side (BO-03): the list, the choices, the sending, the validation."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from convergence.audit.workflow import is_allowed
from convergence.database.search import search
from convergence.kernel.errors import TransitionRefused
from convergence.ui.values import Action, Link, Row
from convergence.ui.views import render_confirmation
from referencing.convention import rules
from referencing.convention.enums import ConventionState
from referencing.convention.forms import TermsForm
from referencing.convention.models import Convention
from referencing.convention.services import (
    choose_terms,
    find_send_blockers,
    preview,
    resend_link,
    send_convention,
    validate_convention,
    validate_sheet_and_prepare,
)
from referencing.convention.views.editor import convention_badge, items_of
from referencing.enrolment.models import Enrolment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from convergence.accounts.models import User
    from convergence.kernel.errors import Blocker

LIST_LIMIT = 200
TO_DO, ALL = "a-traiter", "toutes"


def require_reader(request: HttpRequest) -> User:
    user = cast("User", request.user)
    if not user.access.reads_every_file:
        raise PermissionDenied("conventions")
    return user


def require_listing_team(request: HttpRequest) -> User:
    user = cast("User", request.user)
    if not rules.can_prepare(user):
        raise PermissionDenied("listing_team")
    return user


def get_convention(user: User, pk: UUID) -> Convention:
    return get_object_or_404(Convention.objects.visible_to(user).with_enrolment().with_documents(), pk=pk)


@require_http_methods(["GET", "POST"])
@login_required
def sheet_validate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Accept the fiche; the convention of this version is prepared at once (T06)."""
    user = require_listing_team(request)
    enrolment = get_object_or_404(Enrolment.objects.visible_to(user).with_product(), pk=pk)
    review = reverse("enrolment:sheet_review", args=[pk])
    if request.method == "GET":
        action = Action(
            "Valider la fiche",
            request.path,
            confirm_title=f"Valider la fiche administrative de {enrolment.label}",
            confirm_text="La structure devient « vérifiée » et la convention est préparée : vous pourrez l’envoyer au "
            "représentant légal.",
        )
        return render_confirmation(request, action, cancel_url=review)
    try:
        convention = validate_sheet_and_prepare(enrolment_id=pk, actor=user)
    except TransitionRefused as refusal:
        return refused(
            request, refusal.blockers, title="Fiche non validée", back_url=review, back_label="Revenir à la fiche"
        )
    messages.success(
        request, "La fiche est validée. Choisissez les données et les finalités, puis envoyez la convention."
    )
    return redirect("convention:convention_prepare", convention.pk)


def refused(
    request: HttpRequest, blockers: Iterable[Blocker], *, title: str, back_url: str, back_label: str
) -> HttpResponse:
    """A page that says why an action without form was refused, and leads back."""
    return render(
        request,
        "convention/refused.html",
        {"blockers": blockers, "title": title, "back_url": back_url, "back_label": back_label},
        status=422,
    )


@require_GET
@login_required
def convention_list(request: HttpRequest) -> HttpResponse:
    """Conventions by state, those that wait for a verifier first; search on product and organisation."""
    user = require_reader(request)
    state = request.GET.get("etat", TO_DO)
    text = request.GET.get("q", "").strip()
    conventions = Convention.objects.visible_to(user).select_related("enrolment__product__organisation")
    if state in ConventionState.values:
        conventions = conventions.filter(state=state)
    elif state != ALL:
        state, conventions = TO_DO, conventions.awaiting_verifier()
    conventions = search(conventions, text, "enrolment__product__name", "enrolment__product__organisation__name")
    rows = [
        Row(
            cells=[
                Link(convention.enrolment.label, address),
                convention.enrolment.product.organisation.name,
                convention_badge(convention),
                convention.signer_name,
                convention.sent_at or "",
                convention.expires_at if convention.state == ConventionState.TO_SIGN else "",
            ],
            url=address,
        )
        for convention in conventions.annotate(expires_at=Max("links__expires_at")).order_by("created_at", "pk")[
            :LIST_LIMIT
        ]
        for address in [reverse("convention:convention_prepare", args=[convention.pk])]
    ]
    return render(
        request,
        "convention/convention_list.html",
        {
            "rows": rows,
            "columns": ["Produit", "Structure", "État", "Signataire", "Envoyée", "Expiration du lien"],
            "states": [(TO_DO, "À traiter (à envoyer ou à valider)"), *ConventionState.choices, (ALL, "Toutes")],
            "state": state,
            "text": text,
            "limit": LIST_LIMIT if len(rows) == LIST_LIMIT else 0,
        },
    )


@require_http_methods(["GET", "POST"])
@login_required
def convention_prepare(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Choose data and purposes (A-04), follow the signature, validate."""
    user = require_reader(request) if request.method == "GET" else require_listing_team(request)
    convention = get_convention(user, pk)
    form = TermsForm(
        request.POST if request.method == "POST" else None,
        initial={"data_categories": convention.data_categories, "purposes": convention.purposes},
    )
    if request.method == "POST" and form.is_valid():
        try:
            choose_terms(convention_id=pk, actor=user, **form.cleaned_data)
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
        else:
            return redirect("convention:convention_send", pk)
    return _render_prepare(request, convention, form=form)


def _render_prepare(
    request: HttpRequest, convention: Convention, *, form: TermsForm, blockers: Iterable[Blocker] = ()
) -> HttpResponse:
    user = cast("User", request.user)
    may_act = rules.can_prepare(user, convention)
    address = reverse("convention:convention_validate", args=[convention.pk])
    return render(
        request,
        "convention/convention_prepare.html",
        {
            "convention": convention,
            "enrolment": convention.enrolment,
            "badge": convention_badge(convention),
            "form": form,
            "blockers": blockers,
            "items": items_of(convention),
            "links": list(convention.links.order_by("-created_at")[:10]),
            "may_choose": may_act and convention.state == ConventionState.TO_SEND,
            "may_resend": may_act and convention.state == ConventionState.TO_SIGN,
            "may_change_representative": may_act
            and convention.state in (ConventionState.TO_SEND, ConventionState.TO_SIGN),
            "resend": Action(
                "Envoyer un nouveau lien",
                reverse("convention:convention_resend", args=[convention.pk]),
                style="secondary",
                confirm_url=reverse("convention:convention_resend", args=[convention.pk]),
                confirm_title="Envoyer un nouveau lien de signature",
                confirm_text="Le lien précédent cessera aussitôt de fonctionner.",
            ),
            "validate": Action(
                "Accuser réception et valider",
                address,
                confirm_url=address,
                confirm_title="Valider la convention",
                confirm_text="La signature est vérifiée de nouveau, l’éditeur est prévenu et le questionnaire "
                "d’orientation s’ouvre.",
            )
            if is_allowed(convention, "validate", user)
            else None,
        },
        status=422 if form.errors or blockers else 200,
    )


@require_GET
@login_required
def convention_preview(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The PDF that would be sent, marked as a preview."""
    user = require_listing_team(request)
    convention = get_convention(user, pk)
    if convention.state == ConventionState.TO_SEND and find_send_blockers(convention):
        return redirect("convention:convention_send", pk)
    name, content = preview(convention_id=pk, actor=user)
    return HttpResponse(
        content,
        headers={
            "Content-Type": "application/pdf",
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store, private",
        },
    )


@require_http_methods(["GET", "POST"])
@login_required
def convention_send(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Read once more what will be sent and to whom, then send (T07)."""
    user = require_listing_team(request)
    convention = get_convention(user, pk)
    if request.method == "GET" and convention.state != ConventionState.TO_SEND:
        return redirect("convention:convention_prepare", pk)
    blockers: Iterable[Blocker] = find_send_blockers(convention)
    if request.method == "POST":
        try:
            send_convention(convention_id=pk, actor=user)
        except TransitionRefused as refusal:
            blockers = refusal.blockers
        else:
            messages.success(
                request, f"La convention est envoyée à {convention.signer_name}, {convention.signer_email}."
            )
            return redirect("convention:convention_list")
    return render(
        request,
        "convention/convention_send.html",
        {
            "convention": convention,
            "enrolment": convention.enrolment,
            "items": items_of(convention),
            "blockers": blockers,
        },
        status=422 if request.method == "POST" else 200,
    )


@require_http_methods(["GET", "POST"])
@login_required
def convention_resend(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A new link; the former one is revoked."""
    user = require_listing_team(request)
    convention = get_convention(user, pk)
    back = reverse("convention:convention_prepare", args=[pk])
    if request.method == "GET":
        action = Action(
            "Envoyer un nouveau lien",
            request.path,
            confirm_title="Envoyer un nouveau lien de signature",
            confirm_text=f"{convention.signer_name} le recevra à l’adresse {convention.signer_email}. Le lien précédent "
            "cessera aussitôt de fonctionner.",
        )
        return render_confirmation(request, action, cancel_url=back)
    try:
        resend_link(convention_id=pk, actor=user)
    except TransitionRefused as refusal:
        return refused(
            request, refusal.blockers, title="Lien non envoyé", back_url=back, back_label="Revenir à la convention"
        )
    messages.success(request, f"Un nouveau lien est envoyé à {convention.signer_email}.")
    return redirect("convention:convention_prepare", pk)


@require_http_methods(["GET", "POST"])
@login_required
def convention_validate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Acknowledge the signed convention; the orientation opens (T09)."""
    user = require_listing_team(request)
    convention = get_convention(user, pk)
    back = reverse("convention:convention_prepare", args=[pk])
    if request.method == "GET":
        action = Action(
            "Accuser réception et valider",
            request.path,
            confirm_title="Valider la convention",
            confirm_text="La signature est vérifiée de nouveau, l’éditeur est prévenu et le questionnaire d’orientation "
            "s’ouvre.",
        )
        return render_confirmation(request, action, cancel_url=back)
    try:
        validate_convention(convention_id=pk, actor=user)
    except TransitionRefused as refusal:
        return refused(
            request,
            refusal.blockers,
            title="Convention non validée",
            back_url=back,
            back_label="Revenir à la convention",
        )
    messages.success(request, f"La convention de {convention.enrolment.label} est validée ; l’éditeur est prévenu.")
    return redirect("convention:convention_list")
