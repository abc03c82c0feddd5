"""Tab « Demandes », and what agents do there: compose, remind, withdraw, answer on delays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from convergence.accounts.models import User
from convergence.accounts.requests import SignedInRequest
from convergence.accounts.rules import is_listing_team
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import NBSP, format_date
from convergence.ui.values import Action, Badge, Link, Row, Tone
from convergence.ui.views import render_confirmation
from referencing.candidature.content import load_criteria
from referencing.candidature.core.checklist import question_for
from referencing.candidature.delays import instruction_settings, propose_day
from referencing.candidature.enums import (
    CandidatureState,
    NonConformityState,
    Outcome,
    RequestKind,
    RequestState,
    Severity,
)
from referencing.candidature.forms.requests import (
    ExtensionDecisionForm,
    GraceForm,
    MotiveForm,
    RequestForm,
)
from referencing.candidature.models import (
    Attachment,
    Candidature,
    ComplementItem,
    ComplementRequest,
    Extension,
    NonConformity,
    Verdict,
)
from referencing.candidature.rules import can_answer, can_instruct, can_judge, is_instructor
from referencing.candidature.services.asking import (
    STATE_OF_KIND,
    decide_extension,
    list_open_codes,
    may_lead,
    open_request,
    remind,
    send_formal_reminder,
    withdraw_request,
)
from referencing.candidature.services.checklist import check_file
from referencing.candidature.services.ending import find_lapse_blockers, lapse
from referencing.candidature.services.scope import REDUCIBLE_STATES
from referencing.candidature.views.awaited import producer_rows
from referencing.candidature.views.frame import file_frame, get_file
from referencing.dossier.models import Addendum

REQUEST_TONES: dict[str, Tone] = {
    RequestState.OPEN: "new",
    RequestState.ANSWERED: "success",
    RequestState.WITHDRAWN: "neutral",
    RequestState.ENDED: "neutral",
}
GAP_TONES: dict[str, Tone] = {
    NonConformityState.OPEN: "new",
    NonConformityState.ANSWERED: "info",
    NonConformityState.LIFTED: "success",
    NonConformityState.MAINTAINED: "error",
}
SEVERITY_TONES: dict[str, Tone] = {Severity.MAJOR: "error", Severity.MINOR: "warning", Severity.OBSERVATION: "info"}


def request_badge(request: ComplementRequest) -> Badge:
    if request.state == RequestState.OPEN and request.due_on < timezone.localdate():
        return Badge("En retard", tone="error")
    return Badge(request.get_state_display(), tone=REQUEST_TONES[request.state])


def gap_badge(gap: NonConformity) -> Badge:
    if gap.severity == Severity.OBSERVATION and gap.state == NonConformityState.OPEN:
        return Badge("Pour information", tone="info")
    return Badge(gap.get_state_display(), tone=GAP_TONES[gap.state])


def severity_badge(gap: NonConformity) -> Badge:
    return Badge(gap.get_severity_display(), tone=SEVERITY_TONES[gap.severity])


def get_request(candidature: Candidature, number: int) -> ComplementRequest:
    """The request with its items. Raises Http404."""
    items = ComplementItem.objects.select_related("answered_by", "edited_by", "addendum__dossier").order_by("position")
    files = Attachment.objects.select_related("file__blob", "file__uploaded_by").order_by("added_at", "pk")
    found = (
        ComplementRequest.objects.filter(candidature=candidature, number=number)
        .select_related("requested_by", "formal_reminder_by")
        .prefetch_related(
            Prefetch("items", queryset=items.prefetch_related(Prefetch("attachments", queryset=files))),
            Prefetch("extensions", queryset=Extension.objects.select_related("asked_by", "decided_by").order_by("pk")),
        )
        .first()
    )
    if found is None:
        raise Http404
    found.candidature = candidature
    for item in found.items.all():
        item.request, item.candidature = found, candidature
    return found


# -- the tab


@require_GET
@login_required
def request_list(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Everything asked of the editor, and what was answered, for both sides."""
    candidature = get_file(request, pk)
    rows = (
        ComplementRequest.objects.filter(candidature=candidature)
        .select_related("requested_by")
        .prefetch_related(Prefetch("items", queryset=ComplementItem.objects.order_by("position")))
        .order_by("-number")
    )
    gaps = NonConformity.objects.filter(candidature=candidature).order_by("-number")
    addenda = list(Addendum.objects.filter(dossier=candidature.dossier_id).defer("payload", "seal").order_by("-number"))
    return render(
        request,
        "candidature/request_list.html",
        {
            **file_frame(request, candidature, "requests"),
            "requests": [_request_row(candidature, each) for each in rows],
            "gaps": [
                Row(
                    cells=[
                        f"N°{NBSP}{gap.number}",
                        f"{gap.criterion} {gap.title}",
                        severity_badge(gap),
                        gap_badge(gap),
                        gap.due_on if gap.state == NonConformityState.OPEN else "",
                    ],
                    url=reverse("candidature:non_conformity_detail", args=[candidature.pk, gap.number]),
                )
                for gap in gaps
            ],
            "addenda": [
                Row(
                    cells=[
                        f"{candidature.dossier.reference}-A{each.number}",
                        each.get_kind_display(),
                        each.frozen_at,
                    ],
                    url=reverse("candidature:addendum_detail", args=[candidature.pk, each.number]),
                )
                for each in addenda
            ],
            "links": list(_list_links(request.user, candidature)),
            **producer_rows(candidature, user=request.user),
            "request_columns": ["Demande", "Points", "Répondus", "État", "Échéance ou réponse"],
            "gap_columns": ["Non-conformité", "Critère", "Gravité", "État", "Échéance"],
            "addendum_columns": ["Additif", "Nature", "Figé le"],
        },
    )


def _request_row(candidature: Candidature, each: ComplementRequest) -> Row:
    items = list(each.items.all())
    done = sum(item.answered_at is not None for item in items)
    return Row(
        cells=[
            f"N°{NBSP}{each.number}",
            ", ".join(item.code for item in items),
            f"{done}/{len(items)}",
            request_badge(each),
            each.due_on if each.state == RequestState.OPEN else each.answered_at or each.closed_at,
        ],
        url=reverse("candidature:request_detail", args=[candidature.pk, each.number]),
    )


def _list_links(user: User, candidature: Candidature) -> Iterable[Link]:
    """What this reader may begin here."""
    is_evaluated = candidature.state == CandidatureState.EVALUATION
    may_ask = can_instruct(user, candidature)
    if is_evaluated and may_ask:
        yield Link("Demander des compléments", reverse("candidature:request_create", args=[candidature.pk]))
        yield Link("Ouvrir une non-conformité", reverse("candidature:non_conformity_create", args=[candidature.pk]))
    elif candidature.state == CandidatureState.ADMISSIBILITY and is_listing_team(user):
        yield Link("Demander des pièces", reverse("candidature:request_create", args=[candidature.pk]))
    if candidature.state in REDUCIBLE_STATES and candidature.has_exchange and can_answer(user, candidature):
        yield Link("Renoncer à des échanges", reverse("candidature:scope_reduce", args=[candidature.pk]))
    if is_listing_team(user) and candidature.state in STATE_OF_KIND.values():
        waiting = ComplementRequest.objects.filter(
            candidature=candidature, state=RequestState.OPEN, formal_reminder_at__isnull=False
        )
        if waiting.exists():
            yield Link("Constater l’abandon", reverse("candidature:candidature_lapse", args=[candidature.pk]))


# -- composing


def askable(candidature: Candidature, user: User) -> tuple[str, dict[str, str], dict[str, str]]:
    """Kind of request that the state allows, titles by code of what this agent may ask, first words of each question."""
    if candidature.state == CandidatureState.ADMISSIBILITY and is_listing_team(user):
        lines = check_file(candidature)
        return (
            RequestKind.PIECES,
            {each.line.code: each.line.label for each in lines},
            {each.line.code: question_for(each) for each in lines},
        )
    reviews = {review.theme: review for review in candidature.reviews.all()}
    for review in reviews.values():
        review.candidature = candidature
    mine = {theme for theme, review in reviews.items() if is_listing_team(user) or can_judge(user, review)}
    titles = {
        each.code: each.title for each in load_criteria(candidature) if each.theme in mine and each.recovered is None
    }
    said = Verdict.objects.filter(candidature=candidature, outcome=Outcome.TO_COMPLETE).values_list("criterion", "text")
    return RequestKind.CRITERIA, titles, dict(said)


@require_http_methods(["GET", "POST"])
@login_required
def request_create(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Compose a request: choose, word, read again, send (T19, A-18). The criteria « à compléter » come first chosen."""
    candidature = get_file(request, pk)
    if not is_instructor(request.user, candidature) or not can_instruct(request.user, candidature):
        raise PermissionDenied("request_create")
    kind, titles, questions = askable(candidature, request.user)
    already = list_open_codes(candidature)
    offered = {code: title for code, title in titles.items() if code not in already}
    if request.method == "GET":
        wanted = request.GET.getlist("critere") or list(questions if kind == RequestKind.CRITERIA else ())
        chosen = {code: offered[code] for code in wanted if code in offered}
        form = RequestForm(
            chosen,
            questions=questions,
            initial={
                "text": instruction_settings(candidature).get("message_templates", {}).get(kind, ""),
                "due_on": propose_day(candidature, kind, today=timezone.localdate()),
            },
        )
        return _compose(request, candidature, form, kind, offered)
    action, _, target = request.POST.get("action", "recap").partition(":")
    codes = [code for code in dict.fromkeys(request.POST.getlist("code")) if code in titles]
    if action == "add" and (added := request.POST.get("add", "")) in offered:
        codes.append(added)
    if action == "remove":
        codes = [code for code in codes if code != target]
    chosen = {code: titles[code] for code in codes}
    if action in ("add", "remove", "edit"):  # nothing is refused before it is asked to be sent
        typed = {code: request.POST.get(f"question-{code}", questions.get(code, "")) for code in codes}
        kept = {name: request.POST.get(name, "") for name in ("text", "due_on")}
        return _compose(request, candidature, RequestForm(chosen, questions=typed, initial=kept), kind, offered)
    form = RequestForm(chosen, request.POST)
    if not form.is_valid():
        return _compose(request, candidature, form, kind, offered, status=422)
    if action == "recap":
        return _recap(request, candidature, form, kind)
    try:
        sent = open_request(
            candidature_id=pk,
            kind=kind,
            items=form.items,
            text=form.cleaned_data["text"],
            due_on=form.cleaned_data["due_on"],
            actor=request.user,
        )
    except TransitionRefused as refusal:
        return _compose(request, candidature, form, kind, offered, blockers=refusal.blockers, status=422)
    messages.success(request, f"La demande n°{NBSP}{sent.number} est envoyée à l’éditeur.")
    return redirect("candidature:request_detail", pk, sent.number)


def _compose(
    request: SignedInRequest,
    candidature: Candidature,
    form: RequestForm,
    kind: str,
    offered: dict[str, str],
    *,
    blockers: Sequence[Blocker] = (),
    status: int = 200,
) -> HttpResponse:
    already = list_open_codes(candidature) if request.GET.getlist("critere") else set()
    if status == 422 and not form.codes:
        blockers = [*blockers, Blocker("no_item", "Choisissez au moins un point à demander.", "#id_add")]
    return render(
        request,
        "candidature/request_create.html",
        {
            **file_frame(request, candidature, "requests"),
            "form": form,
            "already": [code for code in request.GET.getlist("critere") if code in already],
            "is_pieces": kind == RequestKind.PIECES,
            "offered": [(code, title) for code, title in offered.items() if code not in form.codes],
            "blockers": blockers,
            "is_possible": candidature.state == STATE_OF_KIND[RequestKind(kind)],
        },
        status=status,
    )


def _recap(request: SignedInRequest, candidature: Candidature, form: RequestForm, kind: str) -> HttpResponse:
    if not form.codes:
        return _compose(request, candidature, form, kind, askable(candidature, request.user)[1], status=422)
    return render(
        request,
        "candidature/request_recap.html",
        {
            **file_frame(request, candidature, "requests"),
            "form": form,
            "text": form.cleaned_data["text"],
            "due_on": form.cleaned_data["due_on"],
            "points": [(form.fields[f"question-{code}"].label, question) for code, question in form.items],
        },
    )


# -- what an agent does with a request


def agent_actions(request: SignedInRequest, asked: ComplementRequest) -> list[Link]:
    """Links of the page of an open request, for whoever leads it."""
    if asked.state != RequestState.OPEN or not may_lead(request.user, asked):
        return []
    arguments = [asked.candidature_id, asked.number]
    links = [Link("Relancer l’éditeur", reverse("candidature:request_remind", args=arguments))]
    if any(each.decided_at is None for each in asked.extensions.all()):
        links.insert(0, Link("Répondre à la demande de délai", reverse("candidature:extension_decide", args=arguments)))
    is_late = asked.due_on < timezone.localdate()
    if is_late and asked.formal_reminder_at is None and is_listing_team(request.user):
        links.append(
            Link("Mettre en demeure de répondre", reverse("candidature:request_formal_reminder", args=arguments))
        )
    links.append(Link("Retirer la demande", reverse("candidature:request_withdraw", args=arguments)))
    return links


def _led(request: SignedInRequest, pk: UUID, number: int) -> tuple[Candidature, ComplementRequest, str]:
    candidature = get_file(request, pk)
    asked = get_request(candidature, number)
    if not is_instructor(request.user, candidature) or not may_lead(request.user, asked):
        raise PermissionDenied("request")
    return candidature, asked, reverse("candidature:request_detail", args=[pk, number])


def form_page(
    request: SignedInRequest,
    candidature: Candidature,
    form: forms.Form,
    *,
    heading: str,
    lead: str,
    button: str,
    back: str,
    blockers: Sequence[Blocker] = (),
) -> HttpResponse:
    """One small form, what it does, its verb."""
    for blocker in blockers:
        name = blocker.anchor.removeprefix("#id_")
        if name in form.fields and form.is_bound:
            form.add_error(name, blocker.message)
    kept = [each for each in blockers if each.anchor.removeprefix("#id_") not in form.fields]
    return render(
        request,
        "candidature/request_form.html",
        {
            **file_frame(request, candidature, "requests"),
            "form": form,
            "heading": heading,
            "lead": lead,
            "button": button,
            "back_url": back,
            "blockers": kept,
        },
        status=422 if form.is_bound else 200,
    )


@require_http_methods(["GET", "POST"])
@login_required
def request_withdraw(request: SignedInRequest, pk: UUID, number: int) -> HttpResponse:
    candidature, asked, back = _led(request, pk, number)
    form = MotiveForm(request.POST if request.method == "POST" else None, hint="L’éditeur le lira.")
    show = _shower(
        request,
        candidature,
        form,
        heading=f"Retirer la demande n°{NBSP}{number}",
        lead="L’éditeur n’aura plus à répondre aux points qui restent. Les réponses déjà envoyées sont conservées.",
        button="Retirer la demande",
        back=back,
    )
    if not form.is_bound or not form.is_valid():
        return show()
    try:
        withdraw_request(request_id=asked.pk, reason=form.cleaned_data["reason"], actor=request.user)
    except TransitionRefused as refusal:
        return show(refusal.blockers)
    messages.success(request, f"La demande n°{NBSP}{number} est retirée.")
    return redirect(back)


def _shower(
    request: SignedInRequest, candidature: Candidature, form: forms.Form, **words: str
) -> Callable[..., HttpResponse]:
    def show(blockers: Sequence[Blocker] = ()) -> HttpResponse:
        return form_page(request, candidature, form, blockers=blockers, **words)

    return show


@require_http_methods(["GET", "POST"])
@login_required
def request_remind(request: SignedInRequest, pk: UUID, number: int) -> HttpResponse:
    _, asked, back = _led(request, pk, number)
    if request.method == "GET":
        action = Action(
            "Relancer l’éditeur",
            request.path,
            confirm_title=f"Relancer l’éditeur sur la demande n°{NBSP}{number}",
            confirm_text=f"Un message rappelle que la réponse est attendue le {format_date(asked.due_on)}.",
        )
        return render_confirmation(request, action, cancel_url=back)
    try:
        remind(request_id=asked.pk, actor=request.user)
    except TransitionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "L’éditeur est relancé.")
    return redirect(back)


@require_http_methods(["GET", "POST"])
@login_required
def request_formal_reminder(request: SignedInRequest, pk: UUID, number: int) -> HttpResponse:
    candidature, asked, back = _led(request, pk, number)
    if not is_listing_team(request.user):
        raise PermissionDenied("formal_reminder")
    today = timezone.localdate()
    form = GraceForm(
        request.POST if request.method == "POST" else None,
        initial={"grace_until": propose_day(candidature, "grace", today=today)},
    )
    show = _shower(
        request,
        candidature,
        form,
        heading="Mettre en demeure de répondre",
        lead=f"L’échéance du {format_date(asked.due_on)} est passée. L’éditeur reçoit un dernier délai ; sans réponse, "
        "vous pourrez constater l’abandon de la candidature. Rien n’est fait automatiquement.",
        button="Envoyer la mise en demeure",
        back=back,
    )
    if not form.is_bound or not form.is_valid():
        return show()
    try:
        send_formal_reminder(request_id=asked.pk, grace_until=form.cleaned_data["grace_until"], actor=request.user)
    except TransitionRefused as refusal:
        return show(refusal.blockers)
    messages.success(request, "La mise en demeure est envoyée.")
    return redirect(back)


@require_http_methods(["GET", "POST"])
@login_required
def extension_decide(request: SignedInRequest, pk: UUID, number: int) -> HttpResponse:
    candidature, asked, back = _led(request, pk, number)
    pending = next((each for each in asked.extensions.all() if each.decided_at is None), None)
    if pending is None:
        messages.info(request, "Aucune demande de délai n’attend de réponse.")
        return redirect(back)
    form = ExtensionDecisionForm(
        request.POST if request.method == "POST" else None,
        initial={"granted_on": pending.wanted_on},
    )
    show = _shower(
        request,
        candidature,
        form,
        heading="Répondre à la demande de délai",
        lead=f"{pending.asked_by} demande jusqu’au {format_date(pending.wanted_on)} au lieu du "
        f"{format_date(asked.due_on)}. Motif : {pending.reason}",
        button="Envoyer la réponse",
        back=back,
    )
    if not form.is_bound or not form.is_valid():
        return show()
    try:
        decide_extension(
            request_id=asked.pk, granted_on=form.granted, answer=form.cleaned_data["answer"], actor=request.user
        )
    except TransitionRefused as refusal:
        return show(refusal.blockers)
    messages.success(request, "Le délai est accordé." if form.granted else "Le délai est refusé.")
    return redirect(back)


@require_http_methods(["GET", "POST"])
@login_required
def candidature_lapse(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Constater l’abandon » (A-16): a decision of a person, with a reason, after a formal reminder."""
    candidature = get_file(request, pk)
    if not is_listing_team(request.user):
        raise PermissionDenied("lapse")
    back = reverse("candidature:request_list", args=[pk])
    form = MotiveForm(request.POST if request.method == "POST" else None, hint="L’éditeur le lira.")
    show = _shower(
        request,
        candidature,
        form,
        heading="Constater l’abandon de la candidature",
        lead="La candidature est close, ce qui restait à faire est arrêté, l’éditeur et les experts sont prévenus. "
        "L’éditeur pourra candidater de nouveau. Cette décision ne s’annule pas.",
        button="Constater l’abandon",
        back=back,
    )
    if not form.is_bound:
        return show(find_lapse_blockers(candidature, today=timezone.localdate()))
    if not form.is_valid():
        return show()
    try:
        lapse(candidature_id=pk, reason=form.cleaned_data["reason"], actor=request.user)
    except TransitionRefused as refusal:
        return show(refusal.blockers)
    messages.success(request, "L’abandon de la candidature est constaté.")
    return redirect("candidature:candidature_detail", pk)
