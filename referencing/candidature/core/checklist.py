"""The admissibility checklist: lines that are data of the démarche, some checked by the platform from plain facts.

The verifier and the editor run the very same functions: what the one reads is what the other was shown before applying.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any


class Result(StrEnum):
    """What is known of one line. UNKNOWN: nobody looked yet."""

    YES = "yes"
    NO = "no"
    NOT_APPLICABLE = "not_applicable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the checklist as the démarche words it; `auto` names a check of `CHECKS`, empty when a person looks.

    `missing_piece` is what the editor is asked for when the line fails.
    """

    code: str
    label: str
    help: str = ""
    auto: str = ""
    missing_piece: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason for a « non »; `place` says where it is mended: a key of the page (`questionnaire:ethique`), or nothing."""

    message: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What the platform found for one line."""

    result: Result
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceFact:
    """One file of the dossier: state of its scan, and how many days it stays good (None: for ever)."""

    questionnaire: str
    criterion: str
    name: str
    scan: str
    deposited_on: date | None = None
    max_age_days: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the automatic checks read.

    `missing_questionnaires`: (code, title) applicable and not in the dossier. `unreached`: (questionnaire, code, title) of
    the obligations not reached. `missing_values`: same form, criteria that await a measure or a text. `usable_now` is the
    answer to the question that the démarche names, None when it names none. `undescribed`: (anchor, label) of the
    interfaces whose use is not described.
    """

    today: date
    convention_validated: bool
    convention_signed: bool
    organisation: str
    organisation_verified: bool
    missing_questionnaires: Sequence[tuple[str, str]] = ()
    unreached: Sequence[tuple[str, str, str]] = ()
    missing_values: Sequence[tuple[str, str, str]] = ()
    usable_now: bool | None = None
    evidence: Sequence[EvidenceFact] = ()
    has_exchange: bool = False
    undescribed: Sequence[tuple[str, str]] = ()


def _convention(facts: Facts) -> Finding:
    problems = []
    if not facts.convention_signed:
        problems.append(Problem("La convention n’est pas signée par le représentant légal.", "convention"))
    if not facts.convention_validated:
        problems.append(Problem("La convention n’est pas validée.", "convention"))
    return _found(problems)


def _organisation(facts: Facts) -> Finding:
    if facts.organisation_verified:
        return Finding(Result.YES)
    return _found([Problem(f"{facts.organisation} n’est pas encore une structure vérifiée.", "sheet")])


def _complete(facts: Facts) -> Finding:
    return _found(
        Problem(f"Le dossier ne contient pas le questionnaire « {title} ».", f"questionnaire:{code}")
        for code, title in facts.missing_questionnaires
    )


def _obligations(facts: Facts) -> Finding:
    return _found(
        Problem(f"Critère obligatoire non atteint : {code} {title}.", f"questionnaire:{questionnaire}")
        for questionnaire, code, title in facts.unreached
    )


def _usable(facts: Facts) -> Finding:
    if facts.usable_now is None:
        return Finding(Result.NOT_APPLICABLE)
    if facts.usable_now:
        return Finding(Result.YES)
    return _found([Problem("Le service n’est pas encore utilisable par les usagers.", "orientation")])


def _scanned(facts: Facts) -> Finding:
    if not facts.evidence:
        return Finding(Result.NOT_APPLICABLE)
    return _found(
        Problem(f"« {each.name} » n’a pas été reconnu sain par l’antivirus.", f"questionnaire:{each.questionnaire}")
        for each in facts.evidence
        if each.scan != "clean"
    )


def _valid(facts: Facts) -> Finding:
    if not facts.evidence:
        return Finding(Result.NOT_APPLICABLE)
    return _found(
        Problem(
            f"« {each.name} » ({each.criterion}) a plus de {each.max_age_days} jours : une preuve plus récente est attendue.",
            f"questionnaire:{each.questionnaire}",
        )
        for each in facts.evidence
        if has_expired(each, on=facts.today)
    )


def _exchange(facts: Facts) -> Finding:
    if not facts.has_exchange:
        return Finding(Result.NOT_APPLICABLE)
    return _found(
        Problem(f"L’usage de {label} n’est pas entièrement décrit.", f"exchange:{anchor}")
        for anchor, label in facts.undescribed
    )


def _values(facts: Facts) -> Finding:
    return _found(
        Problem(f"Une valeur est attendue : {code} {title}.", f"questionnaire:{questionnaire}")
        for questionnaire, code, title in facts.missing_values
    )


#: Automatic checks by the name that a démarche’s checklist uses.
CHECKS: Mapping[str, Callable[[Facts], Finding]] = {
    "convention": _convention,
    "organisation": _organisation,
    "complete": _complete,
    "obligations": _obligations,
    "usable_now": _usable,
    "evidence_scanned": _scanned,
    "evidence_valid": _valid,
    "exchange_scope": _exchange,
    "values": _values,
}


def _found(problems: Iterable[Problem]) -> Finding:
    kept = tuple(problems)
    return Finding(Result.NO if kept else Result.YES, kept)


def has_expired(evidence: EvidenceFact, *, on: date) -> bool:
    """Whether the file is older than its type allows on that day."""
    if evidence.max_age_days is None or evidence.deposited_on is None:
        return False
    return evidence.deposited_on + timedelta(days=evidence.max_age_days) < on


def parse_lines(rows: Iterable[Mapping[str, Any]]) -> tuple[Line, ...]:
    """The checklist of a démarche’s settings. Raises ValueError for a code used twice or a check that does not exist."""
    lines = tuple(
        Line(
            code=row["code"],
            label=row["label"],
            help=row.get("help", ""),
            auto=row.get("auto", ""),
            missing_piece=row.get("missing_piece", ""),
        )
        for row in rows
    )
    codes = [line.code for line in lines]
    for line in lines:
        if codes.count(line.code) > 1:
            raise ValueError(f"checklist: {line.code} stands twice")
        if line.auto and line.auto not in CHECKS:
            raise ValueError(f"checklist: {line.code} names the unknown check {line.auto}")
    return lines


@dataclass(frozen=True, slots=True)
class Answer:
    """What an agent answered on a line, who and when; on a line that the platform checked, it takes the place of its
    finding."""

    result: Result
    note: str = ""
    version: int = 1
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CheckedLine:
    """One line with what the platform found (UNKNOWN for a line that a person looks at) and what the agent answered."""

    line: Line
    finding: Finding
    answer: Answer | None = None

    @property
    def result(self) -> Result:
        return self.answer.result if self.answer else self.finding.result

    @property
    def is_overridden(self) -> bool:
        """An agent holds the line to be in order where the platform does not."""
        return self.finding.result == Result.NO and self.passes

    @property
    def passes(self) -> bool:
        return self.result in (Result.YES, Result.NOT_APPLICABLE)


def run_checks(
    lines: Sequence[Line], facts: Facts, answers: Mapping[str, Answer] | None = None
) -> tuple[CheckedLine, ...]:
    """Every line in its order, checked by the platform where it can, with the answers of agents by code."""
    given = answers or {}
    return tuple(
        CheckedLine(
            line=line,
            finding=CHECKS[line.auto](facts) if line.auto else Finding(Result.UNKNOWN),
            answer=given.get(line.code),
        )
        for line in lines
    )


def failing(lines: Iterable[CheckedLine]) -> list[CheckedLine]:
    """Lines answered « non », by the platform or by an agent: what is asked of the editor."""
    return [each for each in lines if each.result == Result.NO]


def unanswered(lines: Iterable[CheckedLine]) -> list[CheckedLine]:
    """Lines that still wait for somebody to look."""
    return [each for each in lines if each.result == Result.UNKNOWN]


def question_for(checked: CheckedLine) -> str:
    """What to ask of the editor for a failing line: the words of the démarche, then each reason found."""
    words = [checked.line.missing_piece or checked.line.label, *(each.message for each in checked.finding.problems)]
    return "\n".join(words)
