"""Renewal, once, and new exchanges: each is a new cycle of the same enrolment (L1, L2, OQ-12, A-31, A-35, BR-171)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from convergence.audit import workflow
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import format_date
from referencing.candidature.models import Candidature
from referencing.candidature.services import standing
from referencing.decision.enums import DecisionKind
from referencing.decision.models import Decision
from referencing.enrolment.enums import Cycle
from referencing.listing import life_notices as notices
from referencing.listing import rules
from referencing.listing.core.life import has_ended, may_renew_from, renewed_end
from referencing.listing.enums import OPEN_RENEWALS, ListingState, RenewalState
from referencing.listing.models import DecisionEffect, Listing, Renewal
from referencing.listing.services.catalogue import rebuild_entry
from referencing.listing.services.expiry import expire
from referencing.listing.services.rows import (
    begin_cycle,
    end_children,
    has_open_candidature,
    lock_again,
    lock_listing,
    tell_file,
)

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User

ENDED_BEFORE = "Le référencement a pris fin avant que la candidature de renouvellement aboutisse."


# Opening and starting


def open_renewals(*, at: datetime) -> int:
    """Open the renewal of every listing that enters its last 120 days and was never renewed. Returns how many."""
    horizon = timezone.localdate(at) + timedelta(days=settings.LISTING_LIFE["RENEWAL_DAYS"])
    due = (
        Listing.objects.standing()
        .filter(ends_on__range=(timezone.localdate(at), horizon), renewed_on__isnull=True, renewals__isnull=True)
        .order_by("ends_on", "pk")
    )
    count = 0
    for pk in due.values_list("pk", flat=True):
        with transaction.atomic():
            listing = lock_again(pk)
            if not find_opening_blockers(listing, today=timezone.localdate(at)) and not listing.renewals.exists():
                _open(listing, actor=None, at=at)
                count += 1
    return count


def _open(listing: Listing, *, actor: User | None, at: datetime) -> Renewal:
    renewal: Renewal = Renewal.objects.create(listing=listing, opened_at=at)
    record("renewal.open", subject=renewal, actor=actor, data={"listing": str(listing.pk)})
    return renewal


def find_opening_blockers(listing: Listing, *, today: date) -> list[Blocker]:
    """Why this listing may not be renewed today; all reasons at once."""
    blockers = []
    if listing.state not in (ListingState.LISTED, ListingState.SUSPENDED):
        blockers.append(Blocker("not_listed", "Ce service n’est plus référencé : candidatez de nouveau."))
    if listing.renewed_on is not None:
        blockers.append(
            Blocker(
                "renewed_once",
                "Ce référencement a déjà été renouvelé : pour rester au catalogue, déposez une nouvelle candidature complète.",
            )
        )
    first_day = may_renew_from(listing.ends_on, days=settings.LISTING_LIFE["RENEWAL_DAYS"])
    if today < first_day:
        blockers.append(Blocker("too_early", f"Le renouvellement s’ouvre le {format_date(first_day)}."))
    return blockers


def find_cycle_blockers(listing: Listing) -> list[Blocker]:
    """A cycle at a time: its questionnaires and its candidature are those of the enrolment."""
    if has_open_candidature(listing):
        return [
            Blocker(
                "open_candidature",
                "Une candidature est en cours pour ce service : attendez sa décision, ou retirez-la.",
                reverse("candidature:dossier_list", args=[listing.enrolment_id]),
            )
        ]
    return []


@transaction.atomic
def start_renewal(*, listing_id: UUID, actor: User, at: datetime | None = None) -> Renewal:
    """« Commencer le renouvellement »: questionnaires are asked for again, with their answers (OQ-12).

    Raises PermissionDenied, TransitionRefused with every reason, Listing.DoesNotExist.
    """
    now = at or timezone.now()
    listing = lock_listing(listing_id, actor)
    if not rules.can_commit(actor, listing):
        raise PermissionDenied("start_renewal")
    renewal = Renewal.objects.open().filter(listing=listing).locked().first()
    blockers = [*find_opening_blockers(listing, today=timezone.localdate(now)), *find_cycle_blockers(listing)]
    if renewal is not None and renewal.state != RenewalState.OPEN:
        blockers.append(Blocker("already_started", "Le renouvellement est déjà commencé."))
    if blockers:
        raise TransitionRefused(blockers)
    renewal = renewal or _open(listing, actor=actor, at=now)
    renewal.listing = listing
    workflow.fire(renewal, "start", actor=actor, by=actor, at=now)
    begin_cycle(listing, Cycle.RENEWAL, actor=actor, at=now)
    tell_file(listing, "renewal_started", actor=actor)
    return renewal


@transaction.atomic
def start_extension(*, listing_id: UUID, actor: User, at: datetime | None = None) -> Listing:
    """A new exchange, interface, direction or purpose: a new candidature, while the old scope stands (A-31)."""
    now = at or timezone.now()
    listing = lock_listing(listing_id, actor)
    if not rules.can_commit(actor, listing):
        raise PermissionDenied("start_extension")
    if blockers := find_extension_blockers(listing):
        raise TransitionRefused(blockers)
    begin_cycle(listing, Cycle.EXTENSION, actor=actor, at=now)
    tell_file(listing, "extension_started", actor=actor)
    return listing


def find_extension_blockers(listing: Listing) -> list[Blocker]:
    blockers = find_cycle_blockers(listing)
    if listing.state != ListingState.LISTED:
        blockers.append(Blocker("not_listed", "Seul un service référencé demande un nouveau périmètre."))
    if listing.renewals.filter(state__in=OPEN_RENEWALS).exclude(state=RenewalState.OPEN).exists():
        blockers.append(
            Blocker("renewal_running", "Un renouvellement est commencé : ajoutez-y le nouveau périmètre d’échange.")
        )
    return blockers


@transaction.atomic
def start_again(*, listing_id: UUID, actor: User, at: datetime | None = None) -> Listing:
    """After its one renewal, a full new application while the service still stands (OQ-13, BR-171)."""
    now = at or timezone.now()
    listing = lock_listing(listing_id, actor)
    if not rules.can_commit(actor, listing):
        raise PermissionDenied("start_again")
    if blockers := find_again_blockers(listing, today=timezone.localdate(now)):
        raise TransitionRefused(blockers)
    begin_cycle(listing, Cycle.FIRST, actor=actor, at=now)
    tell_file(listing, "application_started", actor=actor)
    return listing


def find_again_blockers(listing: Listing, *, today: date) -> list[Blocker]:
    blockers = find_cycle_blockers(listing)
    if listing.renewed_on is None:
        blockers.append(Blocker("not_renewed", "Ce référencement peut encore être renouvelé."))
    if listing.state != ListingState.LISTED:
        blockers.append(Blocker("not_listed", "Ce service n’est pas référencé."))
    first_day = may_renew_from(listing.ends_on, days=settings.LISTING_LIFE["RENEWAL_DAYS"])
    if today < first_day:
        blockers.append(Blocker("too_early", f"La nouvelle candidature s’ouvre le {format_date(first_day)}."))
    return blockers


# Following the file


def _renewal_of(candidature: Candidature, *states: RenewalState) -> Renewal | None:
    """Listing first, then its renewal."""
    rows = Renewal.objects.filter(candidature=candidature, state__in=states)
    listing_id = rows.values_list("listing", flat=True).first()
    if listing_id is None:
        return None
    listing = lock_again(listing_id)
    renewal: Renewal | None = rows.locked().first()
    if renewal is not None:
        renewal.listing = listing
    return renewal


def candidature_applied(candidature: Candidature, *, actor: User | None, reason: str = "") -> None:
    """Follows candidature.apply: the renewal is now being examined."""
    if candidature.cycle != Cycle.RENEWAL:
        return
    started = Renewal.objects.filter(listing__enrolment=candidature.enrolment_id, state=RenewalState.STARTED).locked()
    renewal = started.first()
    if renewal is not None:
        workflow.fire(renewal, "review", actor=None, candidature=candidature)


def candidature_ended(candidature: Candidature, *, actor: User | None, reason: str = "") -> None:
    """Follows what ends a file without a decision: the editor may apply again, if its listing still stands."""
    renewal = _renewal_of(candidature, RenewalState.IN_REVIEW)
    if renewal is None:
        return
    now = timezone.now()
    workflow.fire(renewal, "step_back", actor=None)
    if renewal.listing.state not in (ListingState.LISTED, ListingState.SUSPENDED):
        end_children(renewal.listing, why=ENDED_BEFORE, at=now)


def candidature_taken_up(candidature: Candidature, *, actor: User | None, reason: str = "") -> None:
    """Follows what sends a decided file back (remedy, court): its renewal is being examined again (A-33)."""
    renewal = _renewal_of(candidature, RenewalState.REFUSED, RenewalState.LAPSED)
    if renewal is None:
        return
    for other in Renewal.objects.open().filter(listing=renewal.listing_id).locked():
        why = "L’examen du renouvellement précédent reprend."
        workflow.fire(other, "lapse", actor=None, reason=why, why=why, at=timezone.now())
    workflow.fire(renewal, "take_up", actor=None)


def candidature_refused(candidature: Candidature, *, actor: User | None, reason: str = "") -> None:
    """Follows candidature.refuse: the service stays listed until its end, which nothing moves any more."""
    renewal = _renewal_of(candidature, RenewalState.IN_REVIEW)
    if renewal is None:
        return
    now = timezone.now()
    decision = _decision_of(candidature, DecisionKind.REFUSAL)
    if decision is None:
        raise TransitionRefused([Blocker("no_decision", "La décision de refus n’est pas signée.")])
    workflow.fire(renewal, "refuse", actor=None, decision=decision, at=now)
    if renewal.listing.state == ListingState.EXPIRED:
        end_children(renewal.listing, why="Le renouvellement est refusé.", at=now)


def candidature_approved(candidature: Candidature, *, actor: User | None, reason: str = "") -> None:
    """Follows candidature.approve: decided before the end, two years are added at once; after it, the listing team
    publishes again (L2, A-35). Refused while the service is suspended."""
    renewal = _renewal_of(candidature, RenewalState.IN_REVIEW)
    if renewal is None:
        return
    now = timezone.now()
    decision = _decision_of(candidature, DecisionKind.RENEWAL)
    if decision is None or decision.signed_on is None:
        raise TransitionRefused([Blocker("no_decision", "La décision de renouvellement n’est pas signée.")])
    listing = renewal.listing
    if blockers := find_granting_blockers(listing):
        raise TransitionRefused(blockers)
    if listing.state == ListingState.LISTED and has_ended(listing.ends_on, today=timezone.localdate(now)):
        expire(listing, at=now)
    if decision.signed_on > listing.ends_on:
        workflow.fire(renewal, "await_republication", actor=None, decision=decision)
        return
    before = {"ends_on": listing.ends_on.isoformat(), "decision": str(listing.decision_id)}
    ends_on = renewed_end(listing.ends_on, decided_on=decision.signed_on)
    if listing.state == ListingState.EXPIRED:  # the act was signed in time, and recorded after the end
        workflow.fire(listing, "republish", actor=None, ends_on=ends_on, at=now)
    _grant(renewal, decision, ends_on=ends_on, before=before, at=now)
    workflow.fire(candidature, "publish", actor=None, at=now)
    standing.refresh(candidature)


def find_granting_blockers(listing: Listing) -> list[Blocker]:
    """A suspended service is reinstated first; a withdrawn one applies anew (A-35)."""
    if listing.state == ListingState.SUSPENDED or (
        listing.state == ListingState.EXPIRED and listing.suspended_at is not None
    ):
        return [
            Blocker("suspended", "Ce service est suspendu : son renouvellement se décide après son rétablissement.")
        ]
    if listing.state not in (ListingState.LISTED, ListingState.EXPIRED):
        return [Blocker("withdrawn", "Ce service est retiré du catalogue : il n’a plus de référencement à renouveler.")]
    return []


def _grant(renewal: Renewal, decision: Decision, *, ends_on: date, before: dict[str, str], at: datetime) -> None:
    listing = renewal.listing
    listing.ends_on, listing.renewed_on, listing.decision = ends_on, timezone.localdate(at), decision
    listing.save(update_fields=["ends_on", "renewed_on", "decision"])
    workflow.fire(renewal, "grant", actor=None, decision=decision, at=at)
    DecisionEffect.objects.create(
        decision=decision, listing=listing, effective_on=timezone.localdate(at), applied_at=at, before=before
    )
    record("listing.renew", subject=listing, actor=None, data={**before, "until": ends_on.isoformat()})
    tell_file(listing, "listing_renewed", actor=None, until=ends_on.isoformat())
    rebuild_entry(listing)
    transaction.on_commit(partial(notices.listing_renewed, listing))


def candidature_published(candidature: Candidature, *, actor: User | None, reason: str = "") -> None:
    """Follows candidature.publish, before the listing is looked for: a late renewal comes back under its own listing; a new
    scope remembers the decision that it replaces; a full new application takes the place of the former listing."""
    now = timezone.now()
    renewal = _renewal_of(candidature, RenewalState.TO_REPUBLISH)
    if renewal is not None and renewal.decision is not None:
        listing = renewal.listing
        if blockers := find_granting_blockers(listing):
            raise TransitionRefused(blockers)
        before = {"ends_on": listing.ends_on.isoformat(), "decision": str(listing.decision_id)}
        ends_on = renewed_end(
            listing.ends_on,
            decided_on=renewal.decision.signed_on or timezone.localdate(now),
            republished_on=timezone.localdate(now),
        )
        workflow.fire(listing, "republish", actor=None, ends_on=ends_on, at=now)
        _grant(renewal, renewal.decision, ends_on=ends_on, before=before, at=now)
        return
    former = Listing.objects.standing().filter(enrolment=candidature.enrolment_id).values_list("pk", flat=True).first()
    if former is None or candidature.cycle == Cycle.RENEWAL:
        return
    listing = lock_again(former)
    if listing.state == ListingState.SUSPENDED:
        raise TransitionRefused(
            [Blocker("suspended", "Ce service est suspendu : il se publie de nouveau après son rétablissement.")]
        )
    if candidature.cycle == Cycle.EXTENSION:
        decision = _decision_of(candidature, DecisionKind.LISTING)
        if decision is not None:
            DecisionEffect.objects.create(
                decision=decision,
                listing=listing,
                effective_on=timezone.localdate(now),
                applied_at=now,
                before={"ends_on": listing.ends_on.isoformat(), "decision": str(listing.decision_id)},
            )
        tell_file(listing, "scope_extended", actor=actor)
    elif candidature.pk != listing.decision.candidature_id:
        workflow.fire(listing, "expire", actor=None, reason="Remplacé par un nouveau référencement.", at=now)


def _decision_of(candidature: Candidature, kind: DecisionKind) -> Decision | None:
    rows = Decision.objects.filter(candidature=candidature, kind=kind).in_force()
    decision: Decision | None = rows.order_by("-signed_at").first()
    return decision
