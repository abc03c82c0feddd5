"""A line of a declaration as a value, and when a link that has ended stops counting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class InterestLine:
    """One link with one organisation, as its declarer states it; `name` when the platform does not know it."""

    name: str
    nature: str
    detail: str = ""
    since: date | None = None
    until: date | None = None
    organisation_id: UUID | None = None


def counts_from(on: date, *, years: int) -> date:
    """The earliest end of a link that still counts on `on`: `years` before, 28 February for a leap day."""
    try:
        return on.replace(year=on.year - years)
    except ValueError:
        return on.replace(year=on.year - years, day=28)
