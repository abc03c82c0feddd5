"""What is wrong with a grid or with answers: a code, a place, a French message."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of the lint (G001 to G013).

    `path` is the YAML path (`orientation.sections[0].questions[2].visible_when`); `origin` says where that stands in the
    file (`ligne 12`, or `feuille « ethique », ligne 4`), empty when the grid was not read from a file.
    """

    code: str
    path: str
    message: str
    origin: str = ""
    severity: Severity = Severity.ERROR

    @property
    def place(self) -> str:
        path = self.path or "fichier"
        return f"{path} ({self.origin})" if self.origin else path

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR

    def as_json(self) -> dict[str, str]:
        return {"code": self.code, "severity": self.severity.value, "place": self.place, "message": self.message}


@dataclass(frozen=True, slots=True)
class AnswerError:
    """One refused answer; `place` is the question code, with the position in a list (`Q3[1]`)."""

    code: str
    place: str
    message: str

    def as_json(self) -> dict[str, str]:
        return {"code": self.code, "place": self.place, "message": self.message}


class GridRefused(ValueError):
    """The grid has errors that forbid what was asked; `findings` holds all of them."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(" ; ".join(f"{finding.code} {finding.place} : {finding.message}" for finding in self.findings))
