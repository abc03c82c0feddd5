"""A grid as a workbook, for those who write criteria in Excel.

Reading goes in two steps, so that the first can run in a limited child process: `read_xlsx` turns bytes into plain rows of
texts (the dangerous part), `load_sheets` turns rows into a grid.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.worksheet import Worksheet

from .canonical import Plain, canonical
from .grid import Grid
from .loader import Loaded, load_source
from .source import Source, read_plain

Sheets = dict[str, list[list[str]]]
"""Rows of texts by sheet name; the first row of a sheet is the first line of the file."""

GRID_SHEET, ORIENTATION_SHEET = "_grille", "orientation"
MAX_ROWS, MAX_COLUMNS, MAX_TEXT, MAX_NAME = 5_000, 40, 32_767, 31
_RESERVED = {GRID_SHEET, ORIENTATION_SHEET, "history"}

SECTION_COLUMNS = ("section", "section_title", "section_introduction", "section_resources")
QUESTION_COLUMNS = ("code", "label", "help", "type", "choices", "exclusive", "required", "visible_when")
CRITERION_COLUMNS = (
    "code", "title", "objective", "nature", "visible_when", "levels", "acceptable", "recommended", "recommendation",
    "evidence", "value", "specific_by_default", "official",
)  # fmt: skip
GRID_FIELDS = ("schema", "demarche", "parcours", "version", "title", "effective_on", "exchange_when")
QUESTIONNAIRE_FIELDS = ("code", "title", "kind", "inheritable", "core", "applicable_when")
_JSON_COLUMNS = {
    "choices", "levels", "acceptable", "evidence", "value", "resources", "visible_when", "applicable_when", "exchange_when"
}  # fmt: skip


class WorkbookRefused(ValueError):
    """The workbook cannot be read, or the grid cannot be written as one; the message is French."""


# -- writing


def write_xlsx(grid: Grid) -> bytes:
    """The grid as an .xlsx file. Raises WorkbookRefused when a text is longer than a cell can hold."""
    content = canonical(grid)
    workbook = Workbook()
    workbook.remove(workbook.active)
    rows: list[list[Any]] = [[name, content.get(name)] for name in GRID_FIELDS]
    rows.append(["orientation.title", content["orientation"]["title"]])
    names = sheet_names(questionnaire["title"] for questionnaire in content["questionnaires"])
    for index, (questionnaire, name) in enumerate(zip(content["questionnaires"], names, strict=True)):
        rows += [[f"questionnaires[{index}].{field}", questionnaire.get(field)] for field in QUESTIONNAIRE_FIELDS]
        rows.append([f"questionnaires[{index}].sheet", name])
    _write(workbook, GRID_SHEET, ("champ", "valeur"), rows)
    sections = content["orientation"]["sections"]
    _write(
        workbook, ORIENTATION_SHEET, SECTION_COLUMNS + QUESTION_COLUMNS, _rows(sections, "questions", QUESTION_COLUMNS)
    )
    for questionnaire, name in zip(content["questionnaires"], names, strict=True):
        entries = _rows(questionnaire["sections"], "criteria", CRITERION_COLUMNS)
        _write(workbook, name, SECTION_COLUMNS + CRITERION_COLUMNS, entries)
    buffer = BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def sheet_names(titles: Iterable[str]) -> list[str]:
    """Sheet names that Excel accepts: 31 characters, no `[]:*?/\\`, no two alike."""
    names: list[str] = []
    taken = set(_RESERVED)
    for title in titles:
        base = re.sub(r"[\[\]:*?/\\\s]+", " ", title).strip(" '") or "questionnaire"
        name, number = base[:MAX_NAME].strip(" '"), 2
        while name.casefold() in taken:
            suffix = f" {number}"
            name, number = base[: MAX_NAME - len(suffix)].strip(" '") + suffix, number + 1
        taken.add(name.casefold())
        names.append(name)
    return names


def _rows(sections: Sequence[Plain], name: str, columns: Sequence[str]) -> Iterator[list[Any]]:
    for section in sections:
        head = [section["code"], section["title"], section.get("introduction"), section.get("resources")]
        for entry in section[name] or [{}]:
            yield [*head, *(entry.get(column) for column in columns)]
            head = [section["code"], None, None, None]


def _write(workbook: Workbook, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    sheet: Worksheet = workbook.create_sheet(name)
    for index, title in enumerate(header, start=1):
        sheet.cell(1, index, title).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(index)].width = 24
    sheet.freeze_panes = "A2"
    for number, row in enumerate(rows, start=2):
        for index, value in enumerate(row, start=1):
            if value is None:
                continue
            text = _cell_text(value)
            if len(text) > MAX_TEXT:
                place = f"feuille « {name} », ligne {number}, colonne « {header[index - 1]} »"
                raise WorkbookRefused(f"Ce contenu ne tient pas dans une cellule ({place}).")
            cell = sheet.cell(number, index, text)
            cell.data_type = "s"  # a text that begins with « = » is a text, not a formula
            cell.number_format = "@"
            cell.quotePrefix = text[0] in "=+-@"


def _cell_text(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case dict() | list():
            return json.dumps(value, ensure_ascii=False)
    return str(value)


# -- reading, step one: bytes to rows of texts


def read_xlsx(content: bytes) -> Sheets:
    """The texts of a workbook. Raises WorkbookRefused: not a workbook, a formula, too many rows.

    A small file can ask for much memory: run this on uploads in a limited child process only.
    """
    try:
        workbook = load_workbook(BytesIO(content), read_only=True)
        return {sheet.title: list(_read_rows(sheet)) for sheet in workbook.worksheets}
    except WorkbookRefused:
        raise
    except (
        BadZipFile, InvalidFileException, ParseError, zlib.error, OSError, EOFError,
        KeyError, ValueError, TypeError, AttributeError, IndexError, NotImplementedError,
    ) as error:  # fmt: skip  # what openpyxl lets out for a damaged file
        raise WorkbookRefused("Ce fichier n’est pas un classeur Excel (.xlsx) lisible.") from error


def _read_rows(sheet: Any) -> Iterator[list[str]]:
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS), start=1):
        if number > MAX_ROWS:
            raise WorkbookRefused(f"La feuille « {sheet.title} » a plus de {MAX_ROWS} lignes.")
        for cell in row:
            if cell.data_type in ("f", "e"):
                raise WorkbookRefused(
                    f"La cellule {cell.coordinate} de la feuille « {sheet.title} » contient une formule ou une erreur : "
                    "remplacez-la par sa valeur."
                )
        texts = [_read_text(cell.value) for cell in row]
        while texts and not texts[-1]:
            texts.pop()
        yield texts


def _read_text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case datetime():
            return value.date().isoformat()
        case date():
            return value.isoformat()
    return str(value).strip()


# -- reading, step two: rows to a grid


def load_sheets(sheets: Mapping[str, Sequence[Sequence[str]]]) -> Loaded:
    """The grid that the rows of `read_xlsx` describe. Never raises: see `Loaded.findings`; places name sheet and line."""
    reader = _SheetReader(sheets)
    content = reader.grid()
    source = read_plain(content, reader.source.origins)
    source.findings[:0] = reader.source.findings
    return load_source(source)


def load_xlsx(content: bytes) -> Loaded:
    """Both steps at once, for trusted files."""
    try:
        return load_sheets(read_xlsx(content))
    except WorkbookRefused as refusal:
        source = Source()
        source.refuse("", str(refusal))
        return load_source(source)


class _SheetReader:
    def __init__(self, sheets: Mapping[str, Sequence[Sequence[str]]]) -> None:
        self.sheets = sheets
        self.source = Source()

    def grid(self) -> Plain:
        content: Plain = {}
        names: dict[int, str] = {}
        questionnaires: dict[int, Plain] = {}
        orientation: Plain = {}
        for number, row in self._lines(GRID_SHEET, ""):
            path = name = row[0] if row else ""
            value = row[1] if len(row) > 1 else ""
            if number == 1:
                continue
            self._mark(path, GRID_SHEET, number)
            field = re.fullmatch(r"questionnaires\[([0-9]{1,3})\]\.(\w+)", name)
            if field and field[2] == "sheet":
                names[int(field[1])] = value
            elif field:
                self._put(questionnaires.setdefault(int(field[1]), {}), field[2], path, value)
            elif name == "orientation.title":
                self._put(orientation, "title", path, value)
            elif name:
                self._put(content, name, path, value)
        orientation["sections"] = self._sections(ORIENTATION_SHEET, "orientation", "questions", QUESTION_COLUMNS)
        content["orientation"] = orientation
        content["questionnaires"] = []
        for index in sorted(questionnaires):
            path = f"questionnaires[{len(content['questionnaires'])}]"
            sections = self._sections(names.get(index, ""), path, "criteria", CRITERION_COLUMNS)
            content["questionnaires"].append({**questionnaires[index], "sections": sections})
        return content

    def _sections(self, sheet: str, path: str, name: str, columns: Sequence[str]) -> list[Plain]:
        sections: list[Plain] = []
        lines = self._lines(sheet, path)
        header = [text.strip() for text in next(lines, (1, []))[1]]
        for title in header:
            if title and title not in (*SECTION_COLUMNS, *columns):
                self.source.refuse(path, f"La colonne « {title} » de la feuille « {sheet} » est inconnue.")
        for number, row in lines:
            cells = {title: text for title, text in zip(header, row, strict=False) if title and text}
            if not cells:
                continue
            code = cells.get("section", "")
            if not sections or code not in ("", sections[-1]["code"]):
                place = f"{path}.sections[{len(sections)}]"
                self._mark(place, sheet, number)
                sections.append({"code": code, name: []})
                for title in SECTION_COLUMNS[1:]:
                    field = title.removeprefix("section_")
                    self._put(sections[-1], field, f"{place}.{field}", cells.get(title, ""))
            entries: list[Plain] = sections[-1][name]
            place = f"{path}.sections[{len(sections) - 1}].{name}[{len(entries)}]"
            entry: Plain = {}
            self._mark(place, sheet, number)
            for title in columns:
                self._put(entry, title, f"{place}.{title}", cells.get(title, ""))
            if entry:
                entries.append(entry)
        return sections

    def _put(self, content: Plain, name: str, path: str, text: str) -> None:
        if not text:
            return
        if name not in _JSON_COLUMNS:
            content[name] = text
            return
        try:
            content[name] = json.loads(text, parse_int=str, parse_float=str, object_pairs_hook=_unique)
        except (ValueError, RecursionError) as error:
            self.source.refuse(path, f"Cette cellule n’est pas un JSON lisible : {error}.")

    def _lines(self, sheet: str, path: str) -> Iterator[tuple[int, Sequence[str]]]:
        if sheet not in self.sheets:
            self.source.refuse(path, f"La feuille « {sheet or '?'} » manque.")
            return
        yield from enumerate(self.sheets[sheet], start=1)

    def _mark(self, path: str, sheet: str, number: int) -> None:
        self.source.origins.setdefault(path, f"feuille « {sheet} », ligne {number}")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("une clé est écrite deux fois")
    return content
