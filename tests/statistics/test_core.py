"""Cells, durations and secrecy as plain arithmetic, against independent counts."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convergence.statistics.core import (
    FileFacts,
    ServiceFacts,
    add,
    count_cells,
    difference,
    hide_small,
    list_spans,
    measure_span,
    months_back,
)
from convergence.statistics.enums import Stage
from referencing.candidature.core.clock import Interval, business_days_between, day_of
from referencing.candidature.enums import CandidatureState as State

START = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday
instants = st.integers(0, 24 * 120).map(lambda hours: START + timedelta(hours=hours))


def at(day: int, hour: int = 9) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def test_a_stage_counts_business_days_and_leaves_stopped_ones_apart():
    # Monday 2 to Friday 13: nine business days after the first; stopped from Wednesday 4 to Monday 9
    span = measure_span(Stage.EVALUATION, at(2), at(13), (Interval(at(4), at(9)),))

    assert (span.business_days, span.stopped_days) == (6, 3)
    assert (span.started_on, span.ended_on) == (date(2026, 3, 2), date(2026, 3, 13))


def test_a_stop_that_is_answered_within_the_day_costs_nothing():
    assert measure_span(Stage.EVALUATION, at(2), at(6), (Interval(at(3), at(3, 17)),)).stopped_days == 0


@given(start=instants, end=instants, stops=st.lists(st.tuples(instants, instants), max_size=4))
def test_counted_and_stopped_days_make_the_whole(start, end, stops):
    start, end = sorted((start, end))
    intervals = tuple(Interval(*sorted(stop)) for stop in stops)

    span = measure_span(Stage.WHOLE, start, end, intervals)

    days = [day_of(start) + timedelta(days=n) for n in range(1, (day_of(end) - day_of(start)).days + 1)]
    held = [any(day_of(a) <= day < day_of(b) for a, b in map(sorted, stops)) for day in days]
    business = [business_days_between(day - timedelta(days=1), day) for day in days]
    assert span.stopped_days == sum(b for b, h in zip(business, held, strict=True) if h)
    assert span.business_days + span.stopped_days == sum(business)


@given(values=st.lists(st.integers(0, 40), max_size=9))
def test_no_small_figure_is_shown_nor_can_be_told_from_the_total(values):
    shown = hide_small(values)

    assert all(value is None or value == 0 or value >= 5 for value in shown)
    assert all(value is None or value == true for value, true in zip(shown, values, strict=True))
    assert shown.count(None) != 1 or len(values) == 1
    if all(value == 0 or value >= 5 for value in values):
        assert shown == values


def test_each_ended_stage_is_told_once():
    file = FileFacts(
        State.LISTED,
        applied_at=at(2),
        taken_at=at(3),
        admissible_at=at(4),
        concluded_at=at(10),
        given_at=at(17),
        decided_at=at(20),
        published_at=at(24),
    )

    spans = {span.stage: span.business_days for span in list_spans(file)}

    assert spans == {
        Stage.TAKE_CHARGE: 1,
        Stage.ADMISSIBILITY: 1,
        Stage.EVALUATION: 4,
        Stage.COMMISSION: 5,
        Stage.DECISION: 3,
        Stage.PUBLICATION: 2,
        Stage.WHOLE: 14,
    }


@pytest.mark.parametrize(
    ("state", "ended"),
    [
        (State.INADMISSIBLE, [Stage.TAKE_CHARGE, Stage.ADMISSIBILITY]),
        (State.ABANDONED, [Stage.TAKE_CHARGE]),
        (State.WITHDRAWN, [Stage.TAKE_CHARGE]),
        (State.ADMISSIBILITY, [Stage.TAKE_CHARGE]),
    ],
)
def test_a_stage_that_was_given_up_has_no_duration(state, ended):
    file = FileFacts(state, applied_at=at(2), taken_at=at(3), closed_at=at(5))

    assert [span.stage for span in list_spans(file)] == ended


def test_a_file_sent_back_loses_the_durations_that_no_longer_hold():
    reopened = FileFacts(State.EVALUATION, at(2), taken_at=at(3), admissible_at=at(4), given_at=at(6))

    assert [span.stage for span in list_spans(reopened)] == [Stage.TAKE_CHARGE, Stage.ADMISSIBILITY]


def test_an_opinion_older_than_the_conclusion_measures_nothing():
    again = FileFacts(State.READY_COMMISSION, at(2), at(3), at(4), concluded_at=at(20), given_at=at(10))

    assert Stage.COMMISSION not in [span.stage for span in list_spans(again)]


cells = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 5))


@given(before=cells, after=cells)
def test_adding_the_difference_gives_what_was_aimed_at(before, after):
    assert add(before, difference(before, after)) == after


def test_a_file_is_counted_in_the_month_of_paris():
    file = FileFacts(State.APPLIED, applied_at=datetime(2026, 3, 31, 22, 30, tzinfo=UTC))

    (cell,) = count_cells(ServiceFacts(files={START: file}))

    assert (cell.measure, cell.code, cell.month) == ("files", "applied", date(2026, 4, 1))


def test_months_go_back_over_the_new_year():
    assert months_back(date(2026, 2, 28), 4) == [
        date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1),
    ]  # fmt: skip
