"""Clear days and terms, against counts made day by day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referencing.commission.core.notice import count_clear_days, has_enough_notice, last_day_to_receive
from referencing.commission.core.terms import last_day_of_term

DAYS = st.dates(min_value=date(2022, 1, 1), max_value=date(2060, 1, 1))


@pytest.mark.rule("BR-150", "A-27")
@pytest.mark.parametrize(("received", "enough"), [(date(2027, 1, 6), True), (date(2027, 1, 7), False)])
def test_neither_the_day_of_receipt_nor_that_of_the_session_counts(received, enough):
    assert has_enough_notice(received, date(2027, 1, 12)) is enough
    assert last_day_to_receive(date(2027, 1, 12)) == date(2027, 1, 6)


@given(received=DAYS, length=st.integers(min_value=-3, max_value=40))
def test_clear_days_are_the_days_in_between(received, length):
    held = received + timedelta(days=length)
    between = [n for n in range(1, max(length, 0)) if received < received + timedelta(days=n) < held]

    assert count_clear_days(received, held) == len(between)
    assert has_enough_notice(received, held) == (received <= last_day_to_receive(held))


@pytest.mark.rule("BR-159")
@given(started=DAYS)
def test_term_ends_on_the_eve_of_its_second_anniversary(started):
    last = last_day_of_term(started)
    following = last + timedelta(days=1)

    assert following.year == started.year + 2 or (started.month, started.day) == (1, 1)
    assert (following.month, following.day) in ((started.month, started.day), (3, 1))
    assert 729 <= (last - started).days <= 730


def test_term_begun_on_a_leap_day_ends_on_28_february():
    assert last_day_of_term(date(2028, 2, 29)) == date(2030, 2, 28)
    assert last_day_of_term(date(2026, 3, 1)) == date(2028, 2, 29)
