"""Remedies and suits: lodged by the editor, recorded and answered by the ministry (A-33)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.accounts.requests import SignedInRequest
from convergence.audit.workflow import is_allowed
from convergence.kernel.errors import TransitionRefused
from convergence.ui.typography import NBSP, format_date
from convergence.ui.values import Action, Item
from convergence.ui.views import render_confirmation
from referencing.decision.core.kinds import possible_outcomes
from referencing.decision.enums import ANSWERABLE_STATES, OPEN_SUITS, AppealState, Outcome
from referencing.decision.forms.remedies import (
    AnswerForm,
    AppealForm,
    ExecutionForm,
    LetterAppealForm,
    ResumeForm,
    RulingForm,
    SuitForm,
)
from referencing.decision.models import Appeal, Suit
from referencing.decision.rules import can_commit, can_decide
from referencing.decision.services.courts import execute_injunction, record_ruling, record_suit, resume_file
from referencing.decision.services.remedies import answer_appeal, lodge_appeal, remedy_limit, withdraw_appeal
from referencing.decision.views.frame import (
    decision_frame,
    get_for_ministry,
    get_readable,
    is_editor_of,
    require_ministry,
    serve,
    status_of,
)
from referencing.decision.wording import appeal_badge, suit_badge, title_of


@require_http_methods(["GET", "POST"])
@login_required
def appeal_lodge(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The editor contests an act; the ministry records a remedy that came by letter."""
    decision = get_readable(request, pk)
    is_letter = bool(can_decide(request.user)) and not can_commit(request.user, decision)
    if not is_letter and not can_commit(request.user, decision):
        raise PermissionDenied("appeal_lodge")
    kind_of_form = LetterAppealForm if is_letter else AppealForm
    form = kind_of_form(*((request.POST, request.FILES) if request.method == "POST" else ()))
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            appeal = lodge_appeal(
                decision_id=pk,
                kind=values["kind"],
                text=values["text"],
                actor=request.user,
                lodged_on=values.get("lodged_on"),
                author_name=values.get("author_name", ""),
                upload=values["document"],
            )
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
        else:
            messages.success(
                request,
                "Le recours est enregistré." if is_letter else "Votre recours est déposé. Le ministère est prévenu.",
            )
            return redirect("decision:appeal_detail", appeal.pk)
    limit = remedy_limit(decision)
    return render(
        request,
        "decision/decision_form.html",
        {
            **decision_frame(request, decision, "Former un recours"),
            "heading": "Enregistrer un recours reçu" if is_letter else "Former un recours",
            "text": _say_limit(limit),
            "form": form,
            "button": "Enregistrer le recours" if is_letter else "Déposer le recours",
            "back_url": reverse("decision:decision_detail", args=[pk]),
            "has_files": True,
        },
        status=status_of(form),
    )


def _say_limit(limit: Any) -> str:
    if limit is None:
        return "Un recours gracieux ou hiérarchique est toujours recevable. Aucun délai ne court contre cette décision."
    if limit >= timezone.localdate():
        return (
            f"Formé jusqu’au {format_date(limit)} inclus, ce recours interrompt le délai pour saisir le juge. Sans réponse en "
            "deux mois, il est rejeté."
        )
    return (
        f"Ce recours reste recevable, mais il n’interrompt plus le délai pour saisir le juge{NBSP}: celui-ci a pris fin le "
        f"{format_date(limit)}."
    )


def get_appeal(request: SignedInRequest, pk: UUID) -> Appeal:
    return get_object_or_404(
        Appeal.objects.visible_to(request.user).select_related(
            "decision__enrolment__product__organisation", "decision__candidature", "document__blob"
        ),
        pk=pk,
    )


@require_http_methods(["GET", "POST"])
@login_required
def appeal_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The remedy; the ministry answers it here."""
    appeal = get_appeal(request, pk)
    decision = appeal.decision
    may_answer = bool(can_decide(request.user)) and appeal.state in ANSWERABLE_STATES
    if request.method == "POST" and not can_decide(request.user):
        raise PermissionDenied("answer_appeal")
    form = AnswerForm(request.POST if request.method == "POST" else None, outcomes=possible_outcomes(decision.kind))
    if request.method == "POST" and form.is_valid():
        address = reverse("decision:appeal_detail", args=[pk])
        values = form.cleaned_data
        if "confirmed" not in request.POST:
            action = Action(
                "Répondre au recours",
                address,
                confirm_title="Répondre au recours",
                confirm_text=f"{Outcome(values['outcome']).label}. L’éditeur lit votre réponse aussitôt, et elle ne change plus.",
                hidden={**values, "confirmed": "1"},
            )
            return render_confirmation(request, action, cancel_url=address)
        try:
            answer_appeal(appeal_id=pk, actor=request.user, **values)
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
        else:
            messages.success(request, "La réponse est donnée. L’éditeur est prévenu.")
            return redirect("decision:appeal_detail", pk)
    return render(
        request,
        "decision/appeal_detail.html",
        {
            **decision_frame(request, decision, str(appeal.get_kind_display())),
            "appeal": appeal,
            "badge": appeal_badge(appeal),
            "heading": f"{appeal.get_kind_display()} contre {title_of(decision)}",
            "items": _appeal_items(appeal),
            "form": form if may_answer else None,
            "may_withdraw": is_editor_of(request.user, decision) and is_allowed(appeal, "withdraw", request.user),
            "is_open": appeal.state == AppealState.LODGED,
            "is_ministry": bool(can_decide(request.user)),
        },
        status=status_of(form),
    )


def _appeal_items(appeal: Appeal) -> list[Item]:
    items = [
        Item("Auteur", appeal.author_name),
        Item(
            "Reçu le",
            f"{format_date(appeal.lodged_on)}{', par courrier' if appeal.is_by_letter else ', sur la plateforme'}",
        ),
        Item(
            "Délai pour saisir le juge",
            "Interrompu par ce recours"
            if appeal.is_interrupting
            else "Non interrompu : ce recours est venu après deux mois",
        ),
        Item("Motifs", appeal.text),
    ]
    if appeal.state == AppealState.LODGED:
        items.append(Item("Rejet par silence le", appeal.silence_on))
    if appeal.state == AppealState.SILENTLY_REJECTED:
        items.append(Item("Rejeté par silence le", appeal.ended_on))
    if appeal.answer:
        items += [
            Item("Suite donnée", str(appeal.get_outcome_display())),
            Item("Réponse du", appeal.ended_on),
            Item("Motifs de la réponse", appeal.answer),
        ]
    return items


@require_http_methods(["GET", "POST"])
@login_required
def appeal_withdraw(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The editor gives its remedy up, after being asked once more."""
    appeal = get_appeal(request, pk)
    if not can_commit(request.user, appeal):
        raise PermissionDenied("appeal_withdraw")
    page = reverse("decision:appeal_detail", args=[pk])
    if request.method == "GET":
        action = Action(
            "Retirer le recours",
            reverse("decision:appeal_withdraw", args=[pk]),
            confirm_title="Retirer le recours",
            confirm_text="Le ministère n’y répondra pas. Le délai pour saisir le juge court de nouveau à partir d’aujourd’hui, si ce "
            "recours l’avait interrompu.",
        )
        return render_confirmation(request, action, cancel_url=page)
    try:
        withdraw_appeal(appeal_id=pk, actor=request.user)
    except TransitionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Votre recours est retiré.")
    return redirect(page)


@require_GET
@login_required
def appeal_document(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """What was joined to the remedy."""
    return serve(get_appeal(request, pk).document)


@require_http_methods(["GET", "POST"])
@login_required
def suit_record(request: SignedInRequest, pk: UUID) -> HttpResponse:
    decision = get_for_ministry(request, pk)
    form = SuitForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            suit = record_suit(decision_id=pk, actor=request.user, **form.cleaned_data)
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
        else:
            messages.success(request, "L’affaire est enregistrée.")
            return redirect("decision:suit_detail", suit.pk)
    return render(
        request,
        "decision/decision_form.html",
        {
            **decision_frame(request, decision, "Enregistrer une affaire"),
            "heading": "Enregistrer une affaire devant le juge",
            "text": "Une requête ne suspend pas la décision : seul le juge peut le faire.",
            "form": form,
            "button": "Enregistrer l’affaire",
            "back_url": reverse("decision:decision_detail", args=[pk]),
        },
        status=status_of(form),
    )


def get_suit(request: SignedInRequest, pk: UUID) -> Suit:
    return get_object_or_404(
        Suit.objects.visible_to(request.user).select_related("decision__enrolment__product__organisation"), pk=pk
    )


@require_http_methods(["GET", "POST"])
@login_required
def suit_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The suit; the ministry records what the court says, then what it did of it."""
    suit = get_suit(request, pk)
    if request.method == "POST":
        require_ministry(request)
    form = RulingForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        address = reverse("decision:suit_detail", args=[pk])
        try:
            if "confirmed" not in request.POST:
                return _confirm_ruling(request, form, address)
            record_ruling(suit_id=pk, actor=request.user, **values)
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
        else:
            messages.success(request, "La décision de justice est enregistrée. L’éditeur est prévenu.")
            return redirect("decision:suit_detail", pk)
    return _render_suit(request, suit, form=form)


def _confirm_ruling(request: SignedInRequest, form: RulingForm, address: str) -> HttpResponse:
    step = dict(form.fields["step"].choices)[form.cleaned_data["step"]]  # type: ignore[attr-defined]
    action = Action(
        "Enregistrer la décision de justice",
        address,
        confirm_title="Enregistrer la décision de justice",
        confirm_text=f"{step}. Les effets sont immédiats, jusqu’au catalogue public.",
        hidden={**{name: form.data.get(name, "") for name in form.fields}, "confirmed": "1"},
    )
    return render_confirmation(request, action, cancel_url=address)


def _render_suit(
    request: SignedInRequest, suit: Suit, *, form: RulingForm, execution: ExecutionForm | None = None
) -> HttpResponse:
    is_ministry = bool(can_decide(request.user))
    waits = bool(suit.injunction) and suit.injunction_executed_on is None
    return render(
        request,
        "decision/suit_detail.html",
        {
            **decision_frame(request, suit.decision, "Affaire devant le juge"),
            "suit": suit,
            "badge": suit_badge(suit),
            "items": [
                Item("Juridiction", suit.court),
                Item("Numéro", suit.case_number),
                Item("Requérant", suit.claimant),
                Item("Requête enregistrée le", suit.lodged_on),
                Item("Décision de justice du", suit.ruled_on or "En attente"),
                Item("Sens", suit.ruling or "En attente"),
                Item("Injonction", suit.injunction or "Aucune"),
                Item("À exécuter avant le", suit.injunction_due_on or "Sans objet"),
                Item("Exécutée le", suit.injunction_executed_on or ("À exécuter" if waits else "Sans objet")),
            ],
            "form": form if is_ministry and suit.state in OPEN_SUITS else None,
            "execution": (execution or ExecutionForm()) if is_ministry and waits else None,
        },
        status=status_of(form, execution),
    )


@require_POST
@login_required
def injunction_execute(request: SignedInRequest, pk: UUID) -> HttpResponse:
    suit = get_suit(request, pk)
    require_ministry(request)
    form = ExecutionForm(request.POST)
    if form.is_valid():
        try:
            execute_injunction(suit_id=pk, actor=request.user, **form.cleaned_data)
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
        else:
            messages.success(request, "L’injonction est exécutée.")
            return redirect("decision:suit_detail", pk)
    return _render_suit(request, suit, form=RulingForm(), execution=form)


@require_http_methods(["GET", "POST"])
@login_required
def file_resume(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """After an annulment: where the file is taken up again."""
    decision = get_for_ministry(request, pk)
    form = ResumeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            resume_file(decision_id=pk, actor=request.user, **form.cleaned_data)
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
        else:
            messages.success(request, "Le dossier est repris.")
            return redirect("decision:decision_detail", pk)
    return render(
        request,
        "decision/decision_form.html",
        {
            **decision_frame(request, decision, "Reprendre le dossier"),
            "heading": "Reprendre le dossier",
            "text": "La décision est annulée : le dossier retourne où vous le dites, et une nouvelle décision suivra.",
            "form": form,
            "button": "Reprendre le dossier",
            "back_url": reverse("decision:decision_detail", args=[pk]),
        },
        status=status_of(form),
    )
