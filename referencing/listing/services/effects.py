"""What the decisions of the ministry, and of courts about them, do to a listing (A-02, A-33, A-34, BR-175, BR-176).

Each function follows a transition of a decision, in its transaction; a refusal refuses the signature.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from referencing.decision.enums import IN_FORCE_STATES, DecisionKind, DecisionState
from referencing.decision.models import Decision
from referencing.listing import life_notices as notices
from referencing.listing.core.life import has_ended
from referencing.listing.enums import STANDING_LISTINGS, ListingState, RenewalState
from referencing.listing.models import DecisionEffect, FormalNotice, Listing, Procedure, Renewal
from referencing.listing.services.catalogue import rebuild_entry
from referencing.listing.services.expiry import expire
from referencing.listing.services.rows import end_children, lock_again, tell_file

if TYPE_CHECKING:
    from convergence.accounts.models import User

ANNULLED = "La décision sur laquelle repose le référencement est annulée."
ABROGATED = "La décision de référencement est abrogée."
COURT = "Le juge a suspendu la décision sur laquelle repose le référencement."

COURT_FIRST = Blocker("court", "Le juge a suspendu la décision de référencement : lui seul la rétablit.")

#: Kinds whose signature changes a listing (those about a candidature are followed through it).
LISTING_KINDS = [
    DecisionKind.FORMAL_NOTICE,
    DecisionKind.NOTICE_LIFTING,
    DecisionKind.SUSPENSION,
    DecisionKind.REINSTATEMENT,
    DecisionKind.WITHDRAWAL,
    DecisionKind.EXTENSION,
]


def decision_signed(decision: Decision, *, actor: User | None, reason: str = "") -> None:
    """Follows decision.sign: apply it, or keep it for its day."""
    now = timezone.now()
    Procedure.objects.filter(decision=decision).update(closed_at=now, outcome="Décision signée.")
    if decision.kind not in LISTING_KINDS:
        return
    listing = _listing_of(decision)
    if listing is None:
        raise TransitionRefused([Blocker("no_listing", "Cette décision ne désigne aucun service référencé.")])
    if blockers := find_effect_blockers(decision, listing):
        raise TransitionRefused(blockers)
    today = timezone.localdate(now)
    effective_on = _day(decision, "effective_on") or today
    effect = DecisionEffect.objects.create(decision=decision, listing=listing, effective_on=effective_on)
    if effective_on <= today:
        apply_effect(effect, listing, at=now)


def decision_dropped(decision: Decision, *, actor: User | None, reason: str = "") -> None:
    """Follows decision.drop: the procedure waits for another draft."""
    Procedure.objects.filter(decision=decision).update(decision=None)


def _listing_of(decision: Decision) -> Listing | None:
    named = decision.terms.get("listing")
    rows = Listing.objects.filter(enrolment=decision.enrolment_id)
    rows = rows.filter(pk=named) if named else rows.order_by("-published_on", "-pk")
    pk = rows.values_list("pk", flat=True).first()
    return lock_again(pk) if pk else None


def _day(decision: Decision, name: str) -> date | None:
    value = decision.terms.get(name)
    return date.fromisoformat(value) if value else None


def find_effect_blockers(decision: Decision, listing: Listing) -> list[Blocker]:
    """Why the decision has no object any more."""
    if decision.kind == DecisionKind.SUSPENSION and listing.state != ListingState.LISTED:
        return [Blocker("not_listed", "Ce service n’est pas au catalogue : il n’y a rien à suspendre.")]
    if decision.kind == DecisionKind.REINSTATEMENT and listing.suspended_at is None:
        return [Blocker("not_suspended", "Ce service n’est pas suspendu.")]
    if decision.kind == DecisionKind.REINSTATEMENT and listing.decision.state == DecisionState.COURT_SUSPENDED:
        return [COURT_FIRST]
    needs_standing = [DecisionKind.WITHDRAWAL, DecisionKind.EXTENSION, DecisionKind.FORMAL_NOTICE]
    if decision.kind in needs_standing and listing.state not in STANDING_LISTINGS:
        return [Blocker("ended", "Ce service n’est plus référencé.")]
    if decision.kind == DecisionKind.FORMAL_NOTICE and _day(decision, "comply_by") is None:
        return [Blocker("comply_by", "La mise en demeure ne dit pas avant quel jour se mettre en règle.")]
    if decision.kind == DecisionKind.EXTENSION:
        ends_on = _day(decision, "ends_on")
        if ends_on is None or ends_on <= listing.ends_on:
            return [Blocker("ends_on", "La prolongation ne donne pas de fin postérieure à la fin actuelle.")]
    return []


def apply_waiting(*, at: datetime) -> int:
    """Apply the decisions whose day has come; one that lost its object is marked as without effect. Returns how many."""
    waiting = DecisionEffect.objects.filter(
        applied_at__isnull=True,
        undone_at__isnull=True,
        effective_on__lte=timezone.localdate(at),
        decision__state__in=IN_FORCE_STATES,
    )
    count = 0
    for pk, listing_id in waiting.order_by("effective_on", "pk").values_list("pk", "listing"):
        with transaction.atomic():
            listing = lock_again(listing_id)
            effect = (
                DecisionEffect.objects.select_for_update(of=("self",))
                .select_related("decision")
                .filter(pk=pk, applied_at__isnull=True, undone_at__isnull=True)
                .first()
            )
            if effect is None:
                continue
            if find_effect_blockers(effect.decision, listing):
                effect.undone_at = at
                effect.save(update_fields=["undone_at"])
                continue
            apply_effect(effect, listing, at=at)
            count += 1
    return count


def apply_effect(effect: DecisionEffect, listing: Listing, *, at: datetime) -> None:
    """In the caller’s transaction, the listing locked."""
    decision = effect.decision
    effect.applied_at = at
    effect.before = {"state": listing.state, "ends_on": listing.ends_on.isoformat()}
    effect.save(update_fields=["applied_at", "before"])
    _APPLY[decision.kind](decision, listing, at)
    record(
        "listing.apply_decision",
        subject=listing,
        actor=None,
        data={"decision": decision.number or "", "kind": decision.kind},
    )
    rebuild_entry(listing)
    transaction.on_commit(partial(notices.decision_applied, listing, decision))


def _issue_notice(decision: Decision, listing: Listing, at: datetime) -> None:
    comply_by = date.fromisoformat(decision.terms["comply_by"])  # the signature was refused without it
    FormalNotice.objects.create(listing=listing, decision=decision, comply_by=comply_by, issued_at=at)
    tell_file(listing, "formal_notice", actor=None, due_on=comply_by.isoformat())


def _lift_notices(decision: Decision, listing: Listing, at: datetime) -> None:
    FormalNotice.objects.open().filter(listing=listing).update(lifted_at=at, lifting=decision)
    tell_file(listing, "notice_lifted", actor=None)


def _suspend(decision: Decision, listing: Listing, at: datetime) -> None:
    """Hidden from the public, with its reasons for the editor (BR-176); an audit under way goes on (A-34)."""
    _hide(listing, why=decision.reasons, cause=decision, at=at)


def _reinstate(decision: Decision, listing: Listing, at: datetime) -> None:
    if listing.state == ListingState.SUSPENDED:
        workflow.fire(listing, "reinstate", actor=None, at=at)
        if has_ended(listing.ends_on, today=timezone.localdate(at)):
            expire(listing, at=at)
    else:  # it expired meanwhile: its renewal may now be decided
        listing.suspended_at, listing.cause = None, None
        listing.save(update_fields=["suspended_at", "cause"])
    tell_file(listing, "listing_reinstated", actor=None)


def _withdraw(decision: Decision, listing: Listing, at: datetime) -> None:
    withdraw(listing, why=decision.reasons, cause=decision, at=at)


def withdraw(listing: Listing, *, why: str, cause: Decision | None, at: datetime) -> None:
    workflow.fire(listing, "withdraw", actor=None, reason=why, why=why, at=at, cause=cause)
    end_children(listing, why="Le service est retiré du catalogue.", at=at)
    tell_file(listing, "listing_withdrawn", actor=None, reason=why)


def _extend(decision: Decision, listing: Listing, at: datetime) -> None:
    ends_on = _day(decision, "ends_on")
    if ends_on is not None:
        listing.ends_on = ends_on
        listing.save(update_fields=["ends_on"])
        tell_file(listing, "listing_extended", actor=None, until=ends_on.isoformat())


_APPLY: dict[str, Callable[[Decision, Listing, datetime], None]] = {
    DecisionKind.FORMAL_NOTICE: _issue_notice,
    DecisionKind.NOTICE_LIFTING: _lift_notices,
    DecisionKind.SUSPENSION: _suspend,
    DecisionKind.REINSTATEMENT: _reinstate,
    DecisionKind.WITHDRAWAL: _withdraw,
    DecisionKind.EXTENSION: _extend,
}


# Decisions that fall


def decision_annulled(decision: Decision, *, actor: User | None, reason: str = "") -> None:
    """Follows decision.annul: an annulled act is deemed never to have been; the listing is as it was before (A-33)."""
    now = timezone.now()
    listing_id = DecisionEffect.objects.filter(decision=decision, undone_at__isnull=True).values_list(
        "listing", flat=True
    )
    if (affected := listing_id.first()) is not None:
        listing = lock_again(affected)
        effect = DecisionEffect.objects.select_for_update(of=("self",)).get(decision=decision)
        effect.undone_at = now
        effect.save(update_fields=["undone_at"])
        if effect.applied_at is not None:
            _undo(decision, listing, effect, at=now)
            _shown(listing, decision)
        return
    resting = _resting_on(decision)
    if resting is not None and resting.state in STANDING_LISTINGS:
        withdraw(resting, why=ANNULLED, cause=decision, at=now)
        _shown(resting, decision)


def _shown(listing: Listing, decision: Decision) -> None:
    rebuild_entry(listing)
    transaction.on_commit(partial(notices.decision_fell, listing, decision))


def _resting_on(decision: Decision) -> Listing | None:
    """The listing that has this decision for its own."""
    if decision.kind not in (DecisionKind.LISTING, DecisionKind.RENEWAL):
        return None
    pk = Listing.objects.filter(decision=decision).values_list("pk", flat=True).first()
    return lock_again(pk) if pk else None


def _undo(decision: Decision, listing: Listing, effect: DecisionEffect, *, at: datetime) -> None:
    today = timezone.localdate(at)
    if decision.kind == DecisionKind.SUSPENSION:
        _give_back(listing, decision, at=at)
    elif decision.kind == DecisionKind.WITHDRAWAL:
        if _is_caused_by(listing, decision, ListingState.WITHDRAWN) and not has_ended(listing.ends_on, today=today):
            workflow.fire(listing, "republish", actor=None, ends_on=listing.ends_on, at=at)
            tell_file(listing, "listing_reinstated", actor=None)
    elif decision.kind == DecisionKind.REINSTATEMENT:
        if listing.state == ListingState.LISTED and effect.before.get("state") == ListingState.SUSPENDED:
            _hide(listing, why=ANNULLED, cause=decision, at=at)
    elif decision.kind == DecisionKind.FORMAL_NOTICE:
        FormalNotice.objects.open().filter(decision=decision).update(lifted_at=at)
        tell_file(listing, "notice_lifted", actor=None)
    elif decision.kind == DecisionKind.NOTICE_LIFTING:
        FormalNotice.objects.filter(lifting=decision).update(lifted_at=None, lifting=None)
    else:  # what gave more time, or a wider scope
        _restore(decision, listing, effect, at=at)


def _give_back(listing: Listing, decision: Decision, *, at: datetime) -> None:
    """The suspension fell: listed again if not past its end (A-33)."""
    if _is_caused_by(listing, decision, ListingState.SUSPENDED):
        workflow.fire(listing, "reinstate", actor=None, at=at)
        tell_file(listing, "listing_reinstated", actor=None)
        if has_ended(listing.ends_on, today=timezone.localdate(at)):
            expire(listing, at=at)
    elif listing.state == ListingState.EXPIRED and listing.cause_id == decision.pk:
        listing.suspended_at, listing.cause = None, None
        listing.save(update_fields=["suspended_at", "cause"])


def _is_caused_by(listing: Listing, decision: Decision, state: ListingState) -> bool:
    return listing.state == state and listing.cause_id == decision.pk


def _hide(listing: Listing, *, why: str, cause: Decision, at: datetime) -> None:
    workflow.fire(listing, "suspend", actor=None, reason=why, why=why, at=at, cause=cause)
    tell_file(listing, "listing_suspended", actor=None, reason=why)


def _restore(decision: Decision, listing: Listing, effect: DecisionEffect, *, at: datetime) -> None:
    """Old end and old decision come back; past that end the listing has expired."""
    before = effect.before
    if decision.kind in (DecisionKind.RENEWAL, DecisionKind.EXTENSION) and before.get("ends_on"):
        listing.ends_on = date.fromisoformat(before["ends_on"])
    if before.get("decision") and listing.decision_id == decision.pk:
        listing.decision = Decision.objects.select_related("candidature").get(pk=before["decision"])
    if decision.kind == DecisionKind.RENEWAL:
        listing.renewed_on = None
        for renewal in Renewal.objects.filter(decision=decision, state=RenewalState.GRANTED).locked():
            workflow.fire(renewal, "lapse", actor=None, why=ANNULLED, at=at)
    listing.save(update_fields=["ends_on", "decision", "renewed_on"])
    tell_file(listing, "decision_fell", actor=None)
    if listing.state in STANDING_LISTINGS and has_ended(listing.ends_on, today=timezone.localdate(at)):
        expire(listing, at=at)


def decision_court_suspended(decision: Decision, *, actor: User | None, reason: str = "") -> None:
    """Follows decision.court_suspend: until the judgment, the decision has no effect (A-33)."""
    now = timezone.now()
    listing = _resting_on(decision)
    if listing is not None:
        _suspend_ground(listing, decision, at=now)
        _shown(listing, decision)
        return
    effect = DecisionEffect.objects.filter(decision=decision, undone_at__isnull=True).first()
    if effect is None or effect.applied_at is None:
        return
    listing = lock_again(effect.listing_id)
    if decision.kind == DecisionKind.SUSPENSION:
        _give_back(listing, decision, at=now)
    elif decision.kind == DecisionKind.WITHDRAWAL and _is_caused_by(listing, decision, ListingState.WITHDRAWN):
        if not has_ended(listing.ends_on, today=timezone.localdate(now)):
            workflow.fire(listing, "republish", actor=None, ends_on=listing.ends_on, at=now)
            tell_file(listing, "listing_reinstated", actor=None)
    elif decision.kind == DecisionKind.REINSTATEMENT and listing.state == ListingState.LISTED:
        _hide(listing, why=COURT, cause=decision, at=now)
    _shown(listing, decision)


def _suspend_ground(listing: Listing, decision: Decision, *, at: datetime) -> None:
    """The former decision comes back meanwhile, when there is one and its end is not past; else the service is hidden."""
    effect = DecisionEffect.objects.filter(decision=decision, undone_at__isnull=True).first()
    before = effect.before if effect else {}
    ends_on = before.get("ends_on")
    if ends_on and not has_ended(date.fromisoformat(ends_on), today=timezone.localdate(at)):
        tell_file(listing, "decision_held", actor=None)
    elif listing.state == ListingState.LISTED:
        _hide(listing, why=COURT, cause=decision, at=at)


def decision_court_resumed(decision: Decision, *, actor: User | None, reason: str = "") -> None:
    """Follows decision.court_resume: the decision has its effect again."""
    now = timezone.now()
    listing = _resting_on(decision)
    if listing is not None:
        _give_back(listing, decision, at=now)
        _shown(listing, decision)
        return
    effect = DecisionEffect.objects.filter(decision=decision, undone_at__isnull=True).first()
    if effect is None or effect.applied_at is None:
        return
    listing = lock_again(effect.listing_id)
    if decision.kind == DecisionKind.SUSPENSION and listing.state == ListingState.LISTED:
        _hide(listing, why=decision.reasons, cause=decision, at=now)
    elif decision.kind == DecisionKind.WITHDRAWAL and listing.state in STANDING_LISTINGS:
        withdraw(listing, why=decision.reasons, cause=decision, at=now)
    elif decision.kind == DecisionKind.REINSTATEMENT:
        _give_back(listing, decision, at=now)
    _shown(listing, decision)


def decision_abrogated(decision: Decision, *, actor: User | None, reason: str = "") -> None:
    """Follows decision.abrogate: for the future only, a listing that rests on it leaves the catalogue (A-36)."""
    listing = _resting_on(decision)
    if listing is not None and listing.state in STANDING_LISTINGS:
        withdraw(listing, why=ABROGATED, cause=decision, at=timezone.now())
        _shown(listing, decision)
