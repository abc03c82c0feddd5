"""The work queue as values: an address is read leniently and written back the same; calendars; batches as lines."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referencing.candidature.core.calendar import DayEvent, write_calendar
from referencing.candidature.core.moves import MAX_MOVES, Wanted, read_wanted
from referencing.candidature.core.queue import (
    COLUMNS,
    DEFAULT_COLUMNS,
    SORTS,
    Choices,
    QueueFilter,
    list_parameters,
    parse_filter,
    say_due,
    sorted_by,
    without,
)

CODES = Choices(states={"applied", "evaluation"}, holders={"editor", "experts"}, themes={"ethique", "rgpd"})


def read_back(asked):
    parameters = {}
    for name, value in list_parameters(asked):
        parameters.setdefault(name, []).append(value)
    return parse_filter(parameters, CODES)


def some(values):
    return st.lists(st.sampled_from(sorted(values)), unique=True, max_size=3).map(tuple)


FILTERS = st.builds(
    QueueFilter,
    text=st.text(max_size=60).map(lambda text: " ".join(text.replace("\0", "").split())),
    states=some(CODES.states),
    assignees=some({"moi", "personne", "5f7c0f5e-0000-4000-8000-000000000000"}),
    themes=some(CODES.themes),
    demarches=some({"referencement-guide", "autre"}),
    holders=some(CODES.holders),
    is_late=st.booleans(),
    with_closed=st.booleans(),
    sort=st.sampled_from(SORTS),
    is_descending=st.booleans(),
    columns=st.sets(st.sampled_from(COLUMNS), min_size=1).map(lambda some: tuple(c for c in COLUMNS if c in some)),
)


@given(FILTERS)
def test_a_filter_written_to_an_address_is_read_back(asked):
    assert read_back(asked) == asked


@given(st.dictionaries(st.sampled_from(["q", "etat", "agent", "tri", "col", "retard"]), st.lists(st.text())))
def test_any_address_is_a_filter_of_known_values(parameters):
    asked = parse_filter(parameters, CODES)

    assert set(asked.states) <= set(CODES.states)
    assert asked.sort in SORTS
    assert set(asked.columns) <= set(COLUMNS)
    assert "\0" not in asked.text
    assert len(asked.text) <= 200


def test_unknown_values_are_left_out_and_repeated_ones_said_once():
    asked = parse_filter({"etat": ["applied", "lost", "applied"], "tri": ["nom"], "col": ["x"]}, CODES)

    assert asked == QueueFilter(states=("applied",), columns=DEFAULT_COLUMNS)


def test_removing_one_value_keeps_the_others():
    asked = QueueFilter(states=("applied", "evaluation"), is_late=True, text="carnet")

    assert without(asked, "states", "applied").states == ("evaluation",)
    assert without(asked, "is_late") == QueueFilter(states=("applied", "evaluation"), text="carnet")
    assert without(asked, "text").text == ""


def test_a_header_sorts_then_turns_the_order_round():
    first = sorted_by(QueueFilter(), "produit")
    assert (first.sort, first.is_descending) == ("produit", False)
    assert sorted_by(first, "produit").is_descending
    assert sorted_by(first, "activite").is_descending, "the newest activity first"


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 11, 17), "En retard de 3 jours"),
        (date(2026, 11, 19), "En retard de 1 jour"),
        (date(2026, 11, 20), "Aujourd’hui"),
        (date(2026, 11, 21), "Demain"),
        (date(2026, 12, 20), "Dans 30 jours"),
    ],
)
def test_a_due_day_is_said_from_today(day, words):
    assert say_due(day, today=date(2026, 11, 20)).replace("\u00a0", " ") == words


def test_lines_of_a_batch_are_read_back_once_each_and_nothing_else():
    wanted = [Wanted(uuid4(), "referent", uuid4(), uuid4()), Wanted(uuid4(), "rgpd", uuid4())]
    lines = [each.write() for each in wanted]

    assert read_wanted([*lines, lines[0], "a:b", "", "x:y:z:t", ":::"]) == wanted
    assert len(read_wanted(Wanted(uuid4(), "rgpd", uuid4()).write() for _ in range(300))) == MAX_MOVES


class TestCalendar:
    AT = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)

    def lines(self, **event):
        text = write_calendar(
            [DayEvent(**{"uid": "a@b", "day": date(2026, 12, 31), "title": "Titre"} | event)], name="É", at=self.AT
        )
        assert text.endswith("\r\n")
        assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
        return text.replace("\r\n ", "").split("\r\n")

    def test_a_day_ends_the_next_morning(self):
        lines = self.lines()

        assert "DTSTART;VALUE=DATE:20261231" in lines
        assert "DTEND;VALUE=DATE:20270101" in lines
        assert "DTSTAMP:20261120T130000Z" in lines

    def test_hostile_text_stays_one_value(self):
        lines = self.lines(title="A, b; c\\ \r\nEND:VCALENDAR\u2028BEGIN:VEVENT", text="é" * 200)

        assert r"SUMMARY:A\, b\; c\\ \nEND:VCALENDAR\nBEGIN:VEVENT" in lines
        assert lines.count("END:VCALENDAR") == 1
        assert f"DESCRIPTION:{'é' * 200}" in lines
