"""Tab « Conclusion » of a file, its report, and pre-listings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.accounts.requests import SignedInRequest
from convergence.accounts.rules import is_listing_team
from convergence.audit.workflow import is_allowed
from convergence.jobs.services import enqueue
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.values import Action, Badge, Link, Row, Tone
from convergence.ui.views import render_confirmation
from referencing.candidature.enums import CandidatureState, Proposal
from referencing.candidature.forms.conclusion import ConclusionForm, PreListingForm, ReasonForm
from referencing.candidature.models import Candidature, Conclusion, ThemeReview
from referencing.candidature.outputs import REPORT_JOB
from referencing.candidature.rules import is_instructor
from referencing.candidature.services.conclusion import (
    conclude,
    find_conclusion_blockers,
    find_objections,
    find_unfinished,
    read_conclusion,
    reopen,
    theme_titles,
)
from referencing.candidature.services.connection.standing import find_test_blockers
from referencing.candidature.services.prelisting import find_pre_listing_blockers, leave, pre_list
from referencing.candidature.views.frame import file_frame, get_file
from referencing.enrolment.enums import PreListingState, WhiteLabelRole
from referencing.enrolment.models import PreListing

if TYPE_CHECKING:
    from collections.abc import Sequence


WRONG_STATE = Blocker("wrong_state", "Cette action n’est plus possible dans cet état.")
BAD_DATE = Blocker("expires_on", "La date de fin n’est pas comprise.", "#id_expires_on")
LIST_LIMIT = 200
PRE_LISTING_TONES: dict[str, Tone] = {
    PreListingState.ACTIVE: "success",
    PreListingState.SUSPENDED: "warning",
    PreListingState.REVOKED: "error",
}
#: Steps out of a pre-listing: title of the page, what will happen.
STEPS = {
    "suspend": (
        "Suspendre le pré-référencement",
        "Aucun distributeur ne pourra plus demander à se rattacher à cette solution tant que le pré-référencement n’est "
        "pas rétabli. L’éditeur est prévenu et lit votre motif.",
    ),
    "resume": ("Rétablir le pré-référencement", "Les distributeurs pourront de nouveau demander à se rattacher."),
    "revoke": (
        "Révoquer le pré-référencement",
        "Le pré-référencement prend fin. Pour être pré-référencé de nouveau, l’éditeur devra candidater. Il est prévenu "
        "et lit votre motif.",
    ),
    "withdraw": (
        "Retirer le pré-référencement",
        "Votre solution n’est plus proposée aux distributeurs. Pour être pré-référencé de nouveau, vous devrez candidater.",
    ),
}


def get_concluded_file(request: SignedInRequest, pk: UUID) -> Candidature:
    """404 for a stranger’s file, 403 for the editor: the report is for the commission."""
    candidature = get_file(request, pk)
    if not is_instructor(request.user, candidature):
        raise PermissionDenied("conclusion")
    return candidature


@require_http_methods(["GET", "POST"])
@login_required
def candidature_conclude(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """What remains before concluding, the form, then what was frozen."""
    candidature = get_concluded_file(request, pk)
    if request.method == "GET":
        return _render(request, candidature, form=ConclusionForm())
    form = ConclusionForm(request.POST)
    proposal = request.POST.get("proposal", "")
    if not form.is_valid():
        blockers = find_conclusion_blockers(candidature, proposal) if is_open(candidature) else []
        return _render(request, candidature, form=form, blockers=blockers)
    address = reverse("candidature:candidature_conclude", args=[pk])
    if "confirmed" not in request.POST:
        if not is_allowed(candidature, "conclude", request.user):
            return _render(request, candidature, form=form, blockers=[WRONG_STATE])
        if blockers := find_conclusion_blockers(candidature, proposal):
            return _render(request, candidature, form=form, blockers=blockers)
        action = Action(
            "Conclure l’évaluation",
            address,
            confirm_title="Conclure l’évaluation",
            confirm_text=f"Proposition : {Proposal(proposal).label.lower()}. Le rapport de synthèse est figé et transmis à "
            "la commission ; les verdicts ne changent plus, sauf si l’évaluation est rouverte avec un motif.",
            hidden={**form.cleaned_data, "confirmed": "1"},
        )
        return render_confirmation(request, action, cancel_url=address)
    try:
        conclude(candidature_id=pk, actor=request.user, **form.cleaned_data)
    except TransitionRefused as refusal:
        return _render(request, candidature, form=form, blockers=refusal.blockers)
    messages.success(request, "L’évaluation est conclue. Le rapport de synthèse est figé.")
    return redirect("candidature:candidature_conclude", pk)


def is_open(candidature: Candidature) -> bool:
    return candidature.state == CandidatureState.EVALUATION


def _render(
    request: SignedInRequest,
    candidature: Candidature,
    *,
    form: ConclusionForm,
    blockers: Sequence[Blocker] = (),
    reason_form: ReasonForm | None = None,
    pre_listing_form: PreListingForm | None = None,
) -> HttpResponse:
    conclusions = list(candidature.conclusions.select_related("concluded_by").order_by("-number"))
    current = conclusions[0] if conclusions and candidature.state == CandidatureState.READY_COMMISSION else None
    reviews = ThemeReview.objects.filter(candidature=candidature).select_related("expert", "visa_by")
    titles = theme_titles(candidature)
    is_producer = candidature.enrolment.white_label == WhiteLabelRole.PRODUCER
    may = is_listing_team(request.user)
    has_errors = bool(blockers) or any(
        each is not None and each.is_bound and each.errors for each in (form, reason_form)
    )
    return render(
        request,
        "candidature/candidature_conclude.html",
        {
            **file_frame(request, candidature, "conclusion"),
            "form": form,
            "reason_form": reason_form or ReasonForm(),
            "pre_listing_form": pre_listing_form or PreListingForm(),
            "blockers": blockers,
            "unfinished": find_unfinished(candidature) if is_open(candidature) else [],
            "objections": [*find_objections(candidature), *find_test_blockers(candidature)]
            if is_open(candidature)
            else [],
            "is_open": is_open(candidature),
            "may_conclude": may and is_open(candidature) and not is_producer,
            "may_pre_list": may and is_open(candidature) and is_producer,
            "may_reopen": is_allowed(candidature, "reopen", request.user),
            "columns": ["Thème", "Expert", "Conclusion", "Seconde lecture"],
            "rows": [
                [
                    titles.get(review.theme, review.theme),
                    review.expert.get_full_name() if review.expert else "",
                    review.concluded_at or Badge("En cours", tone="info"),
                    review.visa_by.get_full_name() if review.visa_by else "",
                ]
                for review in reviews.order_by("position")
            ],
            "current": current,
            "report": read_conclusion(current) if current else None,
            "export": Action(
                "Télécharger le rapport en PDF",
                reverse("candidature:conclusion_export", args=[candidature.pk, current.number]),
                style="secondary",
                icon="download-line",
            )
            if current
            else None,
            "former": [each for each in conclusions if each != current],
        },
        status=422 if has_errors else 200,
    )


@require_POST
@login_required
def candidature_reopen(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Back to evaluation, with a reason (T24c)."""
    candidature = get_concluded_file(request, pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _render(request, candidature, form=ConclusionForm(), reason_form=form)
    try:
        reopen(candidature_id=pk, reason=form.cleaned_data["reason"], actor=request.user)
    except TransitionRefused as refusal:
        return _render(request, candidature, form=ConclusionForm(), reason_form=form, blockers=refusal.blockers)
    messages.success(request, "L’évaluation est rouverte.")
    return redirect("candidature:candidature_conclude", pk)


@require_POST
@login_required
def conclusion_export(request: SignedInRequest, pk: UUID, number: int) -> HttpResponse:
    """Ask for the sealed PDF of a conclusion: a job makes it from what was frozen."""
    candidature = get_concluded_file(request, pk)
    conclusion = get_object_or_404(Conclusion, candidature=candidature, number=number)
    job = enqueue(
        kind=REPORT_JOB,
        payload={"conclusion": str(conclusion.pk)},
        requester=request.user,
        key=f"{conclusion.pk}:{request.user.pk}",
    )
    return redirect("pages:job_detail", job.pk)


@require_POST
@login_required
def candidature_pre_list(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Pre-list a producer’s solution (T23): asks once more, then does it."""
    candidature = get_concluded_file(request, pk)
    form = PreListingForm(request.POST)
    if not form.is_valid():
        return _render(request, candidature, form=ConclusionForm(), pre_listing_form=form, blockers=[BAD_DATE])
    expires_on = form.cleaned_data["expires_on"]
    page = reverse("candidature:candidature_conclude", args=[pk])
    try:
        if "confirmed" not in request.POST:
            if not is_allowed(candidature, "pre_list", request.user):
                raise (
                    TransitionRefused([WRONG_STATE]) if is_listing_team(request.user) else PermissionDenied("pre_list")
                )
            if blockers := find_pre_listing_blockers(candidature, expires_on=expires_on, today=form.today):
                raise TransitionRefused(blockers)
            return render_confirmation(request, _confirm_pre_listing(pk, request), cancel_url=page)
        pre_list(candidature_id=pk, expires_on=expires_on, actor=request.user)
    except TransitionRefused as refusal:
        return _render(request, candidature, form=ConclusionForm(), pre_listing_form=form, blockers=refusal.blockers)
    messages.success(request, "La solution est pré-référencée. Son éditeur est prévenu.")
    return redirect("candidature:pre_listing_list")


def _confirm_pre_listing(pk: UUID, request: SignedInRequest) -> Action:
    return Action(
        "Pré-référencer la solution",
        reverse("candidature:candidature_pre_list", args=[pk]),
        confirm_title="Pré-référencer la solution",
        confirm_text="Les éditeurs distributeurs pourront demander à se rattacher à cette solution, sur la base de ce "
        "dossier figé. Elle ne figure pas au catalogue public.",
        hidden={"expires_on": request.POST.get("expires_on", ""), "confirmed": "1"},
    )


@require_GET
@login_required
def pre_listing_list(request: SignedInRequest) -> HttpResponse:
    """Pre-listed solutions: all for the listing team, their own for producers. Shown nowhere in the public catalogue."""
    pre_listings = (
        PreListing.objects.visible_to(request.user)
        .select_related("enrolment__product__organisation")
        .order_by("-pre_listed_at")[:LIST_LIMIT]
    )
    return render(
        request,
        "candidature/pre_listing_list.html",
        {
            "is_member": bool(request.user.access.organisation_ids),
            "columns": ["Solution", "Structure", "État", "Dossier", "Pré-référencée", "Jusqu’au"],
            "rows": [
                Row(
                    cells=[
                        each.enrolment.label,
                        each.enrolment.product.organisation.name,
                        pre_listing_badge(each),
                        each.dossier_reference,
                        each.pre_listed_at,
                        each.expires_on,
                    ],
                    url=reverse("candidature:pre_listing_detail", args=[each.pk]),
                )
                for each in pre_listings
            ],
        },
    )


def pre_listing_badge(pre_listing: PreListing) -> Badge:
    return Badge(pre_listing.get_state_display(), tone=PRE_LISTING_TONES.get(pre_listing.state, "neutral"))


@require_GET
@login_required
def pre_listing_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _render_pre_listing(request, _get_pre_listing(request, pk))


@require_http_methods(["GET", "POST"])
@login_required
def pre_listing_change(request: SignedInRequest, pk: UUID, step: str) -> HttpResponse:
    """Suspend, resume, revoke or withdraw; a page asks for the reason first."""
    pre_listing = _get_pre_listing(request, pk)
    if step not in STEPS:
        raise Http404
    if not is_allowed(pre_listing, step, request.user):
        if request.method == "POST":
            raise PermissionDenied(step)
        return redirect("candidature:pre_listing_detail", pk)
    form = ReasonForm(request.POST or None)
    form.fields["reason"].required = step != "resume"
    if request.method == "POST" and form.is_valid():
        try:
            leave(pre_listing_id=pk, step=step, reason=form.cleaned_data["reason"], actor=request.user)
        except TransitionRefused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, "Le pré-référencement est mis à jour.")
        return redirect("candidature:pre_listing_detail", pk)
    title, text = STEPS[step]
    return render(
        request,
        "candidature/pre_listing_change.html",
        {"pre_listing": pre_listing, "form": form, "title": title, "text": text, "asks_reason": step != "resume"},
        status=422 if request.method == "POST" else 200,
    )


def _get_pre_listing(request: SignedInRequest, pk: UUID) -> PreListing:
    return get_object_or_404(
        PreListing.objects.visible_to(request.user).select_related("enrolment__product__organisation", "pre_listed_by"),
        pk=pk,
    )


def _render_pre_listing(request: SignedInRequest, pre_listing: PreListing) -> HttpResponse:
    candidature = Candidature.objects.filter(dossier=pre_listing.dossier_id, state=CandidatureState.PRE_LISTED).first()
    items: list[tuple[str, Any]] = [
        ("Structure", pre_listing.enrolment.product.organisation.name),
        ("Dossier", pre_listing.dossier_reference),
        ("Pré-référencée le", pre_listing.pre_listed_at),
        ("Par", pre_listing.pre_listed_by.get_full_name()),
        ("Jusqu’au", pre_listing.expires_on or "Sans date de fin"),
    ]
    if pre_listing.ended_at:
        items.append(("Terminé le", pre_listing.ended_at))
    if pre_listing.reason:
        items.append(("Motif", pre_listing.reason))
    return render(
        request,
        "candidature/pre_listing_detail.html",
        {
            "pre_listing": pre_listing,
            "badge": pre_listing_badge(pre_listing),
            "items": items,
            "file": Link("Ouvrir la candidature", reverse("candidature:candidature_detail", args=[candidature.pk]))
            if candidature
            else None,
            "map_url": reverse("candidature:pre_listing_map", args=[pre_listing.pk]),
            "steps": [
                Link(title, reverse("candidature:pre_listing_change", args=[pre_listing.pk, step]))
                for step, (title, _) in STEPS.items()
                if is_allowed(pre_listing, step, request.user)
            ],
        },
    )
