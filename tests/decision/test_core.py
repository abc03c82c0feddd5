"""Time limits, kinds and tables as plain values."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referencing.decision.core.act import Signatory, number_of
from referencing.decision.core.delays import (
    AppealFacts,
    add_months,
    interrupts,
    last_court_day,
    last_remedy_day,
    presumed_on,
    silence_day,
)
from referencing.decision.core.kinds import allowed_kinds, possible_outcomes
from referencing.decision.core.scope import build_scope

days = st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 12, 31))
months = st.integers(min_value=0, max_value=240)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 1, 10), date(2026, 3, 10)),
        (date(2026, 12, 31), date(2027, 2, 28)),
        (date(2027, 12, 31), date(2028, 2, 29)),
        (date(2027, 12, 29), date(2028, 2, 29)),
        (date(2026, 7, 31), date(2026, 9, 30)),
        (date(2028, 2, 29), date(2028, 4, 29)),
    ],
)
@pytest.mark.rule("A-33")
def test_two_months_run_to_the_same_day_or_the_end_of_the_month(day, expected):
    assert add_months(day, 2) == expected


@given(days, months)
def test_months_keep_the_day_or_fall_on_the_last_one(day, count):
    later = add_months(day, count)

    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == count
    last = monthrange(later.year, later.month)[1]
    assert later.day == day.day or (later.day == last and last < day.day)


@given(days, days, months)
def test_months_keep_the_order_of_days(one, other, count):
    first, second = sorted((one, other))

    assert add_months(first, count) <= add_months(second, count)


@given(days)
@pytest.mark.rule("A-33", "BR-179")
def test_remedy_interrupts_to_the_last_day_and_not_after(notified_on):
    limit = last_remedy_day(notified_on, has_remedies=True)

    assert interrupts(limit, limit)
    assert not interrupts(limit + timedelta(days=1), limit)
    assert 59 <= (limit - notified_on).days <= 62


@given(days, days)
@pytest.mark.rule("A-33")
def test_no_limit_runs_when_remedies_were_not_told(notified_on, lodged_on):
    limit = last_remedy_day(notified_on, has_remedies=False)

    assert limit is None
    assert interrupts(lodged_on, limit)
    assert last_court_day(limit, [AppealFacts(lodged_on, lodged_on)]) is None


@pytest.mark.rule("A-33")
def test_court_limit_runs_again_when_every_interrupting_remedy_has_ended():
    limit = last_remedy_day(date(2026, 1, 10), has_remedies=True)
    ended = AppealFacts(date(2026, 2, 1), date(2026, 4, 1))
    open_one = AppealFacts(date(2026, 3, 1), None)
    late = AppealFacts(date(2026, 3, 11), date(2026, 8, 1))

    assert last_court_day(limit, []) == date(2026, 3, 10)
    assert last_court_day(limit, [ended]) == date(2026, 6, 1)
    assert last_court_day(limit, [ended, open_one]) is None
    assert last_court_day(limit, [late]) == date(2026, 3, 10)


@given(days)
def test_silence_is_two_months_and_presumption_fifteen_days(day):
    assert silence_day(day) == add_months(day, 2)
    assert (presumed_on(day) - day).days == 15


@pytest.mark.rule("BR-157", "A-01", "A-30")
@pytest.mark.parametrize(
    ("opinion", "has_open", "cycle", "kinds"),
    [
        ("favourable", False, "first", ("listing", "refusal")),
        ("with_reservations", False, "extension", ("listing", "refusal")),
        ("with_suspensive", False, "renewal", ("renewal", "refusal")),
        ("with_suspensive", True, "first", ("refusal",)),
        ("unfavourable", False, "first", ("refusal",)),
        ("unfavourable", True, "renewal", ("refusal",)),
        ("", False, "first", ()),
    ],
)
def test_opinion_says_which_acts_may_be_signed(opinion, has_open, cycle, kinds):
    assert allowed_kinds(opinion=opinion, has_open_suspensive=has_open, cycle=cycle) == kinds


@pytest.mark.rule("A-33")
def test_outcomes_of_a_remedy_follow_the_act():
    assert possible_outcomes("refusal") == ("rejected", "instruction", "commission", "reconsidered")
    assert possible_outcomes("suspension") == ("rejected", "cancelled")
    assert possible_outcomes("listing") == ("rejected",)


@pytest.mark.rule("A-31")
def test_scope_leaves_out_what_was_given_up():
    def row(api, direction):
        return {
            "api": api,
            "api_text": api.title(),
            "direction": direction,
            "direction_text": direction.title(),
            "purpose": "soins",
            "purpose_text": "Soins",
            "retention": "Un an.",
        }

    content = {"has_exchange": True, "exchange_scope": [row("mesures", "lecture"), row("documents", "ecriture")]}

    scope = build_scope(content, [{"given_up": ["mesures-lecture"]}, {}])

    assert [(each["api"], each["direction"], each["data"]) for each in scope] == [
        ("documents", "ecriture", "Documents de santé")
    ]
    assert scope[0]["retention"] == "Un an."
    assert build_scope({**content, "has_exchange": False}, []) == []


@pytest.mark.rule("A-32")
def test_delegation_covers_the_day_of_the_act():
    signatory = Signatory("Claude", "délégué", "", "Arrêté", date(2026, 1, 1), date(2026, 12, 31))

    def codes(who, day, **options):
        return [code for code, _, _ in who.explain(day, needs_delegation=options.get("needs_delegation", True))]

    assert codes(signatory, date(2026, 1, 1)) == codes(signatory, date(2026, 12, 31)) == []
    assert codes(signatory, date(2027, 1, 1)) == ["outside_delegation"]
    assert codes(Signatory("", ""), date(2026, 1, 1)) == ["signatory_name", "signatory_quality", "delegation"]
    assert codes(Signatory("Le ministre", "ministre"), date(2026, 1, 1), needs_delegation=False) == []
    assert codes(Signatory("C", "d", "", "Arrêté"), date(2026, 1, 1)) == ["delegation_dates"]


def test_number_counts_by_year():
    assert number_of(2026, 12) == "D-2026-00012"
