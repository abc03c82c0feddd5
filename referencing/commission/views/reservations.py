"""Reservations: the list of those to follow, and one reservation read and answered by both sides (A-30)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.accounts.enums import Role
from convergence.accounts.requests import SignedInRequest
from convergence.database.search import search
from convergence.drafts import services as drafts
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.products.rules import is_member
from convergence.ui.typography import NBSP
from convergence.ui.values import Action, Row
from convergence.ui.views import render_confirmation
from evidence.errors import FileWithheld, UploadRefused
from evidence.services import stream
from evidence.values import deposited_file, drop_zone
from referencing.candidature.rules import can_instruct, can_prepare
from referencing.candidature.services.answering import FREE_FORMATS, FREE_SIZE_MB
from referencing.commission.enums import STANDING_RESERVATIONS, ReservationState
from referencing.commission.forms.deliberation import AnswerForm, CommentForm, LiftForm
from referencing.commission.models import Reservation, ReservationFile
from referencing.commission.opinion_wording import nature_badge, reservation_badge
from referencing.commission.rules import can_answer_reservation, can_lift
from referencing.commission.selectors.opinions import read_opinion
from referencing.commission.services.reservations import (
    add_file,
    answer_reservation,
    comment_reservation,
    find_unfollowed,
    lift_reservation,
    list_buffer,
    remove_file,
    send_back_reservation,
)
from referencing.commission.views.opinions import frame_of

if TYPE_CHECKING:
    from convergence.accounts.models import User

LIST_LIMIT = 200
TODO, OVERDUE, EVERYTHING = "a-suivre", "depassees", "toutes"
READERS = (Role.LISTING_TEAM, Role.SECRETARY, Role.PRESIDENT, Role.SUPPORT)
FREE = [*FREE_FORMATS]


@require_GET
@login_required
def reservation_list(request: SignedInRequest) -> HttpResponse:
    """Commitments of editors, the nearest day first; those still to be lifted unless asked otherwise."""
    if not request.user.access.has(*READERS):
        raise PermissionDenied("reservation_list")
    state, today = request.GET.get("etat", TODO), timezone.localdate()
    text = request.GET.get("q", "").strip()
    rows = Reservation.objects.visible_to(request.user).select_related(
        "candidature__enrolment__product__organisation", "opinion__point__session"
    )
    rows = rows.defer("opinion__payload", "opinion__seal")
    if state == OVERDUE:
        rows = rows.overdue(on=today)
    elif state in ReservationState.values:
        rows = rows.filter(state=state)
    elif state != EVERYTHING:
        rows = rows.standing()
    rows = search(rows, text, "candidature__searchable")
    states = [(code, str(label)) for code, label in ReservationState.choices]
    return render(
        request,
        "commission/reservation_list.html",
        {
            "columns": ["Produit", "Structure", "Réserve", "Nature", "À lever avant le", "État"],
            "rows": [
                Row(
                    cells=[
                        each.candidature.enrolment.label,
                        each.candidature.enrolment.product.organisation.name,
                        f"N°{NBSP}{each.number} – critère {each.criterion}",
                        nature_badge(each),
                        each.due_on,
                        reservation_badge(each, today=today),
                    ],
                    url=reverse("commission:reservation_detail", args=[each.pk]),
                )
                for each in rows.in_order()[:LIST_LIMIT]
            ],
            "states": [(TODO, "À suivre"), (OVERDUE, "Échéance dépassée"), (EVERYTHING, "Toutes"), *states],
            "state": state,
            "text": text,
            "limit": LIST_LIMIT,
        },
    )


def get_reservation(request: SignedInRequest, pk: UUID) -> Reservation:
    """The reservation, or 404 for whoever may not know its file."""
    reservation: Reservation = get_object_or_404(
        Reservation.objects.visible_to(request.user).select_related(
            "opinion__point__session",
            "decided_by",
            "candidature__enrolment__product__organisation",
            "candidature__enrolment__demarche__parcours",
            "candidature__dossier__created_by",
            "candidature__referent",
        ),
        pk=pk,
    )
    return reservation


def answer_key(reservation: Reservation) -> str:
    return f"commission-reservation:{reservation.pk}"


@require_http_methods(["GET", "POST"])
@login_required
def reservation_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """What the commission asks, what was answered and decided; the editor writes here and sends, once confirmed."""
    reservation = get_reservation(request, pk)
    if request.method == "GET":
        return _render(request, reservation)
    if not can_prepare(request.user, reservation):
        raise PermissionDenied("answer_reservation")
    action, _, target = request.POST.get("action", "").partition(":")
    try:
        if action == "remove":
            remove_file(file_id=int(target) if target.isdecimal() else 0, actor=request.user)
            return _kept(request, reservation, "Le fichier est retiré de votre réponse.")
        if request.FILES.get("file") or action == "deposit":
            _deposit(request, reservation)
            return _kept(request, reservation, "Le fichier est joint à votre réponse.")
        return _send(request, reservation)
    except UploadRefused as refusal:
        return _render(request, reservation, form=AnswerForm(initial=_typed(request)), zone_errors=refusal.problems)
    except TransitionRefused as refusal:
        return _render(request, reservation, form=AnswerForm(initial=_typed(request)), blockers=refusal.blockers)
    except ReservationFile.DoesNotExist as unknown:
        raise Http404(target) from unknown


def _typed(request: SignedInRequest) -> dict[str, str]:
    return {"text": request.POST.get("text", "")}


def _kept(request: SignedInRequest, reservation: Reservation, done: str) -> HttpResponse:
    """Back to the page, with the text as it was typed: it waits in its draft."""
    if text := request.POST.get("text", ""):
        drafts.save_drafts(user=request.user, form=answer_key(reservation), texts={"text": text}, at=timezone.now())
    messages.success(request, done)
    return redirect("commission:reservation_detail", reservation.pk)


def _deposit(request: SignedInRequest, reservation: Reservation) -> None:
    upload = request.FILES.get("file")
    if upload is None:
        raise TransitionRefused([Blocker("no_file", "Choisissez un fichier, puis déposez-le.", "#zone")])
    add_file(reservation_id=reservation.pk, upload=upload, actor=request.user, anchor="#zone")


def _send(request: SignedInRequest, reservation: Reservation) -> HttpResponse:
    if not can_answer_reservation(request.user, reservation):
        raise PermissionDenied("answer_reservation")
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _render(request, reservation, form=form)
    page = reverse("commission:reservation_detail", args=[reservation.pk])
    if "confirmed" not in request.POST:
        count = len(list_buffer(reservation))
        files = f"{count}{NBSP}fichier{'s' if count > 1 else ''}" if count else "aucun fichier"
        action = Action(
            "Envoyer la réponse",
            page,
            confirm_title=f"Envoyer la réponse à la réserve n°{NBSP}{reservation.number}",
            confirm_text=f"Votre réponse part avec {files}. Elle est scellée et ne change plus ; l’équipe de référencement "
            "l’examine.",
            hidden={"text": form.cleaned_data["text"], "confirmed": "1"},
        )
        return render_confirmation(request, action, cancel_url=page)
    answer_reservation(reservation_id=reservation.pk, text=form.cleaned_data["text"], actor=request.user)
    drafts.discard(user=request.user, form=answer_key(reservation))
    messages.success(request, "Votre réponse est envoyée. L’équipe de référencement l’examine.")
    return redirect("commission:reservation_detail", reservation.pk)


@require_POST
@login_required
def reservation_decide(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Lift, or ask for another answer."""
    reservation = get_reservation(request, pk)
    if not can_lift(request.user, reservation):
        raise PermissionDenied("lift")
    form = LiftForm(request.POST)
    if not form.is_valid():
        return _render(request, reservation, decision=form)
    data = form.cleaned_data
    try:
        if data["decision"] == "lift":
            lift_reservation(reservation_id=pk, note=data["note"], actor=request.user)
        else:
            send_back_reservation(reservation_id=pk, note=data["note"], due_on=data["due_on"], actor=request.user)
    except TransitionRefused as refusal:
        return _render(request, reservation, decision=form, blockers=refusal.blockers)
    messages.success(
        request, "La réserve est levée." if data["decision"] == "lift" else "Une autre réponse est demandée."
    )
    return redirect("commission:reservation_detail", pk)


@require_POST
@login_required
def reservation_comment(request: SignedInRequest, pk: UUID) -> HttpResponse:
    reservation = get_reservation(request, pk)
    if not can_instruct(request.user, reservation):
        raise PermissionDenied("comment")
    form = CommentForm(request.POST)
    if not form.is_valid():
        return _render(request, reservation, comment=form)
    try:
        comment_reservation(reservation_id=pk, text=form.cleaned_data["text"], actor=request.user)
    except TransitionRefused as refusal:
        return _render(request, reservation, comment=form, blockers=refusal.blockers)
    messages.success(request, "Votre avis technique est enregistré.")
    return redirect("commission:reservation_detail", pk)


@require_GET
@login_required
def reservation_file(request: SignedInRequest, pk: UUID, file: int) -> HttpResponse | FileResponse:
    """A file of an answer; one that is not sent yet, for the editor alone. The commission gets no original (§4)."""
    reservation = get_reservation(request, pk)
    is_editor = bool(is_member(request.user, reservation.candidature))
    if not is_editor and not _opens_originals(request.user):
        raise PermissionDenied("reservation_file")
    files = ReservationFile.objects.filter(reservation=reservation).select_related("file__blob")
    if not is_editor:
        files = files.filter(answer__isnull=False)
    found = get_object_or_404(files, pk=file)
    try:
        return stream(found.file)
    except FileWithheld as withheld:
        messages.error(request, f"{found.file.name} : {withheld.problem.message}")
        return redirect("commission:reservation_detail", pk)


def _render(
    request: SignedInRequest,
    reservation: Reservation,
    *,
    form: AnswerForm | None = None,
    decision: LiftForm | None = None,
    comment: CommentForm | None = None,
    zone_errors: Sequence[Blocker] = (),
    blockers: Sequence[Blocker] = (),
) -> HttpResponse:
    user = request.user
    frame = frame_of(request, reservation.candidature)
    is_editor = not frame["is_instructor"]
    is_followed = not find_unfollowed(reservation)
    may_answer = (
        is_editor and is_followed and reservation.state == ReservationState.OPEN and can_prepare(user, reservation)
    )
    typed = drafts.restore(user=user, form=answer_key(reservation), values={"text": ""}) if may_answer else None
    may_decide = is_followed and bool(can_lift(user, reservation)) and not is_editor
    may_comment = is_followed and not is_editor and bool(can_instruct(user, reservation))
    frozen = {each["number"]: each for each in read_opinion(reservation.opinion)["reservations"]}
    content = frozen.get(reservation.number, {})
    refused = [*zone_errors, *blockers] or any(each is not None and each.is_bound for each in (form, decision, comment))
    return render(
        request,
        "commission/reservation_detail.html",
        {
            **frame,
            "reservation": reservation,
            "blockers": blockers,
            "state": reservation_badge(reservation, today=timezone.localdate(), is_editor=is_editor),
            "nature": nature_badge(reservation),
            "items": [
                ("Critère", f"{reservation.criterion} {content.get('criterion_title', '')}"),
                ("Preuve attendue", reservation.expected),
                ("À lever avant le", reservation.due_on),
                ("Séance", f"N°{NBSP}{reservation.opinion.point.session.number}"),
            ],
            "answers": _say_answers(request, reservation, is_editor=is_editor),
            "is_editor": is_editor,
            "waits": reservation.state in STANDING_RESERVATIONS,
            "form": (form or AnswerForm(initial=typed.values if typed else {})) if may_answer else None,
            "may_send": bool(can_answer_reservation(user, reservation)),
            "draft_key": answer_key(reservation),
            "draft_at": typed.at if typed else None,
            "zone": _zone(reservation, zone_errors) if may_answer else None,
            "decision": (decision or LiftForm()) if may_decide else None,
            "comment": (comment or CommentForm()) if may_comment else None,
            "comments": [] if is_editor else list(reservation.comments.select_related("author").order_by("at", "pk")),
        },
        status=422 if refused else 200,
    )


def _say_answers(request: SignedInRequest, reservation: Reservation, *, is_editor: bool) -> list[dict[str, Any]]:
    """Answers with their files. Originals go to the editor and to those who instruct; the commission reads names."""
    opens = is_editor or _opens_originals(request.user)
    files = Prefetch("files", ReservationFile.objects.select_related("file__blob").order_by("pk"))
    answers = reservation.answers.select_related("answered_by").prefetch_related(files)
    return [
        {
            "by": str(answer.answered_by),
            "at": answer.answered_at,
            "text": answer.text,
            "sha256": answer.sha256,
            "files": [
                {
                    "name": each.file.name,
                    "url": reverse("commission:reservation_file", args=[reservation.pk, each.pk]) if opens else "",
                }
                for each in answer.files.all()
            ],
        }
        for answer in answers.order_by("answered_at", "pk")
    ]


def _opens_originals(user: User) -> bool:
    return user.access.has(Role.LISTING_TEAM, Role.EXPERT, Role.SUPPORT)


def _zone(reservation: Reservation, errors: Sequence[Blocker]) -> dict[str, Any]:
    page = reverse("commission:reservation_detail", args=[reservation.pk])
    return {
        "name": "file",
        "container_url": "",
        "drop": drop_zone(
            id="zone",
            label="Fichiers joints à votre réponse",
            url=page,
            formats=FREE,
            max_size_mb=FREE_SIZE_MB,
            errors=[each.message for each in errors],
            files=[
                deposited_file(
                    each.file,
                    download_url=reverse("commission:reservation_file", args=[reservation.pk, each.pk]),
                    archive=Action("Retirer", page, key=f"remove:{each.pk}"),
                )
                for each in list_buffer(reservation)
            ],
        ),
    }
