"""« Réponses par système d’exploitation »: the editor prepares an exception, the listing team agrees or declines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.accounts.requests import SignedInRequest
from convergence.database.search import search
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import NBSP
from convergence.ui.values import Action, Badge, Item, Link, Row, Tone
from convergence.ui.views import render_confirmation
from evidence.errors import FileWithheld, UploadRefused
from evidence.services import stream
from evidence.values import DropZone, deposited_file, drop_zone
from questionnaires.core import Criterion, anchor
from questionnaires.core.scoring import Part
from questionnaires.grids import load_grid
from questionnaires.models import QuestionnaireResponse
from questionnaires.stored import restore_criterion
from referencing.enrolment.answering.pages import Place, find_place, page_values
from referencing.enrolment.answering.wording import answer_words, expected_words, nature_badge
from referencing.enrolment.enums import ExceptionState
from referencing.enrolment.models import Enrolment, OsException, OsExceptionFile
from referencing.enrolment.systems import services
from referencing.enrolment.systems.forms import DecisionForm, ExceptionForm, OpenExceptionForm
from referencing.enrolment.systems.selectors import (
    Ground,
    answer_of,
    files_of,
    list_exceptions,
    list_systems,
    name_system,
    open_evidence,
    read_ground,
    with_files,
)
from referencing.enrolment.views.review import LIST_LIMIT, require_listing_team

PAGE = "Réponses par système"
TONES: dict[str, Tone] = {
    ExceptionState.DRAFT: "new",
    ExceptionState.ASKED: "info",
    ExceptionState.AGREED: "success",
    ExceptionState.DECLINED: "error",
    ExceptionState.DROPPED: "neutral",
}
REFUSED = f"L’exception n’est pas enregistrée{NBSP}:"


def exception_badge(exception: OsException) -> Badge:
    return Badge(str(ExceptionState(exception.state).label), tone=TONES[exception.state])


# -- the editor


@require_http_methods(["GET", "POST"])
@login_required
def os_exception_list(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The exceptions of a product, and the form that begins one."""
    place = find_place(request, pk)
    ground = read_ground(place.enrolment)
    if request.method == "GET":
        return _render_list(request, place, ground)
    place.access.require_write()
    form = _open_form(ground, request.POST)
    if form.is_valid():
        try:
            exception = services.open_exception(enrolment_id=pk, actor=request.user, **form.cleaned_data)
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
        else:
            messages.success(request, "Indiquez maintenant la réponse qui vaut pour ce système.")
            return redirect("enrolment:os_exception_detail", pk, exception.pk)
    return _render_list(request, place, ground, form=form, status=422)


def _open_form(ground: Ground, data: Any = None) -> OpenExceptionForm:
    return OpenExceptionForm(data, criteria=ground.criteria(), systems=ground.systems.items())


def _render_list(
    request: SignedInRequest, place: Place, ground: Ground, *, form: OpenExceptionForm | None = None, status: int = 200
) -> HttpResponse:
    rows = [
        Row(
            cells=[
                f"{each.criterion} {criterion.title}"
                if (criterion := ground.grid.criteria.get(each.criterion))
                else "",
                name_system(each, ground.systems),
                _words(ground, each) or "Sans réponse",
                exception_badge(each),
                each.edited_at,
            ],
            url=reverse("enrolment:os_exception_detail", args=[place.enrolment.pk, each.pk]),
        )
        for each in list_exceptions(place.enrolment, place.user)
    ]
    return render(
        request,
        "enrolment/os_exception_list.html",
        {
            **page_values(place, PAGE),
            "rows": rows,
            "columns": ["Critère", "Système", "Réponse", "État", "Modifiée"],
            "systems": list(ground.systems.values()),
            "is_open": ground.is_open,
            "form": form or _open_form(ground),
        },
        status=status,
    )


def _words(ground: Ground, exception: OsException) -> str:
    criterion = ground.grid.criteria.get(exception.criterion)
    return answer_words(criterion, answer_of(exception, criterion)) if criterion else ""


def find_exception(place: Place, exception: UUID) -> OsException:
    """Two queries. Raises Http404 for one of another enrolment."""
    rows = OsException.objects.visible_to(place.user).select_related("edited_by", "decided_by")
    return get_object_or_404(rows.prefetch_related(with_files()), enrolment=place.enrolment, pk=exception)


@require_http_methods(["GET", "POST"])
@login_required
def os_exception_detail(request: SignedInRequest, pk: UUID, exception: UUID) -> HttpResponse:
    """The answer on one system, beside the common one; saving and submitting are two buttons of one form."""
    place = find_place(request, pk)
    found, ground = find_exception(place, exception), read_ground(place.enrolment)
    if request.method == "GET":
        return _render_detail(request, place, ground, found)
    place.access.require_write()
    form = _answer_form(ground, found, request.POST)
    if not form.is_valid():
        return _render_detail(request, place, ground, found, form=form, status=422)
    try:
        services.save_exception(
            exception_id=found.pk,
            value=form.value,
            comment=form.cleaned_data["comment"],
            base_version=form.cleaned_data["base_version"],
            actor=request.user,
        )
        if request.POST.get("action") != "ask":
            messages.success(request, "L’exception est enregistrée.")
            return redirect("enrolment:os_exception_detail", pk, found.pk)
        services.ask_agreement(exception_id=found.pk, actor=request.user)
    except TransitionRefused as refusal:
        found = find_exception(place, exception)  # what was saved before a submission was refused stays saved
        data = request.POST.copy()
        data["base_version"] = str(found.version)
        form = _answer_form(ground, found, data)
        return _render_detail(request, place, ground, found, form=form, blockers=refusal.blockers, status=422)
    messages.success(request, "L’exception est soumise à l’équipe de référencement.")
    return redirect("enrolment:os_exception_list", pk)


def _answer_form(ground: Ground, exception: OsException, data: Any = None) -> ExceptionForm:
    criterion = ground.grid.criteria[exception.criterion]
    kept = exception.value or {}
    typed = restore_criterion(criterion, kept, frozenset())
    return ExceptionForm(
        data,
        criterion=criterion,
        kind=ground.kind_of(criterion.code),
        system=name_system(exception, ground.systems),
        initial={
            "answer": kept.get("level") or kept.get("compliance"),
            "value": typed.value,
            "comment": exception.comment,
            "base_version": exception.version,
        },
    )


def _render_detail(
    request: SignedInRequest,
    place: Place,
    ground: Ground,
    exception: OsException,
    *,
    form: ExceptionForm | None = None,
    blockers: Iterable[Blocker] = (),
    errors: Mapping[str, list[str]] | None = None,
    status: int = 200,
) -> HttpResponse:
    can_write = place.access.can_write and exception.state == ExceptionState.DRAFT
    key = [place.enrolment.pk, exception.pk]
    values = page_values(place, f"{exception.criterion}, {name_system(exception, ground.systems)}")
    list_url = reverse("enrolment:os_exception_list", args=[place.enrolment.pk])
    values["crumbs"] = [*values["crumbs"][:-1], Link(PAGE, list_url), values["crumbs"][-1]]
    actions = []
    if place.access.can_write and exception.state not in (ExceptionState.DRAFT, ExceptionState.DROPPED):
        actions.append(Action("Reprendre", reverse("enrolment:os_exception_rework", args=key), style="secondary"))
    if place.access.can_write and exception.state != ExceptionState.DROPPED:
        drop = reverse("enrolment:os_exception_drop", args=key)
        actions.append(
            Action(
                "Abandonner l’exception",
                drop,
                style="tertiary",
                confirm_url=drop,
                confirm_title="Abandonner cette exception",
                confirm_text="La réponse commune vaudra de nouveau pour ce système. Les dossiers déjà générés ne changent pas.",
            )
        )
    return render(
        request,
        "enrolment/os_exception_detail.html",
        {
            **values,
            **shown_values(place.enrolment, ground, exception),
            "form": form or _answer_form(ground, exception),
            "can_write": can_write,
            "zones": _zones(place, ground, exception, can_write=can_write, errors=errors or {}),
            "actions": actions,
            "blockers": list(blockers),
            "refused_title": REFUSED,
        },
        status=status,
    )


def shown_values(enrolment: Enrolment, ground: Ground, exception: OsException) -> dict[str, Any]:
    """What both sides read of an exception: the criterion, the common answer, this one."""
    criterion = ground.grid.criteria[exception.criterion]
    kind = ground.kind_of(criterion.code)
    items = [
        Item("Critère", f"{criterion.code} {criterion.title}"),
        Item("Attendu", expected_words(criterion, kind)),
        Item("Réponse commune validée", _common_words(enrolment, ground, criterion) or "Pas encore validée"),
        Item("Système", name_system(exception, ground.systems)),
        Item("Modifiée par", str(exception.edited_by)),
    ]
    answer = [
        Item("Réponse sur ce système", _words(ground, exception) or "Sans réponse, voir les preuves"),
        Item("En quoi ce système diffère", exception.comment or "Non précisé"),
    ]
    return {
        "exception": exception,
        "system": name_system(exception, ground.systems),
        "criterion": criterion,
        "nature": nature_badge(criterion),
        "badge": exception_badge(exception),
        "items": items,
        "answer_items": answer,
    }


def _common_words(enrolment: Enrolment, ground: Ground, criterion: Criterion) -> str:
    questionnaire = ground.grid.questionnaire_of[criterion.code].code
    row = (
        QuestionnaireResponse.objects.filter(response=enrolment.response_id, code=questionnaire)
        .select_related("validation")
        .first()
    )
    if row is None or row.validation is None:
        return ""
    kept = row.validation.content["answers"].get(criterion.code, {}).get("value")
    return answer_words(criterion, restore_criterion(criterion, kept, frozenset()))


def _zones(
    place: Place,
    ground: Ground,
    exception: OsException,
    *,
    can_write: bool,
    errors: Mapping[str, list[str]],
) -> list[DropZone]:
    criterion = ground.grid.criteria[exception.criterion]
    zones = []
    for expected in open_evidence(criterion):
        place_id = anchor(criterion.code, Part.EVIDENCE, expected.code)
        zones.append(
            drop_zone(
                id=place_id,
                label=expected.label,
                heading_level=3,
                url=reverse("enrolment:os_exception_deposit", args=[place.enrolment.pk, exception.pk]),
                formats=expected.formats,
                max_size_mb=expected.max_size_mb,
                required=expected.required,
                errors=errors.get(place_id, ()),
                hidden={"type": expected.code},
                files=[
                    deposited_file(
                        each.file,
                        download_url=reverse("enrolment:os_exception_file", args=[place.enrolment.pk, each.pk]),
                        archive=Action(
                            "Archiver",
                            reverse("enrolment:os_exception_archive", args=[place.enrolment.pk, each.pk]),
                        )
                        if can_write
                        else None,
                    )
                    for each in files_of(exception)
                    if each.evidence_type == expected.code
                ],
                locked="" if can_write else "Cette zone se consulte mais ne reçoit plus de fichier.",
            )
        )
    return zones


@require_POST
@login_required
def os_exception_deposit(request: SignedInRequest, pk: UUID, exception: UUID) -> HttpResponse:
    """One file of evidence for one system."""
    place = find_place(request, pk)
    found, ground = find_exception(place, exception), read_ground(place.enrolment)
    place.access.require_write()
    kind = request.POST.get("type", "")
    where = anchor(found.criterion, Part.EVIDENCE, kind)
    upload = request.FILES.get("file")
    refused: list[Blocker] = []
    if kind not in {each.code for each in open_evidence(ground.grid.criteria[found.criterion])}:
        refused = [Blocker("evidence_type", "Cette preuve n’est pas attendue pour ce critère.")]
    elif upload is None:
        refused = [Blocker("no_file", "Choisissez un fichier, puis déposez-le.", f"#{where}")]
    else:
        try:
            services.add_exception_file(exception_id=found.pk, evidence_type=kind, upload=upload, actor=request.user)
        except UploadRefused as refusal:
            refused = list(refusal.problems)
        except TransitionRefused as refusal:
            refused = list(refusal.blockers)
    if refused:
        errors = {where: [each.message for each in refused]}
        return _render_detail(request, place, ground, found, blockers=refused, errors=errors, status=422)
    messages.success(request, "La preuve est déposée.")
    return redirect(reverse("enrolment:os_exception_detail", args=[pk, found.pk]) + f"#{where}")


def _find_file(place: Place, file: UUID) -> OsExceptionFile:
    """Raises Http404 for a file of another enrolment."""
    return get_object_or_404(
        OsExceptionFile.objects.select_related("exception", "file__blob"),
        exception__in=OsException.objects.visible_to(place.user).filter(enrolment=place.enrolment),
        pk=file,
    )


@require_GET
@login_required
def os_exception_file(request: SignedInRequest, pk: UUID, file: UUID) -> HttpResponse | FileResponse:
    """The original as an attachment, for the editor and the agents who read answers."""
    place = find_place(request, pk)
    found = _find_file(place, file)
    try:
        return stream(found.file)
    except FileWithheld as withheld:
        messages.error(request, f"{found.file.name}{NBSP}: {withheld.problem.message}")
        return redirect("enrolment:os_exception_detail", pk, found.exception_id)


@require_POST
@login_required
def os_exception_archive(request: SignedInRequest, pk: UUID, file: UUID) -> HttpResponse:
    """Take a file out of the exception; it is kept."""
    place = find_place(request, pk)
    found = _find_file(place, file)
    try:
        services.archive_exception_file(file_id=found.pk, actor=request.user)
    except TransitionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"« {found.file.name} » est archivé.")
    return redirect("enrolment:os_exception_detail", pk, found.exception_id)


@require_POST
@login_required
def os_exception_rework(request: SignedInRequest, pk: UUID, exception: UUID) -> HttpResponse:
    """Take an exception back to change it."""
    found = find_exception(find_place(request, pk), exception)
    try:
        services.rework_exception(exception_id=found.pk, actor=request.user)
    except TransitionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Vous pouvez modifier l’exception, puis la soumettre de nouveau.")
    return redirect("enrolment:os_exception_detail", pk, found.pk)


@require_http_methods(["GET", "POST"])
@login_required
def os_exception_drop(request: SignedInRequest, pk: UUID, exception: UUID) -> HttpResponse:
    """Ask, then give the exception up."""
    place = find_place(request, pk)
    found = find_exception(place, exception)
    back = reverse("enrolment:os_exception_detail", args=[pk, found.pk])
    place.access.require_write()
    if request.method == "GET":
        action = Action(
            "Abandonner l’exception",
            request.path,
            confirm_title="Abandonner cette exception",
            confirm_text="La réponse commune vaudra de nouveau pour ce système. Les dossiers déjà générés ne changent pas.",
        )
        return render_confirmation(request, action, cancel_url=back)
    try:
        services.drop_exception(exception_id=found.pk, actor=request.user)
    except TransitionRefused as refusal:
        messages.error(request, str(refusal))
        return redirect(back)
    messages.success(request, "L’exception est abandonnée.")
    return redirect("enrolment:os_exception_list", pk)


# -- the listing team


@require_GET
@login_required
def os_exception_queue(request: SignedInRequest) -> HttpResponse:
    """Exceptions by state, those to examine first."""
    require_listing_team(request)
    state = request.GET.get("etat", ExceptionState.ASKED)
    found = OsException.objects.visible_to(request.user).exclude(state=ExceptionState.DRAFT)
    if state in ExceptionState.values:
        found = found.filter(state=state)
    text = request.GET.get("q", "").strip()
    found = search(found, text, "enrolment__product__name", "enrolment__product__organisation__name", "criterion")
    found = found.select_related(
        "enrolment__product__organisation", "enrolment__demarche", "enrolment__response__definition"
    ).defer("enrolment__response__definition__source")
    rows = [
        Row(
            cells=[
                each.enrolment.label,
                each.enrolment.product.organisation.name,
                each.criterion,
                name_system(each, list_systems(each.enrolment, load_grid(each.enrolment.response.definition))),
                exception_badge(each),
                each.edited_at,
            ],
            url=reverse("enrolment:os_exception_review", args=[each.pk]),
        )
        for each in found.order_by("edited_at", "pk")[:LIST_LIMIT]
    ]
    return render(
        request,
        "enrolment/os_exception_queue.html",
        {
            "rows": rows,
            "columns": ["Produit", "Structure", "Critère", "Système", "État", "Modifiée"],
            "states": [
                ("toutes", "Toutes"),
                *(each for each in ExceptionState.choices if each[0] != ExceptionState.DRAFT),
            ],
            "state": state,
            "text": text,
        },
    )


@require_http_methods(["GET", "POST"])
@login_required
def os_exception_review(request: SignedInRequest, exception: UUID) -> HttpResponse:
    """Read an exception beside the common answer; agree, or decline with a reason."""
    require_listing_team(request)
    rows = OsException.objects.visible_to(request.user).exclude(state=ExceptionState.DRAFT)
    found = get_object_or_404(
        rows.select_related(
            "enrolment__product__organisation",
            "enrolment__demarche",
            "enrolment__response__definition",
            "edited_by",
            "decided_by",
        )
        .defer("enrolment__response__definition__source")
        .prefetch_related(with_files()),
        pk=exception,
    )
    form, status = DecisionForm(), 200
    if request.method == "POST":
        form = DecisionForm(request.POST)
        is_agreed = request.POST.get("decision") == "agree"
        if form.is_valid():
            try:
                services.decide_exception(
                    exception_id=found.pk, is_agreed=is_agreed, note=form.cleaned_data["note"], actor=request.user
                )
            except TransitionRefused as refusal:
                form.add_blockers(refusal.blockers)
            else:
                messages.success(request, "L’exception est acceptée." if is_agreed else "L’exception est refusée.")
                return redirect("enrolment:os_exception_queue")
        status = 422
    ground = read_ground(found.enrolment)
    labels = {each.code: each.label for each in ground.grid.criteria[found.criterion].evidence}
    return render(
        request,
        "enrolment/os_exception_review.html",
        {
            **shown_values(found.enrolment, ground, found),
            "enrolment": found.enrolment,
            "files": [
                (
                    labels.get(each.evidence_type, each.evidence_type),
                    deposited_file(
                        each.file,
                        download_url=reverse("enrolment:os_exception_file", args=[found.enrolment_id, each.pk]),
                    ),
                )
                for each in files_of(found)
            ],
            "is_open": found.state == ExceptionState.ASKED,
            "form": form,
        },
        status=status,
    )
