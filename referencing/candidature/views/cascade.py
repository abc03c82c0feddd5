"""The map of a pre-listed solution: its distributors, the criteria that each recovers, and what each must do (A-23, OQ-20, BR-200)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from convergence.accounts.models import User
from convergence.accounts.requests import SignedInRequest
from convergence.ui.values import Badge, Tone
from referencing.candidature.core.cascade import Cause, Duty, Effect, Stage, count_duties
from referencing.candidature.models import Candidature
from referencing.candidature.selectors.cascade import Distributor, load_cascade
from referencing.candidature.views.conclusion import pre_listing_badge
from referencing.enrolment.models import PreListing

STAGES: dict[Stage, Badge] = {
    Stage.ANSWERING: Badge("Répond aux questionnaires", tone="info"),
    Stage.FROZEN: Badge("Dossier généré", tone="info"),
    Stage.APPLIED: Badge("Candidature en cours", tone="new"),
    Stage.LISTED: Badge("Référencé", tone="success"),
}
CAUSES: dict[Cause, str] = {
    Cause.ASKED: "Question posée pendant l’instruction, sans réponse à ce jour",
    Cause.LAPSED: "L’éditeur producteur n’a pas répondu à temps",
    Cause.MAINTAINED: "Non-conformité maintenue",
    Cause.EXPIRED: "Preuve trop ancienne",
    Cause.CHANGED: "Réponse modifiée dans le nouveau dossier pré-référencé",
    Cause.GONE: "Réponse qui n’est plus offerte par le nouveau dossier pré-référencé",
    Cause.ENDED: "Pré-référencement terminé",
    Cause.NOT_OFFERED: "S’applique au distributeur, pas à la solution",
}
DUTIES: dict[Duty, str] = {
    Duty.PRODUCER_ANSWERS: "L’éditeur producteur répond, ou le distributeur répond lui-même",
    Duty.PRODUCER_RENEWS: "L’éditeur producteur dépose une preuve à jour dans un nouveau dossier",
    Duty.DISTRIBUTOR_ANSWERS: "Le distributeur répond lui-même",
    Duty.DISTRIBUTOR_REFREEZES: "Le distributeur génère un nouveau dossier pour prendre la nouvelle réponse",
    Duty.VERIFIER_WARNED: "La candidature continue avec les valeurs figées ; le vérificateur en tient compte",
    Duty.REVIEW_DUE: "Le service référencé est réexaminé",
}
TONES: dict[Duty, Tone] = {
    Duty.PRODUCER_ANSWERS: "new",
    Duty.PRODUCER_RENEWS: "warning",
    Duty.DISTRIBUTOR_ANSWERS: "warning",
    Duty.DISTRIBUTOR_REFREEZES: "warning",
    Duty.VERIFIER_WARNED: "info",
    Duty.REVIEW_DUE: "error",
}
SHORT: dict[Duty, str] = {
    Duty.PRODUCER_ANSWERS: "à répondre par le producteur",
    Duty.PRODUCER_RENEWS: "preuve à renouveler",
    Duty.DISTRIBUTOR_ANSWERS: "à répondre par le distributeur",
    Duty.DISTRIBUTOR_REFREEZES: "nouveau dossier à générer",
    Duty.VERIFIER_WARNED: "à savoir pendant l’instruction",
    Duty.REVIEW_DUE: "à réexaminer",
}
#: What applies to a distributor and not to the solution comes from the distributor’s orientation, which its producer never reads.
FOR_AGENTS = frozenset({Cause.NOT_OFFERED})


@require_GET
@login_required
def pre_listing_map(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """For the producer and the agents: never for a distributor, which is not told of the others."""
    pre_listing = get_object_or_404(
        PreListing.objects.visible_to(request.user)
        .select_related("enrolment__product__organisation", "enrolment__response__definition")
        .defer("enrolment__response__definition__source"),
        pk=pk,
    )
    found = load_cascade(pre_listing, on=timezone.localdate())
    is_agent = not request.user.access.is_member(pre_listing.enrolment.product.organisation_id)
    opened = _openable(request.user, found.distributors) if is_agent else set()
    return render(
        request,
        "candidature/pre_listing_map.html",
        {
            "pre_listing": pre_listing,
            "badge": pre_listing_badge(pre_listing),
            "is_agent": is_agent,
            "rows": [
                _present(each, found.titles, is_agent=is_agent, may_open=each.candidature_id in opened)
                for each in found.distributors
            ],
        },
    )


def _openable(user: User, distributors: tuple[Distributor, ...]) -> set[UUID]:
    keys = [each.candidature_id for each in distributors if each.candidature_id]
    return set(Candidature.objects.visible_to(user).filter(pk__in=keys).values_list("pk", flat=True))


def _present(each: Distributor, titles: dict[str, str], *, is_agent: bool, may_open: bool) -> dict[str, Any]:
    effects = [effect for effect in each.effects if is_agent or effect.cause not in FOR_AGENTS]
    touched = {effect.code for effect in effects}
    return {
        "distributor": each,
        "stage": STAGES[each.stage],
        "url": reverse("candidature:candidature_detail", args=[each.candidature_id]) if may_open else "",
        "counts": [Badge(f"{count} {SHORT[duty]}", tone=TONES[duty]) for duty, count in count_duties(effects).items()],
        "lines": [_line(effect, titles) for effect in effects],
        "still": [f"{code} {titles.get(code, '')}".strip() for code in each.recovered if code not in touched],
    }


def _line(effect: Effect, titles: dict[str, str]) -> dict[str, Any]:
    return {
        "code": effect.code,
        "title": titles.get(effect.code, ""),
        "cause": CAUSES[effect.cause],
        "duty": DUTIES[effect.duty],
    }
