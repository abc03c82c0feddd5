import datetime as dt
import json
from decimal import Decimal
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convergence.kernel.canonical import canonical_json, sha256_hex

text = st.text(st.characters(exclude_categories=["Cs"]))
payloads = st.recursive(
    st.none() | st.booleans() | st.integers() | text,
    lambda inner: st.lists(inner) | st.dictionaries(text, inner),
    max_leaves=20,
)


class Level(StrEnum):
    HIGH = "haut"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": 1, "a": [True, None]}, '{"a":[true,null],"b":1}'),
        ({"é": "L’été à 18 h"}, '{"é":"L’été à 18 h"}'),
        (Decimal("1.50"), '"1.50"'),
        (Decimal("1E+2"), '"100"'),
        (dt.datetime(2024, 7, 8, 18, 27, tzinfo=ZoneInfo("Europe/Paris")), '"2024-07-08T16:27:00.000000Z"'),
        (dt.date(2024, 7, 8), '"2024-07-08"'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (Level.HIGH, '"haut"'),
        (("a", 1), '["a",1]'),
    ],
)
def test_canonical_json_writes_one_form(value, expected):
    assert canonical_json(value) == expected.encode()


def test_canonical_json_does_not_depend_on_key_order():
    assert canonical_json({"a": 1, "b": {"d": 2, "c": 3}}) == canonical_json({"b": {"c": 3, "d": 2}, "a": 1})


def test_canonical_json_keeps_text_as_typed():
    composed, decomposed = "é", "e\u0301"
    assert canonical_json(composed) != canonical_json(decomposed)
    assert json.loads(canonical_json(decomposed)) == decomposed


@given(payloads)
def test_canonical_json_reads_back_and_is_stable(value):
    written = canonical_json(value)
    assert json.loads(written) == value
    assert canonical_json(json.loads(written)) == written


@pytest.mark.parametrize("value", [1.5, {"a": [0.1]}, b"x", object(), {1, 2}, {1: "a"}, {0: "a"}, {None: "a"}])
def test_canonical_json_refuses_types_without_exact_form(value):
    with pytest.raises(TypeError):
        canonical_json(value)


@pytest.mark.parametrize("value", [dt.datetime(2024, 7, 8), Decimal("NaN"), Decimal("Infinity"), "\ud800"])
def test_canonical_json_refuses_ambiguous_values(value):
    with pytest.raises(ValueError):  # noqa: PT011 - the lone surrogate fails in Python's own encoder
        canonical_json(value)


def test_sha256_hex_matches_the_published_vector():
    assert sha256_hex(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
