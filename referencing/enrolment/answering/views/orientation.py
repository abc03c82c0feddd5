"""« Questionnaire d’orientation » (SC-13): one page, saved while it is filled, with and without scripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import NARROW_NBSP, NBSP, in_paris
from convergence.ui.values import Link, Progress
from questionnaires.core import Progress as Counter
from questionnaires.models import ORIENTATION
from questionnaires.selectors import OrientationForm as Shown
from questionnaires.selectors import blank_view, load_orientation, load_row
from questionnaires.services import (
    Consequences,
    ConsequencesToConfirm,
    SaveResult,
    closed_reason,
    load_grid,
    preview_consequences,
    request_validation,
    save_answers,
    validate,
)
from referencing.enrolment.answering import extras, notices
from referencing.enrolment.answering.forms import VERSION, OrientationForm, conflict_texts
from referencing.enrolment.answering.pages import (
    Place,
    address,
    conflict_title,
    find_place,
    page_values,
    panel,
    refused,
    state_badge,
)

PAGE = "Questionnaire d’orientation"


@require_http_methods(["GET", "POST"])
@login_required
def orientation_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show the page; its three buttons save, then ask for a validation or validate."""
    place = find_place(request, pk)
    if reason := closed_reason(load_row(place.enrolment.response, ORIENTATION)):
        return refused(request, place, reason, page=PAGE)
    if request.method == "GET":
        shown = load_orientation(place.enrolment.response)
        return render_form(request, place, shown, OrientationForm(shown.questions))
    return _post(request, place)


def _post(request: HttpRequest, place: Place) -> HttpResponse:
    shown = load_orientation(place.enrolment.response)
    posted = [view for view in shown.questions if f"{view.code}{VERSION}" in request.POST]
    form = OrientationForm(posted, request.POST)
    try:
        result = _save(place, form)
        if not result.conflicts and not form.errors:
            return _act(request, place, result)
    except TransitionRefused as refusal:
        return _show_again(request, place, form, blockers=refusal.blockers)
    return _show_again(request, place, form, result=result)


def _save(place: Place, form: OrientationForm) -> SaveResult:
    """Save every readable field; what the service refused becomes errors of the form."""
    form.full_clean()
    result = save_answers(
        response=place.enrolment.response,
        questionnaire=ORIENTATION,
        changes=form.changes,
        actor=place.user,
        at=timezone.now(),
        access=place.access,
    )
    for code, message in result.refused.items():
        form.add_error(code, message)
    return result


def _act(request: HttpRequest, place: Place, result: SaveResult) -> HttpResponse:
    """What the button asked for, once everything is saved."""
    page = reverse("enrolment:orientation_detail", args=[place.enrolment.pk])
    overview = reverse("enrolment:questionnaire_list", args=[place.enrolment.pk])
    match request.POST.get("action"):
        case "request":
            asked = request_validation(
                response=place.enrolment.response,
                questionnaire=ORIENTATION,
                actor=place.user,
                at=timezone.now(),
                access=place.access,
            )
            link = address("teamwork:validation_review", place.enrolment.pk, ORIENTATION) or page
            tell = partial(notices.validation_requested, place.enrolment, request=asked, link=link, actor=place.user)
            transaction.on_commit(tell)
            messages.success(request, "La validation est demandée aux valideurs de votre structure.")
            return redirect(overview)
        case "validate":
            try:
                _validate(request, place)
            except ConsequencesToConfirm:
                return redirect("enrolment:orientation_confirm", place.enrolment.pk)
            return redirect(overview)
    messages.success(request, _saved_words(result))
    return redirect(f"{page}#field-{result.appeared[0]}" if result.appeared else page)


def _saved_words(result: SaveResult) -> str:
    """« Brouillon enregistré. », and what the answers changed on the page: scripts are not there to show it."""
    if not result.saved:
        return "Rien n’avait changé depuis le dernier enregistrement."
    words = ["Brouillon enregistré."]
    if count := len(result.appeared):
        words.append(f"{count}{NBSP}question{'s' if count > 1 else ''} de plus à renseigner, d’après vos réponses.")
    if count := len(result.disappeared):
        words.append(
            f"{count}{NBSP}question{'s' if count > 1 else ''} ne vous concerne{'nt' if count > 1 else ''} plus."
        )
    return " ".join(words)


def _validate(request: HttpRequest, place: Place, *, confirmed: str = "") -> None:
    response = place.enrolment.response
    with transaction.atomic():
        consequences = preview_consequences(response)
        validate(
            response=response,
            questionnaire=ORIENTATION,
            actor=place.user,
            at=timezone.now(),
            access=place.access,
            confirmed_consequences=confirmed,
        )
        if consequences.reset:
            grid = load_grid(response.definition)
            titles = [grid.questionnaire(code).title for code in consequences.reset]
            transaction.on_commit(
                partial(notices.questionnaires_reset, place.enrolment, titles=titles, actor=place.user)
            )
    messages.success(request, "L’orientation est validée. Elle décide des questionnaires et des critères à renseigner.")


@require_POST
@login_required
def orientation_save(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Autosave: the changed fields only. 200 with what changed, 422 with errors, 409 with both texts (A-13)."""
    place = find_place(request, pk, for_page=False)
    questions = load_grid(place.enrolment.response.definition).questions
    fields = dict.fromkeys(request.POST.getlist("_fields"))
    form = OrientationForm([blank_view(questions[code]) for code in fields if code in questions], request.POST)
    try:
        result = _save(place, form)
    except TransitionRefused as refusal:
        errors = {code: [blocker.message for blocker in refusal.blockers] for code in form.fields}
        return JsonResponse({"versions": {}, "errors": errors}, status=422)
    versions = {f"{code}{VERSION}": str(version) for code, version in result.versions.items()}
    if result.conflicts:
        both = render_to_string("enrolment/answering/conflicts.html", {"conflicts": list(conflicts(form, result))})
        return HttpResponse(both, status=409, headers={"X-Autosave-Versions": JsonResponse(versions).content.decode()})
    progress = orientation_panel(result.progress)
    content = {
        "versions": versions,
        "saved_at": f"{in_paris(timezone.now()):%H:%M}",
        "errors": {code: [str(error) for error in errors] for code, errors in form.errors.items()},
        "visible": list(result.evaluation.visible),
        "appeared": len(result.appeared),
        "badge": render_to_string("enrolment/answering/badge.html", {"state": state_badge(result.state)}),
        "progress": render_to_string("enrolment/answering/progress.html", {"progress": progress}),
    }
    return JsonResponse(content, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@login_required
def orientation_confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What validating a changed orientation will do, before it does (A-08): criteria, questionnaires, evidence."""
    place = find_place(request, pk)
    if reason := closed_reason(load_row(place.enrolment.response, ORIENTATION)):
        return refused(request, place, reason, page=PAGE)
    if place.access.locked_reason:
        return redirect("enrolment:orientation_detail", place.enrolment.pk)
    place.access.require_validate()
    status = 200
    if request.method == "POST":
        try:
            _validate(request, place, confirmed=request.POST.get("token", ""))
        except ConsequencesToConfirm:  # a colleague changed the draft while this page was read
            messages.warning(request, "Les réponses ont changé entre-temps\u00a0: relisez les conséquences.")
            status = 409
        except TransitionRefused as refusal:
            shown = load_orientation(place.enrolment.response)
            return render_form(
                request, place, shown, OrientationForm(shown.questions), blockers=refusal.blockers, status=422
            )
        else:
            return redirect("enrolment:questionnaire_list", place.enrolment.pk)
    consequences = preview_consequences(place.enrolment.response)
    if consequences.is_empty:
        return redirect("enrolment:orientation_detail", place.enrolment.pk)
    return render(
        request,
        "enrolment/answering/orientation_confirm.html",
        {
            **page_values(place, PAGE),
            "changes": list(describe(place, consequences)),
            "evidence": [f"{deposit.criterion}{NBSP}: {deposit.file.name}" for deposit in consequences.evidence],
            "token": consequences.token,
            "form_url": reverse("enrolment:orientation_detail", args=[place.enrolment.pk]),
        },
        status=status,
    )


@dataclass(frozen=True, slots=True)
class QuestionnaireChange:
    """What happens to one questionnaire, in words."""

    title: str
    note: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


def describe(place: Place, consequences: Consequences) -> Iterable[QuestionnaireChange]:
    grid = load_grid(place.enrolment.response.definition)
    changes = consequences.changes
    for questionnaire in grid.questionnaires:
        code = questionnaire.code
        added, removed = changes.criteria_added.get(code, ()), changes.criteria_removed.get(code, ())
        if not added and not removed:
            continue
        if code in changes.questionnaires_closed:
            note = "Ce questionnaire ne s’appliquera plus à votre produit."
        elif code in changes.questionnaires_opened:
            note = "Ce questionnaire s’ouvrira."
        elif code in consequences.reset:
            note = f"Ce questionnaire reviendra à « A compléter »{NARROW_NBSP}; vos réponses actuelles sont gardées."
        else:
            note = "Vos réponses actuelles sont gardées."
        yield QuestionnaireChange(
            questionnaire.title,
            note,
            tuple(f"{each} {grid.criteria[each].title}" for each in added),
            tuple(f"{each} {grid.criteria[each].title}" for each in removed),
        )


# -- the page


@dataclass(frozen=True, slots=True)
class Question:
    """One question on the page: its field, its version, whether it shows."""

    field: Any
    code: str
    version: int
    is_visible: bool
    is_private: bool


def render_form(
    request: HttpRequest,
    place: Place,
    shown: Shown,
    form: OrientationForm,
    *,
    blockers: Iterable[Blocker] = (),
    stale: Iterable[Mapping[str, Any]] = (),
    status: int = 200,
) -> HttpResponse:
    form.mark_required()
    if not place.access.can_write:
        for field in form.fields.values():
            field.disabled = True
    sections = [
        {
            "code": section.section.code,
            "title": section.section.title,
            "introduction": section.section.introduction,
            "is_visible": section.is_visible,
            "resources": [Link(resource.label, resource.url) for resource in section.section.resources],
            "questions": [
                Question(
                    form[view.code],
                    view.code,
                    form.versions[view.code],
                    view.is_visible,
                    form.is_secret(view.code),
                )
                for view in section.questions
            ],
        }
        for section in shown.sections
    ]
    values = page_values(place, PAGE)
    stale = list(stale)
    return render(
        request,
        "enrolment/answering/orientation_detail.html",
        {
            **values,
            "form": form,
            "sections": sections,
            "progress": orientation_panel(shown.progress),
            "state": state_badge(shown.state),
            "shown": shown,
            "has_newer_draft": bool(shown.validated_at) and shown.state.value in ("draft", "validation_requested"),
            "blockers": list(blockers),
            "conflicts": stale,
            "conflict_title": conflict_title(stale),
            "extras": extras.on_form(place, ORIENTATION)[0],
            "form_url": reverse("enrolment:orientation_detail", args=[place.enrolment.pk]),
            "save_url": reverse("enrolment:orientation_save", args=[place.enrolment.pk]),
        },
        status=status,
    )


def _show_again(
    request: HttpRequest,
    place: Place,
    form: OrientationForm,
    *,
    result: SaveResult | None = None,
    blockers: Iterable[Blocker] = (),
) -> HttpResponse:
    """The page with everything that was typed, beside what is wrong: 409 for a colleague's change, else 422."""
    shown = load_orientation(place.enrolment.response)
    data = request.POST.copy()
    for code in result.saved if result else ():
        if form.is_secret(code):  # kept already: no need to send it back
            data[code] = ""
    again = OrientationForm(shown.questions, data)
    again.full_clean()
    for code, errors in form.errors.items():
        again.errors[code] = errors
    stale = list(conflicts(form, result)) if result else []
    return render_form(request, place, shown, again, blockers=blockers, stale=stale, status=409 if stale else 422)


def conflicts(form: OrientationForm, result: SaveResult) -> Iterable[dict[str, Any]]:
    """Values of `{% conflict %}` for each stale answer."""
    for stale in result.conflicts:
        view = form.views[stale.code]
        theirs, mine = conflict_texts(view, stale)
        yield {
            "label": view.question.label,
            "theirs": theirs,
            "mine": mine,
            "actor": stale.by,
            "at": stale.at,
            "anchor": f"#{view.anchor}",
        }


def orientation_panel(counter: Counter) -> Progress:
    return panel(
        "L’évaluation « Questionnaire d’orientation » est complétée à",
        counter,
        unit="questions obligatoires répondues",
        numbered=True,
    )
