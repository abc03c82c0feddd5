"""Inheritance per criterion: what a pre-listed solution offers a distributor, and who answers each criterion (BR-194 to BR-200).

A distributor never reads what its producer answers: an offer is a list of codes (A-23, A-24).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from convergence.accounts.models import User
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.products import rules as product_rules
from questionnaires.core import Criterion, anchor
from questionnaires.grids import compiled_grid, load_grid
from questionnaires.models import Response
from questionnaires.services import answer_itself, is_inheritable, recover
from referencing.enrolment.enums import (
    STANDING_PRE_LISTINGS,
    AttachmentState,
    EnrolmentState,
    PreListingState,
    WhiteLabelRole,
)
from referencing.enrolment.models import AttachmentRequest, Enrolment, PreListing

#: What a distributor reads in place of a recovered answer, wherever it stands (BR-197).
CONFIDENTIAL = "réponse de l’éditeur producteur (confidentielle)"


@dataclass(frozen=True, slots=True)
class Offer:
    """What a distributor may recover of the solution it is attached to. `solution` and `producer` are names.

    `recoverable` and `specific`: codes of criteria, those whose text the distributor’s grid writes alike. `is_open` is
    False while the pre-listing is suspended: what was recovered stays, nothing more is taken.
    """

    pre_listing_id: UUID
    solution: str
    producer: str
    recoverable: frozenset[str]
    specific: frozenset[str]
    is_open: bool


def offer_for(enrolment: Enrolment) -> Offer | None:
    """One query: the offer of the accepted attachment of a distributor whose pre-listing stands; None without one.

    `enrolment` comes with its response and its definition.
    """
    if enrolment.white_label != WhiteLabelRole.DISTRIBUTOR:
        return None
    attachment = (
        AttachmentRequest.objects.filter(
            enrolment=enrolment,
            state=AttachmentState.ACCEPTED,
            pre_listing__state__in=STANDING_PRE_LISTINGS,
        )
        .select_related("pre_listing__enrolment__product__organisation", "pre_listing__enrolment__response__definition")
        .defer("pre_listing__enrolment__response__definition__source")
        .first()
    )
    return _offer(enrolment, attachment.pre_listing) if attachment else None


def _offer(enrolment: Enrolment, pre_listing: PreListing) -> Offer:
    producer = pre_listing.enrolment
    offered: dict[str, list[str]] = pre_listing.offer
    return Offer(
        pre_listing_id=pre_listing.pk,
        solution=producer.label,
        producer=producer.product.organisation.name,
        recoverable=frozenset(_written_alike(enrolment, producer, offered.get("recoverable", ()))),
        specific=frozenset(offered.get("specific", ())),
        is_open=pre_listing.state == PreListingState.ACTIVE,
    )


def _written_alike(enrolment: Enrolment, producer: Enrolment, codes: Iterable[str]) -> list[str]:
    """The criteria that both grids word alike: an answer to another text answers nothing (OQ-25)."""
    here, there = enrolment.response.definition, producer.response.definition
    grid = compiled_grid(here)
    own, others = grid.grid.criteria, load_grid(there).criteria if here.sha256 != there.sha256 else {}
    return [
        code
        for code in codes
        if is_inheritable(grid, code) and (here.sha256 == there.sha256 or _text(own[code]) == _text(others.get(code)))
    ]


def _text(criterion: Criterion | None) -> tuple[Any, ...] | None:
    if criterion is None:
        return None
    return criterion.title, criterion.objective, criterion.levels, criterion.value, criterion.evidence


@transaction.atomic
def take_over(*, enrolment: Enrolment, pre_listing: PreListing, actor: User | None, at: datetime) -> tuple[str, ...]:
    """Recover every criterion that the solution offers, once its producer has accepted the attachment (BR-194).

    What the distributor had answered stays beneath and in the history of its validations. Returns the codes taken.
    """
    known = Enrolment.objects.select_related("response__definition", "product__organisation")
    here = known.defer("response__definition__source").get(pk=enrolment.pk)
    solution = PreListing.objects.select_related("enrolment__product__organisation", "enrolment__response__definition")
    offer = _offer(here, solution.defer("enrolment__response__definition__source").get(pk=pre_listing.pk))
    taken = recover(response=here.response, codes=sorted(offer.recoverable), source=pre_listing.pk, actor=actor, at=at)
    enrolment.response.recovered = here.response.recovered
    return taken


@transaction.atomic
def release(*, enrolment: Enrolment, why: str, actor: User | None, at: datetime) -> tuple[str, ...]:
    """Let a distributor answer again everything that it recovered: its attachment or the pre-listing ended (A-23).

    Returns the codes that it must answer. Dossiers that were frozen before keep what they hold (BR-204).
    """
    response = Response.objects.get(pk=enrolment.response_id)
    left = answer_itself(response=response, codes=sorted(response.recovered), actor=actor, at=at, why=why)
    enrolment.response.recovered = response.recovered
    return left


def choose(*, enrolment_id: UUID, code: str, recovered: bool, actor: User) -> tuple[str, ...]:
    """`choose_each` for one criterion."""
    return choose_each(enrolment_id=enrolment_id, codes=[code], recovered=recovered, actor=actor)


@transaction.atomic
def choose_each(*, enrolment_id: UUID, codes: Collection[str], recovered: bool, actor: User) -> tuple[str, ...]:
    """Recover criteria of the producer, or answer them oneself (BR-196); returns those that changed.

    Refuses with every reason: not attached, specific (BR-195), not offered (BR-199, BR-200). Raises PermissionDenied, and
    Enrolment.DoesNotExist for a stranger’s.
    """
    enrolments = Enrolment.objects.visible_to(actor).select_related("product__organisation", "response__definition")
    enrolment = enrolments.defer("response__definition__source").locked().get(pk=enrolment_id)
    if not product_rules.can_edit(actor, enrolment):
        raise PermissionDenied("choose_inheritance")
    blockers = []
    if enrolment.state != EnrolmentState.ACTIVE:
        blockers.append(Blocker("locked", "Ce rattachement n’est plus en cours : ses réponses ne changent plus."))
    offer = offer_for(enrolment)
    if recovered:
        blockers += find_recovery_blockers(offer, codes)
    if blockers:
        raise TransitionRefused(blockers)
    now = timezone.now()
    if not recovered or offer is None:
        why = "Choix de l’éditeur distributeur"
        return answer_itself(response=enrolment.response, codes=codes, actor=actor, at=now, why=why)
    return recover(response=enrolment.response, codes=codes, source=offer.pre_listing_id, actor=actor, at=now)


def find_recovery_blockers(offer: Offer | None, codes: Iterable[str]) -> list[Blocker]:
    """Every reason not to recover these criteria."""
    if offer is None:
        message = "Votre produit n’est rattaché à aucune solution pré-référencée : répondez vous-même."
        return [Blocker("not_attached", message)]
    if not offer.is_open:
        message = f"Le pré-référencement de « {offer.solution} » est suspendu : répondez vous-même."
        return [Blocker("suspended", message)]
    blockers = []
    for code in codes:
        if code in offer.specific:
            message = f"{code} : ce critère est spécifique à chaque éditeur distributeur, répondez vous-même."
            blockers.append(Blocker("specific", message, f"#{anchor(code)}"))
        elif code not in offer.recoverable:
            message = f"{code} : l’éditeur producteur n’offre pas de réponse à ce critère, répondez vous-même."
            blockers.append(Blocker("not_offered", message, f"#{anchor(code)}"))
    return blockers
