"""Cahier de tests and its sheet as pure values, and the catalogue that ships with the platform."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from referencing.candidature.core.invitation import Appointment, write_invitation
from referencing.candidature.core.workbook import (
    CatalogueInvalid,
    Line,
    count_complete,
    find_incomplete,
    find_unpassed,
    lacks_of,
    parse_catalogue,
    select_sections,
)
from referencing.candidature.core.workbook_sheet import TEAM, Current, read_sheet
from referencing.candidature.services.connection.catalogue import FOLDER, load_catalogue
from referencing.enrolment.enums import Api, Direction

LINE = Line("APP-01", "Relier", is_mandatory=True, needs_visual=True, allows_not_applicable=False)
OPTIONAL = Line("APP-09", "Séparer", is_mandatory=False, needs_visual=False, allows_not_applicable=True)
SOURCE = {
    "schema": 1,
    "demarche": "essai",
    "version": "1",
    "title": "Cahier",
    "sections": [
        {"code": "A", "title": "Toujours", "lines": [{"code": "A-1", "title": "T", "steps": ["S"], "expected": "E"}]},
        {
            "code": "B",
            "title": "Lire",
            "api": "mesures",
            "direction": "lecture",
            "lines": [{"code": "B-1", "title": "T", "steps": ["S"], "expected": "E", "optional": True}],
        },
    ],
}


class TestCatalogue:
    @pytest.mark.rule("BR-132")
    def test_published_cahier_covers_every_interface_and_direction(self):
        catalogue = load_catalogue("referencement-guide")
        pairs = [(str(api), str(direction)) for api in Api if api != Api.PAIRING for direction in Direction]

        sections = select_sections(catalogue, pairs)

        assert len(sections) == len(pairs) + 1
        assert 40 <= sum(len(section.lines) for section in sections) <= 60

    def test_every_file_of_the_folder_is_sound_and_named_after_its_demarche(self):
        for path in FOLDER.glob("*.yaml"):
            assert parse_catalogue(yaml.safe_load(path.read_text(encoding="utf-8"))).demarche == path.stem

    @pytest.mark.rule("BR-132")
    def test_sections_are_appariement_then_those_that_were_chosen(self):
        catalogue = parse_catalogue(SOURCE)

        assert [each.code for each in select_sections(catalogue, [])] == ["A"]
        assert [each.code for each in select_sections(catalogue, [("mesures", "lecture")])] == ["A", "B"]

    @pytest.mark.rule("BR-132")
    def test_interface_that_the_cahier_does_not_test_is_refused(self):
        with pytest.raises(CatalogueInvalid, match="mesures ecriture"):
            select_sections(parse_catalogue(SOURCE), [("mesures", "ecriture")])

    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            ({"schema": 2}, "schema"),
            ({"version": ""}, "version"),
            ({"sections": []}, "none belongs to every campaign"),
        ],
    )
    def test_unsound_head_is_refused(self, change, problem):
        with pytest.raises(CatalogueInvalid, match=problem):
            parse_catalogue({**SOURCE, **change})

    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            ({"code": "A-1"}, "A-1 twice"),
            ({"steps": []}, "all needed"),
            ({"optional": False, "not_applicable": True}, "sans objet"),
            ({"colour": "blue"}, "unknown colour"),
        ],
    )
    def test_unsound_line_is_refused(self, change, problem):
        source = deepcopy(SOURCE)
        source["sections"][1]["lines"][0] |= change

        with pytest.raises(CatalogueInvalid, match=problem):
            parse_catalogue(source)


class TestCompleteness:
    @pytest.mark.rule("BR-133")
    @pytest.mark.parametrize(
        ("line", "lacks"),
        [
            (LINE, 1),
            (replace(LINE, result="ok"), 1),
            (replace(LINE, result="ok", visuals=1), 0),
            (replace(LINE, result="ko", visuals=1), 1),
            (replace(LINE, result="ko", visuals=1, comment="Échoue"), 0),
            (replace(LINE, result="ko"), 2),
            (replace(LINE, result="na", comment="Non"), 1),
            (replace(OPTIONAL, result="na"), 1),
            (replace(OPTIONAL, result="na", comment="Un seul usager"), 0),
        ],
    )
    def test_line_says_all_that_it_lacks(self, line, lacks):
        assert len(lacks_of(line)) == lacks
        assert bool(find_incomplete([line])) == bool(lacks)
        assert count_complete([line]).done == (not lacks)

    @pytest.mark.parametrize(
        ("line", "passes"),
        [
            (replace(LINE, final_result="ok"), True),
            (replace(LINE, final_result="ko", final_remark="Non"), False),
            (replace(LINE, final_result=""), False),
            (replace(OPTIONAL, final_result="ko"), False),
            (replace(OPTIONAL, final_result="ko", final_remark="Gênant"), True),
            (replace(OPTIONAL, final_result="na", final_remark="Sans objet ici"), True),
        ],
    )
    def test_tests_pass_when_each_mandatory_line_is_ok(self, line, passes):
        assert (not find_unpassed([line])) == passes


HEADER = ["Code", "Test", "Résultat", "Commentaire", "Résultat final", "Remarque finale", "Version", "Campagne"]


def sheet(*rows):
    return [HEADER, *[[code, "", result, text, "", "", version, "c1"] for code, result, text, version in rows]]


def read(*rows, **options):
    lines = [Current(LINE, "", "", 3, is_open=True), Current(OPTIONAL, "ok", "Vu", 1, is_open=True)]
    return read_sheet(sheet(*rows), lines, campaign="c1", **options)


class TestSheet:
    def test_what_changes_and_only_that(self):
        found = read(("APP-01", "ok", "Fait", "3"), ("APP-09", "OK", "Vu", "1"))

        (change,) = found.changes
        assert (change.code, change.after, change.version) == ("APP-01", ("ok", "Fait"), 3)

    @pytest.mark.parametrize("typed", ["Sans objet", "sans  OBJET", "SO", "n a".replace(" ", "")])
    def test_results_are_read_as_people_type_them(self, typed):
        assert read(("APP-09", typed, "Un seul usager", "1")).changes[0].after == ("na", "Un seul usager")

    def test_empty_cell_erases_nothing(self):
        assert read(("APP-09", "", "", "1")).changes == ()

    def test_every_error_is_told_with_its_line_and_nothing_changes(self):
        found = read(
            ("APP-01", "peut-être", "", "3"),
            ("APP-01", "ok", "", "3"),
            ("ZZZ", "ok", "", "1"),
            ("APP-09", "ok", "x" * 5001, "un"),
        )

        assert found.changes == ()
        assert [error.partition(" : ")[0] for error in found.errors] == [
            "Ligne 2",
            "Ligne 3",
            "Ligne 4",
            "Ligne 5",
            "Ligne 5",
        ]

    def test_mandatory_line_is_never_not_applicable(self):
        assert "obligatoire" in read(("APP-01", "sans objet", "", "3")).errors[0]

    def test_line_changed_meanwhile_is_refused(self):
        assert "depuis le téléchargement" in read(("APP-01", "ok", "", "2")).errors[0]

    def test_closed_line_is_refused_only_if_it_would_change(self):
        lines = [Current(OPTIONAL, "ok", "Vu", 1, is_open=False)]

        assert read_sheet(sheet(("APP-09", "ok", "Vu", "1")), lines, campaign="c1").errors == ()
        assert "pas à remplir" in read_sheet(sheet(("APP-09", "ko", "Vu", "1")), lines, campaign="c1").errors[0]

    def test_other_campaign_or_missing_columns_are_refused(self):
        lines = [Current(LINE, "", "", 3, is_open=True)]

        assert "autre campagne" in read_sheet(sheet(("APP-01", "ok", "", "3")), lines, campaign="c2").errors[0]
        assert (
            "« Version »"
            in read_sheet([["Code", "Résultat", "Commentaire", "Campagne"]], lines, campaign="c1").errors[0]
        )
        assert "« Code »" in read_sheet([["Bonjour"]], lines, campaign="c1").errors[0]
        assert read_sheet([], lines, campaign="c1").errors
        assert read_sheet([HEADER], lines, campaign="c1").errors

    def test_team_fills_its_own_columns(self):
        rows = [HEADER, ["APP-01", "", "ok", "Ignoré", "KO", "Échoue", "3", "c1"]]
        found = read_sheet(rows, [Current(LINE, "", "", 3, is_open=True)], campaign="c1", columns=TEAM)

        assert found.changes[0].after == ("ko", "Échoue")

    @given(st.lists(st.lists(st.text(max_size=12), max_size=10), max_size=6))
    def test_any_rows_give_an_answer(self, rows):
        lines = [Current(LINE, "", "", 3, is_open=True)]

        assert read_sheet(rows, lines, campaign="c1").errors
        read_sheet([HEADER, *rows], lines, campaign="c1")


def test_invitation_is_folded_escaped_and_cancellable():
    appointment = Appointment(
        uid="1@convergence.example",
        starts_at=datetime(2026, 12, 1, 9, tzinfo=UTC),
        ends_at=datetime(2026, 12, 1, 10, tzinfo=UTC),
        title="Raccordement, première séance ; " + "é" * 60,
        place="https://visio.example/1",
        description="Deux\nlignes",
        stamped_at=datetime(2026, 11, 20, tzinfo=UTC),
    )

    text = write_invitation(appointment)

    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    unfolded = text.replace("\r\n ", "")
    assert "DTSTART:20261201T090000Z" in unfolded
    assert "Raccordement\\, première séance \\; é" in unfolded
    assert "Deux\\nlignes" in unfolded
    assert "STATUS:CANCELLED" in write_invitation(replace(appointment, is_cancelled=True))
