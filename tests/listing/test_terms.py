"""One year, two years, and the 29th of February."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referencing.listing.core.terms import is_listed_on, one_year_after, two_years_after

days = st.dates(min_value=date(2000, 1, 1), max_value=date(2400, 12, 31))


@pytest.mark.rule("BR-170")
@pytest.mark.parametrize(
    ("published", "end"),
    [
        (date(2026, 11, 30), date(2027, 11, 30)),
        (date(2028, 2, 29), date(2029, 2, 28)),
        (date(2027, 2, 28), date(2028, 2, 28)),
        (date(2027, 3, 1), date(2028, 3, 1)),
        (date(2027, 12, 31), date(2028, 12, 31)),
    ],
)
def test_a_listing_lasts_one_year(published: date, end: date) -> None:
    assert one_year_after(published) == end


@pytest.mark.rule("BR-171", "A-35")
@pytest.mark.parametrize(
    ("old_end", "end"),
    [
        (date(2027, 11, 30), date(2029, 11, 30)),
        (date(2028, 2, 29), date(2030, 2, 28)),
        (date(2026, 2, 28), date(2028, 2, 28)),
    ],
)
def test_a_renewal_lasts_two_years(old_end: date, end: date) -> None:
    assert two_years_after(old_end) == end


@given(days, st.sampled_from([(one_year_after, 1), (two_years_after, 2)]))
def test_the_term_is_the_same_day_of_a_later_year(day: date, term: tuple) -> None:
    after, years = term
    end = after(day)

    assert (end.year, end.month) == (day.year + years, day.month)
    assert end.day == day.day or ((day.month, day.day) == (2, 29) and end.day == 28)
    # whole years, plus the leap day when they hold one
    assert (end - day).days in (365 * years, 365 * years + 1)


@given(days, days)
def test_later_publications_never_end_earlier(first: date, second: date) -> None:
    if first <= second:
        assert one_year_after(first) <= one_year_after(second)
        assert two_years_after(first) <= two_years_after(second)


@pytest.mark.rule("BR-172")
@given(days)
def test_the_last_day_is_listed_and_the_day_after_is_not(day: date) -> None:
    end = one_year_after(day)

    assert is_listed_on(day, published_on=day, ends_on=end)
    assert is_listed_on(end, published_on=day, ends_on=end)
    assert not is_listed_on(end + timedelta(days=1), published_on=day, ends_on=end)
    assert not is_listed_on(day - timedelta(days=1), published_on=day, ends_on=end)
