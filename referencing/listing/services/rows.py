"""Finding a listing to work on, telling its timeline, and what its end closes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from convergence.audit import workflow
from referencing.candidature.models import Candidature
from referencing.candidature.services.journal import tell
from referencing.enrolment.enums import Cycle
from referencing.enrolment.models import Enrolment
from referencing.enrolment.services import start_cycle
from referencing.listing.enums import AuditState, RenewalState
from referencing.listing.models import Audit, Listing, Procedure, Renewal, VersionUpdate

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User

RELATED = ("enrolment__product__organisation", "enrolment__demarche", "decision__candidature")


def lock_listing(listing_id: UUID, actor: User) -> Listing:
    """Raises Listing.DoesNotExist for a stranger’s."""
    listing: Listing = Listing.objects.visible_to(actor).locked().select_related(*RELATED).get(pk=listing_id)
    return listing


def lock_again(listing_id: UUID) -> Listing:
    """For the platform itself, or a row that was already found under `visible_to`."""
    listing: Listing = Listing.objects.locked().select_related(*RELATED).get(pk=listing_id)
    return listing


def tell_file(
    listing: Listing, kind: str, *, actor: User | None, internal: bool = False, reason: str = "", **data: Any
) -> None:
    """One line in the timeline of the file that the listing rests on."""
    candidature = listing.decision.candidature
    if candidature is not None:
        tell(candidature, kind, actor=actor, internal=internal, reason=reason, data=data)


def begin_cycle(listing: Listing, cycle: Cycle, *, actor: User | None, at: datetime) -> None:
    enrolment: Enrolment = Enrolment.objects.locked().select_related("response").get(pk=listing.enrolment_id)
    start_cycle(enrolment=enrolment, cycle=cycle, actor=actor, at=at)
    listing.enrolment.cycle, listing.enrolment.cycle_started_at = enrolment.cycle, enrolment.cycle_started_at


def has_open_candidature(listing: Listing) -> bool:
    return bool(Candidature.objects.open().filter(enrolment=listing.enrolment_id).exists())


def end_children(listing: Listing, *, why: str, at: datetime) -> None:
    """What the end of a listing leaves without object, unless its renewal is being decided and may bring it back (A-35).

    The listing is locked. A service whose listing ended applies anew, in full: its questionnaires are asked for again.
    """
    if listing.renewals.filter(state__in=[RenewalState.IN_REVIEW, RenewalState.TO_REPUBLISH]).exists():
        return
    for renewal in Renewal.objects.open().filter(listing=listing).locked():
        workflow.fire(renewal, "lapse", actor=None, reason=why, why=why, at=at)
    for version in VersionUpdate.objects.open().filter(listing=listing).locked():
        workflow.fire(version, "close", actor=None, reason=why)
    for audit in Audit.objects.open().filter(listing=listing).exclude(state=AuditState.REPORTED).locked():
        workflow.fire(audit, "cancel", actor=None, reason=why, why=why, at=at)
    Procedure.objects.open().filter(listing=listing, decision__isnull=True).update(closed_at=at, outcome=why)
    if not has_open_candidature(listing):
        begin_cycle(listing, Cycle.FIRST, actor=None, at=at)
