"""« Reprendre une mesure »: a final écoscore becomes the answer to DEV.1.1, its report the evidence."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from convergence.accounts.requests import SignedInRequest
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import format_datetime
from evidence.errors import UploadRefused
from questionnaires.core import anchor
from questionnaires.services import load_grid
from referencing.enrolment.answering.pages import find_place, page_values
from referencing.enrolment.ecoscore import CRITERION, usable_results, use_final_measure


@require_http_methods(["GET", "POST"])
@login_required
def ecoscore_choose(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Choose one final measure, or two for a téléconsultation; refusals say every reason above the choice."""
    place = find_place(request, pk)
    place.access.require_read()
    enrolment = place.enrolment
    grid = load_grid(enrolment.response.definition)
    code = grid.questionnaire_of[CRITERION].code if CRITERION in grid.criteria else ""
    back = reverse("enrolment:questionnaire_form", args=[pk, code]) if code else page_values(place, "")["list_url"]
    chosen = request.POST.getlist("results")
    blockers: tuple[Blocker, ...] = ()
    if request.method == "POST":
        try:
            value = use_final_measure(
                enrolment_id=pk, result_ids=_as_ids(chosen), actor=request.user, at=timezone.now()
            )
        except TransitionRefused as refusal:
            blockers = refusal.blockers
        except UploadRefused as refusal:
            blockers = tuple(refusal.problems)
        else:
            messages.success(
                request,
                f"Le critère {CRITERION} est rempli\u00a0: écoscore {value}, avec son rapport. Relisez, puis validez le "
                "questionnaire.",
            )
            return redirect(f"{back}#{anchor(CRITERION)}")
    options = [
        {
            "id": str(each.pk),
            "label": f"{each.measure.application.name}, version {each.measure.version}",
            "hint": f"Écoscore {each.ecoscore} sur 100, mesuré le {format_datetime(each.measured_at)}",
            "url": reverse("ecoscore:report_detail", args=[each.pk]),
            "is_chosen": str(each.pk) in chosen,
        }
        for each in usable_results(enrolment, request.user)
    ]
    return render(
        request,
        "enrolment/ecoscore_choose.html",
        {
            **page_values(place, "Reprendre une mesure d’écoscore"),
            "options": options,
            "blockers": blockers,
            "back_url": f"{back}#{anchor(CRITERION)}" if code else back,
            "space_url": reverse("ecoscore:application_list", args=[enrolment.product_id]),
        },
        status=422 if blockers else 200,
    )


def _as_ids(texts: list[str]) -> list[UUID]:
    """What is not an identifier names nothing: it is refused as an unknown measure would be."""
    ids = []
    for text in texts:
        try:
            ids.append(UUID(text))
        except ValueError:
            ids.append(UUID(int=0))
    return ids
