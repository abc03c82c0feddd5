"""Convention, editor’s side (SC-11): where it stands, the signed document, the check of its signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from convergence.kernel.errors import TransitionRefused
from convergence.products import rules as product_rules
from convergence.ui.values import Badge, Item
from evidence.services import stream
from referencing.convention import rules
from referencing.convention.enums import ConventionState, DataCategory
from referencing.convention.forms import RepresentativeForm
from referencing.convention.models import Convention
from referencing.convention.services import change_representative, examine_signature
from referencing.enrolment.enums import Purpose, SheetState
from referencing.enrolment.frame import frame
from referencing.enrolment.models import Enrolment

if TYPE_CHECKING:
    from convergence.accounts.models import User

TONES = {
    ConventionState.TO_SEND: "info",
    ConventionState.TO_SIGN: "new",
    ConventionState.SIGNED: "info",
    ConventionState.VALIDATED: "success",
    ConventionState.REVOKED: "neutral",
}
CHANGEABLE = (ConventionState.TO_SEND, ConventionState.TO_SIGN)


def convention_badge(convention: Convention) -> Badge:
    state = ConventionState(convention.state)
    return Badge(state.label, tone=TONES[state])  # type: ignore[arg-type]


def get_enrolment(request: HttpRequest, pk: UUID) -> Enrolment:
    return get_object_or_404(
        Enrolment.objects.visible_to(cast("User", request.user)).with_product().select_related("sheet"), pk=pk
    )


def get_convention(enrolment: Enrolment) -> Convention | None:
    """The current convention, which shares the enrolment already read."""
    convention = (
        Convention.objects.current()
        .filter(enrolment=enrolment)
        .select_related("sheet_version")
        .with_documents()
        .first()
    )
    if convention:
        convention.enrolment = enrolment
    return convention


def items_of(convention: Convention) -> list[Item]:
    """What the parties agree on, as lines (BR-032)."""
    return [
        Item(
            "Parties",
            [
                f"{party['name'][:1].upper()}{party['name'][1:]}, agissant par {party['represented_by']}"
                for party in convention.parties
            ],
        ),
        Item("Signataire pour l’éditeur", f"{convention.signer_name} ({convention.signer_email})"),
        Item("Catégories de données", [DataCategory(each).label for each in convention.data_categories] or ""),
        Item("Finalités", [Purpose(each).label for each in convention.purposes] or "Sans objet"),
        Item("Durée", f"{convention.duration_months} mois" if convention.duration_months else ""),
        Item("Conditions de retrait", convention.withdrawal_terms),
    ]


@require_GET
@login_required
def convention_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """« Convention »: one of three states, who has the ball, the signed document (SC-11)."""
    enrolment = get_enrolment(request, pk)
    convention = get_convention(enrolment)
    if convention is None and enrolment.sheet.state != SheetState.VALIDATED:
        return redirect("enrolment:sheet_detail", pk)
    if convention is None:
        raise Http404("convention")
    links = list(convention.links.order_by("-created_at")[:1])
    return render(
        request,
        "convention/convention_detail.html",
        {
            **_frame(enrolment, convention),
            "convention": convention,
            "badge": convention_badge(convention),
            "link": links[0] if links else None,
            "items": items_of(convention),
            "is_mine": product_rules.can_edit(request.user, enrolment),
            "may_change_representative": convention.state in CHANGEABLE
            and rules.can_change_representative(request.user, convention),
        },
    )


def _frame(enrolment: Enrolment, convention: Convention, page: str = "Convention") -> dict[str, Any]:
    is_done = convention.state == ConventionState.VALIDATED
    return frame(enrolment, current=2, convention_done=is_done, page=page)


@require_GET
@login_required
def convention_document(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The signed PDF, else the one to sign once it is sent."""
    convention = get_convention(get_enrolment(request, pk))
    if convention is None or convention.state == ConventionState.TO_SEND:
        raise Http404("convention")
    document = convention.signed_document or convention.document
    if document is None:
        raise Http404("document")
    return stream(document)


@require_GET
@login_required
def convention_verify(request: HttpRequest, pk: UUID) -> HttpResponse:
    """« Vérifier la signature »: the stored file is read and verified anew."""
    enrolment = get_enrolment(request, pk)
    convention = get_convention(enrolment)
    if convention is None or convention.signed_document is None:
        raise Http404("signature")
    return render(
        request,
        "convention/convention_verify.html",
        {
            **_frame(enrolment, convention, "Vérification de la signature"),
            "convention": convention,
            "report": examine_signature(convention),
        },
    )


@require_http_methods(["GET", "POST"])
@login_required
def representative_change(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say why the legal representative changes; the convention is revoked and the fiche reopens (T06b, A-05)."""
    enrolment = get_enrolment(request, pk)
    convention = get_convention(enrolment)
    if convention is None:
        raise Http404("convention")
    if not rules.can_change_representative(request.user, convention):
        raise PermissionDenied("representative_change")
    form = RepresentativeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            change_representative(
                convention_id=convention.pk, reason=form.cleaned_data["reason"], actor=cast("User", request.user)
            )
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
        else:
            messages.success(
                request, "La convention est annulée. Indiquez le nouveau représentant légal dans la fiche."
            )
            return redirect("enrolment:sheet_detail", pk)
    return render(
        request,
        "convention/representative_change.html",
        {
            **_frame(enrolment, convention, "Changer de représentant légal"),
            "convention": convention,
            "form": form,
            "cancel_url": reverse("convention:convention_detail", args=[pk]),
        },
        status=422 if form.errors else 200,
    )
