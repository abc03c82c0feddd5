"""The end of a listing and what is said before it (L3, BR-172, A-34, A-35). Run by beat, made up for after an outage."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from convergence.audit import workflow
from referencing.listing import life_notices as notices
from referencing.listing.core.life import find_reminder, has_ended
from referencing.listing.enums import STANDING_LISTINGS, RenewalState
from referencing.listing.models import Listing, ListingReminder
from referencing.listing.services.rows import end_children, lock_again, tell_file

ENDED = "Le référencement a pris fin."


def expire_listings(*, at: datetime) -> int:
    """End every standing listing whose last day is past in Paris; returns how many. One transaction each."""
    today, count = timezone.localdate(at), 0
    past = Listing.objects.standing().filter(ends_on__lt=today).order_by("ends_on", "pk")
    for pk in past.values_list("pk", flat=True):
        with transaction.atomic():
            listing = lock_again(pk)
            if listing.state in STANDING_LISTINGS and has_ended(listing.ends_on, today=today):
                expire(listing, at=at)
                count += 1
    return count


def expire(listing: Listing, *, at: datetime) -> None:
    """The listing is locked, and stands past its end; it leaves the catalogue now (BR-172)."""
    workflow.fire(listing, "expire", actor=None, data={"ends_on": listing.ends_on.isoformat()}, at=at)
    end_children(listing, why=ENDED, at=at)
    tell_file(listing, "listing_expired", actor=None, until=listing.ends_on.isoformat())
    in_review = listing.renewals.filter(state=RenewalState.IN_REVIEW).exists()
    transaction.on_commit(partial(notices.listing_expired, listing, in_review=in_review))


def remind_ends(*, at: datetime) -> int:
    """Remind editors of the end that comes, once per term; nobody is told while the renewal is being decided (A-35)."""
    terms, today, told = settings.LISTING_LIFE["REMINDER_DAYS"], timezone.localdate(at), 0
    near = Listing.objects.standing().filter(ends_on__range=(today, today + timedelta(days=max(terms))))
    busy = near.exclude(renewals__state__in=[RenewalState.IN_REVIEW, RenewalState.TO_REPUBLISH])
    for pk in busy.order_by("ends_on", "pk").values_list("pk", flat=True):
        with transaction.atomic():
            told += _remind(lock_again(pk), at=at)
    return told


def _remind(listing: Listing, *, at: datetime) -> int:
    terms, today = settings.LISTING_LIFE["REMINDER_DAYS"], timezone.localdate(at)
    term = find_reminder(listing.ends_on, today=today, terms=terms)
    if term is None or listing.state not in STANDING_LISTINGS:
        return 0
    _, is_new = ListingReminder.objects.get_or_create(
        listing=listing, ends_on=listing.ends_on, days_before=term, defaults={"sent_at": at}
    )
    if not is_new:
        return 0
    transaction.on_commit(partial(notices.end_comes, listing))
    return 1
