"""The cahier de tests as rows of a sheet, out and in again: people without network run tests too.

Reading judges the whole file: every error with its line, and no change at all while there is one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from referencing.candidature.core.workbook import Line, Result, can_take

LONGEST_COMMENT = 5_000

CODE, RESULT, COMMENT, VERSION = "Code", "Résultat", "Commentaire", "Version"
FINAL_RESULT, FINAL_REMARK = "Résultat final", "Remarque finale"
CAMPAIGN = "Campagne"
#: What a person writes in the column of results, and how it is shown.
WORDS: Mapping[str, Result] = {"ok": "ok", "ko": "ko", "sans objet": "na", "so": "na", "na": "na"}
SHOWN: Mapping[str, str] = {"": "", "ok": "OK", "ko": "KO", "na": "Sans objet"}


@dataclass(frozen=True, slots=True)
class Columns:
    """Headers of the two columns that one side fills."""

    result: str
    text: str


EDITOR = Columns(RESULT, COMMENT)
TEAM = Columns(FINAL_RESULT, FINAL_REMARK)


@dataclass(frozen=True, slots=True)
class Current:
    """A line as it stands: its facts, the two values that the reader may change, its version, whether it is open."""

    line: Line
    result: Result
    text: str
    version: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class Change:
    """What a file would change on one line; `version` is the one that the file was made from."""

    code: str
    title: str
    before: tuple[Result, str]
    after: tuple[Result, str]
    version: int


@dataclass(frozen=True, slots=True)
class Read:
    """Either `errors`, each naming its line, or the changes that the file asks for (none when it says what is known)."""

    changes: tuple[Change, ...] = ()
    errors: tuple[str, ...] = ()


def fold(text: str) -> str:
    """Without accents, case and spaces around: what people type in a cell varies."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join(plain.lower().split())


def read_sheet(
    rows: Sequence[Sequence[str]], lines: Iterable[Current], *, campaign: str, columns: Columns = EDITOR
) -> Read:
    """Compare the rows of a sheet (texts; the header is found by its names) with the lines of a campaign.

    `campaign` is what the column « Campagne » must say on each row. A cell left empty changes nothing: nobody erases a
    colleague’s work by sending back an old file.
    """
    head = next((number for number, row in enumerate(rows) if fold(CODE) in map(fold, row)), None)
    if head is None:
        return Read(errors=(f"Ce classeur n’a pas de colonne « {CODE} » : partez du cahier téléchargé ici.",))
    places = {fold(title): place for place, title in enumerate(rows[head]) if title}
    missing = [title for title in (columns.result, columns.text, VERSION, CAMPAIGN) if fold(title) not in places]
    if missing:
        names = ", ".join(f"« {title} »" for title in missing)
        return Read(errors=(f"Ligne {head + 1} : il manque la colonne {names}. Partez du cahier téléchargé ici.",))
    reader = _Reader({current.line.code: current for current in lines}, places, campaign, columns)
    for number, row in enumerate(rows[head + 1 :], head + 2):
        if any(cell.strip() for cell in row):
            reader.read(number, row)
    if not reader.seen:
        reader.errors.append("Ce classeur ne contient aucune ligne de test.")
    return Read(errors=tuple(reader.errors)) if reader.errors else Read(changes=tuple(reader.changes))


class _Reader:
    def __init__(
        self, known: Mapping[str, Current], places: Mapping[str, int], campaign: str, columns: Columns
    ) -> None:
        self._known, self._places, self._campaign, self._columns = known, places, campaign, columns
        self.seen: dict[str, int] = {}
        self.changes: list[Change] = []
        self.errors: list[str] = []

    def _cell(self, row: Sequence[str], title: str) -> str:
        place = self._places[fold(title)]
        return row[place].strip() if place < len(row) else ""

    def read(self, number: int, row: Sequence[str]) -> None:
        found = list(self._problems(number, row))
        self.errors += [f"Ligne {number} : {each}" for each in found]
        code = self._cell(row, CODE)
        self.seen.setdefault(code, number)
        if found:
            return
        current = self._known[code]
        typed, text = self._cell(row, self._columns.result), self._cell(row, self._columns.text)
        before = (current.result, current.text)
        after = (WORDS[fold(typed)] if typed else current.result, text or current.text)
        if after == before:
            return
        version = int(self._cell(row, VERSION))
        if not current.is_open:
            self.errors.append(f"Ligne {number} : {code} n’est pas à remplir pour le moment.")
        elif version != current.version:
            self.errors.append(
                f"Ligne {number} : {code} a changé en ligne depuis le téléchargement. Téléchargez de nouveau le cahier."
            )
        else:
            self.changes.append(Change(code, current.line.title, before, after, version))

    def _problems(self, number: int, row: Sequence[str]) -> Iterable[str]:
        code = self._cell(row, CODE)
        current = self._known.get(code)
        if current is None:
            yield f"le code « {code[:40]} » ne figure pas dans ce cahier." if code else "le code du test manque."
            return
        if code in self.seen:
            yield f"{code} figure déjà à la ligne {self.seen[code]}."
        if self._cell(row, CAMPAIGN) != self._campaign:
            yield f"{code} vient du cahier d’une autre campagne."
        if not self._cell(row, VERSION).isdecimal():
            yield f"la version de {code} n’est pas un nombre : ne modifiez pas cette colonne."
        if typed := self._cell(row, self._columns.result):
            result = WORDS.get(fold(typed))
            if result is None:
                yield f"le résultat « {typed[:40]} » n’est pas reconnu : écrivez OK, KO ou Sans objet."
            elif not can_take(current.line, result):
                yield f"{code} est obligatoire : « Sans objet » n’est pas accepté."
        if len(self._cell(row, self._columns.text)) > LONGEST_COMMENT:
            yield f"le texte de {code} dépasse {LONGEST_COMMENT} caractères."
