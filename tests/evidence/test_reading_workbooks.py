"""Workbooks that a service reads: rows of texts, or the reason why not, from a limited child process."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook

from convergence.documents.xlsx import Column, Sheet, write_workbook
from evidence.core import limits
from evidence.errors import UploadRefused
from evidence.services import read_workbook
from tests.documents.hostile import HOSTILE
from tests.evidence.corpus import archive, archive_bomb, office

CELL = '<c t="inlineStr"><is><t>{}</t></is></c>'
SHEET = (
    '<?xml version="1.0"?>{}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    "{}<sheetData>{}</sheetData></worksheet>"
)


def upload(content: bytes, name: str = "classeur.xlsx") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def workbook(*rows: list[object]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def raw(sheet: str) -> bytes:
    """A sound workbook whose sheet is the given XML."""
    with zipfile.ZipFile(BytesIO(workbook(["x"]))) as sound:
        members = {name: sound.read(name) for name in sound.namelist()}
    return archive({**members, "xl/worksheets/sheet1.xml": sheet.encode()})


def codes(content: bytes) -> list[str]:
    with pytest.raises(UploadRefused) as refusal:
        read_workbook(upload=upload(content), max_size_mb=2)
    return [problem.code for problem in refusal.value.problems]


def test_rows_are_read_as_texts():
    content = workbook(["Code", None, 3, 2.5, " espaces "], [], ["fin"])

    assert read_workbook(upload=upload(content), max_size_mb=2) == [[["Code", "", "3", "2.5", "espaces"], [], ["fin"]]]


def test_hostile_texts_come_back_as_texts():
    file = BytesIO()
    write_workbook([Sheet("Textes", [Column("Texte")], [[text] for text in HOSTILE])], file)

    (rows,) = read_workbook(upload=upload(file.getvalue()), max_size_mb=2)

    assert len(rows) == len(HOSTILE) + 1
    assert rows[1] == [HOSTILE[0]]


def test_formula_is_refused_with_its_place():
    with pytest.raises(UploadRefused, match="A1"):
        read_workbook(upload=upload(workbook(["=1+1"])), max_size_mb=2)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"pas un classeur", "content_mismatch"),
        (office("xlsx", macro=True), "office_macro"),
        (archive_bomb(), "zip_bomb"),
    ],
)
def test_unsound_file_is_refused(content, code):
    assert codes(content) == [code]


def test_too_many_rows_are_refused():
    rows = "".join(f'<row r="{number}"><c><v>1</v></c></row>' for number in range(1, limits.WORKBOOK_ROWS + 2))

    assert codes(raw(SHEET.format("", "", rows))) == ["workbook_too_long"]


def test_more_text_than_one_reads_is_refused():
    row = "<row>" + CELL.format("x" * 30_000) * 30 + "</row>"

    assert codes(raw(SHEET.format("", "", row * 5))) == ["workbook_too_long"]


def test_announced_dimensions_ask_for_no_memory():
    content = raw(SHEET.format("", '<dimension ref="A1:XFD1048576"/>', "<row>" + CELL.format("un") + "</row>"))

    assert read_workbook(upload=upload(content), max_size_mb=2) == [[["un"]]]


def test_entities_do_not_multiply():
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE worksheet [<!ENTITY e0 "{"x" * 50}">{entities}]>'

    assert codes(raw(SHEET.format(bomb, "", "<row>" + CELL.format("&e9;") + "</row>")))
