"""What the publication of a service reads of the stages below."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.decision.enums import DecisionKind
from referencing.decision.models import Decision
from referencing.dossier.readers import read_payload
from referencing.enrolment.models import Enrolment
from referencing.listing.core.sheet import (
    ADDRESS_FIELDS,
    NAME_LENGTH,
    Exchange,
    authorised,
    find_ecoscore,
    read_exchanges,
    read_hints,
)
from referencing.listing.enums import Price
from referencing.listing.models import Listing, PublicationSheet

if TYPE_CHECKING:
    from uuid import UUID

#: From the evaluation on, and as long as nothing ended the file, its publication is prepared.
DESCRIBED_STATES = [
    CandidatureState.EVALUATION,
    CandidatureState.READY_COMMISSION,
    CandidatureState.SCHEDULED,
    CandidatureState.OPINION,
    CandidatureState.RESERVATIONS,
    CandidatureState.MINISTER,
    CandidatureState.APPROVED,
    CandidatureState.LISTED,
]


def described_candidature(enrolment_id: UUID) -> Candidature | None:
    """The newest file of the enrolment that may be published, or was."""
    return (
        Candidature.objects.filter(enrolment=enrolment_id, state__in=DESCRIBED_STATES)
        .select_related("dossier")
        .order_by("-applied_at")
        .first()
    )


def listing_decision(candidature: Candidature) -> Decision | None:
    """The favourable decision on this file, signed and still in force."""
    return (
        Decision.objects.filter(candidature=candidature, kind__in=[DecisionKind.LISTING, DecisionKind.RENEWAL])
        .in_force()
        .order_by("-signed_at")
        .first()
    )


def newest_listing(enrolment_id: UUID) -> Listing | None:
    return Listing.objects.filter(enrolment=enrolment_id).order_by("-published_on", "-ends_on").first()


def listed_since(enrolments: Collection[UUID], *, on: date) -> date | None:
    """The day since which a product stands in the catalogue, through any of its enrolments (BR-180)."""
    return (
        Listing.objects.published(on=on)
        .filter(enrolment__in=enrolments)
        .order_by("published_on")
        .values_list("published_on", flat=True)
        .first()
    )


def published_candidature(listing: Listing) -> Candidature:
    """The file on which the service was listed, or listed with new exchanges."""
    return (
        Candidature.objects.filter(enrolment=listing.enrolment_id, state=CandidatureState.LISTED)
        .select_related("dossier")
        .latest("closed_at")
    )


@dataclass(frozen=True, slots=True)
class Source:
    """What is not typed in the sheet: read from the frozen dossier, and from the decision once there is one (A-31)."""

    organisation: str
    exchanges: list[Exchange]
    ecoscore: str
    is_decided: bool


def read_source(candidature: Candidature, decision: Decision | None) -> Source:
    content = read_payload(candidature.dossier)
    described = read_exchanges(content["exchange_scope"])
    return Source(
        organisation=content["organisation"]["name"],
        exchanges=described if decision is None else authorised(read_exchanges(decision.scope), described),
        ecoscore=find_ecoscore(content),
        is_decided=decision is not None,
    )


def start_sheet(enrolment: Enrolment, candidature: Candidature) -> PublicationSheet:
    """A sheet that nobody saved yet, with what the frozen dossier already says."""
    hints = read_hints(read_payload(candidature.dossier))
    values: dict[str, Any] = {
        ADDRESS_FIELDS[platform]: address
        for platform, address in (hints.addresses or {}).items()
        if address.startswith("https://")
    }
    return PublicationSheet(
        enrolment=enrolment,
        public_name=enrolment.product.name[:NAME_LENGTH],
        platforms=list(hints.platforms),
        price=hints.price if hints.price in Price.values else "",
        accessibility_url=hints.accessibility_url,
        **values,
    )
