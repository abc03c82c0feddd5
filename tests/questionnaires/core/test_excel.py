"""A grid goes to Excel and comes back equal; what cannot come back is refused with its sheet and line."""

import random
from io import BytesIO

import pytest
from openpyxl import load_workbook

from questionnaires.core import (
    WorkbookRefused,
    canonical,
    lint,
    load_sheets,
    load_xlsx,
    load_yaml,
    read_xlsx,
    to_yaml,
    write_xlsx,
)
from questionnaires.core.excel import sheet_names

from . import builders as b
from .random_grids import SAMPLE, as_text, random_grid, written_grids


@pytest.mark.parametrize("path", written_grids(), ids=lambda path: path.stem)
def test_written_grids_survive_excel_in_both_directions(path):
    grid = load_yaml(path.read_text("utf-8")).require()
    workbook = write_xlsx(grid)
    back = load_xlsx(workbook).require()
    assert back == grid
    assert canonical(back) == canonical(grid)
    assert read_xlsx(write_xlsx(back)) == read_xlsx(workbook)
    assert to_yaml(back) == to_yaml(grid)


def test_random_grids_survive_excel():
    source = random.Random(11)
    for _ in range(25):
        grid = load_yaml(as_text(random_grid(source))).require()
        assert load_xlsx(write_xlsx(grid)).require() == grid


HOSTILE = [
    "=1+1",
    "+33",
    "-1",
    "@SUM(A1)",
    "#N/A",
    "04.03",
    "1e5",
    "true",
    "  blanc ",
    "a\nb",
    "_x0041_",
    '"',
    "<b>",
    "2024-01-01",
    "’ «",
]


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_texts_stay_texts(label):
    grid = b.load(b.grid(b.boolean("Q1", label=label)))
    content = write_xlsx(grid)
    assert load_xlsx(content).require() == grid
    cells = [cell for row in load_workbook(BytesIO(content))["orientation"].iter_rows() for cell in row]
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s"}


def edited(**cells: object) -> bytes:
    """The sample workbook with some cells of `orientation` rewritten, as people do in Excel."""
    workbook = load_workbook(BytesIO(write_xlsx(load_yaml(SAMPLE.read_text("utf-8")).require())))
    for place, value in cells.items():
        workbook["orientation"][place] = value
    buffer = BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def test_what_people_type_in_excel_is_read_as_text():
    grid = load_xlsx(edited(F2=12, F3=True, F4=1.5)).require()
    assert [question.label for question in grid.questions.values()][:3] == ["12", "true", "1.5"]


def test_findings_name_the_sheet_and_the_line():
    (finding,) = load_xlsx(edited(H3="boolan", I3=None, L3=None)).findings
    assert finding.place == "orientation.sections[0].questions[1].type (feuille «\u00a0orientation\u00a0», ligne 3)"
    (finding,) = load_xlsx(edited(L3="{equals")).findings
    assert "JSON" in finding.message
    assert "ligne 3" in finding.place
    (finding,) = lint(load_xlsx(edited(L3='{"equals": ["Q1", "peut-être"]}')))
    assert (finding.code, "ligne 3" in finding.place) == ("G001", True)


def test_an_unknown_column_and_a_missing_sheet_are_refused():
    assert "inconnue" in load_xlsx(edited(F1="libellé")).findings[0].message
    sheets = read_xlsx(edited())
    del sheets["orientation"]
    assert "manque" in load_sheets(sheets).findings[0].message


def test_formulas_are_refused():
    with pytest.raises(WorkbookRefused, match="F2"):
        read_xlsx(edited(F2="=1+1"))


@pytest.mark.parametrize("content", [b"", b"abc", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"])
def test_files_that_are_no_workbook_are_refused(content):
    with pytest.raises(WorkbookRefused):
        read_xlsx(content)
    assert load_xlsx(content).grid is None


def test_a_text_that_no_cell_can_hold_is_refused():
    with pytest.raises(WorkbookRefused, match="ligne 2"):
        write_xlsx(b.load(b.grid(b.boolean("Q1", help="x" * 40_000))))


def test_sheet_names_fit_excel():
    names = sheet_names(["orientation", "A/B: [C]?", "x" * 40, "x" * 40, "X" * 40, "***"])
    assert names == ["orientation 2", "A B C", "x" * 31, "x" * 29 + " 2", "X" * 29 + " 3", "questionnaire"]
