"""French dates, delays, numbers and spaces."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from convergence.ui import typography as fr
from convergence.ui.typography import NARROW_NBSP as NARROW
from convergence.ui.typography import NBSP

NOW = datetime(2024, 7, 8, 16, 27, tzinfo=UTC)


def plain(text: str) -> str:
    return text.replace(NBSP, " ").replace(NARROW, " ")


def test_dates_are_spelled():
    assert plain(fr.format_date(date(2024, 7, 8))) == "8 juillet 2024"
    assert plain(fr.format_date(date(2019, 8, 1))) == "1er août 2019"


def test_datetimes_are_shown_in_paris():
    assert plain(fr.format_datetime(NOW)) == "8 juillet 2024 à 18 h 27"
    assert plain(fr.format_date(datetime(2024, 12, 31, 23, 30, tzinfo=UTC))) == "1er janvier 2025"
    assert plain(fr.format_time(datetime(2024, 7, 8, 7, 5, tzinfo=UTC))) == "9 h 05"


@pytest.mark.parametrize(
    ("delay", "words"),
    [
        (timedelta(seconds=10), "à l’instant"),
        (timedelta(minutes=1), "il y a 1 minute"),
        (timedelta(minutes=59), "il y a 59 minutes"),
        (timedelta(hours=1), "il y a 1 heure"),
        (timedelta(days=1), "il y a 1 jour"),
        (timedelta(days=3), "il y a 3 jours"),
        (timedelta(days=45), "il y a 1 mois"),
        (timedelta(days=364), "il y a 12 mois"),
        (timedelta(days=800), "il y a 2 ans"),
        (-timedelta(hours=2), "dans 2 heures"),
    ],
)
def test_delays_are_told_in_words(delay, words):
    assert plain(fr.format_ago(NOW - delay, now=NOW)) == words


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (1234.5, None, f"1{NARROW}234,5"),
        (Decimal("1234567.891"), 2, f"1{NARROW}234{NARROW}567,89"),
        (-3, None, "−3"),
        (0.125, 2, "0,13"),
        (12, 1, "12,0"),
        (Decimal("1E+3"), None, f"1{NARROW}000"),
    ],
)
def test_numbers_have_a_comma_and_narrow_spaces(value, decimals, text):
    assert fr.format_number(value, decimals) == text


def test_percentages_are_taken_as_they_are():
    assert fr.format_percent(31) == f"31{NBSP}%"
    assert fr.format_percent(66.66, 1) == f"66,7{NBSP}%"


def test_spaces_before_punctuation_stop_breaking_and_codes_stay_intact():
    assert fr.join_no_break("Questions : « oui » ; non ?") == (
        f"Questions{NBSP}: «{NBSP}oui{NBSP}»{NARROW}; non{NARROW}?"
    )
    assert fr.join_no_break("https://exemple.fr à 14:32") == "https://exemple.fr à 14:32"
