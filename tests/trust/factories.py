"""Decisions, listings and documents as the stages leave them, without walking through these stages."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.kernel.canonical import sha256_hex
from evidence.services import keep_generated
from referencing.candidature.enums import CandidatureState, DocumentKind
from referencing.candidature.models import Candidature, IssuedDocument
from referencing.commission.models import CommissionSession, Minutes
from referencing.decision.enums import CANDIDATURE_KINDS, DecisionKind, DecisionState
from referencing.decision.models import Decision
from referencing.listing.enums import ListingState
from referencing.listing.models import Listing
from referencing.listing.services.publishing import freeze_version
from tests.candidature.factories import make_candidature
from tests.factories import make_agent
from tests.listing.factories import make_sheet


def make_decision(
    *,
    number: str,
    kind: str = DecisionKind.LISTING,
    state: str = DecisionState.NOTIFIED,
    enrolment: Any = None,
    **fields: Any,
) -> Decision:
    """Signed, with its PDF (`test_content`); about a new file unless the `enrolment` of another decision is given."""
    if enrolment is None:
        candidature, _ = make_candidature(CandidatureState.MINISTER)
        enrolment = candidature.enrolment
    else:
        candidature = enrolment.candidatures.get()
    now = fields.pop("signed_at", timezone.now())
    content = f"%PDF-1.7 {uuid.uuid4()}".encode()
    decision = Decision.objects.create(
        kind=kind,
        state=state,
        enrolment=enrolment,
        candidature=candidature if kind in CANDIDATURE_KINDS else None,
        number=number,
        signatory_name="Camille Martin",
        drafted_by=make_agent(Role.MINISTRY),
        signed_at=now,
        signed_on=timezone.localdate(now),
        sha256=sha256_hex(content[::-1]),
        document=keep_generated(content=content, name="decision.pdf", code="pdf"),
        **{"notified_at": now, **fields},
    )
    decision.test_content = content  # type: ignore[attr-defined]
    return decision


def make_listing(
    decision: Decision, *, state: str = ListingState.LISTED, ends_on: date | None = None, **fields: Any
) -> Listing:
    """Published 200 days before its end, with its row of the catalogue (whose name is that of the sheet)."""
    today = timezone.localdate()
    listing = Listing.objects.create(
        enrolment=decision.enrolment,
        decision=decision,
        state=state,
        published_on=(ends_on or today) - timedelta(days=200),
        ends_on=ends_on or today + timedelta(days=165),
        **fields,
    )
    freeze_version(
        make_sheet(decision.enrolment),
        listing,
        candidature=decision.enrolment.candidatures.get(),
        decision=decision,
        actor=make_agent(Role.LISTING_TEAM),
        at=timezone.now(),
    )
    return listing


def make_issued(candidature: Candidature, content: bytes) -> bytes:
    """An acknowledgement of receipt with these bytes, which are returned."""
    file = keep_generated(content=content, name="accuse.pdf", code="pdf")
    IssuedDocument.objects.create(
        candidature=candidature, kind=DocumentKind.ACKNOWLEDGEMENT, file=file, made_at=timezone.now()
    )
    return content


def make_minutes(content: bytes, *, is_signed: bool = True) -> bytes:
    now = timezone.now()
    session = CommissionSession.objects.create(held_at=now, place="Paris", created_by=make_agent(Role.SECRETARY))
    Minutes.objects.create(
        session=session,
        document=keep_generated(content=content, name="pv.pdf", code="pdf"),
        sha256=sha256_hex(content),
        signed_at=now if is_signed else None,
        signed_by=make_agent(Role.PRESIDENT) if is_signed else None,
    )
    return content
