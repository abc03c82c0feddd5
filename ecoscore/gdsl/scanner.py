"""GDSL, line by line: one instruction per line, arguments between commas, nothing else (docs/ecoscore.md)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ecoscore.gdsl.plan import Diagnostic

BOM = "\ufeff"


class Field(NamedTuple):
    """A trimmed part of a line and the column, from 1, where it starts (where it would stand, if empty)."""

    text: str
    column: int


class Line(NamedTuple):
    """A line that holds an instruction; `end` is the column after its last character that is not blank."""

    number: int
    fields: tuple[Field, ...]
    text: str
    end: int


def split_lines(text: str) -> list[str]:
    """Lines of a script, ended by LF, CRLF or CR; a byte order mark at its start is no part of it."""
    return text.removeprefix(BOM).replace("\r\n", "\n").replace("\r", "\n").split("\n")


def scan(text: str) -> Iterator[Line]:
    """The instructions of a script; blank lines and comments give nothing."""
    for number, raw in enumerate(split_lines(text), 1):
        stripped = raw.strip()
        if not stripped or stripped[0] == "#":
            continue
        fields: list[Field] = []
        start = 0
        for part in raw.split(","):
            trimmed = part.strip()
            # an empty argument stands just after its comma
            before = len(part) - len(part.lstrip()) if trimmed and trimmed != part else 0
            fields.append(Field(trimmed, start + 1 + before))
            start += len(part) + 1
        yield Line(number, tuple(fields), stripped, len(raw.rstrip()) + 1)


def read(content: bytes) -> tuple[str, Diagnostic | None]:
    """The text of a script file, or what is wrong with its bytes: a script is UTF-8, with or without a byte order mark."""
    content = content.removeprefix(BOM.encode())
    try:
        return content.decode(), None
    except UnicodeDecodeError as error:
        lines = split_lines(content[: error.start].decode())
        wrong = Diagnostic(
            len(lines),
            len(lines[-1]) + 1,
            "E002",
            "Ce fichier n’est pas un texte UTF-8 : ce caractère est illisible. Enregistrez le fichier en UTF-8.",
        )
        return "", wrong
