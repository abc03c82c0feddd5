"""Exchange scope (A-11): why and how each interface of Mon espace santé is read or written (R.1111-39, BR-118, BR-119)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse

from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.products import rules as product_rules
from referencing.enrolment.enums import Api, Direction, EnrolmentState
from referencing.enrolment.models import Enrolment, ExchangeScope

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User

Pair = tuple[Api, Direction]
#: What must be said of each interface and direction, with the words of the page.
REQUIRED = {
    "purpose": "la finalité",
    "necessity": "la nécessité",
    "access": "les modalités d’accès",
    "retention": "la durée de conservation",
    "security": "les conditions de sécurité",
    "consent_text": "le texte d’information de l’usager",
}


def list_pairs(enrolment: Enrolment, orientation: Mapping[str, Any]) -> list[Pair]:
    """Interface and direction pairs chosen in the validated orientation.

    The démarche’s settings name the question whose choices are coded `<api>-<direction>` (`mesures-lecture`).
    """
    question = enrolment.demarche.settings.get("exchange", {}).get("question", "")
    chosen = orientation.get(question) or []
    return [(api, direction) for api in Api for direction in Direction if f"{api}-{direction}" in chosen]


def find_exchange_blockers(enrolment: Enrolment, orientation: Mapping[str, Any]) -> list[Blocker]:
    """One blocker per pair whose description is missing or incomplete (BR-118)."""
    page = reverse("enrolment:exchange_scope", args=[enrolment.pk])
    scopes = {(scope.api, scope.direction): scope for scope in enrolment.exchange_scopes.all()}
    blockers = []
    for api, direction in list_pairs(enrolment, orientation):
        scope = scopes.get((api, direction))
        lacking = [words for field, words in REQUIRED.items() if scope is None or not getattr(scope, field).strip()]
        if lacking:
            name = f"{api.label} ({direction.label.lower()})"
            blockers.append(
                Blocker(
                    "exchange_scope", f"Échanges, {name} : indiquez {', '.join(lacking)}.", f"{page}#{api}-{direction}"
                )
            )
    return blockers


@transaction.atomic
def save_exchange_scope(*, enrolment_id: UUID, values: Sequence[tuple[Pair, Mapping[str, Any]]], actor: User) -> None:
    """Write the description of each pair; a draft may be incomplete, a purpose outside the law may not be chosen (BR-119)."""
    enrolment = Enrolment.objects.visible_to(actor).locked().select_related("product").get(pk=enrolment_id)
    if not product_rules.can_edit(actor, enrolment):
        raise PermissionDenied("save_exchange_scope")
    if enrolment.state != EnrolmentState.ACTIVE:
        raise TransitionRefused([Blocker("closed", "Ce rattachement est clos.")])
    for (api, direction), fields in values:
        ExchangeScope.objects.update_or_create(
            enrolment=enrolment, api=api, direction=direction, defaults={name: fields[name] for name in REQUIRED}
        )
    record(
        "enrolment.describe_exchange",
        subject=enrolment,
        actor=actor,
        data={"pairs": [f"{api}-{direction}" for (api, direction), _ in values]},
    )
