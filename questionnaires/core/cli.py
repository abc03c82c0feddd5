"""The commands, as pure functions: bytes in, exit code and text out. `management/commands` reads files and prints."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .answers import load_answers
from .changes import compare_grids
from .evaluator import Evaluator
from .excel import load_xlsx
from .findings import AnswerError, Finding, GridRefused
from .lint import lint, require_orientable
from .loader import Loaded, load_source, load_yaml
from .source import Source


@dataclass(frozen=True, slots=True)
class Outcome:
    exit_code: int
    text: str


def load_bytes(content: bytes, name: str) -> Loaded:
    """Read a grid file, Excel if its name ends in `.xlsx`, else YAML."""
    if name.lower().endswith(".xlsx"):
        return load_xlsx(content)
    try:
        return load_yaml(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        source = Source()
        source.refuse("", "Ce fichier n’est pas un texte UTF-8.")
        return load_source(source)


def run_lint(content: bytes, name: str, *, as_json: bool, has_template: Callable[[str], bool]) -> Outcome:
    """Findings of a grid file; exit 1 if one of them is an error."""
    findings = lint(load_bytes(content, name), has_template=has_template)
    exit_code = 1 if any(finding.is_error for finding in findings) else 0
    if as_json:
        return Outcome(exit_code, _json({"findings": [finding.as_json() for finding in findings]}))
    return Outcome(exit_code, "\n".join([*map(_line, findings), _summary(findings)]))


def run_orient(content: bytes, name: str, answers: bytes) -> Outcome:
    """What the answers decide, as JSON; exit 2 with `{"errors": […]}` when the grid or the answers forbid it."""
    try:
        grid = require_orientable(load_bytes(content, name))
    except GridRefused as refusal:
        return refuse(AnswerError(f.code, f.place, f.message) for f in refusal.findings)
    try:
        text = answers.decode("utf-8-sig")
    except UnicodeDecodeError:
        return refuse([AnswerError("invalid_json", "", "Le fichier de réponses n’est pas un texte UTF-8.")])
    parsed = load_answers(grid, text)
    if parsed.errors:
        return refuse(parsed.errors)
    return Outcome(0, _json(Evaluator(grid).evaluate(parsed.answers).as_json()))


def run_diff(before: tuple[bytes, str], after: tuple[bytes, str]) -> Outcome:
    """The differences between two grid files, each given with its name; exit 2 when one of them cannot be read."""
    try:
        changes = compare_grids(*(load_bytes(content, name).require() for content, name in (before, after)))
    except GridRefused as refusal:
        return Outcome(2, "\n".join(map(_line, refusal.findings)))
    return Outcome(0, "\n".join(map(str, changes)) or "Aucune différence.")


def refuse(errors: Iterable[AnswerError]) -> Outcome:
    return Outcome(2, _json({"errors": [error.as_json() for error in errors]}))


def _json(content: object) -> str:
    """Readable JSON; half a character, which JSON answers may hold and no terminal can print, stays an escape."""
    return json.dumps(content, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace").decode("utf-8")


def _line(finding: Finding) -> str:
    word = "erreur" if finding.is_error else "avertissement"
    return f"{finding.code} {word} – {finding.place} : {finding.message}"


def _summary(findings: tuple[Finding, ...]) -> str:
    errors = sum(finding.is_error for finding in findings)
    warnings = len(findings) - errors
    if not findings:
        return "Aucune anomalie."
    return f"{errors} erreur{'s' * (errors > 1)}, {warnings} avertissement{'s' * (warnings > 1)}."
