"""Days and rules of the life of a listing: plain dates in, plain values out (domain.md §3.4)."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Collection, Iterable
from datetime import date, timedelta

from referencing.listing.core.terms import two_years_after


def months_after(day: date, months: int) -> date:
    """The same day of a later month, or its last day: a month after 31 January is 28 or 29 February."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def has_ended(ends_on: date, *, today: date) -> bool:
    """The last day is still a listed day (BR-172)."""
    return today > ends_on


def find_reminder(ends_on: date, *, today: date, terms: Iterable[int]) -> int | None:
    """The term that today falls in: the nearest reached one, so that skipped ones are not made up for (A-35)."""
    if has_ended(ends_on, today=today):
        return None
    return min((term for term in terms if ends_on <= today + timedelta(days=term)), default=None)


def may_renew_from(ends_on: date, *, days: int) -> date:
    """The first day of a renewal (L1)."""
    return ends_on - timedelta(days=days)


def renewed_end(ends_on: date, *, decided_on: date, republished_on: date | None = None) -> date:
    """Decided before the end: old end + 2 years; after it: 2 years from the republication (BR-171, A-35).

    Raises ValueError for a late decision without a day of republication.
    """
    if decided_on <= ends_on:
        return two_years_after(ends_on)
    if republished_on is None:
        raise ValueError("decided after the end: the new end runs from the republication")
    return two_years_after(republished_on)


def major_of(version: str) -> str:
    """X of X.Y.Z, « v » aside; the whole text when it does not begin with a number."""
    found = re.match(r"\s*[vV]?\s*(\d+)", version)
    return str(int(found[1])) if found else version.strip().lower()


def is_major(previous: str, version: str, changes: Collection[str]) -> bool:
    """X changes, or the editor declares a change of purpose, hosting, authentication or data exchange (OQ-14)."""
    return bool(changes) or major_of(previous) != major_of(version)
