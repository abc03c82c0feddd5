"""Quorum and voices, against an independent count made seat by seat."""

from __future__ import annotations

from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referencing.commission.core.quorum import SeatFacts, count_quorum, list_voices

CODES = [f"siege-{number}" for number in range(1, 10)]


def person(code: str) -> UUID:
    return uuid5(UUID(int=0), code)


def room(present: int = 0, **changes: SeatFacts) -> list[SeatFacts]:
    """Nine seats, the first `present` ones sitting."""
    seats = [SeatFacts(code, person(code) if n < present else None, is_barred=False) for n, code in enumerate(CODES)]
    return [changes.get(facts.seat.replace("-", "_"), facts) for facts in seats]


@st.composite
def rooms(draw) -> list[SeatFacts]:
    """Any room that the database could hold: each seat gives one mandate at most and holds one at most."""
    receivers = draw(st.permutations(CODES))
    seats = []
    for code, receiver in zip(CODES, receivers, strict=True):
        is_absent = draw(st.booleans())
        gives = draw(st.booleans()) and receiver != code
        seats.append(
            SeatFacts(
                code,
                None if is_absent else person(code),
                is_barred=draw(st.booleans()),
                mandate_to=receiver if gives else "",
                giver_is_barred=draw(st.booleans()),
            )
        )
    return seats


def recount(seats: list[SeatFacts]) -> tuple[set[str], set[str]]:
    """Start from everybody and strike out, where the code builds up from nobody."""
    by_code = {facts.seat: facts for facts in seats}
    present = set(by_code)
    for code, facts in by_code.items():
        if facts.holder is None or facts.is_barred:
            present.remove(code)
    represented = {code for code in by_code if by_code[code].mandate_to}
    for code in list(represented):
        facts = by_code[code]
        is_here = facts.holder is not None
        if is_here or facts.is_barred or facts.giver_is_barred or facts.mandate_to not in present:
            represented.remove(code)
    return present, represented


@pytest.mark.rule("BR-151", "BR-153", "BR-154", "BR-159", "A-27")
@given(seats=rooms(), is_second=st.booleans())
def test_count_agrees_with_an_independent_one(seats, is_second):
    present, represented = recount(seats)

    quorum = count_quorum(seats, is_second_convocation=is_second)

    assert set(quorum.present) == present
    assert set(quorum.represented) == represented
    assert quorum.denominator == 9
    assert quorum.is_met == (len(present) + len(represented) >= (1 if is_second else 5))


@given(seats=rooms())
def test_voices_are_those_counted_and_cast_by_people_in_the_room(seats):
    quorum = count_quorum(seats, is_second_convocation=False)
    voices = list_voices(seats)
    sitting = {facts.holder for facts in seats if not facts.is_barred}

    assert list(voices) == [code for code in CODES if code in {*quorum.present, *quorum.represented}]
    assert all(voice.person in sitting for voice in voices.values())
    for caster in sitting - {None}:
        assert sum(voice.person == caster for voice in voices.values()) <= 2


@given(seats=rooms(), struck=st.sampled_from(CODES))
def test_barring_a_member_never_helps(seats, struck):
    barred = [
        SeatFacts(f.seat, f.holder, f.is_barred or f.seat == struck, f.mandate_to, f.giver_is_barred) for f in seats
    ]
    before = count_quorum(seats, is_second_convocation=False)
    after = count_quorum(barred, is_second_convocation=False)

    assert after.counted <= before.counted
    assert struck not in (*after.present, *after.represented)


@pytest.mark.rule("BR-151")
@pytest.mark.parametrize(("present", "is_met"), [(4, False), (5, True), (9, True)])
def test_half_of_nine_is_five(present, is_met):
    quorum = count_quorum(room(present), is_second_convocation=False)

    assert (quorum.counted, quorum.needed, quorum.is_met) == (present, 5, is_met)


@pytest.mark.rule("A-27")
def test_vacant_seats_stay_in_the_denominator():
    seats = room(5)[:4] + [SeatFacts(code, None, is_barred=True) for code in CODES[4:]]

    quorum = count_quorum(seats, is_second_convocation=False)

    assert (quorum.counted, quorum.denominator, quorum.is_met) == (4, 9, False)


@pytest.mark.rule("BR-152")
def test_second_convocation_asks_for_no_quorum_but_for_somebody():
    assert count_quorum(room(1), is_second_convocation=True).is_met
    assert not count_quorum(room(0), is_second_convocation=True).is_met


@pytest.mark.rule("A-27", "BR-153")
def test_mandate_lapses_with_a_barred_holder_and_with_a_barred_giver():
    gives = SeatFacts("siege-9", None, is_barred=False, mandate_to="siege-1")
    assert count_quorum(room(4, siege_9=gives), is_second_convocation=False).is_met

    holder = SeatFacts("siege-1", person("siege-1"), is_barred=True)
    assert count_quorum(room(4, siege_9=gives, siege_1=holder), is_second_convocation=False).counted == 3

    giver = SeatFacts("siege-9", None, is_barred=False, mandate_to="siege-1", giver_is_barred=True)
    assert count_quorum(room(4, siege_9=giver), is_second_convocation=False).counted == 4


@pytest.mark.rule("BR-154")
def test_second_mandate_of_one_holder_does_not_count():
    first = SeatFacts("siege-8", None, is_barred=False, mandate_to="siege-1")
    second = SeatFacts("siege-9", None, is_barred=False, mandate_to="siege-1")

    voices = list_voices(room(3, siege_8=first, siege_9=second))

    assert list(voices) == ["siege-1", "siege-2", "siege-3", "siege-8"]


def test_member_who_comes_after_giving_a_mandate_votes_in_person():
    came = SeatFacts("siege-2", person("siege-2"), is_barred=False, mandate_to="siege-1")

    voice = list_voices(room(1, siege_2=came))["siege-2"]

    assert (voice.person, voice.is_by_mandate) == (person("siege-2"), False)
