"""The texts of a workbook, row by row: what a service reads of a file that somebody filled in a spreadsheet."""

import zlib
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from evidence.child.answer import Answer, Refused
from evidence.core.limits import WORKBOOK_COLUMNS, WORKBOOK_ROWS, WORKBOOK_SHEETS, WORKBOOK_TEXT


def read_rows(file: BinaryIO) -> Answer:
    """Facts `sheets`: title and rows of texts of each, from the first line of the file on. Formulas are refused."""
    try:
        book = load_workbook(file, read_only=True)
        if len(book.worksheets) > WORKBOOK_SHEETS:
            raise Refused("workbook_too_long", sheet="", limit=WORKBOOK_ROWS)
        sheets, room = [], WORKBOOK_TEXT
        for sheet in book.worksheets:
            rows = []
            for row in _rows(sheet):
                room -= sum(map(len, row))
                if room < 0:
                    raise Refused("workbook_too_long", sheet=sheet.title, limit=WORKBOOK_ROWS)
                rows.append(row)
            sheets.append({"title": sheet.title, "rows": rows})
    except (
        BadZipFile, InvalidFileException, ParseError, zlib.error, OSError, EOFError,
        KeyError, ValueError, TypeError, AttributeError, IndexError, NotImplementedError,
    ) as error:  # fmt: skip  # what openpyxl lets out for a damaged file
        raise Refused("office_malformed", label="Excel") from error
    return Answer(facts={"sheets": sheets})


def _rows(sheet: Any) -> Iterator[list[str]]:
    sheet.reset_dimensions()  # what the file announces may be wrong or missing
    for number, row in enumerate(sheet.iter_rows(max_col=WORKBOOK_COLUMNS), start=1):
        if number > WORKBOOK_ROWS:
            raise Refused("workbook_too_long", sheet=sheet.title, limit=WORKBOOK_ROWS)
        for cell in row:
            if cell.data_type in ("f", "e"):
                raise Refused("workbook_formula", cell=cell.coordinate, sheet=sheet.title)
        texts = [_text(cell.value) for cell in row]
        while texts and not texts[-1]:
            texts.pop()
        yield texts


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case float() if value.is_integer():
            return str(int(value))
        case datetime():
            return value.date().isoformat()
        case date():
            return value.isoformat()
    return str(value).strip()
