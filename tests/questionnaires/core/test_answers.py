"""The table of types: what an answer may be, and every refusal at once."""

from datetime import date
from decimal import Decimal

import pytest

from questionnaires.core import load_answers, parse_answers

from . import builders as b

GRID = b.load(
    b.grid(
        b.boolean("B"),
        {"code": "S", "label": "S", "type": "single_choice", "choices": b.CHOICES},
        b.multiple("M"),
        *({"code": kind, "label": kind, "type": kind} for kind in ("number", "date", "text", "url", "email", "secret")),
    )
)


@pytest.mark.parametrize(
    ("code", "value", "typed"),
    [
        ("B", "oui", "oui"),
        ("S", "agenda", "agenda"),
        ("M", ["documents", "mesures"], ("mesures", "documents")),
        ("M", ["aucune"], ("aucune",)),
        ("number", 3, Decimal(3)),
        ("number", 0.1, Decimal("0.1")),
        ("date", "2024-02-29", date(2024, 2, 29)),
        ("text", " un texte ", " un texte "),
        ("secret", "x", "x"),
    ],
)
def test_answers_get_the_type_of_their_question(code, value, typed):
    parsed = parse_answers(GRID, {code: value})
    assert parsed.errors == ()
    assert parsed.answers == {code: typed}


@pytest.mark.parametrize("code", list(GRID.questions))
@pytest.mark.parametrize("value", [None, "", " \t", []])
def test_blank_is_not_answered_whatever_the_type(code, value):
    assert parse_answers(GRID, {code: value}) == parse_answers(GRID, {})


@pytest.mark.parametrize(
    ("code", "value", "error"),
    [
        ("B", True, "wrong_type"),
        ("B", "Oui", "unknown_choice"),
        ("B", ["oui"], "wrong_type"),
        ("S", "autre", "unknown_choice"),
        ("S", 1, "wrong_type"),
        ("M", "mesures", "wrong_type"),
        ("M", ["mesures", 1], "wrong_type"),
        ("M", ["autre"], "unknown_choice"),
        ("M", ["aucune", "mesures"], "exclusive_choice"),
        ("number", "3", "wrong_type"),
        ("number", True, "wrong_type"),
        ("number", float("nan"), "wrong_type"),
        ("number", Decimal("Infinity"), "wrong_type"),
        ("date", "2024-02-30", "wrong_type"),
        ("date", "20240229", "wrong_type"),
        ("date", 2024, "wrong_type"),
        ("text", 1, "wrong_type"),
        ("url", {}, "wrong_type"),
        ("Q99", "oui", "unknown_question"),
    ],
)
def test_answers_that_do_not_fit_are_refused(code, value, error):
    (refusal,) = parse_answers(GRID, {code: value}).errors
    assert refusal.code == error
    assert refusal.place.startswith(code)


def test_all_refusals_come_at_once_with_their_places():
    parsed = parse_answers(GRID, {"B": True, "M": ["mesures", "autre"], "Q99": 1})
    assert [error.place for error in parsed.errors] == ["B", "M[1]", "Q99"]


def test_json_numbers_are_exact():
    parsed = load_answers(GRID, '{"number": 0.10000000000000000001}')
    assert parsed.answers["number"] == Decimal("0.10000000000000000001")


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", '"oui"', '{"B": "oui", "B": "non"}', '{"number": NaN}', "[" * 100_000]
)
def test_unreadable_answers_are_refused(text):
    assert load_answers(GRID, text).errors
