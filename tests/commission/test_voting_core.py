"""The arithmetic of one round, against a count written another way: one voice after the other, on paper."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referencing.commission.core.voting import ABSTENTION, OPINIONS, Ending, count_round, majority_of
from referencing.commission.enums import Choice, OpinionKind

choices = st.lists(st.sampled_from([*OPINIONS, ABSTENTION]), max_size=9)


def count_on_paper(cast, voices):
    """(opinion, or « tie », or nothing): piles of ballots, and the law’s own words with fractions."""
    piles = []
    for opinion in OPINIONS:
        pile = 0
        for voice in cast:
            if voice == opinion:
                pile += 1
        piles.append((pile, opinion))
    for pile, opinion in piles:
        if Fraction(pile, 1) > Fraction(voices, 2):
            return opinion
    with_voices = [pile for pile, _ in piles if pile]
    return "tie" if len(with_voices) == 2 and with_voices[0] == with_voices[1] else ""


def test_choices_of_the_core_are_those_of_the_database():
    assert list(OPINIONS) == OpinionKind.values
    assert [*OPINIONS, ABSTENTION] == Choice.values


@pytest.mark.rule("BR-155", "BR-156")
@given(cast=choices, missing=st.integers(0, 9))
def test_a_round_ends_as_a_count_on_paper_says(cast, missing):
    voices = len(cast) + missing
    told = count_round(cast, voices=voices)
    expected = count_on_paper(cast, voices)
    if expected == "tie":
        assert (told.ending, told.result) == (Ending.TIE, "")
    elif expected:
        assert (told.ending, told.result) == (Ending.DECIDED, expected)
    else:
        assert (told.ending, told.result) == (Ending.ANOTHER_ROUND, "")


@given(cast=choices, missing=st.integers(0, 9))
def test_every_voice_is_counted_once(cast, missing):
    told = count_round(cast, voices=len(cast) + missing)
    assert sum(told.counts.values()) + told.abstentions + told.not_cast == told.voices
    assert told.not_cast == missing


@given(cast=choices, missing=st.integers(0, 9), seed=st.randoms())
def test_the_order_of_voices_changes_nothing(cast, missing, seed):
    shuffled = list(cast)
    seed.shuffle(shuffled)
    voices = len(cast) + missing
    assert count_round(cast, voices=voices) == count_round(shuffled, voices=voices)


@given(cast=choices, missing=st.integers(0, 9))
def test_an_abstention_weighs_as_a_voice_that_was_not_cast(cast, missing):
    voices = len(cast) + missing
    silent = [choice for choice in cast if choice != ABSTENTION]
    assert count_round(cast, voices=voices).result == count_round(silent, voices=voices).result


@given(cast=choices)
def test_the_next_round_keeps_the_leading_opinions(cast):
    told = count_round(cast, voices=len(cast))
    if told.ending is Ending.ANOTHER_ROUND and len(told.leaders) < len(OPINIONS):
        left_out = [told.counts[each] for each in OPINIONS if each not in told.leaders]
        assert max(left_out) < min(told.counts[each] for each in told.leaders)
        assert len(told.leaders) >= 2


@given(voices=st.integers(0, 50))
def test_a_majority_is_more_than_half(voices):
    assert majority_of(voices) * 2 > voices >= (majority_of(voices) - 1) * 2


@pytest.mark.parametrize(
    ("cast", "voices", "ending", "result"),
    [
        (["favourable"] * 5 + ["unfavourable"] * 4, 9, Ending.DECIDED, "favourable"),
        (["favourable"] * 4 + ["unfavourable"] * 4, 8, Ending.TIE, ""),
        (["favourable"] * 3 + ["unfavourable"] * 3 + [ABSTENTION] * 2, 8, Ending.TIE, ""),
        (["favourable"] * 4 + ["unfavourable"] * 3 + [ABSTENTION], 8, Ending.ANOTHER_ROUND, ""),
        (["favourable"] * 4 + ["with_reservations"] * 3 + ["unfavourable"] * 2, 9, Ending.ANOTHER_ROUND, ""),
        ([ABSTENTION] * 9, 9, Ending.ANOTHER_ROUND, ""),
        (["favourable"], 1, Ending.DECIDED, "favourable"),
        ([], 5, Ending.ANOTHER_ROUND, ""),
    ],
)
def test_rounds_that_were_worked_out_by_hand(cast, voices, ending, result):
    told = count_round(cast, voices=voices)
    assert (told.ending, told.result) == (ending, result)


def test_opinions_level_in_second_place_all_stay():
    told = count_round(
        ["favourable"] * 4 + ["with_reservations"] * 2 + ["unfavourable"] * 2 + ["with_suspensive"], voices=9
    )
    assert told.leaders == ("favourable", "with_reservations", "unfavourable")


def test_a_round_between_two_takes_no_third_opinion():
    with pytest.raises(ValueError, match="not offered"):
        count_round(["with_reservations"], voices=9, options=("favourable", "unfavourable"))


def test_more_choices_than_voices_are_refused():
    with pytest.raises(ValueError, match="2 choices for 1 voices"):
        count_round(["favourable", "favourable"], voices=1)
