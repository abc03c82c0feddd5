"""Listed services, their decisions and what happens to them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.models import Organisation, User
from convergence.audit import workflow
from evidence.models import StoredFile
from evidence.services import Examined, examine, keep_generated
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.decision.enums import DecisionKind, DecisionState
from referencing.decision.models import Decision
from referencing.dossier.models import Dossier
from referencing.listing.core.life import months_after
from referencing.listing.enums import ListingState
from referencing.listing.models import AuditDraw, Listing, Procedure, UserReport
from referencing.listing.services.audits import freeze_population, notify_audit, open_audit, start_audits
from referencing.listing.services.reports import hash_token, send_report
from referencing.listing.services.sanctions import open_procedure
from referencing.listing.services.versions import declare_version
from tests.candidature.factories import make_candidature
from tests.factories import make_agent
from tests.questionnaires.factories import pdf

PARIS = ZoneInfo("Europe/Paris")


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=PARIS)


def make_act() -> StoredFile:
    return keep_generated(content=b"%PDF-1.7 acte", name="decision.pdf", code="pdf")


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
        document=make_act(),
        notified_at=now if state == DecisionState.NOTIFIED else None,
        **about,
        **fields,
    )


def sign(decision: Decision, *, actor: User, signed_on: date | None = None) -> Decision:
    """Sign a draft as its stage does, so that the listing follows."""
    decision.number = decision.number or f"D-{uuid4().hex[:12]}"
    decision.sha256, decision.signatory_name, decision.document = "0" * 64, "Camille Ministre", make_act()
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
    product: dict[str, Any] | None = None,
    **fields: Any,
) -> tuple[Listing, User]:
    """A service of the catalogue and a mandataire of its organisation; by default its end is far ahead.

    `product`: fields of its product; `fields`: those of the listing.
    """
    candidature, manager = make_candidature(
        CandidatureState.LISTED, complete=complete, dossier=dossier, **(product or {})
    )
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


def add_life(*, organisation: Organisation, owner: User, manager: User, agents: dict[str, User]) -> dict[str, Any]:
    """What the addresses of the life of a listing point at: a service near its end, and one with everything going on."""
    product = {"organisation": organisation, "owner": owner}
    today = timezone.localdate()
    free, _ = make_listing(
        published_on=today - timedelta(days=300), ends_on=today + timedelta(days=65), product=product
    )
    busy, _ = make_listing(product=product)
    third, _ = make_listing(product=product)
    auditor = agents[Role.AUDITOR]
    planned = open_audit(listing_id=third.pk, motive="Suivi", actor=auditor)
    running = open_audit(listing_id=busy.pk, motive="Suivi", actor=auditor)
    notify_audit(
        audit_id=running.pk,
        plan="Sur pièces.",
        plan_file=[examined()],
        starts_on=months_after(today, 1),
        actor=auditor,
    )
    start_audits(at=noon(months_after(today, 1)))
    running.refresh_from_db()
    version = declare_version(
        listing_id=busy.pk, version="2.0", released_on=today, summary="Refonte.", changes=[], actor=manager
    )
    procedure = open_procedure(
        listing_id=busy.pk,
        kind="suspension",
        condition="criteria",
        facts="Le chiffrement n’est plus actif.",
        actor=agents[Role.MINISTRY],
    )
    Procedure.objects.filter(pk=procedure.pk).update(attachment=running.plan_file)
    report = send_report(listing=free, kind="fault", text="Le service ne s’ouvre plus depuis lundi.")
    token = f"jeton-{report.pk}"
    UserReport.objects.filter(pk=report.pk).update(email="visiteur@exemple.fr", token_hash=hash_token(token))
    return {
        "listing": {"pk": free.pk},
        "listed_enrolment": {"pk": free.enrolment_id},
        "listed_file": {"pk": free.decision.candidature_id},
        "listed_service": {"number": free.enrolment.number},
        "due_version": {"pk": version.pk},
        "procedure": {"pk": procedure.pk},
        "planned_audit": {"pk": planned.pk},
        "running_audit": {"pk": running.pk},
        "audit_plan": {"pk": running.pk, "file": running.plan_file_id},
        "user_report": {"pk": report.pk},
        "report_link": {"token": token},
    }


def freeze_draw(auditor: User) -> AuditDraw:
    return freeze_population(sample=1, actor=auditor)
