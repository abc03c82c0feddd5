"""The two clocks of a file, never mixed (A-17): internal in business days, legal in calendar days. Both may stop.

Everything is counted in days of Paris. The day on which a clock starts does not count; a later day counts when the clock
runs at its end: a file that waits for its editor from Monday to Thursday has lost Monday, Tuesday and Wednesday, and one
whose editor answers within the day has lost nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from functools import lru_cache
from itertools import count
from zoneinfo import ZoneInfo

from holidays.countries.france import France

PARIS = ZoneInfo("Europe/Paris")
_DAY = timedelta(days=1)
_SATURDAY = 5


@lru_cache(maxsize=64)
def holidays_of(year: int) -> frozenset[date]:
    """Public holidays of mainland France in that year (L.3133-1 of the code du travail)."""
    return frozenset(France(years=year, expand=False))


def day_of(at: datetime) -> date:
    """The day in Paris of an aware instant."""
    return at.astimezone(PARIS).date()


def is_business_day(day: date) -> bool:
    """Monday to Friday, public holidays apart."""
    return day.weekday() < _SATURDAY and day not in holidays_of(day.year)


def days_after(start: date) -> Iterator[date]:
    """The day after `start`, and every later one."""
    return (start + _DAY * number for number in count(1))


def add_business_days(start: date, number: int) -> date:
    """The `number`-th business day after `start`, which does not count itself; with 0, `start` or the next one."""
    if number < 0:
        raise ValueError("business days are added, not taken away")
    if number == 0:
        return start if is_business_day(start) else add_business_days(start, 1)
    business = (day for day in days_after(start) if is_business_day(day))
    return next(day for rank, day in enumerate(business, start=1) if rank == number)


def business_days_between(start: date, end: date) -> int:
    """How many business days come after `start`, up to `end` included; negative when `end` comes first."""
    if end < start:
        return -business_days_between(end, start)
    return sum(is_business_day(start + _DAY * number) for number in range(1, (end - start).days + 1))


@dataclass(frozen=True, slots=True)
class Interval:
    """While a clock stood still; `ended_at` is None as long as it does. Both instants are aware."""

    started_at: datetime
    ended_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.ended_at is not None and self.ended_at < self.started_at:
            raise ValueError("a stop ends after it starts")

    def holds_at_the_end_of(self, day: date) -> bool:
        return day_of(self.started_at) <= day and (self.ended_at is None or day < day_of(self.ended_at))


class Days(Enum):
    """Which days a clock counts."""

    BUSINESS = "business"
    CALENDAR = "calendar"


@dataclass(frozen=True, slots=True)
class Clock:
    """How much of a delay is used. `allowed_days` is None when nobody set one: time passes, nothing is ever late."""

    started_on: date
    allowed_days: int | None
    stops: tuple[Interval, ...] = ()
    days: Days = Days.BUSINESS

    def counts(self, day: date) -> bool:
        """The day uses up one day of the delay."""
        if day <= self.started_on or any(stop.holds_at_the_end_of(day) for stop in self.stops):
            return False
        return self.days is Days.CALENDAR or is_business_day(day)

    @property
    def due_on(self) -> date | None:
        """The last day of the delay; None without delay, or while it stands still with days left."""
        if self.allowed_days is None:
            return None
        standstill = self._stands_still_from()
        day, used = self.started_on, 0
        while used < self.allowed_days:
            if standstill is not None and day >= standstill:
                return None
            day += _DAY
            used += self.counts(day)
        return day

    def days_used(self, at: datetime) -> int:
        """Counted days up to that instant, its own day included."""
        today = day_of(at)
        return sum(
            self.counts(self.started_on + _DAY * number) for number in range(1, (today - self.started_on).days + 1)
        )

    def days_left(self, at: datetime) -> int | None:
        """Days of the delay that are left; 0 on the last day, negative afterwards."""
        return None if self.allowed_days is None else self.allowed_days - self.days_used(at)

    def is_late(self, at: datetime) -> bool:
        """The last day is over."""
        due = self.due_on
        return due is not None and day_of(at) > due

    def is_stopped(self, at: datetime) -> bool:
        return any(stop.started_at <= at and (stop.ended_at is None or at < stop.ended_at) for stop in self.stops)

    def _stands_still_from(self) -> date | None:
        """The first day of a stop that goes on, when there is one."""
        open_since = [day_of(stop.started_at) for stop in self.stops if stop.ended_at is None]
        return min(open_since, default=None)


def is_soon(due_on: date, *, today: date, days: int, unit: Days) -> bool:
    """`due_on` is not past and at most `days` away: time to warn those who can still keep it."""
    if due_on < today:
        return False
    distance = business_days_between(today, due_on) if unit is Days.BUSINESS else (due_on - today).days
    return distance <= days
