"""How long a member sits (arrêté of 24/02/2022, CRPA R.133-4; BR-159)."""

from __future__ import annotations

from datetime import date, timedelta

YEARS = 2


def last_day_of_term(started_on: date) -> date:
    """The eve of the second anniversary; a term begun on 29 February ends on 28 February."""
    try:
        anniversary = started_on.replace(year=started_on.year + YEARS)
    except ValueError:
        anniversary = date(started_on.year + YEARS, 3, 1)
    return anniversary - timedelta(days=1)
