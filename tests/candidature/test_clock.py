"""Days of work, days of the law, and time that does not pass (A-17, A-19)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referencing.candidature.core.clock import (
    Clock,
    Days,
    Interval,
    add_business_days,
    business_days_between,
    day_of,
    holidays_of,
    is_business_day,
    is_soon,
)

PARIS = ZoneInfo("Europe/Paris")
DAY = timedelta(days=1)

dates = st.dates(date(2015, 1, 1), date(2045, 12, 31))
numbers = st.integers(0, 60)
instants = st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))
closed_stops = st.tuples(instants, st.timedeltas(timedelta(0), timedelta(days=40))).map(
    lambda pair: Interval(pair[0], pair[0] + pair[1])
)
open_stops = instants.map(Interval)
several_stops = st.lists(closed_stops, max_size=4).map(tuple)
units = st.sampled_from(Days)


@st.composite
def clocks(draw, *, stops=several_stops, allowed=numbers):
    started_on = draw(st.dates(date(2024, 1, 1), date(2026, 12, 31)))
    return Clock(started_on, draw(allowed), draw(stops), draw(units))


# Business days


def test_holidays_of_mainland_france():
    assert sorted(holidays_of(2026)) == [
        date(2026, 1, 1),
        date(2026, 4, 6),  # Easter Monday
        date(2026, 5, 1),
        date(2026, 5, 8),
        date(2026, 5, 14),  # Ascension
        date(2026, 5, 25),  # Whit Monday
        date(2026, 7, 14),
        date(2026, 8, 15),
        date(2026, 11, 1),
        date(2026, 11, 11),
        date(2026, 12, 25),
    ]


@pytest.mark.rule("A-17")
@pytest.mark.parametrize(
    ("start", "number", "expected"),
    [
        (date(2026, 11, 20), 1, date(2026, 11, 23)),  # a Friday
        (date(2026, 12, 24), 1, date(2026, 12, 28)),  # Christmas, then a weekend
        (date(2025, 12, 31), 1, date(2026, 1, 2)),  # New Year
        (date(2026, 4, 30), 5, date(2026, 5, 11)),  # 1 May and 8 May are Fridays
        (date(2026, 11, 21), 0, date(2026, 11, 23)),  # a Saturday
        (date(2026, 11, 20), 0, date(2026, 11, 20)),
    ],
)
def test_business_days_are_added(start, number, expected):
    assert add_business_days(start, number) == expected


def test_business_days_are_not_taken_away():
    with pytest.raises(ValueError, match="added"):
        add_business_days(date(2026, 11, 20), -1)


@given(dates, numbers)
def test_n_business_days_later_is_a_day_of_work(start, number):
    assert is_business_day(add_business_days(start, number))


@given(dates, st.integers(1, 60))
def test_counting_undoes_adding(start, number):
    assert business_days_between(start, add_business_days(start, number)) == number


@given(dates, numbers, numbers)
def test_adding_is_monotone(start, one, other):
    low, high = sorted((one, other))
    assert add_business_days(start, low) <= add_business_days(start, high)
    assert add_business_days(start, one) <= add_business_days(start + DAY, one)


@given(dates, st.integers(0, 90), st.integers(0, 90))
def test_counting_adds_up(start, first, second):
    middle, end = start + DAY * first, start + DAY * (first + second)

    whole = business_days_between(start, end)

    assert whole == business_days_between(start, middle) + business_days_between(middle, end)
    assert business_days_between(end, start) == -whole


# The clock


def at(year, month, day, hour=12, minute=0):
    return datetime(year, month, day, hour, minute, tzinfo=PARIS)


@pytest.mark.rule("A-17")
def test_the_day_it_starts_does_not_count():
    clock = Clock(date(2026, 11, 16), 5)  # a Monday

    assert clock.due_on == date(2026, 11, 23)
    assert [clock.days_left(at(2026, 11, day)) for day in (16, 17, 20, 23)] == [5, 4, 1, 0]
    assert not clock.is_late(at(2026, 11, 23, 23, 59))
    assert clock.is_late(at(2026, 11, 24, 0, 0))


@pytest.mark.rule("A-17")
def test_legal_clock_counts_weekends_and_holidays():
    clock = Clock(date(2026, 12, 20), 15, days=Days.CALENDAR)

    assert clock.due_on == date(2027, 1, 4)


@pytest.mark.rule("A-17")
def test_no_delay_was_set_and_none_is_invented():
    clock = Clock(date(2026, 11, 16), None)

    assert clock.due_on is None
    assert clock.days_left(at(2027, 11, 16)) is None
    assert not clock.is_late(at(2030, 1, 1))
    assert clock.days_used(at(2026, 11, 18)) == 2


@pytest.mark.rule("A-19")
def test_stopped_days_are_given_back():
    monday_to_thursday = Interval(at(2026, 11, 16, 15), at(2026, 11, 19, 9))
    clock = Clock(date(2026, 11, 13), 5, (monday_to_thursday,))  # from a Friday

    assert Clock(date(2026, 11, 13), 5).due_on == date(2026, 11, 20)
    assert clock.due_on == date(2026, 11, 25)
    assert clock.days_used(at(2026, 11, 18)) == 0
    assert clock.days_used(at(2026, 11, 19)) == 1


@pytest.mark.rule("A-19")
def test_an_answer_within_the_day_gives_nothing_back():
    clock = Clock(date(2026, 11, 13), 5, (Interval(at(2026, 11, 16, 9), at(2026, 11, 16, 18)),))

    assert clock.due_on == Clock(date(2026, 11, 13), 5).due_on


@pytest.mark.rule("A-19")
def test_while_it_stands_still_there_is_no_due_day():
    clock = Clock(date(2026, 11, 13), 5, (Interval(at(2026, 11, 17, 9)),))

    assert clock.due_on is None
    assert clock.days_left(at(2026, 12, 31)) == 4
    assert not clock.is_late(at(2026, 12, 31))
    assert clock.is_stopped(at(2026, 12, 31))
    assert not clock.is_stopped(at(2026, 11, 16))


@pytest.mark.rule("A-19")
def test_a_stop_that_comes_too_late_excuses_nothing():
    clock = Clock(date(2026, 11, 9), 2, (Interval(at(2026, 11, 17, 9)),))  # the 11th is a holiday

    assert clock.due_on == date(2026, 11, 12)
    assert clock.is_late(at(2026, 11, 18))


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (datetime(2026, 3, 28, 23, 30, tzinfo=UTC), date(2026, 3, 29)),  # the night that loses an hour
        (datetime(2026, 3, 29, 22, 30, tzinfo=UTC), date(2026, 3, 30)),
        (datetime(2026, 10, 24, 22, 30, tzinfo=UTC), date(2026, 10, 25)),  # the night that gains one
        (datetime(2026, 10, 25, 22, 30, tzinfo=UTC), date(2026, 10, 25)),
        (datetime(2026, 12, 31, 23, 0, tzinfo=UTC), date(2027, 1, 1)),
    ],
)
def test_days_are_those_of_paris(instant, expected):
    assert day_of(instant) == expected


def test_a_stop_over_the_change_of_hour_is_counted_in_days():
    sunday = Interval(at(2026, 3, 28, 23, 30), at(2026, 3, 30, 0, 30))
    clock = Clock(date(2026, 3, 27), 5, (sunday,), Days.CALENDAR)

    assert clock.due_on == date(2026, 4, 3)


def test_a_stop_does_not_end_before_it_starts():
    with pytest.raises(ValueError, match="after"):
        Interval(at(2026, 3, 2), at(2026, 3, 1))


@given(clocks(), closed_stops)
def test_stopping_never_shortens(clock, more):
    stopped = Clock(clock.started_on, clock.allowed_days, (*clock.stops, more), clock.days)

    assert stopped.due_on >= clock.due_on


@given(clocks(), closed_stops, instants)
def test_stopping_never_uses_up(clock, more, now):
    stopped = Clock(clock.started_on, clock.allowed_days, (*clock.stops, more), clock.days)

    assert stopped.days_used(now) <= clock.days_used(now)


@given(clocks(), instants, instants)
def test_time_only_goes_forward(clock, one, other):
    early, late = sorted((one, other))

    assert clock.days_used(early) <= clock.days_used(late)
    assert clock.is_late(late) or not clock.is_late(early)


@given(clocks(), instants)
def test_late_means_that_the_last_day_is_over(clock, now):
    assert clock.is_late(now) == (day_of(now) > clock.due_on)
    if not clock.is_late(now):
        assert clock.days_left(now) >= 0


@given(clocks(allowed=st.integers(1, 60)))
def test_the_due_day_is_one_that_counts(clock):
    assert clock.counts(clock.due_on)
    assert clock.days_left(datetime.combine(clock.due_on, datetime.min.time(), PARIS)) == 0


@given(clocks(), open_stops, instants)
def test_a_stop_that_goes_on_keeps_what_is_left(clock, standstill, now):
    stopped = Clock(clock.started_on, clock.allowed_days, (*clock.stops, standstill), clock.days)
    later = max(now, standstill.started_at) + 30 * DAY

    assert stopped.days_used(later) == stopped.days_used(max(now, standstill.started_at))
    assert stopped.due_on in (None, clock.due_on)


@given(dates, numbers, units)
def test_warned_up_to_the_last_day_and_not_after(due_on, days, unit):
    assert is_soon(due_on, today=due_on, days=days, unit=unit)
    assert not is_soon(due_on, today=due_on + DAY, days=days, unit=unit)


@pytest.mark.rule("A-17")
def test_warned_fifteen_calendar_days_before():
    due_on = date(2026, 12, 31)

    assert is_soon(due_on, today=date(2026, 12, 16), days=15, unit=Days.CALENDAR)
    assert not is_soon(due_on, today=date(2026, 12, 15), days=15, unit=Days.CALENDAR)
