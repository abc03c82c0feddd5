import datetime as dt
import io
from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

import pytest
from django.utils.functional import lazystr
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from convergence.documents.xlsx import CUT_NOTICE, LONGEST_TEXT, Column, Sheet, write_workbook

from .hostile import HOSTILE


def written(*sheets: Sheet) -> bytes:
    file = io.BytesIO()
    write_workbook(sheets, file)
    return file.getvalue()


def read(content: bytes):
    return load_workbook(io.BytesIO(content))


def cells(*values) -> list:
    book = read(written(Sheet("Essai", [Column("Valeur")], [[value] for value in values])))
    return [row[0] for row in book.active.iter_rows(min_row=2)]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_kept_to_the_letter_and_is_no_formula(text):
    (cell,) = cells(text)
    assert unescape(cell.value) == text
    assert cell.data_type == "s"


@pytest.mark.parametrize("text", [text for text in HOSTILE if text[0] in "=+-@\t\r\n#"])
def test_text_that_looks_like_a_formula_stays_text_when_edited(text):
    assert cells(text)[0].quotePrefix


def test_header_is_guarded_too():
    header = read(written(Sheet("Essai", [Column("=1+1", width=42)], []))).active["A1"]
    assert (header.value, header.data_type, header.font.bold) == ("=1+1", "s", True)


def test_layout():
    sheet = read(written(Sheet("Essai", [Column("A", width=12), Column("B", width=34)], []))).active
    assert sheet.freeze_panes == "A2"
    assert [sheet.column_dimensions[letter].width for letter in "AB"] == [12, 34]


def test_values_keep_their_type():
    identifier = UUID(int=7)
    values = [None, 5, Decimal("1.50"), True, identifier, lazystr("=lu"), dt.date(2024, 7, 8), "", "texte"]
    assert [cell.value for cell in cells(*values)] == [
        None, 5, 1.5, True, str(identifier), "=lu", dt.datetime(2024, 7, 8), None, "texte",
    ]  # fmt: skip


def test_datetimes_are_shown_in_paris():
    (cell,) = cells(dt.datetime(2024, 7, 8, 23, 27, tzinfo=dt.UTC))
    assert (cell.value, cell.number_format) == (dt.datetime(2024, 7, 9, 1, 27), "dd/mm/yyyy hh:mm")


def test_two_dates_and_two_risky_texts_in_a_row_do_not_mix():
    first, second = dt.date(2024, 7, 8), dt.date(2025, 1, 2)
    book = read(written(Sheet("Essai", [Column("A")] * 4, [[first, second, "=a", "=b"]])))
    assert [cell.value for cell in book.active[2]] == [
        dt.datetime(2024, 7, 8), dt.datetime(2025, 1, 2), "=a", "=b",
    ]  # fmt: skip


def test_text_longer_than_a_cell_says_that_it_was_cut():
    (cell,) = cells("é" * (LONGEST_TEXT + 1))
    assert len(cell.value) == LONGEST_TEXT
    assert cell.value.endswith(CUT_NOTICE)
    assert cells("é" * LONGEST_TEXT)[0].value == "é" * LONGEST_TEXT


def test_titles_of_sheets_are_made_valid_and_distinct():
    content = written(*(Sheet(title, [Column("A")], []) for title in ("a/b:c[d]*?" * 9, "a/b:c[d]*?" * 9, "")))
    titles = read(content).sheetnames
    assert len(set(titles)) == 3
    assert all(0 < len(title) <= 31 and not set(title) & set("[]:*?/\\") for title in titles)


def test_unknown_type_is_refused():
    with pytest.raises(ValueError):  # noqa: PT011 - openpyxl raises it bare
        written(Sheet("Essai", [Column("A")], [[object()]]))


def test_rows_are_read_one_by_one():
    alive = 0
    most = 0

    class Row(list):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def rows() -> Iterator[Row]:
        nonlocal alive, most
        for rank in range(500):
            alive += 1
            most = max(most, alive)
            yield Row([rank, "texte", "=texte"])

    written(Sheet("Essai", [Column("A")] * 3, rows()))
    assert most <= 3
