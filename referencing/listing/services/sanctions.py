"""Contradictory procedures of the ministry: proposed, opened, the editor heard, decided (A-02, OQ-16, BR-175)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import format_date
from evidence.services import Examined, keep
from referencing.decision.enums import DecisionKind, DecisionState
from referencing.decision.models import Decision
from referencing.decision.services import draft_decision
from referencing.enrolment.models import Enrolment
from referencing.listing import life_notices as notices
from referencing.listing import rules
from referencing.listing.enums import Condition, ListingState
from referencing.listing.models import FormalNotice, Listing, Procedure
from referencing.listing.models.sanction import CONTRADICTORY_KINDS
from referencing.listing.services.rows import lock_again, lock_listing, tell_file

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User


def propose(
    *, listing: Listing, kind: DecisionKind, condition: Condition, facts: str, actor: User | None, at: datetime
) -> Procedure:
    """Put a measure before the ministry, which opens the procedure or drops it; an open one of that kind is returned.

    In the caller’s transaction, the listing locked.
    """
    standing = Procedure.objects.open().filter(enrolment=listing.enrolment_id, kind=kind).first()
    if standing is not None:
        return standing
    procedure = Procedure.objects.create(
        enrolment=listing.enrolment,
        listing=listing,
        kind=kind,
        condition=condition,
        facts=facts,
        proposed_by=actor,
        proposed_at=at,
    )
    record("procedure.propose", subject=procedure, actor=actor, data={"kind": str(kind), "listing": str(listing.pk)})
    tell_file(listing, "procedure_proposed", actor=actor, internal=True)
    transaction.on_commit(partial(notices.procedure_proposed, procedure))
    return procedure


@transaction.atomic
def open_procedure(
    *,
    listing_id: UUID,
    kind: str,
    condition: str,
    facts: str,
    urgency: str = "",
    actor: User,
    at: datetime | None = None,
) -> Procedure:
    """Tell the editor what is envisaged and why; it has 15 days, unless urgency is motivated (A-02, OQ-16).

    Takes over what was proposed for the same measure. Raises PermissionDenied, TransitionRefused with every reason.
    """
    now = at or timezone.now()
    if not rules.can_sanction(actor):
        raise PermissionDenied("open_procedure")
    listing = lock_listing(listing_id, actor)
    procedure = Procedure.objects.open().locked().filter(enrolment=listing.enrolment_id, kind=kind).first()
    blockers = find_measure_blockers(listing, kind)
    if procedure is not None and procedure.opened_at is not None:
        blockers.append(Blocker("already_open", "Une procédure est déjà ouverte pour cette mesure."))
    if condition not in Condition.values:
        blockers.append(Blocker("condition", "Choisissez la condition qui n’est plus remplie.", "#id_condition"))
    if not facts.strip():
        blockers.append(Blocker("facts", "Exposez les faits : l’éditeur doit pouvoir y répondre.", "#id_facts"))
    if blockers:
        raise TransitionRefused(blockers)
    procedure = procedure or Procedure(
        enrolment=listing.enrolment, listing=listing, kind=kind, proposed_by=actor, proposed_at=now
    )
    procedure.condition, procedure.facts, procedure.urgency = condition, facts.strip(), urgency.strip()
    _open(procedure, actor=actor, at=now)
    tell_file(listing, "procedure_opened", actor=actor, what=procedure.get_kind_display())
    return procedure


def _open(procedure: Procedure, *, actor: User, at: datetime) -> None:
    procedure.opened_by, procedure.opened_at = actor, at
    if not procedure.urgency:
        delay = timedelta(days=settings.LISTING_LIFE["OBSERVATION_DAYS"])
        procedure.observations_due_on = timezone.localdate(at) + delay
    procedure.save()
    record(
        "procedure.open",
        subject=procedure,
        actor=actor,
        reason=procedure.urgency,
        data={"kind": procedure.kind, "condition": procedure.condition},
    )
    transaction.on_commit(partial(notices.procedure_opened, procedure))


def find_measure_blockers(listing: Listing, kind: str) -> list[Blocker]:
    """Why this measure makes no sense for the listing as it stands."""
    if kind not in CONTRADICTORY_KINDS or kind == DecisionKind.ABROGATION:
        return [Blocker("kind", "Choisissez la mesure envisagée.", "#id_kind")]
    if listing.state not in (ListingState.LISTED, ListingState.SUSPENDED):
        return [Blocker("not_listed", "Ce service n’est plus référencé.")]
    if kind == DecisionKind.SUSPENSION and listing.state == ListingState.SUSPENDED:
        return [Blocker("suspended", "Ce service est déjà suspendu.", "#id_kind")]
    return []


@transaction.atomic
def give_observations(
    *,
    procedure_id: UUID,
    text: str,
    documents: Sequence[Examined] = (),
    actor: User,
    at: datetime | None = None,
) -> Procedure:
    """The editor answers, once; late observations are still taken while nothing is drafted (L.121-1 CRPA)."""
    now = at or timezone.now()
    procedure = _lock(procedure_id, actor)
    if not rules.can_commit(actor, procedure):
        raise PermissionDenied("give_observations")
    blockers = []
    if procedure.opened_at is None or procedure.closed_at is not None or procedure.decision_id is not None:
        blockers.append(Blocker("closed", "Cette procédure n’attend plus d’observations."))
    elif procedure.observed_at is not None:
        blockers.append(Blocker("observed", "Vos observations sont déjà transmises."))
    if not text.strip():
        blockers.append(Blocker("text", "Rédigez vos observations.", "#id_text"))
    if blockers:
        raise TransitionRefused(blockers)
    procedure.observations, procedure.observed_by, procedure.observed_at = text.strip(), actor, now
    if documents:
        procedure.attachment = keep(examined=documents[0], actor=actor)
    procedure.save()
    record("procedure.observe", subject=procedure, actor=actor)
    if procedure.listing is not None:
        tell_file(procedure.listing, "observations_given", actor=actor)
    transaction.on_commit(partial(notices.observations_given, procedure))
    return procedure


@transaction.atomic
def draft_measure(
    *,
    procedure_id: UUID,
    reasons: str,
    comply_by: date | None = None,
    effective_on: date | None = None,
    actor: User,
    at: datetime | None = None,
) -> Decision:
    """Draft the decision of a procedure in which the editor was heard; its signature has the effects (A-02, BR-175)."""
    now = at or timezone.now()
    if not rules.can_sanction(actor):
        raise PermissionDenied("draft_measure")
    procedure = _lock(procedure_id, actor)
    today = timezone.localdate(now)
    if blockers := find_drafting_blockers(procedure, reasons=reasons, comply_by=comply_by, today=today):
        raise TransitionRefused(blockers)
    terms: dict[str, Any] = {"procedure": str(procedure.pk), "condition_text": procedure.get_condition_display()}
    if procedure.urgency:
        terms["urgency"] = procedure.urgency
    elif procedure.opened_at is not None:
        terms["invited_on"] = timezone.localdate(procedure.opened_at).isoformat()
    if procedure.listing_id is not None:
        terms["listing"] = str(procedure.listing_id)
    if comply_by is not None and procedure.kind == DecisionKind.FORMAL_NOTICE:
        terms["comply_by"] = comply_by.isoformat()
    if effective_on is not None:
        terms["effective_on"] = effective_on.isoformat()
    abrogated = _listing_decision(procedure.enrolment) if procedure.kind == DecisionKind.ABROGATION else None
    decision = draft_decision(
        kind=procedure.kind,
        enrolment_id=procedure.enrolment_id,
        reasons=reasons.strip(),
        terms=terms,
        about_id=abrogated.pk if abrogated else None,
        actor=actor,
    )
    procedure.decision = decision
    procedure.save(update_fields=["decision"])
    record("procedure.draft", subject=procedure, actor=actor, data={"decision": str(decision.pk)})
    return decision


def find_drafting_blockers(procedure: Procedure, *, reasons: str, comply_by: date | None, today: date) -> list[Blocker]:
    blockers = []
    if procedure.closed_at is not None:
        blockers.append(Blocker("closed", "Cette procédure est close."))
    if procedure.decision_id is not None:
        blockers.append(Blocker("drafted", "Un projet de décision existe déjà pour cette procédure."))
    if procedure.opened_at is None:
        blockers.append(Blocker("not_open", "Ouvrez d’abord la procédure : l’éditeur doit être entendu."))
    elif not procedure.is_ripe(on=today):
        until = format_date(procedure.observations_due_on) if procedure.observations_due_on else ""
        blockers.append(Blocker("hearing", f"L’éditeur peut présenter ses observations jusqu’au {until}."))
    if not reasons.strip():
        blockers.append(Blocker("reasons", "Motivez la décision (article L. 211-2 du CRPA).", "#id_reasons"))
    if procedure.kind == DecisionKind.FORMAL_NOTICE and (comply_by is None or comply_by <= today):
        blockers.append(
            Blocker("comply_by", "Indiquez avant quel jour à venir l’éditeur doit se mettre en règle.", "#id_comply_by")
        )
    return blockers


def _listing_decision(enrolment: Enrolment) -> Decision:
    rows = Decision.objects.in_force().filter(enrolment=enrolment, kind=DecisionKind.LISTING)
    decision: Decision = rows.order_by("-signed_at")[:1].get()
    return decision


@transaction.atomic
def drop_procedure(*, procedure_id: UUID, why: str, actor: User, at: datetime | None = None) -> Procedure:
    """Nothing is held against the service any more; the editor is told if it was."""
    now = at or timezone.now()
    if not rules.can_sanction(actor):
        raise PermissionDenied("drop_procedure")
    procedure = _lock(procedure_id, actor)
    blockers = []
    if procedure.closed_at is not None:
        blockers.append(Blocker("closed", "Cette procédure est close."))
    if procedure.decision_id is not None:
        blockers.append(Blocker("drafted", "Abandonnez d’abord le projet de décision."))
    if not why.strip():
        blockers.append(Blocker("why", "Indiquez pourquoi la procédure est abandonnée.", "#id_reason"))
    if blockers:
        raise TransitionRefused(blockers)
    procedure.closed_at, procedure.outcome = now, why.strip()
    procedure.save(update_fields=["closed_at", "outcome"])
    record("procedure.drop", subject=procedure, actor=actor, reason=why.strip())
    if procedure.opened_at is not None:
        if procedure.listing is not None:
            tell_file(procedure.listing, "procedure_dropped", actor=actor, reason=why.strip())
        transaction.on_commit(partial(notices.procedure_dropped, procedure))
    return procedure


@transaction.atomic
def draft_relief(
    *, listing_id: UUID, kind: str, reasons: str, ends_on: date | None = None, actor: User, at: datetime | None = None
) -> Decision:
    """Draft a decision in favour of the editor, which needs no hearing: lifting of a formal notice, reinstatement,
    dated extension (L10, A-34, A-35)."""
    now = at or timezone.now()
    if not rules.can_sanction(actor):
        raise PermissionDenied("draft_relief")
    listing = lock_listing(listing_id, actor)
    blockers = find_relief_blockers(listing, kind)
    if not reasons.strip():
        blockers.append(Blocker("reasons", "Motivez la décision.", "#id_reasons"))
    terms: dict[str, Any] = {"listing": str(listing.pk)}
    if kind == DecisionKind.EXTENSION:
        if ends_on is None or ends_on <= max(listing.ends_on, timezone.localdate(now)):
            blockers.append(Blocker("ends_on", "Indiquez une fin postérieure à la fin actuelle.", "#id_ends_on"))
        else:
            terms["ends_on"] = ends_on.isoformat()
    if blockers:
        raise TransitionRefused(blockers)
    return draft_decision(
        kind=DecisionKind(kind), enrolment_id=listing.enrolment_id, reasons=reasons.strip(), terms=terms, actor=actor
    )


def find_relief_blockers(listing: Listing, kind: str) -> list[Blocker]:
    if kind == DecisionKind.REINSTATEMENT:
        if listing.suspended_at is None:
            return [Blocker("not_suspended", "Ce service n’est pas suspendu.")]
        if listing.decision.state == DecisionState.COURT_SUSPENDED:
            return [Blocker("court", "Le juge a suspendu la décision de référencement : lui seul la rétablit.")]
        return []
    if kind == DecisionKind.NOTICE_LIFTING:
        if not FormalNotice.objects.open().filter(listing=listing).exists():
            return [Blocker("no_notice", "Aucune mise en demeure n’est à lever.")]
        return []
    if kind == DecisionKind.EXTENSION:
        if listing.state not in (ListingState.LISTED, ListingState.SUSPENDED):
            return [Blocker("not_listed", "Ce service n’est plus référencé.")]
        return []
    return [Blocker("kind", "Choisissez la décision à préparer.", "#id_kind")]


def follow_formal_notices(*, at: datetime) -> int:
    """Once per formal notice whose day is past: the ministry is told that nothing was lifted (BR-175)."""
    late = FormalNotice.objects.open().filter(comply_by__lt=timezone.localdate(at), overdue_told_at__isnull=True)
    count = 0
    for pk in late.order_by("comply_by", "pk").values_list("pk", flat=True):
        with transaction.atomic():
            notice = (
                FormalNotice.objects.select_for_update(of=("self",))
                .select_related("listing__enrolment__product__organisation")
                .filter(pk=pk, overdue_told_at__isnull=True, lifted_at__isnull=True)
                .first()
            )
            if notice is not None:
                notice.overdue_told_at = at
                notice.save(update_fields=["overdue_told_at"])
                transaction.on_commit(partial(notices.formal_notice_overdue, notice))
                count += 1
    return count


def _lock(procedure_id: UUID, actor: User) -> Procedure:
    """Listing first, then the procedure. Raises Procedure.DoesNotExist for a stranger’s."""
    listing_id = Procedure.objects.visible_to(actor).values_list("listing", flat=True).get(pk=procedure_id)
    listing = lock_again(listing_id) if listing_id else None
    procedure: Procedure = (
        Procedure.objects.locked().select_related("enrolment__product__organisation").get(pk=procedure_id)
    )
    procedure.listing = listing
    return procedure
