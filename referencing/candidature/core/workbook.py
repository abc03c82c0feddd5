"""Cahier de tests of a service that exchanges data: what it holds, what it still lacks, whether it is passed.

Texts come from a catalogue that is data (`fixtures/connection_tests/`); a campaign works on copies of its lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Result = Literal["", "ok", "ko", "na"]
OK, KO, NOT_APPLICABLE = "ok", "ko", "na"

#: Version of the form of the catalogue’s file.
SCHEMA = 1
#: Interface that every exchange begins with: its lines belong to every campaign (BR-132).
PAIRING = "appariement"

Pair = tuple[str, str]
"""Interface and direction, as the frozen exchange scope codes them: `("mesures", "lecture")`."""


@dataclass(frozen=True, slots=True)
class CatalogueLine:
    """One test to run: `steps` in order, what must be seen, and what its report needs."""

    code: str
    title: str
    steps: tuple[str, ...]
    expected: str
    is_mandatory: bool = True
    needs_visual: bool = False
    allows_not_applicable: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Lines of one interface and direction; without `pair`, lines of every campaign."""

    code: str
    title: str
    pair: Pair | None
    lines: tuple[CatalogueLine, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    demarche: str
    version: str
    title: str
    sections: tuple[Section, ...]


class CatalogueInvalid(ValueError):
    """The file cannot serve; `problems` holds every reason, each with its place."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(self.problems))


def parse_catalogue(source: Mapping[str, Any]) -> Catalogue:
    """The catalogue of a file read as plain values. Raises CatalogueInvalid with every problem found."""
    problems = list(_find_problems(source))
    if problems:
        raise CatalogueInvalid(problems)
    return Catalogue(
        demarche=source["demarche"],
        version=source["version"],
        title=source["title"],
        sections=tuple(
            Section(
                code=section["code"],
                title=section["title"],
                pair=(section["api"], section["direction"]) if "api" in section else None,
                lines=tuple(_line(line) for line in section["lines"]),
            )
            for section in source["sections"]
        ),
    )


def _line(line: Mapping[str, Any]) -> CatalogueLine:
    return CatalogueLine(
        code=line["code"],
        title=line["title"],
        steps=tuple(line["steps"]),
        expected=line["expected"],
        is_mandatory=not line.get("optional", False),
        needs_visual=line.get("visual", False),
        allows_not_applicable=line.get("not_applicable", False),
    )


_SECTION_KEYS = {"code", "title", "api", "direction", "lines"}
_LINE_KEYS = {"code", "title", "steps", "expected", "optional", "visual", "not_applicable"}


def _find_problems(source: Mapping[str, Any]) -> Iterator[str]:
    if source.get("schema") != SCHEMA:
        yield f"schema: {source.get('schema')!r} is not {SCHEMA}."
    for key in ("demarche", "version", "title"):
        if not isinstance(source.get(key), str) or not source[key]:
            yield f"{key}: text expected."
    sections = source.get("sections") or []
    if not any("api" not in section for section in sections):
        yield "sections: none belongs to every campaign."
    pairs = [(section.get("api"), section.get("direction")) for section in sections if "api" in section]
    yield from (
        f"sections: {pair} twice." for pair in sorted({pair for pair in pairs if pairs.count(pair) > 1}, key=str)
    )
    codes = [line.get("code") for section in sections for line in section.get("lines") or []]
    yield from (f"lines: {code} twice." for code in sorted({code for code in codes if codes.count(code) > 1}, key=str))
    for section in sections:
        place = f"section {section.get('code')}"
        if unknown := set(section) - _SECTION_KEYS:
            yield f"{place}: unknown {', '.join(sorted(unknown))}."
        if not (section.get("code") and section.get("title") and section.get("lines")):
            yield f"{place}: code, title and lines expected."
        if ("api" in section) != ("direction" in section):
            yield f"{place}: api and direction go together."
        for line in section.get("lines") or []:
            yield from _line_problems(line)


def _line_problems(line: Mapping[str, Any]) -> Iterator[str]:
    place = f"line {line.get('code')}"
    if unknown := set(line) - _LINE_KEYS:
        yield f"{place}: unknown {', '.join(sorted(unknown))}."
    if not (line.get("code") and line.get("title") and line.get("steps") and line.get("expected")):
        yield f"{place}: code, title, steps and expected are all needed."
    if line.get("not_applicable") and not line.get("optional"):
        yield f"{place}: a mandatory line cannot be « sans objet »."


def select_sections(catalogue: Catalogue, pairs: Iterable[Pair]) -> list[Section]:
    """Sections of appariement, then those of the chosen interfaces and directions, in the order of the catalogue (BR-132).

    Raises CatalogueInvalid when the catalogue tests nothing of a chosen interface: such a campaign would prove nothing.
    """
    chosen = {pair for pair in pairs if pair[0] != PAIRING}
    known = {section.pair for section in catalogue.sections}
    if missing := sorted(chosen - known):
        raise CatalogueInvalid(f"no section for {api} {direction}." for api, direction in missing)
    return [section for section in catalogue.sections if section.pair is None or section.pair in chosen]


# -- a campaign’s copy


@dataclass(frozen=True, slots=True)
class Line:
    """What one line of a campaign says now; `visuals` counts the files deposited on it."""

    code: str
    title: str
    is_mandatory: bool
    needs_visual: bool
    allows_not_applicable: bool
    result: Result = ""
    comment: str = ""
    visuals: int = 0
    final_result: Result = ""
    final_remark: str = ""


@dataclass(frozen=True, slots=True)
class Lack:
    """What a line still lacks, in French."""

    code: str
    message: str


def lacks_of(line: Line) -> list[str]:
    """What keeps a line of the dossier de recette from being complete, in French; empty when nothing (BR-133)."""
    if not line.result:
        return ["indiquez un résultat"]
    lacks = []
    if line.result == NOT_APPLICABLE and not line.allows_not_applicable:
        lacks.append("ce test ne peut pas être sans objet")
    if line.result in (KO, NOT_APPLICABLE) and not line.comment.strip():
        lacks.append("dites pourquoi en commentaire")
    if line.needs_visual and line.result != NOT_APPLICABLE and not line.visuals:
        lacks.append("déposez au moins un visuel")
    return lacks


def find_incomplete(lines: Iterable[Line]) -> list[Lack]:
    """One entry per incomplete line, in their order (BR-133)."""
    return [
        Lack(line.code, f"{line.code} {line.title}\u00a0: {', '.join(found)}.")
        for line in lines
        if (found := lacks_of(line))
    ]


def find_unpassed(lines: Iterable[Line]) -> list[Lack]:
    """What keeps the final workbook from being « réussi »: a line without result, a mandatory one that is not OK (X7)."""
    lacks = []
    for line in lines:
        if not line.final_result:
            lacks.append(Lack(line.code, f"{line.code} {line.title}\u00a0: résultat final à saisir."))
        elif line.is_mandatory and line.final_result != OK:
            lacks.append(Lack(line.code, f"{line.code} {line.title}\u00a0: test obligatoire qui n’est pas OK."))
        elif line.final_result != OK and not line.final_remark.strip():
            lacks.append(Lack(line.code, f"{line.code} {line.title}\u00a0: remarque attendue pour ce résultat."))
    return lacks


def can_take(line: Line, result: str) -> bool:
    """Whether `result` may be given to this line at all; nothing erases a result."""
    return result in ("", OK, KO) or (result == NOT_APPLICABLE and line.allows_not_applicable)


@dataclass(frozen=True, slots=True)
class Counts:
    done: int
    total: int

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 0


def count_complete(lines: Sequence[Line]) -> Counts:
    """Complete lines of the dossier de recette."""
    return Counts(sum(not lacks_of(line) for line in lines), len(lines))


def count_final(lines: Sequence[Line]) -> Counts:
    """Lines of the final workbook that have a result."""
    return Counts(sum(bool(line.final_result) for line in lines), len(lines))
