"""The secret address of a calendar: signed, so that no table holds it, and undone by forgetting its row."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.db import transaction

from convergence.audit.services import record
from referencing.candidature.models import CalendarFeed

if TYPE_CHECKING:
    from convergence.accounts.models import User

_SIGNER = Signer(salt="candidature.calendar", sep="~")


@transaction.atomic
def open_feed(*, person: User) -> CalendarFeed:
    """A new address for the person’s deadlines; the former one, if any, stops working."""
    CalendarFeed.objects.filter(person=person).delete()
    feed = CalendarFeed.objects.create(person=person)
    record("calendarfeed.open", subject=feed, actor=person)
    return feed


@transaction.atomic
def close_feed(*, person: User) -> None:
    """No address leads to the person’s deadlines any more."""
    for feed in CalendarFeed.objects.select_for_update().filter(person=person):
        record("calendarfeed.close", subject=feed, actor=person)
        feed.delete()


def write_token(feed: CalendarFeed) -> str:
    return _SIGNER.sign(feed.pk.hex)


def find_feed(token: str) -> CalendarFeed | None:
    """The feed of an address that was not revoked, of somebody who is still active."""
    try:
        key = UUID(_SIGNER.unsign(token))
    except (BadSignature, ValueError):
        return None
    return CalendarFeed.objects.select_related("person").filter(pk=key, person__is_active=True).first()
