"""« Demandes sur vos solutions »: what a producer is asked about answers that distributors recovered from it (A-25)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from convergence.accounts.requests import SignedInRequest
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import NBSP, format_date
from convergence.ui.values import Action, Link, Row
from evidence.errors import FileWithheld, UploadRefused
from evidence.services import stream
from evidence.values import deposited_file, drop_zone
from questionnaires.core import EvidenceType
from questionnaires.stored import restore_criterion
from referencing.candidature.enums import CandidatureState, ProducerQuestionState
from referencing.candidature.forms.requests import ExtensionForm, ItemForm
from referencing.candidature.models import ComplementItem, ProducerAnswer, ProducerFile, ProducerQuestion
from referencing.candidature.rules import answers_as_producer
from referencing.candidature.services.answering import FREE_FORMATS, FREE_SIZE_MB, Expected
from referencing.candidature.services.recovered import (
    StaleAnswer,
    add_producer_file,
    ask_delay,
    find_answer_gaps,
    find_buffer,
    list_producer_files,
    load_producer_expected,
    producer_questions,
    remove_producer_file,
    save_answer,
    send_answer,
)
from referencing.candidature.views.answering import Zone
from referencing.candidature.wording import producer_question_badge
from referencing.enrolment.answering.wording import answer_words

LIST_LIMIT = 200
FILE = "-file-"


def list_own(request: SignedInRequest) -> list[ProducerQuestion]:
    """What was asked of the organisations of this person as producers, the newest first: one query."""
    rows = ProducerQuestion.objects.filter(
        pre_listing__enrolment__product__organisation__in=request.user.access.organisation_ids
    )
    rows = rows.select_related("pre_listing__enrolment__product", "candidature", "answer_given").order_by(
        "-asked_at", "-pk"
    )
    return list(rows[:LIST_LIMIT])


def is_waiting(question: ProducerQuestion) -> bool:
    """As `ProducerQuestion.objects.waiting()` says, of a row whose file is loaded."""
    return question.waits and question.candidature.state == CandidatureState.EVALUATION


@require_GET
@login_required
def producer_question_list(request: SignedInRequest) -> HttpResponse:
    """What waits, one line per solution and criterion whatever the number of files; then what was settled."""
    questions = list_own(request)
    waiting: dict[tuple[UUID, str], list[ProducerQuestion]] = {}
    for each in questions:
        if is_waiting(each):
            waiting.setdefault((each.pre_listing_id, each.criterion), []).append(each)
    return render(
        request,
        "candidature/producer_question_list.html",
        {
            "columns": ["Critère", "Solution", "Produits concernés", "Avant le", "Nature"],
            "rows": [_waiting_row(found) for found in waiting.values()],
            "settled_columns": ["Critère", "Solution", "Produit concerné", "État", "Votre réponse", "Motif"],
            "settled": [
                Row(
                    cells=[
                        f"{each.criterion} {each.title}",
                        each.pre_listing.enrolment.label,
                        f"{each.told_product} ({each.told_organisation})",
                        producer_question_badge(each),
                        each.answer_given.comment if each.answer_given else "",
                        each.decision_note,
                    ]
                )
                for each in questions
                if not is_waiting(each)
            ],
        },
    )


def _waiting_row(found: Sequence[ProducerQuestion]) -> Row:
    first = found[0]
    days = [each.due_on for each in found if each.due_on]
    return Row(
        cells=[
            f"{first.criterion} {first.title}",
            first.pre_listing.enrolment.label,
            ", ".join(f"{each.told_product} ({each.told_organisation})" for each in found),
            min(days, default=""),
            ", ".join(sorted({str(each.get_kind_display()) for each in found})),
        ],
        url=reverse("candidature:producer_answer_form", args=[first.pre_listing_id, first.criterion]),
    )


def _questions(request: SignedInRequest, pre_listing: UUID, criterion: str) -> list[ProducerQuestion]:
    """Raises Http404 when nothing waits for this person’s organisations there."""
    try:
        return producer_questions(request.user, pre_listing, criterion)
    except ProducerQuestion.DoesNotExist as unknown:
        raise Http404 from unknown


@require_http_methods(["GET", "POST"])
@login_required
def producer_answer_form(request: SignedInRequest, pre_listing: UUID, criterion: str) -> HttpResponse:
    """What is asked, for which files, and the one answer to it: a buffer that nobody else reads until it is sent."""
    questions = _questions(request, pre_listing, criterion)
    if request.method == "GET":
        return _show(request, questions)
    return _save(request, questions)


def _item_of(question: ProducerQuestion, buffer: ProducerAnswer | None) -> ComplementItem:
    """The buffer in the shape that the form of an asked item shows; never saved."""
    return ComplementItem(
        code=question.criterion,
        title=question.title,
        answer=buffer.answer if buffer else {},
        comment=buffer.comment if buffer else "",
        version=buffer.version if buffer else 1,
    )


def _save(request: SignedInRequest, questions: Sequence[ProducerQuestion]) -> HttpResponse:
    first = questions[0]
    where: dict[str, Any] = {
        "pre_listing_id": first.pre_listing_id,
        "criterion": first.criterion,
        "actor": request.user,
    }
    expected = load_producer_expected(first.pre_listing, first.criterion)
    form = ItemForm(_item_of(first, find_buffer(first.pre_listing_id, first.criterion)), expected, "", request.POST)
    blockers: list[Blocker] = []
    stale: ProducerAnswer | None = None
    if form.name_of_version in request.POST and form.is_valid():
        try:
            save_answer(
                answer=form.given,
                comment=form.cleaned_data["comment"],
                base_version=_version(request.POST, form.name_of_version),
                **where,
            )
        except StaleAnswer as conflict:
            stale = conflict.row
        except TransitionRefused as refusal:
            blockers += refusal.blockers
    for kind in _types(expected):
        for upload in request.FILES.getlist(f"{first.criterion}{FILE}{kind}"):
            anchor = f"#{_zone_id(kind)}"
            try:
                add_producer_file(upload=upload, evidence_type=kind, anchor=anchor, **where)
            except UploadRefused as refusal:
                blockers += refusal.problems
            except TransitionRefused as refusal:
                blockers += refusal.blockers
    action, _, target = request.POST.get("action", "save").partition(":")
    if action == "remove":
        _remove(request, target)
    if action == "deposit" and not request.FILES:
        blockers.append(Blocker("no_file", "Choisissez un fichier, puis déposez-le.", f"#{target}"))
    if blockers or stale or (form.name_of_version in request.POST and form.errors):
        return _show(request, questions, form=form, blockers=blockers, stale=stale)
    if action == "send":
        return redirect("candidature:producer_answer_send", first.pre_listing_id, first.criterion)
    messages.success(request, "Brouillon enregistré. Ni l’équipe de référencement ni les distributeurs ne le voient.")
    page = reverse("candidature:producer_answer_form", args=[first.pre_listing_id, first.criterion])
    return redirect(f"{page}#{target}" if action == "deposit" else page)


def _remove(request: SignedInRequest, target: str) -> None:
    try:
        remove_producer_file(file_id=UUID(target), actor=request.user)
    except (ValueError, ProducerFile.DoesNotExist):
        return  # already gone


def _version(data: QueryDict, name: str) -> int:
    text = data.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _show(
    request: SignedInRequest,
    questions: Sequence[ProducerQuestion],
    *,
    form: ItemForm | None = None,
    blockers: Sequence[Blocker] = (),
    stale: ProducerAnswer | None = None,
) -> HttpResponse:
    first = questions[0]
    buffer = find_buffer(first.pre_listing_id, first.criterion)
    item = _item_of(first, buffer)
    expected = load_producer_expected(first.pre_listing, first.criterion)
    current = _words(expected, expected.current.answer) if expected else ""
    errors: dict[str, list[str]] = {}
    for blocker in blockers:
        errors.setdefault(blocker.anchor.removeprefix("#"), []).append(blocker.message)
    shown = form or ItemForm(item, expected, current)
    links = [
        *(Link(blocker.message, blocker.anchor) for blocker in blockers),
        *(
            Link(str(message), f"#id_{shown.add_prefix(name)}")
            for name, found in (form.errors.items() if form else ())
            for message in found
        ),
    ]
    is_refused = form is not None
    return render(
        request,
        "candidature/producer_answer_form.html",
        {
            "first": first,
            "questions": [_asked(each) for each in questions],
            "item": item,
            "form": shown,
            "current": current,
            "zones": _zones(expected, list_producer_files(buffer), errors),
            "buffer": buffer,
            "errors": links,
            "stale": stale,
            "stale_words": _words(expected, stale.answer) if stale else "",
            "may_send": bool(answers_as_producer(request.user, first)),
        },
        status=(409 if stale else 422) if is_refused else 200,
    )


def _asked(question: ProducerQuestion) -> dict[str, Any]:
    return {
        "question": question,
        "badge": producer_question_badge(question),
        "delay_url": reverse("candidature:producer_delay_ask", args=[question.pk]),
    }


def _words(expected: Expected | None, answer: Mapping[str, Any] | None) -> str:
    if expected is None or not answer:
        return ""
    return answer_words(expected.criterion, restore_criterion(expected.criterion, answer, frozenset()))


def _types(expected: Expected | None) -> list[str]:
    return [each.code for each in expected.criterion.evidence] if expected and expected.criterion.evidence else [""]


def _zone_id(kind: str) -> str:
    return f"zone-{kind}" if kind else "zone-free"


def _zones(expected: Expected | None, files: Sequence[ProducerFile], errors: Mapping[str, list[str]]) -> list[Zone]:
    types: list[EvidenceType | None] = list(expected.criterion.evidence) if expected else []
    code = expected.criterion.code if expected else ""
    zones = []
    for each in types or [None]:
        kind = each.code if each else ""
        formats: Sequence[str] = ("zip",) if each and each.encrypted else each.formats if each else FREE_FORMATS
        zones.append(
            Zone(
                drop=drop_zone(
                    id=_zone_id(kind),
                    label=each.label if each else "Fichiers joints à votre réponse",
                    url="",
                    formats=formats,
                    max_size_mb=each.max_size_mb if each else FREE_SIZE_MB,
                    errors=errors.get(_zone_id(kind), ()),
                    files=[
                        deposited_file(
                            file.file,
                            download_url=reverse("candidature:producer_file", args=[file.pk]),
                            archive=Action("Retirer", "", key=f"remove:{file.pk}"),
                        )
                        for file in files
                        if file.evidence_type == kind
                    ],
                ),
                name=f"{code}{FILE}{kind}",
            )
        )
    return zones


@require_http_methods(["GET", "POST"])
@login_required
def producer_answer_send(request: SignedInRequest, pre_listing: UUID, criterion: str) -> HttpResponse:
    """Read the answer again, see which files it serves, send: it never changes any more (A-25)."""
    questions = _questions(request, pre_listing, criterion)
    first = questions[0]
    back = reverse("candidature:producer_answer_form", args=[pre_listing, criterion])
    if not answers_as_producer(request.user, first):
        messages.info(
            request,
            "Votre réponse est enregistrée. Un mandataire, un représentant ou le responsable du produit l’envoie.",
        )
        return redirect(back)
    blockers: Sequence[Blocker] = ()
    chosen = {str(each.pk) for each in questions}
    if request.method == "POST":
        chosen = set(request.POST.getlist("question"))
        try:
            sent = send_answer(
                pre_listing_id=pre_listing,
                criterion=criterion,
                question_ids=[each.pk for each in questions if str(each.pk) in chosen],
                actor=request.user,
            )
        except TransitionRefused as refusal:
            blockers = refusal.blockers
        except ProducerQuestion.DoesNotExist as gone:
            raise Http404 from gone
        else:
            count = len(sent)
            messages.success(request, f"Votre réponse est envoyée pour {count}{NBSP}produit{'s' if count > 1 else ''}.")
            return redirect("candidature:producer_question_list")
    buffer = find_buffer(pre_listing, criterion)
    files = list_producer_files(buffer)
    expected = load_producer_expected(first.pre_listing, criterion)
    return render(
        request,
        "candidature/producer_answer_send.html",
        {
            "first": first,
            "buffer": buffer,
            "files": files,
            "answer": _words(expected, buffer.answer) if buffer else "",
            "rows": [{"question": each, "is_chosen": str(each.pk) in chosen} for each in questions],
            "gaps": find_answer_gaps(buffer, files) if request.method == "GET" else (),
            "blockers": blockers,
            "back_url": back,
        },
        status=422 if request.method == "POST" else 200,
    )


@require_GET
@login_required
def producer_file(request: SignedInRequest, pk: UUID) -> HttpResponse | FileResponse:
    """A file of one’s own buffer or sent answer; agents read it as evidence of the file that it serves."""
    found = (
        ProducerFile.objects.filter(
            pk=pk, answer__pre_listing__enrolment__product__organisation__in=request.user.access.organisation_ids
        )
        .select_related("file__blob")
        .first()
    )
    if found is None:
        raise Http404
    try:
        return stream(found.file)
    except FileWithheld as withheld:
        messages.error(request, f"{found.file.name}{NBSP}: {withheld.problem.message}")
        return redirect("candidature:producer_question_list")


@require_http_methods(["GET", "POST"])
@login_required
def producer_delay_ask(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """More time for one file, with a reason."""
    question = (
        ProducerQuestion.objects.filter(
            pk=pk,
            state=ProducerQuestionState.OPEN,
            pre_listing__enrolment__product__organisation__in=request.user.access.organisation_ids,
        )
        .select_related("pre_listing__enrolment__product")
        .first()
    )
    if question is None or not question.waits:
        raise Http404
    if not answers_as_producer(request.user, question):
        raise PermissionDenied("producer_delay_ask")
    back = reverse("candidature:producer_answer_form", args=[question.pre_listing_id, question.criterion])
    form = ExtensionForm(request.POST if request.method == "POST" else None)
    blockers: list[Blocker] = []
    if form.is_bound and form.is_valid():
        try:
            ask_delay(
                question_id=question.pk,
                wanted_on=form.cleaned_data["wanted_on"],
                why=form.cleaned_data["reason"],
                actor=request.user,
            )
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
            blockers = [each for each in refusal.blockers if not each.anchor]
        else:
            messages.success(request, "Votre demande de délai est envoyée.")
            return redirect(back)
    until = f", attendue avant le {format_date(question.due_on)}" if question.due_on else ""
    return render(
        request,
        "candidature/producer_form.html",
        {
            "form": form,
            "heading": "Demander un délai",
            "lead": f"Votre réponse sur le critère {question.criterion} pour {question.told_product} "
            f"({question.told_organisation}){until}. L’échéance ne change qu’une fois le délai accordé.",
            "button": "Demander ce délai",
            "back_url": back,
            "blockers": blockers,
        },
        status=422 if form.is_bound else 200,
    )
