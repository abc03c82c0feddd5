"""Listed services, their decisions and what happens to them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.audit import workflow
from evidence.services import Examined, examine
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.decision.enums import DecisionKind, DecisionState
from referencing.decision.models import Decision
from referencing.dossier.models import Dossier
from referencing.listing.enums import ListingState
from referencing.listing.models import Listing
from tests.candidature.factories import make_candidature
from tests.factories import make_agent
from tests.questionnaires.factories import pdf

PARIS = ZoneInfo("Europe/Paris")


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=PARIS)


def make_decision(
    kind: DecisionKind,
    candidature: Candidature,
    *,
    actor: User,
    state: DecisionState = DecisionState.SIGNED,
    signed_on: date | None = None,
    **fields: Any,
) -> Decision:
    """A decision that was signed, as rows say it; nothing follows."""
    now = timezone.now()
    about = (
        {"candidature": candidature}
        if kind in (DecisionKind.LISTING, DecisionKind.REFUSAL, DecisionKind.RENEWAL)
        else {}
    )
    return Decision.objects.create(
        kind=kind,
        state=state,
        enrolment=candidature.enrolment,
        number=f"D-{uuid4().hex[:12]}",
        reasons="Motifs de la décision.",
        signatory_name="Camille Ministre",
        drafted_by=actor,
        signed_by=actor,
        signed_at=now,
        signed_on=signed_on or timezone.localdate(now),
        sha256="0" * 64,
        notified_at=now if state == DecisionState.NOTIFIED else None,
        **about,
        **fields,
    )


def sign(decision: Decision, *, actor: User, signed_on: date | None = None) -> Decision:
    """Sign a draft as its stage does, so that the listing follows."""
    decision.number = decision.number or f"D-{uuid4().hex[:12]}"
    decision.sha256, decision.signatory_name = "0" * 64, "Camille Ministre"
    decision.signed_on = signed_on or timezone.localdate()
    workflow.fire(decision, "sign", actor=actor, by=actor, at=timezone.now())
    return decision


def make_listing(
    *,
    state: ListingState = ListingState.LISTED,
    published_on: date | None = None,
    ends_on: date | None = None,
    complete: bool = False,
    dossier: Dossier | None = None,
    made: tuple[Dossier, User] | None = None,
    **fields: Any,
) -> tuple[Listing, User]:
    """A service of the catalogue and a mandataire of its organisation; by default its end is far ahead."""
    candidature, manager = make_candidature(CandidatureState.LISTED, complete=complete, dossier=dossier, made=made)
    ministry = make_agent(Role.MINISTRY)
    decision = make_decision(DecisionKind.LISTING, candidature, actor=ministry, state=DecisionState.NOTIFIED)
    start = published_on or timezone.localdate()
    listing = Listing.objects.create(
        enrolment=candidature.enrolment,
        decision=decision,
        state=state,
        published_on=start,
        ends_on=ends_on or start + timedelta(days=365),
        suspended_at=timezone.now() if state == ListingState.SUSPENDED else None,
        **fields,
    )
    return listing, manager


def make_sanction(kind: DecisionKind, listing: Listing, *, actor: User, **terms: Any) -> Decision:
    """A draft of the ministry about a listing."""
    return Decision.objects.create(
        kind=kind,
        enrolment=listing.enrolment,
        reasons="Le service ne respecte plus ses engagements.",
        terms={"listing": str(listing.pk), **terms},
        drafted_by=actor,
    )


def examined(name: str = "plan.pdf") -> Examined:
    return examine(upload=pdf(name), allowed_formats=["pdf"], max_size_mb=20)
