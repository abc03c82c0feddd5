"""« Vérifier avant de candidater »: the editor runs the verifier’s own checks (peers: pre-flight)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from convergence.accounts.requests import SignedInRequest
from convergence.products import rules as product_rules
from referencing.candidature.core.checklist import failing
from referencing.candidature.services.applying import find_blockers
from referencing.candidature.services.checklist import check_before_applying
from referencing.candidature.views.applying import get_enrolment
from referencing.candidature.views.checks import present_lines
from referencing.dossier.models import Dossier
from referencing.dossier.payload import build_payload, load_live
from referencing.dossier.readers import read_payload
from referencing.dossier.recovered import announce
from referencing.enrolment.frame import frame
from referencing.enrolment.models import Enrolment


@require_GET
@login_required
def preflight_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """What a verifier would see: of the chosen dossier, else the newest, else of the answers validated so far."""
    enrolment = get_enrolment(request, pk)
    dossiers = list(
        Dossier.objects.visible_to(request.user).filter(enrolment=enrolment).defer("seal").order_by("-number")
    )
    chosen = request.GET.get("dossier", "")
    dossier = next((each for each in dossiers if each.reference == chosen), dossiers[0] if dossiers else None)
    content = read_payload(dossier) if dossier else _answers_so_far(enrolment)
    lines = check_before_applying(enrolment, content) if content else ()
    return render(
        request,
        "candidature/preflight_detail.html",
        {
            **frame(enrolment, current=3, convention_done=True, page="Vérifier avant de candidater"),
            "dossier": dossier,
            "dossiers": dossiers,
            "has_content": content is not None,
            "rows": present_lines(enrolment.pk, lines),
            "failing": len(failing(lines)),
            "automatic": sum(bool(each.line.auto) for each in lines),
            "blockers": find_blockers(enrolment, dossier) if dossier else [],
            "may_apply": product_rules.can_commit(request.user, enrolment),
            "apply_url": f"{reverse('candidature:candidature_apply', args=[pk])}?dossier={dossier.reference}"
            if dossier
            else "",
        },
    )


def _answers_so_far(enrolment: Enrolment) -> Mapping[str, Any] | None:
    """The dossier that would be generated now; None before the orientation is validated."""
    live = load_live(enrolment)
    if live is None:
        return None
    return build_payload(live, reference="", at=timezone.now(), author="", recovered=announce(live))
