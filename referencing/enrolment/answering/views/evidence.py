"""Files of the questionnaires: downloads, archive, single deposits, templates and the encrypted container."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from convergence.kernel.errors import TransitionRefused
from convergence.ui.typography import NBSP
from convergence.ui.values import Action
from convergence.ui.views import render_confirmation
from evidence.core.containers import Credentials
from evidence.errors import FileWithheld
from evidence.services import stream
from evidence.values import deposited_file
from questionnaires.core import Criterion, EvidenceType, anchor
from questionnaires.core.scoring import Part
from questionnaires.grids import find_template
from questionnaires.models import Deposit
from questionnaires.selectors import load_archived
from questionnaires.services import (
    archive_deposit,
    confirm_deposit,
    container_file,
    is_container_shown,
    load_grid,
    open_container,
    renew_container,
)
from referencing.enrolment.answering.pages import Place, find_place, page_values
from referencing.enrolment.answering.zones import download_url


def find_deposit(place: Place, deposit: UUID) -> Deposit:
    """One query. Raises Http404 for a deposit of another response."""
    return get_object_or_404(Deposit.objects.with_file(), response=place.enrolment.response, pk=deposit)


def find_criterion(place: Place, code: str) -> Criterion:
    """Raises Http404."""
    try:
        return load_grid(place.enrolment.response.definition).criteria[code]
    except KeyError as unknown:
        raise Http404 from unknown


def form_url(place: Place, criterion: str, evidence_type: str = "") -> str:
    """The page of the questionnaire, at the zone of the evidence."""
    questionnaire = load_grid(place.enrolment.response.definition).questionnaire_of[criterion].code
    page = reverse("enrolment:questionnaire_form", args=[place.enrolment.pk, questionnaire])
    return f"{page}#{anchor(criterion, Part.EVIDENCE, evidence_type) if evidence_type else anchor(criterion)}"


def _closed(request: HttpRequest, place: Place, back: str) -> HttpResponse | None:
    """The way back when the answers are frozen. Raises PermissionDenied for those who only read."""
    if place.access.may_write and place.access.locked_reason:
        messages.error(request, place.access.locked_reason)
        return redirect(back)
    place.access.require_write()
    return None


@require_GET
@login_required
def evidence_download(request: HttpRequest, pk: UUID, deposit: UUID) -> HttpResponse | FileResponse:
    """The original, archived or not, as an attachment; a file that the antivirus holds back says why."""
    place = find_place(request, pk)
    found = find_deposit(place, deposit)
    try:
        return stream(found.file)
    except FileWithheld as withheld:
        messages.error(request, f"{found.file.name}{NBSP}: {withheld.problem.message}")
        return redirect(form_url(place, found.criterion, found.evidence_type))


@require_GET
@login_required
def evidence_archived(request: HttpRequest, pk: UUID, criterion: str) -> HttpResponse:
    """« Voir les preuves archivées » of a criterion (BR-072)."""
    place = find_place(request, pk)
    asked = find_criterion(place, criterion)
    labels = {each.code: each.label for each in asked.evidence}
    archived = [
        {
            "file": deposited_file(each.file, download_url=download_url(place.enrolment, each.pk)),
            "type": labels.get(each.evidence_type, each.evidence_type),
            "at": each.archived_at,
            "by": str(each.archived_by),
        }
        for each in load_archived(place.enrolment.response, criterion)
    ]
    return render(
        request,
        "enrolment/answering/evidence_archived.html",
        {
            **page_values(place, "Preuves archivées"),
            "criterion": f"{asked.code} {asked.title}",
            "archived": archived,
            "back_url": form_url(place, criterion),
        },
    )


@require_http_methods(["GET", "POST"])
@login_required
def evidence_archive(request: HttpRequest, pk: UUID, deposit: UUID) -> HttpResponse:
    """Ask, then archive (BR-072, BR-073)."""
    place = find_place(request, pk)
    found = find_deposit(place, deposit)
    back = form_url(place, found.criterion, found.evidence_type)
    if closed := _closed(request, place, back):
        return closed
    if request.method == "GET" and found.archived_at is None and found.confirmed_at is None:
        label = expected_type(place, found).label
        text = (
            f"« {found.file.name} » quittera la zone « {label} » et restera dans les preuves archivées. Si c’est le seul "
            "fichier de cette zone, le questionnaire ne pourra pas être validé sans une autre preuve, et une validation déjà "
            "faite ne comptera plus."
        )
        action = Action("Archiver la preuve", request.path, confirm_title="Archiver cette preuve", confirm_text=text)
        return render_confirmation(request, action, cancel_url=back)
    try:
        archive_deposit(deposit=found, actor=place.user, at=timezone.now(), access=place.access)
    except TransitionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"« {found.file.name} » est archivé.")
    return redirect(back)


@require_http_methods(["GET", "POST"])
@login_required
def evidence_confirm(request: HttpRequest, pk: UUID, deposit: UUID) -> HttpResponse:
    """A single deposit becomes definitive once its depositor has said so (BR-074)."""
    place = find_place(request, pk)
    found = find_deposit(place, deposit)
    back = form_url(place, found.criterion, found.evidence_type)
    if closed := _closed(request, place, back):
        return closed
    if request.method == "GET":
        if found.confirmed_at is not None or found.archived_at is not None:
            return redirect(back)
        label = expected_type(place, found).label
        text = (
            f"Vous allez déposer « {found.file.name} » comme « {label} ». Cette preuve est à dépôt unique{NBSP}: une fois "
            "confirmée, elle ne pourra plus être archivée ni remplacée. Pour changer de fichier, annulez puis archivez celui-ci."
        )
        action = Action(
            "Confirmer le dépôt", request.path, confirm_title="Confirmer ce dépôt unique", confirm_text=text
        )
        return render_confirmation(request, action, cancel_url=back)
    try:
        confirm_deposit(deposit=found, actor=place.user, at=timezone.now(), access=place.access)
    except TransitionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"Le dépôt de « {found.file.name} » est définitif.")
    return redirect(back)


def expected_type(place: Place, deposit: Deposit) -> EvidenceType:
    """Raises Http404 when the grid expects no such evidence any more."""
    for expected in find_criterion(place, deposit.criterion).evidence:
        if expected.code == deposit.evidence_type:
            return expected
    raise Http404


@require_GET
@login_required
def evidence_template(request: HttpRequest, pk: UUID, criterion: str, evidence_type: str) -> FileResponse:
    """The file to fill in, as the grid gives it."""
    place = find_place(request, pk)
    expected = next((each for each in find_criterion(place, criterion).evidence if each.code == evidence_type), None)
    if expected is None or expected.template is None:
        raise Http404
    path = find_template(place.enrolment.demarche.slug, expected.template)
    if path is None:
        raise Http404
    return FileResponse(path.open("rb"), as_attachment=True, filename=path.name)


# -- encrypted container


@require_http_methods(["GET", "POST"])
@login_required
def container_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How to use the container; posting shows its credentials, once, or makes new ones (BR-077)."""
    place = find_place(request, pk)
    if closed := _closed(request, place, page_values(place, "")["list_url"]):
        return closed
    credentials: Credentials | None = None
    if request.method == "POST":
        show = renew_container if request.POST.get("action") == "renew" else open_container
        credentials = show(access=place.access, actor=place.user)
        if credentials is None:
            messages.warning(request, "Ces identifiants ont déjà été affichés. Régénérez-les si vous ne les avez plus.")
            return redirect("enrolment:container_detail", pk)
    return render(request, "enrolment/answering/container_detail.html", container_values(place, credentials))


def container_values(place: Place, credentials: Credentials | None) -> dict[str, Any]:
    return {
        **page_values(place, "Conteneur chiffré"),
        "credentials": credentials,
        "is_shown": credentials is None and is_container_shown(access=place.access),
        "download_url": reverse("enrolment:container_download", args=[place.enrolment.pk]),
    }


@require_GET
@login_required
def container_download(request: HttpRequest, pk: UUID) -> HttpResponse:
    """« Télécharger le conteneur chiffré »: the empty container to fill."""
    place = find_place(request, pk)
    if closed := _closed(request, place, page_values(place, "")["list_url"]):
        return closed
    name, content = container_file(access=place.access, actor=place.user)
    response = HttpResponse(content, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store, private"
    return response
