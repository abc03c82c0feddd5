"""Workbooks that stream: any number of rows in constant memory, and no text that a spreadsheet takes for a formula."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

PARIS = ZoneInfo("Europe/Paris")
DATE_FORMAT = "dd/mm/yyyy"
DATETIME_FORMAT = "dd/mm/yyyy hh:mm"

LONGEST_TEXT = 32_767  # characters in one cell, a limit of the format
CUT_NOTICE = " […] (texte coupé : la cellule ne peut pas en contenir davantage)"
LONGEST_TITLE = 28  # 31 in the format, less the number that openpyxl appends to a homonym

# Read as a formula, a command or an error value by a spreadsheet that opens, edits or re-saves the cell.
_RISKY_START = ("=", "+", "-", "@", "\t", "\r", "\n", "#")
# Characters that XML 1.0 cannot hold, and text that would be read as the escape of one (ECMA-376, ST_Xstring).
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_TITLE_FORBIDDEN = re.compile(r"[\[\]:*?/\\\x00-\x1f]")

_HEADER_FONT = Font(bold=True)
_HEADER_FILL = PatternFill("solid", fgColor="EEEEEE")
_HEADER_ALIGNMENT = Alignment(vertical="top", wrap_text=True)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: what its header says, and its width in characters."""

    header: str
    width: float = 20


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet; `rows` is read once, row by row, and may be a generator over an unbounded queryset.

    A value is None, text (lazy too), int, float, Decimal, bool, UUID, date, or datetime: an aware one is shown in
    Europe/Paris.
    """

    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Any]]


def write_workbook(sheets: Iterable[Sheet], file: IO[bytes], *, title: str = "") -> None:
    """Write `sheets`, in order, as an xlsx into a binary file open for writing.

    Text is kept to the letter, apart from what exceeds the 32,767 characters of a cell, which ends with a notice.
    Raises ValueError on a value of another type.
    """
    book = Workbook(write_only=True)
    book.properties.creator = "Convergence"
    book.properties.title = title
    for sheet in sheets:
        _write_sheet(book, sheet)
    book.save(file)


def _write_sheet(book: Workbook, sheet: Sheet) -> None:
    page = book.create_sheet(_TITLE_FORBIDDEN.sub(" ", sheet.title).strip(" '")[:LONGEST_TITLE] or "Feuille")
    page.freeze_panes = "A2"
    for rank, column in enumerate(sheet.columns, 1):
        page.column_dimensions[get_column_letter(rank)].width = column.width
    page.append([_header(page, column.header) for column in sheet.columns])
    write = _RowWriter(page)
    for row in sheet.rows:
        page.append(write(row))


def _header(page: WriteOnlyWorksheet, text: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(page)
    cell.value = _writable(str(text))
    cell.data_type = "s"
    cell.font, cell.fill, cell.alignment = _HEADER_FONT, _HEADER_FILL, _HEADER_ALIGNMENT
    return cell


class _RowWriter:
    """Turns values into what openpyxl writes.

    It gives a generator per row, which openpyxl consumes and writes value by value: one cell object of each style is
    enough for the whole sheet, and a plain value needs none.
    """

    def __init__(self, page: WriteOnlyWorksheet) -> None:
        self._quoted, self._date, self._moment = (WriteOnlyCell(page) for _ in range(3))
        self._quoted.quotePrefix = True
        self._quoted.data_type = "s"
        self._date.number_format, self._moment.number_format = DATE_FORMAT, DATETIME_FORMAT
        self._date.data_type = self._moment.data_type = "d"

    def __call__(self, row: Sequence[Any]) -> Iterator[Any]:
        for value in row:
            if type(value) is str:
                yield value if _is_plain(value) else self._text(value)
            elif isinstance(value, dt.datetime):
                local = value.astimezone(PARIS).replace(tzinfo=None) if value.tzinfo else value
                yield _fill(self._moment, local)
            elif isinstance(value, dt.date):
                yield _fill(self._date, value)
            elif isinstance(value, str | Promise | UUID):
                yield self._text(str(value))
            else:
                yield value

    def _text(self, value: str) -> Any:
        """Return text, or a cell that is text whatever it looks like.

        `quotePrefix` is what a spreadsheet itself sets when a person types an apostrophe first: the value stays
        byte-exact, and editing the cell does not turn it into a formula.
        """
        written = _writable(value)
        return _fill(self._quoted, written) if value.startswith(_RISKY_START) else written


def _is_plain(text: str) -> bool:
    """Tell cheaply that a text needs no care; a wrong no costs time only."""
    return text.isprintable() and "_x" not in text and len(text) <= LONGEST_TEXT and not text.startswith(_RISKY_START)


def _fill(cell: WriteOnlyCell, value: Any) -> WriteOnlyCell:
    cell._value = value  # past the setter, which would guess a type and a format again
    return cell


def _writable(text: str) -> str:
    """Return `text` at most one cell long; what XML cannot hold becomes `_xHHHH_`, which spreadsheets decode."""
    escaped = _UNWRITABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    if len(escaped) <= LONGEST_TEXT:
        return escaped
    return escaped[: LONGEST_TEXT - len(CUT_NOTICE)] + CUT_NOTICE
