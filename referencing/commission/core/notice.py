"""Five clear days between the receipt of a convocation and the session (CRPA R.133-3 and following; A-27, BR-150): days of Paris."""

from __future__ import annotations

from datetime import date, timedelta

#: Neither the day of the receipt nor that of the session counts.
CLEAR_DAYS = 5


def count_clear_days(received_on: date, held_on: date) -> int:
    """Whole days between the two; none when the session is on that day, the next one, or past."""
    return max(0, (held_on - received_on).days - 1)


def has_enough_notice(received_on: date, held_on: date) -> bool:
    return count_clear_days(received_on, held_on) >= CLEAR_DAYS


def last_day_to_receive(held_on: date) -> date:
    """The last day on which a convocation may be received without urgency."""
    return held_on - timedelta(days=CLEAR_DAYS + 1)
