"""The act on which a service stands now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from referencing.decision.enums import DecisionKind
from referencing.decision.models import Decision

if TYPE_CHECKING:
    from referencing.enrolment.models import Enrolment

#: They say what a service may exchange.
BEARING_KINDS = [DecisionKind.LISTING, DecisionKind.RENEWAL]


def current_decision(enrolment: Enrolment) -> Decision | None:
    """The newest listing or renewal in force of a service; None before the first, or once it fell."""
    return (
        Decision.objects.in_force()
        .filter(enrolment=enrolment, kind__in=BEARING_KINDS)
        .order_by("-signed_at", "-number")
        .first()
    )


def current_decisions(enrolment_ids: Iterable[UUID]) -> dict[UUID, Decision]:
    """The same for many services, in one query."""
    found = (
        Decision.objects.in_force()
        .filter(enrolment__in=list(enrolment_ids), kind__in=BEARING_KINDS)
        .order_by("signed_at", "number")
    )
    return {each.enrolment_id: each for each in found}
