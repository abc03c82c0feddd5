"""Addenda, as both sides read them: what was frozen, its files, and whether it is still what was frozen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.accounts.requests import SignedInRequest
from convergence.jobs.services import enqueue
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import NBSP
from convergence.ui.values import Action
from evidence.errors import FileWithheld
from evidence.services import stream
from referencing.candidature.forms.requests import ScopeForm
from referencing.candidature.models import Candidature
from referencing.candidature.rules import can_answer
from referencing.candidature.services.scope import (
    find_reduction,
    find_reduction_blockers,
    list_exchanges,
    reduce_scope,
)
from referencing.candidature.views.answering import require_opening
from referencing.candidature.views.frame import file_frame, get_file
from referencing.dossier.models import Addendum, AddendumFile
from referencing.dossier.outputs import ADDENDUM_JOB, present_addendum
from referencing.dossier.verification import verify_reference


def get_addendum(candidature: Candidature, number: int) -> Addendum:
    """Raises Http404."""
    rows = Addendum.objects.filter(dossier=candidature.dossier_id).select_related("dossier", "created_by")
    addendum: Addendum = get_object_or_404(rows, number=number)
    return addendum


@require_GET
@login_required
def addendum_detail(request: SignedInRequest, pk: UUID, number: int) -> HttpResponse:
    """What was frozen; « ?verifier » hashes everything again now."""
    candidature = get_file(request, pk)
    addendum = get_addendum(candidature, number)
    arguments = [candidature.pk, number]
    return render(
        request,
        "candidature/addendum_detail.html",
        {
            **file_frame(request, candidature, "requests"),
            "addendum": addendum,
            "content": present_addendum(addendum),
            "files": [
                (each, reverse("candidature:addendum_file", args=[*arguments, each.pk]))
                for each in AddendumFile.objects.filter(addendum=addendum).order_by("pk")
            ],
            "verdict": verify_reference(addendum.reference) if "verifier" in request.GET else None,
            "export": Action(
                "Télécharger en PDF",
                reverse("candidature:addendum_export", args=arguments),
                style="secondary",
                icon="download-line",
            ),
        },
    )


@require_POST
@login_required
def addendum_export(request: SignedInRequest, pk: UUID, number: int) -> HttpResponse:
    """Ask for the sealed PDF: a job makes it from what was frozen."""
    addendum = get_addendum(get_file(request, pk), number)
    job = enqueue(
        kind=ADDENDUM_JOB,
        payload={"addendum": str(addendum.pk)},
        requester=request.user,
        key=f"{addendum.pk}:{request.user.pk}",
    )
    return redirect("pages:job_detail", job.pk)


@require_GET
@login_required
def addendum_source(request: SignedInRequest, pk: UUID, number: int, form: str) -> HttpResponse:
    """The frozen bytes (`json`), or the seal beside them (`p7s`): what `verify_dossier` reads without a database."""
    addendum = get_addendum(get_file(request, pk), number)
    name = f"additif-{addendum.reference}.json"
    match form:
        case "json":
            response = HttpResponse(bytes(addendum.payload), content_type="application/json")
        case "p7s":
            response = HttpResponse(bytes(addendum.seal), content_type="application/pkcs7-signature")
            name += ".p7s"
        case _:
            raise Http404
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store, private"
    return response


@require_GET
@login_required
def addendum_file(request: SignedInRequest, pk: UUID, number: int, file: int) -> HttpResponse | FileResponse:
    """A file of evidence, as it was sent; an encrypted container goes to those who may open it (A-14)."""
    candidature = get_file(request, pk)
    found = get_object_or_404(
        AddendumFile.objects.select_related("file__blob"),
        addendum__dossier=candidature.dossier_id,
        addendum__number=number,
        pk=file,
    )
    require_opening(request, candidature, found.file)
    try:
        return stream(found.file)
    except FileWithheld as withheld:
        messages.error(request, f"{found.name}{NBSP}: {withheld.problem.message}")
        return redirect("candidature:addendum_detail", pk, number)


@require_http_methods(["GET", "POST"])
@login_required
def scope_reduce(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Give exchanges up: choose, see what falls away, confirm (A-19)."""
    candidature = get_file(request, pk)
    if not can_answer(request.user, candidature):
        raise PermissionDenied("scope_reduce")
    exchanges = list_exchanges(candidature)
    if request.method == "GET":
        return _show_scope(request, candidature, ScopeForm(exchanges))
    form = ScopeForm(exchanges, request.POST)
    if not form.is_valid():
        return _show_scope(request, candidature, form)
    given_up, reason = form.cleaned_data["given_up"], form.cleaned_data["reason"]
    if "confirmed" not in request.POST:
        if blockers := find_reduction_blockers(candidature, given_up, reason):
            return _show_scope(request, candidature, form, blockers)
        return render(
            request,
            "candidature/scope_confirm.html",
            {
                **file_frame(request, candidature, "requests"),
                "reduction": find_reduction(candidature, given_up),
                "words": [words for code, words in exchanges if code in given_up],
                "given_up": given_up,
                "reason": reason,
            },
        )
    try:
        addendum = reduce_scope(candidature_id=pk, given_up=given_up, reason=reason, actor=request.user)
    except TransitionRefused as refusal:
        return _show_scope(request, candidature, form, refusal.blockers)
    messages.success(request, f"Le périmètre est réduit. L’additif {addendum.reference} en garde la trace.")
    return redirect("candidature:addendum_detail", pk, addendum.number)


def _show_scope(
    request: SignedInRequest, candidature: Candidature, form: ScopeForm, blockers: Sequence[Blocker] = ()
) -> HttpResponse:
    values: dict[str, Any] = {
        **file_frame(request, candidature, "requests"),
        "form": form,
        "blockers": [each for each in blockers if not each.anchor],
        "is_possible": not find_reduction_blockers(candidature, [code for code, _ in list_exchanges(candidature)], "-"),
    }
    for blocker in blockers:
        if blocker.anchor:
            form.add_blockers([blocker])
    return render(request, "candidature/scope_reduce.html", values, status=422 if form.is_bound else 200)
