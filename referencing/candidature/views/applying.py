"""« Gérez vos dossiers d’évaluation » (SC-20), Candidater and what follows; the listing team’s plain queue."""

from __future__ import annotations

from typing import TYPE_CHECKING
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
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.products import rules as product_rules
from convergence.ui.typography import format_date, format_time
from convergence.ui.values import Action, Badge, Row
from convergence.ui.views import render_confirmation
from referencing.candidature.core.checklist import failing
from referencing.candidature.enums import OPEN_STATES
from referencing.candidature.models import Candidature
from referencing.candidature.services import apply, cancel, find_blockers, withdraw
from referencing.candidature.services.checklist import check_before_applying
from referencing.candidature.views.checks import present_lines
from referencing.candidature.wording import Audience, state_badge
from referencing.dossier.models import Dossier
from referencing.dossier.outputs import present
from referencing.dossier.readers import read_payload
from referencing.enrolment.enums import WhiteLabelRole
from referencing.enrolment.frame import frame
from referencing.enrolment.models import Enrolment

if TYPE_CHECKING:
    from collections.abc import Sequence


#: Caption of the table that identifies a dossier, for a white-label solution (SC-20).
OF_DISTRIBUTOR = "Informations du dossier de la solution du distributeur"


def _caption(enrolment: Enrolment) -> str:
    return OF_DISTRIBUTOR if enrolment.white_label == WhiteLabelRole.DISTRIBUTOR else "Informations du dossier"


def get_enrolment(request: SignedInRequest, pk: UUID) -> Enrolment:
    return get_object_or_404(
        Enrolment.objects.visible_to(request.user).with_product().select_related("sheet", "response__definition"),
        pk=pk,
    )


@require_GET
@login_required
def dossier_list(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The dossiers of an enrolment, « Mon dossier candidat », and the one that is a candidate."""
    return _render_list(request, get_enrolment(request, pk))


def _render_list(
    request: SignedInRequest, enrolment: Enrolment, *, blockers: Sequence[Blocker] = (), chosen: str = ""
) -> HttpResponse:
    dossiers = list(
        Dossier.objects.visible_to(request.user)
        .filter(enrolment=enrolment)
        .defer("payload", "seal")
        .select_related("created_by")
        .order_by("-number")
    )
    candidatures = list(
        Candidature.objects.filter(enrolment=enrolment)
        .defer("dossier__payload")
        .select_related("referent")
        .order_by("-pk")
    )
    current = next((each for each in candidatures if each.state in OPEN_STATES), None)
    by_dossier = {each.dossier_id: each for each in reversed(candidatures)}
    rows = [
        Row(
            cells=[
                dossier.reference,
                dossier.created_by.get_full_name(),
                format_date(dossier.frozen_at),
                format_time(dossier.frozen_at),
                _standing(dossier, newest=dossiers[0], candidature=by_dossier.get(dossier.pk)),
            ],
            url=address,
        )
        for dossier in dossiers
        for address in [reverse("candidature:dossier_detail", args=[dossier.pk])]
    ]
    return render(
        request,
        "candidature/dossier_list.html",
        {
            **frame(enrolment, current=3, convention_done=True, page="Dossiers d’évaluation"),
            "rows": rows,
            "columns": ["Numéro du dossier", "Créateur du dossier", "Date de création", "Heure de création", "État"],
            "dossiers": dossiers,
            "chosen": chosen,
            "current": current,
            "current_badge": state_badge(current.state, audience=Audience.EDITOR) if current else None,
            "candidate": next((each for each in dossiers if current and each.pk == current.dossier_id), None),
            "blockers": blockers,
            "may_apply": product_rules.can_commit(request.user, enrolment),
            "contact": enrolment.demarche.settings.get("contact", ""),
            **_exits(request, current),
        },
        status=422 if blockers else 200,
    )


def _standing(dossier: Dossier, *, newest: Dossier, candidature: Candidature | None) -> Badge:
    """Candidate, obsolete or plain: computed, never stored (A-15)."""
    if candidature and candidature.state in OPEN_STATES:
        return Badge("Dossier candidat", tone="info")
    if dossier.pk != newest.pk:
        return Badge("Remplacé par un dossier plus récent")
    return Badge("Complet", tone="success") if dossier.is_complete else Badge("Incomplet", tone="warning")


def _exits(request: SignedInRequest, current: Candidature | None) -> dict[str, Action | None]:
    """The way out of a candidature: cancel before it is taken in charge, withdraw afterwards."""
    exits: dict[str, Action | None] = {"cancel": None, "withdraw": None}
    if current is None:
        return exits
    if is_allowed(current, "cancel", request.user):
        address = reverse("candidature:candidature_cancel", args=[current.pk])
        exits["cancel"] = Action(
            "Annuler le dossier candidat",
            address,
            style="secondary",
            confirm_url=address,
            confirm_title="Annuler le dossier candidat",
            confirm_text="Votre candidature est annulée. Vos dossiers restent consultables et vous pourrez candidater de "
            "nouveau, avec ce dossier ou avec un autre.",
        )
    elif is_allowed(current, "withdraw", request.user):
        address = reverse("candidature:candidature_withdraw", args=[current.pk])
        exits["withdraw"] = Action(
            "Retirer la candidature",
            address,
            style="secondary",
            confirm_url=address,
            confirm_title="Retirer la candidature",
            confirm_text="L’examen de votre dossier s’arrête et l’équipe de référencement est prévenue. Pour être référencé, "
            "vous devrez candidater de nouveau.",
        )
    return exits


@require_http_methods(["GET", "POST"])
@login_required
def candidature_apply(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Candidater »: first says what will happen and what stands in the way, then applies."""
    enrolment = get_enrolment(request, pk)
    chosen = request.POST.get("dossier") or request.GET.get("dossier", "")
    dossiers = Dossier.objects.visible_to(request.user).filter(enrolment=enrolment)
    dossier = dossiers.filter(reference=chosen).first()
    if dossier is None:
        missing = Blocker("dossier", "Choisissez le dossier avec lequel vous candidatez.", "#id_dossier")
        return _render_list(request, enrolment, blockers=[missing])
    if not product_rules.can_commit(request.user, enrolment):
        raise PermissionDenied("apply")
    address = reverse("candidature:candidature_apply", args=[pk])
    action = Action(
        "Candidater",
        address,
        confirm_title="Candidater au référencement",
        confirm_text=f"Vous candidatez avec le dossier {dossier.reference}. L’équipe de référencement le reçoit aussitôt. "
        "Vous pourrez l’annuler tant qu’elle ne l’a pas pris en charge.",
        hidden={"dossier": dossier.reference, "confirmed": "1"},
    )
    if request.method == "GET" or "confirmed" not in request.POST:
        if blockers := find_blockers(enrolment, dossier):
            return _render_list(request, enrolment, blockers=blockers, chosen=chosen)
        return _render_apply(request, enrolment, dossier, action)
    try:
        apply(dossier_id=dossier.pk, actor=request.user)
    except TransitionRefused as refusal:
        return _render_list(request, enrolment, blockers=refusal.blockers, chosen=chosen)
    messages.success(request, "Votre candidature est déposée. Un accusé de réception vous est envoyé.")
    return redirect("candidature:dossier_list", pk)


def _render_apply(request: SignedInRequest, enrolment: Enrolment, dossier: Dossier, action: Action) -> HttpResponse:
    """Asks before applying, beside what a verifier will see of the dossier."""
    lines = check_before_applying(enrolment, read_payload(dossier))
    return render(
        request,
        "candidature/candidature_apply.html",
        {
            "action": action,
            "cancel_url": reverse("candidature:dossier_list", args=[enrolment.pk]),
            "rows": present_lines(enrolment.pk, lines),
            "failing": len(failing(lines)),
            "preflight_url": f"{reverse('candidature:preflight_detail', args=[enrolment.pk])}?dossier={dossier.reference}",
        },
    )


def _get_candidature(request: SignedInRequest, pk: UUID) -> Candidature:
    return get_object_or_404(
        Candidature.objects.visible_to(request.user).select_related(
            "enrolment__product__organisation", "enrolment__demarche", "dossier__created_by", "referent"
        ),
        pk=pk,
    )


@require_http_methods(["GET", "POST"])
@login_required
def candidature_cancel(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Annuler le dossier candidat » (T15)."""
    return _leave(request, pk, "cancel", "Votre candidature est annulée.")


@require_http_methods(["GET", "POST"])
@login_required
def candidature_withdraw(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Retirer la candidature » once it is being examined (A-16)."""
    return _leave(request, pk, "withdraw", "Votre candidature est retirée.")


def _leave(request: SignedInRequest, pk: UUID, name: str, done: str) -> HttpResponse:
    candidature = _get_candidature(request, pk)
    if not product_rules.can_commit(request.user, candidature):
        raise PermissionDenied(name)
    page = reverse("candidature:dossier_list", args=[candidature.enrolment_id])
    action = _exits(request, candidature)[name]
    if request.method == "GET":
        if action is None:
            messages.info(request, "Cette action n’est plus possible : l’état de la candidature a changé.")
            return redirect(page)
        return render_confirmation(request, action, cancel_url=page)
    try:
        {"cancel": cancel, "withdraw": withdraw}[name](candidature_id=pk, actor=request.user)
    except TransitionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect(page)


@require_GET
@login_required
def dossier_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Dossier d’évaluation »: everything that was frozen, read from the payload alone."""
    dossier = get_object_or_404(
        Dossier.objects.visible_to(request.user).select_related(
            "created_by",
            "enrolment__product__organisation",
            "enrolment__demarche__parcours",
            "enrolment__sheet",
        ),
        pk=pk,
    )
    candidature = Candidature.objects.open().filter(dossier=dossier).first()
    return render(
        request,
        "candidature/dossier_detail.html",
        {
            **frame(dossier.enrolment, current=3, convention_done=True, page=f"Dossier {dossier.reference}"),
            "dossier": dossier,
            "content": present(read_payload(dossier)),
            "caption": _caption(dossier.enrolment),
            "columns": ["Numéro du dossier", "Créateur du dossier", "Date de création", "Heure de création"],
            "rows": [
                [
                    dossier.reference,
                    dossier.created_by.get_full_name(),
                    format_date(dossier.frozen_at),
                    format_time(dossier.frozen_at),
                ]
            ],
            "badge": state_badge(candidature.state, audience=Audience.EDITOR) if candidature else None,
            "exports": [
                Action(
                    label,
                    reverse("dossier:dossier_export", args=[dossier.pk, form]),
                    style="secondary",
                    icon="download-line",
                )
                for form, label in (("pdf", "Télécharger en PDF"), ("xlsx", "Télécharger en Excel"))
            ],
        },
    )
