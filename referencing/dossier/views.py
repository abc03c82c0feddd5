"""Generating, exporting and verifying a dossier. The list and the dossier’s page belong to the candidature stage."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from convergence.accounts.requests import SignedInRequest
from convergence.jobs.services import enqueue
from convergence.kernel.errors import TransitionRefused
from convergence.products import rules as product_rules
from convergence.ui.values import Action
from referencing.dossier import core
from referencing.dossier.models import Dossier
from referencing.dossier.outputs import PDF_JOB, XLSX_JOB
from referencing.dossier.payload import list_standings, load_live
from referencing.dossier.services import find_generation_blockers, generate_dossier
from referencing.dossier.verification import verify_reference
from referencing.enrolment.frame import frame
from referencing.enrolment.models import Enrolment

EXPORTS = {"pdf": PDF_JOB, "xlsx": XLSX_JOB}


@require_http_methods(["GET", "POST"])
@login_required
def dossier_generate(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Says what the dossier will hold and lack, announces drafts left aside (A-08), then freezes it."""
    enrolment = get_object_or_404(
        Enrolment.objects.visible_to(request.user).with_product().select_related("sheet", "response__definition"),
        pk=pk,
    )
    live = load_live(enrolment)
    blockers = list(find_generation_blockers(enrolment, live))
    if request.method == "POST":
        try:
            dossier = generate_dossier(enrolment_id=pk, actor=request.user)
        except TransitionRefused as refusal:
            blockers = list(refusal.blockers)
        else:
            messages.success(request, f"Le dossier d’évaluation {dossier.reference} est généré.")
            return redirect("candidature:dossier_detail", dossier.pk)
    standings = list_standings(live) if live else []
    return render(
        request,
        "dossier/dossier_generate.html",
        {
            **frame(enrolment, current=3, convention_done=True, page="Générer un dossier d’évaluation"),
            "blockers": blockers,
            "missing": core.missing_any(standings),
            "included": [each for each in standings if each.is_applicable and each.is_current],
            "drafts": [each for each in standings if each.has_newer_draft],
            "may_generate": product_rules.can_validate(request.user, enrolment),
            "action": Action(
                "Générer une référence de dossier d’évaluation", reverse("dossier:dossier_generate", args=[pk])
            ),
        },
        status=422 if request.method == "POST" else 200,
    )


@require_POST
@login_required
def dossier_export(request: SignedInRequest, pk: UUID, form: str) -> HttpResponse:
    """Ask for the PDF or the workbook: a job makes it, its page shows the progress (BR-100)."""
    dossier = get_object_or_404(Dossier.objects.visible_to(request.user), pk=pk)
    if form not in EXPORTS:
        raise Http404
    job = enqueue(
        kind=EXPORTS[form],
        payload={"dossier": str(dossier.pk)},
        requester=request.user,
        key=f"{dossier.pk}:{request.user.pk}",
    )
    return redirect("pages:job_detail", job.pk)


@require_GET
@login_required
def dossier_verify(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Rehash everything now and say the result in words."""
    dossier = get_object_or_404(
        Dossier.objects.visible_to(request.user).select_related("enrolment__product"),
        pk=pk,
    )
    return render(
        request, "dossier/dossier_verify.html", {"dossier": dossier, "verdict": verify_reference(dossier.reference)}
    )
