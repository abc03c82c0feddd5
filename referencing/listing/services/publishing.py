"""From an accepted sheet to the catalogue (T34), and each later version of what it says."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.audit.services import record
from convergence.kernel.canonical import canonical_json, sha256_hex
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import in_paris
from referencing.candidature.models import Candidature
from referencing.candidature.services import standing
from referencing.candidature.services.files import lock_file
from referencing.candidature.services.journal import tell
from referencing.decision.models import Decision
from referencing.listing import publication_notices, rules
from referencing.listing.core.sheet import build_content
from referencing.listing.core.terms import one_year_after
from referencing.listing.enums import PublicationState
from referencing.listing.models import Listing, PublicationSheet, PublicationVersion, Renewal
from referencing.listing.selectors.publication import (
    Source,
    listing_decision,
    published_candidature,
    read_source,
)
from referencing.listing.services.catalogue import rebuild_entry
from referencing.listing.services.conditions import find_publication_blockers

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User


@transaction.atomic
def publish(*, candidature_id: UUID, actor: User, at: datetime | None = None) -> Listing:
    """Put an approved service in the catalogue for one year (T34, BR-161, BR-170), or say every condition not met.

    For new exchanges of a listed service (A-31) the listing stays, with its end, under the new decision.
    """
    now = at or timezone.now()
    candidature = lock_file(candidature_id, actor)
    workflow.fire(candidature, "publish", actor=actor, guard=lambda: find_publication_blockers(candidature), at=now)
    decision = listing_decision(candidature)
    assert decision is not None  # noqa: S101 - the guard has seen it
    day = in_paris(now).date()
    listed = Listing.objects.locked().standing()
    listing: Listing | None = listed.filter(enrolment=candidature.enrolment_id).first()
    if listing is None:
        listing = Listing.objects.create(
            enrolment=candidature.enrolment, decision=decision, published_on=day, ends_on=one_year_after(day)
        )
    else:
        listing.decision = decision
        listing.save(update_fields=["decision"])
    record("listing.publish", subject=listing, actor=actor, data={"ends_on": listing.ends_on.isoformat()})
    sheet = PublicationSheet.objects.locked().select_related("logo__blob").get(enrolment=candidature.enrolment_id)
    freeze_version(sheet, listing, candidature=candidature, decision=decision, actor=actor, at=now)
    tell(candidature, "published", actor=actor, data={"until": listing.ends_on.isoformat()})
    standing.refresh(candidature)
    transaction.on_commit(partial(publication_notices.service_published, listing, candidature))
    return listing


@transaction.atomic
def accept_sheet(*, enrolment_id: UUID, actor: User) -> PublicationSheet:
    """The sheet may be published; for a service in the catalogue, it is at once."""
    sheet = _lock_for_team(enrolment_id, actor)
    now = timezone.now()
    workflow.fire(sheet, "accept", actor=actor, by=actor, at=now)
    listing = Listing.objects.locked().standing().filter(enrolment=enrolment_id).first()
    if listing is not None:
        candidature = published_candidature(listing)
        freeze_version(sheet, listing, candidature=candidature, decision=listing.decision, actor=actor, at=now)
    transaction.on_commit(partial(publication_notices.sheet_accepted, sheet, is_published=listing is not None))
    return sheet


@transaction.atomic
def request_sheet_changes(*, enrolment_id: UUID, reason: str, actor: User) -> PublicationSheet:
    """Give the sheet back with what is to be corrected."""
    sheet = _lock_for_team(enrolment_id, actor)
    workflow.fire(
        sheet,
        "request_changes",
        actor=actor,
        guard=lambda: (
            []
            if reason.strip()
            else [Blocker("reason", "Dites à l’éditeur ce qu’il doit corriger dans sa fiche.", "#id_reason")]
        ),
        reason=reason.strip(),
        decision_reason=reason.strip(),
        by=actor,
        at=timezone.now(),
    )
    transaction.on_commit(partial(publication_notices.sheet_sent_back, sheet))
    return sheet


def freeze_version(
    sheet: PublicationSheet,
    listing: Listing,
    *,
    candidature: Candidature,
    decision: Decision,
    actor: User,
    at: datetime,
) -> PublicationVersion:
    """Freeze what the accepted sheet, the dossier and the decision say, and have the catalogue show it (A-31)."""
    if sheet.state != PublicationState.ACCEPTED or sheet.logo is None:
        raise TransitionRefused([Blocker("sheet", "La fiche de publication n’est pas acceptée.")])
    source = read_source(candidature, decision)
    payload = canonical_json(
        build_content(
            values=sheet.values,
            source=say_source(source, decision=decision, candidature=candidature),
            logo=sheet.logo.blob.sha256,
            at=at,
        )
    )
    version = PublicationVersion.objects.create(
        listing=listing,
        number=PublicationVersion.objects.filter(listing=listing).count() + 1,
        payload=payload,
        sha256=sha256_hex(payload),
        logo=sheet.logo,
        frozen_by=actor,
        frozen_at=at,
    )
    rebuild_entry(listing)
    return version


def renewal_granted(renewal: Renewal, *, actor: User | None, reason: str) -> None:
    """Follows renewal.grant: the texts stay as they are published; exchanges, écoscore and decision are those of the renewed
    file (A-31)."""
    listing, decision, candidature = renewal.listing, renewal.decision, renewal.candidature
    former = PublicationVersion.objects.filter(listing=listing).order_by("-number").first()
    if former is None or decision is None or candidature is None:
        return
    now = timezone.now()
    source = read_source(candidature, decision)
    payload = canonical_json(
        {
            **json.loads(bytes(former.payload)),
            "frozen_at": now,
            **say_source(source, decision=decision, candidature=candidature),
        }
    )
    PublicationVersion.objects.create(
        listing=listing,
        number=former.number + 1,
        payload=payload,
        sha256=sha256_hex(payload),
        logo=former.logo,
        frozen_by=actor,
        frozen_at=now,
    )
    rebuild_entry(listing)


def say_source(source: Source, *, decision: Decision, candidature: Candidature) -> dict[str, Any]:
    """What is not typed in a sheet, as it is frozen."""
    return {
        "organisation": source.organisation,
        "exchanges": [asdict(each) for each in source.exchanges],
        "ecoscore": source.ecoscore,
        "decision": {
            "number": decision.number,
            "signed_on": decision.signed_on.isoformat() if decision.signed_on else "",
            "sha256": decision.sha256,
        },
        "dossier": {"reference": candidature.dossier.reference, "sha256": candidature.dossier.sha256},
    }


def _lock_for_team(enrolment_id: UUID, actor: User) -> PublicationSheet:
    if not rules.can_publish(actor):
        raise PermissionDenied("publication_sheet")
    sheet: PublicationSheet = (
        PublicationSheet.objects.visible_to(actor)
        .locked()
        .select_related("enrolment__product__organisation", "logo__blob")
        .get(enrolment=enrolment_id)
    )
    return sheet
