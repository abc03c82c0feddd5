"""Time limits of remedies, counted from date to date (A-33).

Months run to the same day of the month, or to its last day when there is none. Saturdays, Sundays and holidays are not
counted apart: whether a limit that ends on one of them runs to the next working day is for the judge to say, and the
platform never turns a remedy away as late; it only says which day is sure.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

REMEDY_MONTHS = 2
SILENCE_MONTHS = 2
PRESUMPTION = timedelta(days=15)


def add_months(day: date, months: int) -> date:
    """The same day of the month `months` later, or the last of that month: 31 December + 2 → 28 or 29 February."""
    rank = day.year * 12 + day.month - 1 + months
    year, month = divmod(rank, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def presumed_on(sent_on: date) -> date:
    """The day on which a registered letter without receipt counts as notified (A-32)."""
    return sent_on + PRESUMPTION


def last_remedy_day(notified_on: date | None, *, has_remedies: bool) -> date | None:
    """Last day to go to court, or to interrupt that limit by a remedy; None while no limit runs (R.421-5)."""
    return add_months(notified_on, REMEDY_MONTHS) if notified_on and has_remedies else None


def interrupts(lodged_on: date, limit: date | None) -> bool:
    """Whether a remedy lodged that day interrupts the limit to go to court (L.411-2)."""
    return limit is None or lodged_on <= limit


def silence_day(lodged_on: date) -> date:
    """The day on which silence amounts to rejection."""
    return add_months(lodged_on, SILENCE_MONTHS)


@dataclass(frozen=True, slots=True)
class AppealFacts:
    """One remedy before the administration: when it came, when it was answered or silently rejected."""

    lodged_on: date
    ended_on: date | None


def last_court_day(limit: date | None, appeals: Sequence[AppealFacts]) -> date | None:
    """Last day to go to court once remedies were lodged; None while no limit runs.

    Those lodged within the first limit interrupt it; two whole months run again when all of them have ended (L.411-2).
    """
    if limit is None:
        return None
    counting = [each for each in appeals if interrupts(each.lodged_on, limit)]
    ends = [each.ended_on for each in counting if each.ended_on]
    if len(ends) < len(counting):
        return None
    return add_months(max(ends), REMEDY_MONTHS) if ends else limit
