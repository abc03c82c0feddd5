"""What is asked of a producer about a recovered answer, on the side of the agents; and the distributor’s way to answer itself
(A-25)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from convergence.accounts.models import User
from convergence.accounts.requests import SignedInRequest
from convergence.audit.workflow import is_allowed
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import NBSP, format_date
from convergence.ui.values import Action, Link
from convergence.ui.views import render_confirmation
from referencing.candidature.content import list_recovered, load_criteria, may_open
from referencing.candidature.core.criteria import EffectiveCriterion, find_criterion
from referencing.candidature.delays import propose_day
from referencing.candidature.enums import CandidatureState, Severity
from referencing.candidature.forms.recovered import NoteForm, ProducerQuestionForm
from referencing.candidature.forms.requests import ExtensionDecisionForm
from referencing.candidature.models import Candidature, ProducerQuestion
from referencing.candidature.rules import can_answer, can_instruct, can_judge, is_instructor
from referencing.candidature.services.recovered import (
    OWN_DAYS,
    ask_producer,
    choose_own_answer,
    decide_delay,
    find_takeable,
    lapse_question,
    lift_question,
    list_sharing,
    maintain_question,
    remind_producer,
    reopen_question,
    withdraw_question,
)
from referencing.candidature.views.asking import form_page
from referencing.candidature.views.examined import criterion_url, words_of
from referencing.candidature.views.frame import file_frame, get_file
from referencing.candidature.wording import producer_question_badge

#: What an agent does with a question, by the name in its address: (title, what it does, button).
ACTS = {
    "retirer": (
        "withdraw",
        "Retirer la demande à l’éditeur producteur",
        "L’éditeur producteur n’aura plus à répondre. Le distributeur est prévenu qu’il n’est plus attendu.",
        "Retirer la demande",
    ),
    "lever": ("lift", "Lever la non-conformité", "L’éditeur producteur est prévenu.", "Lever"),
    "maintenir": (
        "maintain",
        "Maintenir la non-conformité",
        "L’éditeur producteur lit votre motif. Le distributeur apprend qu’il peut répondre lui-même, sans lire le motif.",
        "Maintenir",
    ),
    "rouvrir": ("reopen", "Rouvrir la non-conformité", "L’éditeur producteur doit répondre de nouveau.", "Rouvrir"),
    "constater-l-absence": (
        "lapse",
        "Constater l’absence de réponse",
        "L’échéance est passée. Le distributeur est invité à répondre lui-même ; sa candidature continue.",
        "Constater l’absence de réponse",
    ),
}
_DONE = {
    "withdraw": withdraw_question,
    "lift": lift_question,
    "maintain": maintain_question,
    "lapse": lapse_question,
}


@require_http_methods(["GET", "POST"])
@login_required
def producer_question_create(request: SignedInRequest, pk: UUID, criterion: str) -> HttpResponse:
    """Ask the producer about one recovered criterion, for this file and others that share the answer (A-25, BR-112)."""
    candidature = get_file(request, pk)
    if not is_instructor(request.user, candidature) or not can_instruct(request.user, candidature):
        raise PermissionDenied("producer_question_create")
    about = list_recovered(candidature).get(criterion)
    if about is None:
        raise Http404(criterion)
    if not can_judge(request.user, ProducerQuestion(candidature=candidature, theme=about.theme)):
        raise PermissionDenied("producer_question_create")
    sharing = list_sharing(candidature, criterion, request.user)
    form = ProducerQuestionForm(
        [(str(each.pk), f"{each.enrolment.label} – {each.organisation_name}") for each in sharing],
        request.POST if request.method == "POST" else None,
        initial={
            "kind": request.GET.get("nature", ""),
            "due_on": propose_day(candidature, "criteria", today=timezone.localdate()),
        },
    )

    def show(blockers: Sequence[Blocker] = ()) -> HttpResponse:
        source = about.recovered
        named = f"{source.solution} ({source.producer})" if source else ""
        return form_page(
            request,
            candidature,
            form,
            heading=f"Interroger l’éditeur producteur sur le critère {criterion}",
            lead=f"{about.title}. La réponse est récupérée de {named}. Son éditeur répond ; le distributeur lit seulement "
            "qu’elle est attendue, sur quel critère et avant quel jour.",
            button="Envoyer à l’éditeur producteur",
            back=criterion_url(candidature, criterion),
            blockers=blockers,
        )

    if not form.is_bound or not form.is_valid():
        return show()
    values = form.cleaned_data
    try:
        asked = ask_producer(
            candidature_id=pk,
            kind=values["kind"],
            criterion=criterion,
            severity=values["severity"],
            text=values["text"],
            due_on=values["due_on"],
            also=[UUID(key) for key in values.get("also", ())],
            actor=request.user,
        )
    except TransitionRefused as refusal:
        return show(refusal.blockers)
    messages.success(request, "L’éditeur producteur est interrogé.")
    (own,) = (each for each in asked if each.candidature_id == candidature.pk)
    return redirect("candidature:producer_question_detail", pk, own.number)


def get_question(request: SignedInRequest, candidature: Candidature, number: int) -> ProducerQuestion:
    """For agents. Raises Http404, for the distributor above all."""
    found = (
        ProducerQuestion.objects.visible_to(request.user)
        .filter(candidature=candidature, number=number)
        .select_related(
            "asked_by", "decided_by", "wanted_by", "pre_listing__enrolment__product__organisation", "addendum"
        )
        .first()
    )
    if found is None or not is_instructor(request.user, candidature):
        raise Http404
    found.candidature = candidature
    return found


@require_GET
@login_required
def producer_question_detail(request: SignedInRequest, pk: UUID, number: int) -> HttpResponse:
    """What was asked of the producer and what it answered, for the agents alone."""
    candidature = get_file(request, pk)
    question = get_question(request, candidature, number)
    about = find_criterion(load_criteria(candidature, opened=may_open(request.user, candidature)), question.criterion)
    return render(
        request,
        "candidature/producer_question_detail.html",
        {
            **file_frame(request, candidature, "requests"),
            "question": question,
            "question_badge": producer_question_badge(question),
            "producer": question.pre_listing.enrolment,
            "sent": _sent(about),
            "criterion_url": criterion_url(candidature, question.criterion),
            "links": _links(request.user, question),
            "shared": _shared(question, request.user),
        },
    )


def _sent(about: EffectiveCriterion | None) -> list[dict[str, Any]]:
    """What the producer answered during the instruction, as it was frozen for this file."""
    if about is None:
        return []
    return [
        {
            "number": each.number,
            "answer": words_of(about, each.answer) if each.answer else "",
            "comment": each.comment,
            "files": [item.name for item in each.evidence],
        }
        for each in about.supplements
        if each.from_producer
    ]


def _shared(question: ProducerQuestion, user: User) -> list[ProducerQuestion]:
    """The same criterion of the same solution, asked for other files that this person sees."""
    rows = ProducerQuestion.objects.visible_to(user).filter(
        pre_listing=question.pre_listing_id, criterion=question.criterion
    )
    return list(rows.exclude(pk=question.pk).order_by("-asked_at", "pk")[:20])


def _links(user: User, question: ProducerQuestion) -> list[Link]:
    arguments = [question.candidature_id, question.number]
    if question.candidature.state != CandidatureState.EVALUATION:
        return []
    links = []
    if question.waits and can_instruct(user, question):
        if question.wanted_on and can_judge(user, question):
            links.append(
                Link("Répondre à la demande de délai", reverse("candidature:producer_delay_decide", args=arguments))
            )
        links.append(Link("Relancer l’éditeur producteur", reverse("candidature:producer_remind", args=arguments)))
    for name, (step, title, _, _) in ACTS.items():
        if step in ("lift", "maintain") and not question.is_gap:
            continue
        if step == "lapse" and (question.due_on is None or question.due_on >= timezone.localdate()):
            continue
        if is_allowed(question, step, user):
            links.append(Link(title, reverse("candidature:producer_question_act", args=[*arguments, name])))
    return links


@require_http_methods(["GET", "POST"])
@login_required
def producer_question_act(request: SignedInRequest, pk: UUID, number: int, act: str) -> HttpResponse:
    """Withdraw, lift, maintain, reopen, or take note of the silence: with a reason that the producer reads."""
    candidature = get_file(request, pk)
    question = get_question(request, candidature, number)
    if act not in ACTS:
        raise Http404(act)
    step, heading, lead, button = ACTS[act]
    back = reverse("candidature:producer_question_detail", args=[pk, number])
    if not can_instruct(request.user, question):
        raise PermissionDenied(step)
    if not is_allowed(question, step, request.user):
        messages.info(request, "Cette action n’est plus possible.")
        return redirect(back)
    asks_day = step == "reopen" and question.severity != Severity.OBSERVATION
    form = NoteForm(request.POST if request.method == "POST" else None, asks_day=asks_day)

    def show(blockers: Sequence[Blocker] = ()) -> HttpResponse:
        return form_page(
            request, candidature, form, heading=heading, lead=lead, button=button, back=back, blockers=blockers
        )

    if not form.is_bound or not form.is_valid():
        return show()
    note = form.cleaned_data["note"]
    try:
        if step == "reopen":
            reopen_question(
                question_id=question.pk, note=note, due_on=form.cleaned_data.get("due_on"), actor=request.user
            )
        else:
            _DONE[step](question_id=question.pk, note=note, actor=request.user)
    except TransitionRefused as refusal:
        return show(refusal.blockers)
    messages.success(request, "C’est enregistré, l’éditeur producteur est prévenu.")
    return redirect(back)


@require_http_methods(["GET", "POST"])
@login_required
def producer_remind(request: SignedInRequest, pk: UUID, number: int) -> HttpResponse:
    candidature = get_file(request, pk)
    question = get_question(request, candidature, number)
    if not can_instruct(request.user, question):
        raise PermissionDenied("producer_remind")
    back = reverse("candidature:producer_question_detail", args=[pk, number])
    if request.method == "GET":
        until = f" le {format_date(question.due_on)}" if question.due_on else ""
        action = Action(
            "Relancer l’éditeur producteur",
            request.path,
            confirm_title=f"Relancer l’éditeur producteur sur la demande n°{NBSP}{number}",
            confirm_text=f"Un message rappelle que sa réponse est attendue{until}.",
        )
        return render_confirmation(request, action, cancel_url=back)
    try:
        remind_producer(question_id=question.pk, actor=request.user)
    except TransitionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "L’éditeur producteur est relancé.")
    return redirect(back)


@require_http_methods(["GET", "POST"])
@login_required
def producer_delay_decide(request: SignedInRequest, pk: UUID, number: int) -> HttpResponse:
    """Grant the producer more time, or refuse it with a reason."""
    candidature = get_file(request, pk)
    question = get_question(request, candidature, number)
    if not can_judge(request.user, question):
        raise PermissionDenied("producer_delay_decide")
    back = reverse("candidature:producer_question_detail", args=[pk, number])
    if question.wanted_on is None:
        messages.info(request, "Aucune demande de délai n’attend de réponse.")
        return redirect(back)
    form = ExtensionDecisionForm(
        request.POST if request.method == "POST" else None, initial={"granted_on": question.wanted_on}
    )

    def show(blockers: Sequence[Blocker] = ()) -> HttpResponse:
        return form_page(
            request,
            candidature,
            form,
            heading="Répondre à la demande de délai",
            lead=f"L’éditeur producteur demande jusqu’au {question.wanted_on:%d/%m/%Y}. Motif : {question.wanted_why}",
            button="Enregistrer la réponse",
            back=back,
            blockers=blockers,
        )

    if not form.is_bound or not form.is_valid():
        return show()
    try:
        decide_delay(
            question_id=question.pk,
            granted_on=form.granted,
            note=form.cleaned_data["answer"],
            actor=request.user,
        )
    except TransitionRefused as refusal:
        return show(refusal.blockers)
    messages.success(request, "Votre réponse est enregistrée, l’éditeur producteur est prévenu.")
    return redirect(back)


@require_http_methods(["GET", "POST"])
@login_required
def own_answer_choose(request: SignedInRequest, pk: UUID, criterion: str) -> HttpResponse:
    """The distributor answers itself in place of its producer: said first, then done (A-25)."""
    candidature = get_file(request, pk)
    if is_instructor(request.user, candidature):
        raise Http404
    question = find_takeable(ProducerQuestion.objects.filter(candidature=candidature), criterion)
    if question is None:
        raise Http404
    if not can_answer(request.user, candidature):
        raise PermissionDenied("own_answer_choose")
    back = reverse("candidature:request_list", args=[pk])
    if request.method == "GET":
        action = Action(
            "Répondre moi-même",
            request.path,
            confirm_title=f"Répondre vous-même au critère {criterion}",
            confirm_text=f"{question.title}. Votre réponse et vos preuves remplacent celles de l’éditeur producteur dans "
            f"cette candidature : vous ne pourrez pas les récupérer de nouveau. Vous avez au moins {OWN_DAYS} jours pour "
            "répondre.",
        )
        return render_confirmation(request, action, cancel_url=back)
    try:
        opened = choose_own_answer(candidature_id=pk, criterion=criterion, actor=request.user)
    except ProducerQuestion.DoesNotExist as gone:
        raise Http404 from gone
    except TransitionRefused as refusal:
        messages.error(request, str(refusal))
        return redirect(back)
    messages.success(request, "Répondez maintenant à ce critère : rien n’est envoyé avant que vous le décidiez.")
    return redirect("candidature:request_detail", pk, opened.number)
