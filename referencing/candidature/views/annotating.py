"""Writing around a criterion: threads and pins. A refusal shows the criterion’s page again with what was typed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from convergence.accounts.requests import SignedInRequest
from convergence.drafts import services as drafts
from convergence.kernel.errors import TransitionRefused
from referencing.candidature.core.criteria import EffectiveCriterion, find_criterion
from referencing.candidature.forms.review import DiscussionForm, PinForm
from referencing.candidature.models import Discussion, EvidencePin
from referencing.candidature.rules import can_discuss, can_instruct
from referencing.candidature.services import add_pin, move_discussion, open_discussion, reply, settle_pin
from referencing.candidature.views.criterion import render_criterion
from referencing.candidature.views.examined import Examined, criterion_url, load_examined, visible_threads
from referencing.candidature.views.frame import get_file
from referencing.candidature.views.threads import discussion_key, reply_form, reply_key
from referencing.candidature.views.viewer import Place, place_url


def _load(request: SignedInRequest, pk: UUID, criterion: str) -> tuple[Examined, EffectiveCriterion]:
    examined = load_examined(request, pk)
    about = find_criterion(examined.criteria, criterion)
    if about is None:
        raise Http404(criterion)
    return examined, about


@require_POST
@login_required
def discussion_open(request: SignedInRequest, pk: UUID, criterion: str) -> HttpResponse:
    """Start a thread; the editor’s are shared by nature."""
    examined, about = _load(request, pk, criterion)
    probe = Discussion(candidature=examined.candidature, theme=about.theme, is_internal=False)
    if not can_discuss(request.user, probe):
        raise PermissionDenied("open_discussion")
    values: Any = request.POST
    if not examined.is_agent:
        values = {**request.POST.dict(), "audience": "shared"}
    form = DiscussionForm(values)
    if not form.is_valid():
        return render_criterion(request, examined, about, discussion_form=form, status=422)
    try:
        open_discussion(
            candidature_id=pk,
            criterion=about.code,
            is_internal=form.cleaned_data["audience"] == "internal",
            text=form.cleaned_data["message"],
            actor=request.user,
        )
    except TransitionRefused as refusal:
        form.add_blockers(refusal.blockers)
        return render_criterion(request, examined, about, discussion_form=form, status=422)
    drafts.discard(user=request.user, form=discussion_key(examined.candidature, about.code))
    messages.success(request, "Votre message est envoyé.")
    return redirect(criterion_url(examined.candidature, about.code) + "#discussions")


def _find_thread(request: SignedInRequest, pk: UUID, discussion: UUID) -> Discussion:
    """Raises Http404, for the editor on an internal thread too."""
    candidature = get_file(request, pk)
    threads = visible_threads(candidature, request.user)
    thread = get_object_or_404(threads, pk=discussion)
    thread.candidature = candidature
    return thread


@require_POST
@login_required
def discussion_reply(request: SignedInRequest, pk: UUID, discussion: UUID) -> HttpResponse:
    """Add a message to a thread."""
    thread = _find_thread(request, pk, discussion)
    if not can_discuss(request.user, thread):
        raise PermissionDenied("reply")
    form = reply_form(thread, request.POST)
    if form.is_valid():
        try:
            reply(candidature_id=pk, discussion_id=discussion, text=form.cleaned_data["message"], actor=request.user)
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
    if form.errors:
        examined, about = _load(request, pk, thread.criterion)
        return render_criterion(request, examined, about, refused_reply=(discussion, form), status=422)
    drafts.discard(user=request.user, form=reply_key(thread))
    messages.success(request, "Votre message est envoyé.")
    return redirect(criterion_url(thread.candidature, thread.criterion) + "#discussions")


@require_POST
@login_required
def discussion_move(request: SignedInRequest, pk: UUID, discussion: UUID, move: str) -> HttpResponse:
    """Resolve, close or reopen a thread."""
    thread = _find_thread(request, pk, discussion)
    if not can_discuss(request.user, thread):
        raise PermissionDenied(move)
    try:
        move_discussion(candidature_id=pk, discussion_id=discussion, move=move, actor=request.user)
    except TransitionRefused as refusal:
        messages.error(request, str(refusal))
    return redirect(criterion_url(thread.candidature, thread.criterion) + "#discussions")


@require_POST
@login_required
def pin_add(request: SignedInRequest, pk: UUID, criterion: str) -> HttpResponse:
    """Pin a note on the page that the address shows (`preuve`, `fichier`, `page`)."""
    examined, about = _load(request, pk, criterion)
    if not can_instruct(request.user, examined.candidature):
        raise PermissionDenied("add_pin")
    place = Place.read(request.GET)
    if all(each.sha256 != place.sha256 for each in about.evidence):
        raise Http404(place.sha256)
    form = PinForm(request.POST)
    if form.is_valid():
        try:
            add_pin(
                candidature_id=pk,
                criterion=about.code,
                sha256=place.sha256,
                entry=place.entry,
                page=place.page,
                x=form.cleaned_data["x"],
                y=form.cleaned_data["y"],
                note=form.cleaned_data["note"],
                is_internal=not form.cleaned_data["is_shared"],
                actor=request.user,
            )
        except TransitionRefused as refusal:
            form.add_blockers(refusal.blockers)
    if form.errors:
        return render_criterion(request, examined, about, pin_form=form, status=422)
    messages.success(request, "Le repère est posé.")
    return redirect(place_url(criterion_url(examined.candidature, about.code), place))


@require_POST
@login_required
def pin_settle(request: SignedInRequest, pk: UUID, pin: int) -> HttpResponse:
    """Mark a pin as settled, or not settled after all."""
    candidature = get_file(request, pk)
    found = get_object_or_404(EvidencePin, candidature=candidature, pk=pin)
    if not can_instruct(request.user, candidature):
        raise PermissionDenied("settle_pin")
    settle_pin(candidature_id=pk, pin_id=pin, actor=request.user)
    place = Place(found.sha256, found.entry, found.page)
    return redirect(place_url(criterion_url(candidature, found.criterion), place))
