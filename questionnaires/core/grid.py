"""One version of a démarche's questionnaires, as values: what the YAML says, typed, and nothing computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property

from .conditions import Condition

FORMATS = ("pdf", "docx", "xlsx", "odt", "ods", "png", "jpg", "zip")
LEVELS = ("na", "0", "1", "2", "3")
MAX_SIZE_MB = 50
YES, NO = "oui", "non"


class QuestionType(StrEnum):
    BOOLEAN = "boolean"
    SINGLE_CHOICE = "single_choice"
    MULTIPLE_CHOICE = "multiple_choice"
    TEXT = "text"
    URL = "url"
    EMAIL = "email"
    NUMBER = "number"
    DATE = "date"
    SECRET = "secret"  # noqa: S105 (a type of question, not a password)


class Kind(StrEnum):
    LEVELS = "levels"
    COMPLIANCE = "compliance"
    DOCUMENTS = "documents"


class Nature(StrEnum):
    OPTION = "option"
    OBLIGATION = "obligation"


class ValueType(StrEnum):
    NUMBER = "number"
    TEXT = "text"
    URL = "url"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Choice:
    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Resource:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Question:
    code: str
    label: str
    type: QuestionType
    help: str = ""
    choices: tuple[Choice, ...] = ()
    exclusive: str | None = None
    required: bool = True
    visible_when: Condition | None = None

    @property
    def values(self) -> tuple[str, ...]:
        """The closed list of values, in the order of the file; empty for open types."""
        if self.type is QuestionType.BOOLEAN:
            return (YES, NO)
        return tuple(choice.code for choice in self.choices)

    def label_of(self, value: str) -> str:
        """What people read for a value; the value itself when it has no label."""
        if self.type is QuestionType.BOOLEAN:
            return {YES: "Oui", NO: "Non"}.get(value, value)
        return next((choice.label for choice in self.choices if choice.code == value), value)


@dataclass(frozen=True, slots=True)
class Level:
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Value:
    """A figure or text expected with a compliance answer (the écoscore)."""

    type: ValueType
    label: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceType:
    code: str
    label: str
    required: bool = True
    single_deposit: bool = False
    encrypted: bool = False
    template: str | None = None
    formats: tuple[str, ...] = FORMATS
    max_size_mb: int = MAX_SIZE_MB
    max_age_days: int | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    code: str
    title: str
    nature: Nature
    objective: str = ""
    visible_when: Condition | None = None
    levels: tuple[Level, ...] = ()
    acceptable: tuple[str, ...] = ()
    recommended: str | None = None
    recommendation: str = ""
    evidence: tuple[EvidenceType, ...] = ()
    value: Value | None = None
    specific_by_default: bool = False
    official: bool = False

    @property
    def is_obligation(self) -> bool:
        return self.nature is Nature.OBLIGATION

    @property
    def required_evidence(self) -> tuple[str, ...]:
        return tuple(evidence.code for evidence in self.evidence if evidence.required)


@dataclass(frozen=True, slots=True)
class Section:
    """A section holds questions (orientation) or criteria (evaluation), never both."""

    code: str
    title: str
    introduction: str = ""
    resources: tuple[Resource, ...] = ()
    questions: tuple[Question, ...] = ()
    criteria: tuple[Criterion, ...] = ()


@dataclass(frozen=True, slots=True)
class Questionnaire:
    code: str
    title: str
    kind: Kind
    inheritable: bool = False
    core: bool = False
    applicable_when: Condition | None = None
    sections: tuple[Section, ...] = ()

    def criteria(self) -> Iterator[Criterion]:
        for section in self.sections:
            yield from section.criteria


@dataclass(frozen=True)
class Grid:
    demarche: str
    parcours: str
    version: str
    title: str
    effective_on: date
    orientation_title: str
    orientation: tuple[Section, ...] = ()
    questionnaires: tuple[Questionnaire, ...] = ()
    exchange_when: Condition | None = None

    @cached_property
    def questions(self) -> dict[str, Question]:
        """Orientation questions by code, in the order of the file."""
        return {question.code: question for section in self.orientation for question in section.questions}

    @cached_property
    def criteria(self) -> dict[str, Criterion]:
        """Criteria by code, in the order of the file."""
        return {
            criterion.code: criterion for questionnaire in self.questionnaires for criterion in questionnaire.criteria()
        }

    @cached_property
    def questionnaire_of(self) -> dict[str, Questionnaire]:
        """The questionnaire of each criterion code."""
        return {criterion.code: each for each in self.questionnaires for criterion in each.criteria()}

    def questionnaire(self, code: str) -> Questionnaire:
        """Raises KeyError when the grid has no such questionnaire."""
        for questionnaire in self.questionnaires:
            if questionnaire.code == code:
                return questionnaire
        raise KeyError(code)
