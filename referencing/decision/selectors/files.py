"""Which files wait for the minister, and what the commission said of each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import QuerySet

from convergence.interests.selectors import conflicting_organisations
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.commission.models import Opinion
from referencing.commission.selectors.conflicts import recused_on
from referencing.commission.selectors.opinions import barring_reservations
from referencing.decision.core.kinds import allowed_kinds
from referencing.decision.core.scope import build_scope
from referencing.decision.enums import DRAFT_STATES
from referencing.decision.models import Decision
from referencing.decision.rules import can_decide
from referencing.dossier.models import Addendum, AddendumKind
from referencing.dossier.readers import parse_payload, read_payload

if TYPE_CHECKING:
    from convergence.accounts.models import User


def decidable_files(user: User) -> QuerySet[Candidature, Any]:
    """Files that were transmitted to the minister, but those of organisations tied to the person (A-21)."""
    if not can_decide(user):
        return Candidature.objects.none()
    return (
        Candidature.objects.filter(state=CandidatureState.MINISTER)
        .exclude(enrolment__product__organisation__in=conflicting_organisations(user))
        .exclude(recused_on(user))
        .select_related("enrolment__product__organisation", "enrolment__demarche", "dossier")
    )


def kinds_for(candidature: Candidature, opinion: Opinion | None) -> tuple[str, ...]:
    """What the minister may sign on the file: refusal alone after an unfavourable opinion (BR-157, A-01, A-30)."""
    return allowed_kinds(
        opinion=opinion.kind if opinion else "",
        has_open_suspensive=bool(barring_reservations(opinion)),
        cycle=candidature.cycle,
    )


def scope_of(candidature: Candidature) -> list[dict[str, str]]:
    """The exchanges that the frozen dossier asks for, without those given up since (A-31)."""
    addenda = Addendum.objects.filter(dossier=candidature.dossier_id, kind=AddendumKind.SCOPE_REDUCTION)
    return build_scope(
        read_payload(candidature.dossier),
        [parse_payload(bytes(each.payload)) for each in addenda.order_by("number")],
    )


def drafts_of(candidatures: Iterable[Candidature]) -> dict[UUID, Decision]:
    """The draft of each file, by file: at most one each."""
    keys = [each.pk for each in candidatures]
    return {
        each.candidature_id: each
        for each in Decision.objects.filter(candidature__in=keys, state__in=DRAFT_STATES)
        if each.candidature_id
    }
