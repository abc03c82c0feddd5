"""Audits of listed services: drawn or chosen, announced, on documents, reported, concluded (L5 to L7, BR-174, BR-178)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Max, Q
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.audit import workflow
from convergence.audit.services import record
from convergence.documents.pdf import Attachment, render_pdf
from convergence.documents.signatures import seal_bytes, seal_pdf
from convergence.interests.services import find_obstacles
from convergence.kernel.canonical import canonical_json, sha256_hex
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import format_date
from evidence.services import Examined, keep, keep_generated
from referencing.candidature.models import Candidature, ThemeReview, Verdict
from referencing.decision.enums import DecisionKind
from referencing.dossier.readers import read_payload
from referencing.listing import life_notices as notices
from referencing.listing import rules
from referencing.listing.core.draw import Candidate, build_population, select
from referencing.listing.core.life import months_after
from referencing.listing.enums import (
    OPEN_AUDITS,
    STANDING_LISTINGS,
    AuditOrigin,
    AuditState,
    Condition,
    ListingState,
)
from referencing.listing.models import (
    Audit,
    AuditDocument,
    AuditDraw,
    AuditExchange,
    AuditSeed,
    AuditVisit,
    Listing,
    UserReport,
)
from referencing.listing.services.rows import lock_again, lock_listing, tell_file
from referencing.listing.services.sanctions import propose

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User

SCHEMA = 1


# The draw, in two acts


@transaction.atomic
def freeze_population(*, sample: int, actor: User, at: datetime | None = None) -> AuditDraw:
    """First act: who may be drawn today, frozen and hashed; nothing random yet (A-38, BR-178)."""
    now = at or timezone.now()
    if not rules.can_audit(actor):
        raise PermissionDenied("freeze_population")
    today = timezone.localdate(now)
    rested_since = months_after(today, -settings.LISTING_LIFE["AUDIT_REST_MONTHS"])
    concluded = [AuditState.FAVOURABLE, AuditState.UNFAVOURABLE]
    listed = (
        Listing.objects.published(on=today)
        .annotate(
            audited_at=Max("audits__ended_at", filter=Q(audits__state__in=concluded)),
            running=Max("audits__planned_at", filter=Q(audits__state__in=OPEN_AUDITS)),
        )
        .values_list("enrolment__number", "audited_at", "running")
    )
    number = _next_number()
    population = build_population(
        (
            Candidate(each, timezone.localdate(audited_at) if audited_at else None, running is not None)
            for each, audited_at, running in listed
        ),
        number=number,
        day=today,
        sample=sample,
        rested_since=rested_since,
    )
    blockers = []
    if sample < 1:
        blockers.append(Blocker("sample", "Indiquez combien de services tirer.", "#id_sample"))
    if len(population["services"]) < sample:
        found = len(population["services"])
        blockers.append(Blocker("sample", f"Seuls {found} services peuvent être tirés aujourd’hui.", "#id_sample"))
    if blockers:
        raise TransitionRefused(blockers)
    payload = canonical_json(population)
    draw = AuditDraw.objects.create(
        number=number, population=payload, sha256=sha256_hex(payload), sample=sample, frozen_by=actor, frozen_at=now
    )
    record("auditdraw.freeze", subject=draw, actor=actor, data={"sha256": draw.sha256, "sample": sample})
    return draw


def _next_number() -> int:
    """The frozen bytes hold the number, so that it is drawn before the row is written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('audit_draw_number')")
        return int(cursor.fetchone()[0])


def read_population(draw: AuditDraw) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(bytes(draw.population))
    return content


@transaction.atomic
def draw_seed(*, number: int, actor: User, at: datetime | None = None) -> AuditSeed:
    """Second act: the seed, from the machine’s source of chance, once; it designates the services, and opens their audits.

    Raises TransitionRefused when the seed was drawn already, AuditDraw.DoesNotExist.
    """
    now = at or timezone.now()
    if not rules.can_audit(actor):
        raise PermissionDenied("draw_seed")
    draw = AuditDraw.objects.get(number=number)
    if AuditSeed.objects.filter(draw=draw).exists():
        raise TransitionRefused([Blocker("drawn", "La graine de ce tirage est déjà tirée.")])
    population = read_population(draw)
    value = secrets.token_hex(32)
    selected = select(value, population["services"], draw.sample)
    seed = AuditSeed.objects.create(draw=draw, value=value, selected=selected, drawn_by=actor, drawn_at=now)
    record("auditdraw.draw", subject=draw, actor=actor, data={"seed": value, "selected": selected})
    rows = Listing.objects.standing().filter(enrolment__number__in=selected).order_by("enrolment__number")
    for pk in rows.values_list("pk", flat=True):
        listing = lock_again(pk)
        if not Audit.objects.open().filter(listing=listing).exists():
            _plan(listing, origin=AuditOrigin.DRAW, draw=draw, actor=actor, at=now)
    return seed


def published_draw(draw: AuditDraw, seed: AuditSeed | None) -> dict[str, Any]:
    """What is published of a draw: replayed by the script of docs/audit_draw.md."""
    return {
        "population": read_population(draw),
        "population_sha256": draw.sha256,
        "frozen_at": draw.frozen_at.isoformat(),
        "seed": seed.value if seed else None,
        "drawn_at": seed.drawn_at.isoformat() if seed else None,
        "selected": seed.selected if seed else None,
    }


def is_public(draw: AuditDraw) -> bool:
    """Once the audits that it opened have ended: while they run, the public is not told of them (OQ-15)."""
    return AuditSeed.objects.filter(draw=draw).exists() and not draw.audits.filter(state__in=OPEN_AUDITS).exists()


# Planning and announcing


def _plan(listing: Listing, *, origin: AuditOrigin, actor: User, at: datetime, **fields: Any) -> Audit:
    audit: Audit = Audit.objects.create(listing=listing, origin=origin, planned_by=actor, planned_at=at, **fields)
    record("audit.plan", subject=audit, actor=actor, data={"origin": str(origin), "listing": str(listing.pk)})
    tell_file(listing, "audit_planned", actor=actor, internal=True)
    return audit


@transaction.atomic
def open_audit(
    *,
    listing_id: UUID,
    motive: str,
    actor: User,
    report: UserReport | None = None,
    at: datetime | None = None,
) -> Audit:
    """Choose a service to audit, with a reason, or because of a report (L5). Raises PermissionDenied, TransitionRefused."""
    now = at or timezone.now()
    if not (rules.can_audit(actor) or (report is not None and rules.can_publish(actor))):
        raise PermissionDenied("open_audit")
    listing = lock_listing(listing_id, actor)
    blockers = []
    if listing.state not in STANDING_LISTINGS:
        blockers.append(Blocker("not_listed", "Ce service n’est plus référencé."))
    if Audit.objects.open().filter(listing=listing).exists():
        blockers.append(Blocker("running", "Un audit de ce service est déjà en cours."))
    if not motive.strip():
        blockers.append(Blocker("motive", "Indiquez pourquoi ce service est audité.", "#id_motive"))
    if blockers:
        raise TransitionRefused(blockers)
    origin = AuditOrigin.REPORT if report is not None else AuditOrigin.CHOICE
    return _plan(listing, origin=origin, user_report=report, motive=motive.strip(), actor=actor, at=now)


def find_auditor_obstacles(auditor: User, listing: Listing, *, at: datetime) -> list[Blocker]:
    """Links of interest, and files of this service that the person assessed (A-21)."""
    organisation = listing.enrolment.product.organisation
    blockers = find_obstacles(person=auditor, organisation=organisation, at=at)
    files = Candidature.objects.filter(enrolment=listing.enrolment_id)
    assessed = (
        ThemeReview.objects.filter(candidature__in=files)
        .filter(Q(expert=auditor) | Q(concluded_by=auditor) | Q(visa_by=auditor))
        .exists()
        or Verdict.objects.filter(candidature__in=files, by=auditor).exists()
        or files.filter(referent=auditor).exists()
    )
    if assessed:
        blockers.append(
            Blocker("assessed", f"{auditor} a évalué un dossier de ce service : l’audit revient à une autre personne.")
        )
    if not auditor.access.has(Role.AUDITOR):
        blockers.append(Blocker("not_auditor", f"{auditor} n’est pas auditeur."))
    return blockers


@transaction.atomic
def notify_audit(
    *,
    audit_id: UUID,
    plan: str,
    plan_file: Sequence[Examined],
    starts_on: date,
    actor: User,
    at: datetime | None = None,
) -> Audit:
    """Announce the audit with its plan, at least a month before it starts; who announces it conducts it (L5, BR-174)."""
    now = at or timezone.now()
    audit = _lock(audit_id, actor)
    earliest = months_after(timezone.localdate(now), 1)

    def guard() -> list[Blocker]:
        blockers = find_auditor_obstacles(actor, audit.listing, at=now)
        if starts_on < earliest:
            blockers.append(
                Blocker(
                    "starts_on",
                    f"L’éditeur est prévenu un mois avant : l’audit commence au plus tôt le {format_date(earliest)}.",
                    "#id_starts_on",
                )
            )
        if not plan.strip():
            blockers.append(Blocker("plan", "Décrivez le périmètre et les modalités de l’audit.", "#id_plan"))
        if not plan_file:
            blockers.append(Blocker("plan_file", "Joignez le plan d’audit.", "#id_plan_file"))
        return blockers

    audit.plan, audit.auditor = plan.strip(), actor
    if plan_file:
        audit.plan_file = keep(examined=plan_file[0], actor=actor)
    workflow.fire(audit, "notify", actor=actor, guard=guard, starts_on=starts_on, at=now)
    tell_file(audit.listing, "audit_announced", actor=actor, starts_on=starts_on.isoformat())
    transaction.on_commit(partial(notices.audit_announced, audit))
    return audit


def start_audits(*, at: datetime) -> int:
    """Start the announced audits whose day has come; documents are due a month later. Returns how many (BR-174)."""
    today, count = timezone.localdate(at), 0
    due = Audit.objects.filter(state=AuditState.NOTIFIED, starts_on__lte=today).order_by("starts_on", "pk")
    for pk, listing_id in due.values_list("pk", "listing"):
        with transaction.atomic():
            listing = lock_again(listing_id)
            audit = Audit.objects.filter(pk=pk, state=AuditState.NOTIFIED).locked().first()
            if audit is None:
                continue
            audit.listing = listing
            # a month from the day on which the editor could know that it began, were the platform stopped meanwhile
            due_on = months_after(today, 1)
            workflow.fire(audit, "start", actor=None, due_on=due_on, at=at)
            tell_file(listing, "audit_started", actor=None, due_on=due_on.isoformat())
            transaction.on_commit(partial(notices.audit_started, audit))
            count += 1
    return count


# Documents


@transaction.atomic
def file_documents(
    *,
    audit_id: UUID,
    text: str,
    confirms_answers: bool,
    documents: Sequence[Examined],
    actor: User,
    at: datetime | None = None,
) -> AuditExchange:
    """The editor answers: whether its frozen answers still hold, what changed, and documents (W7, BR-174)."""
    now = at or timezone.now()
    audit = _lock(audit_id, actor)

    def guard() -> list[Blocker]:
        blockers = []
        if not text.strip():
            blockers.append(Blocker("text", "Présentez les documents que vous transmettez.", "#id_text"))
        if not documents:
            blockers.append(Blocker("files", "Joignez au moins un document.", "#id_documents"))
        return blockers

    workflow.fire(audit, "file", actor=actor, guard=guard, at=now)
    exchange = AuditExchange.objects.create(
        audit=audit, is_request=False, text=text.strip(), confirms_answers=confirms_answers, by=actor, at=now
    )
    AuditDocument.objects.bulk_create(
        AuditDocument(exchange=exchange, file=keep(examined=each, actor=actor)) for each in documents
    )
    tell_file(audit.listing, "audit_filed", actor=actor)
    transaction.on_commit(partial(notices.audit_filed, audit))
    return exchange


@transaction.atomic
def ask_complements(
    *, audit_id: UUID, text: str, due_on: date, actor: User, at: datetime | None = None
) -> AuditExchange:
    now = at or timezone.now()
    audit = _lock(audit_id, actor)
    _require_conducting(audit, actor)

    def guard() -> list[Blocker]:
        blockers = []
        if not text.strip():
            blockers.append(Blocker("text", "Indiquez ce qui manque.", "#id_text"))
        if due_on <= timezone.localdate(now):
            blockers.append(Blocker("due_on", "Indiquez un jour à venir.", "#id_due_on"))
        return blockers

    workflow.fire(audit, "ask", actor=actor, guard=guard, due_on=due_on)
    exchange = AuditExchange.objects.create(audit=audit, is_request=True, text=text.strip(), by=actor, at=now)
    tell_file(audit.listing, "audit_complements", actor=actor, due_on=due_on.isoformat())
    transaction.on_commit(partial(notices.audit_complements, audit))
    return exchange


@transaction.atomic
def add_visit(
    *,
    audit_id: UUID,
    visited_on: date,
    place: str,
    people: str,
    findings: str,
    actor: User,
    at: datetime | None = None,
) -> AuditVisit:
    """Record an on-site complement (L6)."""
    now = at or timezone.now()
    audit = _lock(audit_id, actor)
    _require_conducting(audit, actor)
    blockers = []
    if audit.state not in (AuditState.RUNNING, AuditState.FILED):
        blockers.append(Blocker("wrong_state", "Une visite se consigne pendant l’audit, avant son rapport."))
    if visited_on > timezone.localdate(now) or (audit.starts_on and visited_on < audit.starts_on):
        blockers.append(
            Blocker("visited_on", "La visite a lieu entre le début de l’audit et aujourd’hui.", "#id_visited_on")
        )
    if not findings.strip():
        blockers.append(Blocker("findings", "Indiquez ce qui a été constaté.", "#id_findings"))
    if blockers:
        raise TransitionRefused(blockers)
    visit = AuditVisit.objects.create(
        audit=audit,
        visited_on=visited_on,
        place=place.strip(),
        people=people.strip(),
        findings=findings.strip(),
        recorded_by=actor,
        recorded_at=now,
    )
    record("audit.visit", subject=audit, actor=actor, data={"visited_on": visited_on.isoformat()})
    tell_file(audit.listing, "audit_visit", actor=actor, what=format_date(visited_on))
    return visit


# Report and conclusion


@transaction.atomic
def write_report(*, audit_id: UUID, findings: str, actor: User, at: datetime | None = None) -> Audit:
    """Freeze and seal the report: once the documents came, or their day is past (L7)."""
    now = at or timezone.now()
    audit = _lock(audit_id, actor)
    _require_conducting(audit, actor)

    def guard() -> list[Blocker]:
        blockers = []
        today = timezone.localdate(now)
        if audit.state == AuditState.RUNNING and audit.due_on is not None and today <= audit.due_on:
            blockers.append(
                Blocker("waiting", f"L’éditeur peut transmettre ses documents jusqu’au {format_date(audit.due_on)}.")
            )
        if not findings.strip():
            blockers.append(Blocker("findings", "Rédigez les constats de l’audit.", "#id_findings"))
        return blockers

    had_documents = audit.state == AuditState.FILED
    payload = canonical_json(
        _report(audit, findings=findings.strip(), had_documents=had_documents, by=str(actor), at=now)
    )
    audit.payload, audit.sha256, audit.seal = payload, sha256_hex(payload), seal_bytes(payload, at=now)
    workflow.fire(audit, "report", actor=actor, guard=guard, at=now)
    audit.report_file = keep_generated(
        content=_print_report(audit), name=f"rapport-audit-{audit.listing.enrolment.number}.pdf", code="pdf"
    )
    audit.save(update_fields=["report_file"])
    tell_file(audit.listing, "audit_reported", actor=actor)
    transaction.on_commit(partial(notices.audit_reported, audit))
    return audit


def read_report(audit: Audit) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(bytes(audit.payload))
    return content


def _report(audit: Audit, *, findings: str, had_documents: bool, by: str, at: datetime) -> dict[str, Any]:
    listing = audit.listing
    candidature = listing.decision.candidature
    return {
        "schema": SCHEMA,
        "audit": str(audit.pk),
        "service": listing.enrolment.label,
        "organisation": listing.enrolment.product.organisation.name,
        "decision": listing.decision.number or "",
        "dossier": candidature.dossier.reference if candidature else "",
        "dossier_sha256": candidature.dossier.sha256 if candidature else "",
        "grid": read_payload(candidature.dossier)["grid"]["version"] if candidature else "",
        "draw": audit.draw_id,  # a report of a visitor is never named: the editor reads this
        "plan": audit.plan,
        "notified_at": audit.notified_at,
        "starts_on": audit.starts_on,
        "due_on": audit.due_on,
        "had_documents": had_documents,
        "exchanges": [
            {
                "is_request": each.is_request,
                "at": each.at,
                "text": each.text,
                "confirms_answers": each.confirms_answers,
                "documents": [
                    {"name": document.file.name, "sha256": document.file.blob.sha256}
                    for document in each.documents.all()
                ],
            }
            for each in audit.exchanges.prefetch_related("documents__file__blob")
        ],
        "visits": [
            {
                "visited_on": each.visited_on,
                "place": each.place,
                "people": each.people,
                "findings": each.findings,
            }
            for each in audit.visits.all()
        ],
        "findings": findings,
        "by": by,
        "at": at,
    }


def _print_report(audit: Audit) -> bytes:
    document = render_pdf(
        "listing/audit_report_pdf.html",
        {"audit": audit, "content": show_report(audit)},
        variant="pdf/a-3a",
        attachments=[
            Attachment(
                name=f"rapport-audit-{audit.listing.enrolment.number}.json",
                content=bytes(audit.payload),
                mime="application/json",
                relationship="Source",
                description="Contenu du rapport, au format JSON canonique",
            )
        ],
        created_at=audit.reported_at,
    )
    return seal_pdf(document, reason=f"Rapport d’audit {audit.listing.enrolment.label}", at=audit.reported_at)


def show_report(audit: Audit) -> dict[str, Any]:
    """The frozen report with its dates as dates."""
    content = read_report(audit)
    return {
        **content,
        "at": datetime.fromisoformat(content["at"]),
        "notified_at": datetime.fromisoformat(content["notified_at"]),
        "starts_on": date.fromisoformat(content["starts_on"]),
        "due_on": date.fromisoformat(content["due_on"]),
        "exchanges": [{**each, "at": datetime.fromisoformat(each["at"])} for each in content["exchanges"]],
        "visits": [{**each, "visited_on": date.fromisoformat(each["visited_on"])} for each in content["visits"]],
    }


@transaction.atomic
def conclude_audit(*, audit_id: UUID, is_favourable: bool, text: str, actor: User, at: datetime | None = None) -> Audit:
    """Favourable: the service stays; else formal notice is proposed to the ministry, which decides (L7, BR-175, A-02)."""
    now = at or timezone.now()
    audit = _lock(audit_id, actor)
    _require_conducting(audit, actor)
    why = text.strip()

    def guard() -> list[Blocker]:
        return [] if why else [Blocker("text", "Rédigez la conclusion : l’éditeur la lira.", "#id_text")]

    name = "clear" if is_favourable else "propose_notice"
    workflow.fire(audit, name, actor=actor, guard=guard, reason=why, why=why, at=now)
    tell_file(audit.listing, "audit_favourable" if is_favourable else "audit_unfavourable", actor=actor, reason=why)
    if not is_favourable and audit.listing.state in (ListingState.LISTED, ListingState.SUSPENDED):
        propose(
            listing=audit.listing,
            kind=DecisionKind.FORMAL_NOTICE,
            condition=Condition.AUDIT,
            facts=f"Conclusion de l’audit du {format_date(audit.reported_at or now)} : {why}",
            actor=actor,
            at=now,
        )
    transaction.on_commit(partial(notices.audit_concluded, audit))
    return audit


@transaction.atomic
def cancel_audit(*, audit_id: UUID, why: str, actor: User, at: datetime | None = None) -> Audit:
    now = at or timezone.now()
    audit = _lock(audit_id, actor)
    reason = why.strip()

    def guard() -> list[Blocker]:
        return [] if reason else [Blocker("reason", "Indiquez pourquoi l’audit est annulé.", "#id_reason")]

    workflow.fire(audit, "cancel", actor=actor, guard=guard, reason=reason, why=reason, at=now)
    is_told = audit.notified_at is not None
    tell_file(audit.listing, "audit_cancelled", actor=actor, internal=not is_told, reason=reason)
    if is_told:
        transaction.on_commit(partial(notices.audit_cancelled, audit))
    return audit


def _require_conducting(audit: Audit, actor: User) -> None:
    """Only the auditor who announced it goes on; obstacles declared since bar even that one (A-21)."""
    if not rules.can_audit(actor):
        raise PermissionDenied("audit")
    if audit.auditor_id != actor.pk:
        raise TransitionRefused([Blocker("other_auditor", f"Cet audit est conduit par {audit.auditor}.")])
    if blockers := find_auditor_obstacles(actor, audit.listing, at=timezone.now()):
        raise TransitionRefused(blockers)


def _lock(audit_id: UUID, actor: User) -> Audit:
    """Listing first, then the audit. Raises Audit.DoesNotExist for a stranger’s."""
    listing_id = Audit.objects.visible_to(actor).values_list("listing", flat=True).get(pk=audit_id)
    listing = lock_again(listing_id)
    audit: Audit = Audit.objects.locked().select_related("auditor").get(pk=audit_id)
    audit.listing = listing
    return audit
