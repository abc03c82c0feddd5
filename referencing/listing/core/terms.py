"""How long a listing lasts (BR-170, BR-171, A-35). Days are those of Paris; a last day is still a listed day."""

from __future__ import annotations

from datetime import date


def one_year_after(day: date) -> date:
    """The last day of a listing published on `day` (BR-170): the same day of the next year."""
    return _years_after(day, 1)


def two_years_after(day: date) -> date:
    """The last day of a listing renewed for two years from `day` (BR-171)."""
    return _years_after(day, 2)


def is_listed_on(day: date, *, published_on: date, ends_on: date) -> bool:
    """From the day of its publication to its last day, both included; gone the day after (BR-172)."""
    return published_on <= day <= ends_on


def _years_after(day: date, years: int) -> date:
    """A 29 February becomes the 28th where the year has none."""
    year = day.year + years
    if (day.month, day.day) == (2, 29):
        return date(year, 2, 28)
    return day.replace(year=year)
