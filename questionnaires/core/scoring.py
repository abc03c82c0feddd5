"""What the answer to a criterion is worth: what is still missing, and whether the expected level is reached.

Rules BR-060 to BR-063, BR-070, BR-071, BR-075, BR-079, A-12.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from .answers import AnswerRefused, is_blank, parse_answer
from .evaluator import Evaluation
from .findings import AnswerError
from .grid import Criterion, Grid, Kind, Question, QuestionType
from .values import Answer


class Compliance(StrEnum):
    CONFORME = "conforme"
    NON_CONFORME = "non_conforme"


class Part(StrEnum):
    """The part of a criterion that an answer lacks."""

    LEVEL = "level"
    COMPLIANCE = "compliance"
    VALUE = "value"
    EVIDENCE = "evidence"


@dataclass(frozen=True, slots=True)
class CriterionAnswer:
    """The answer to one criterion; `evidence` holds the codes of the evidence types with at least one active file."""

    level: str | None = None
    compliance: Compliance | None = None
    value: Answer | None = None
    evidence: frozenset[str] = frozenset()


NOTHING = CriterionAnswer()


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that an answer lacks; `evidence` is the code of the evidence type when `part` is EVIDENCE."""

    criterion: str
    part: Part
    message: str
    evidence: str = ""

    @property
    def anchor(self) -> str:
        """The fragment of the page where it can be mended."""
        return anchor(self.criterion, self.part, self.evidence)


@lru_cache(maxsize=8192)
def anchor(code: str, *parts: str) -> str:
    """The `id` of what a question or criterion asks: `field-A06.1.1-level`, `field-Q3`."""
    return "-".join(["field", code, *(part for part in parts if part)])


def parse_criterion_answer(
    criterion: Criterion, kind: Kind, raw: Mapping[str, object] | None, evidence: Collection[str] = ()
) -> tuple[CriterionAnswer, tuple[AnswerError, ...]]:
    """Type what is stored or posted for a criterion, with every refusal.

    `raw` is `{"level": "2"}` or `{"compliance": "conforme"}`, plus `{"number": 72.5}` (the type of the expected value as the
    key) where the criterion expects a value. Codes: `unknown_key`, `level_not_offered` (BR-063), `unknown_choice`, `wrong_type`.
    """
    given = {key: value for key, value in (raw or {}).items() if not is_blank(value)}
    known = {Kind.LEVELS: {"level"}, Kind.COMPLIANCE: {"compliance"}, Kind.DOCUMENTS: set[str]()}[kind]
    expected = criterion.value if kind is Kind.COMPLIANCE else None
    if expected is not None:
        known.add(expected.type.value)
    errors = [
        AnswerError("unknown_key", f"{criterion.code}.{key}", "Cette réponse n’est pas attendue pour ce critère.")
        for key in given
        if key not in known
    ]
    level = compliance = value = None
    if "level" in known and "level" in given:
        level = given["level"]
        if level not in [each.level for each in criterion.levels]:
            errors.append(
                AnswerError(
                    "level_not_offered", f"{criterion.code}.level", "Ce niveau n’est pas proposé pour ce critère."
                )
            )
            level = None
    if "compliance" in known and "compliance" in given:
        try:
            compliance = Compliance(str(given["compliance"]))
        except ValueError:
            message = "Choisissez « Conforme » ou « Non conforme »."
            errors.append(AnswerError("unknown_choice", f"{criterion.code}.compliance", message))
    if expected is not None and (key := expected.type.value) in given:
        question = Question(code=key, label=expected.label, type=QuestionType(key))
        try:
            value = parse_answer(question, given[key])
        except AnswerRefused as refusal:
            errors.append(AnswerError(refusal.code, f"{criterion.code}.{key}", refusal.message))
    typed = CriterionAnswer(str(level) if level else None, compliance, value, frozenset(evidence))
    return typed, tuple(errors)


def missing(criterion: Criterion, kind: Kind, answer: CriterionAnswer = NOTHING) -> tuple[Missing, ...]:
    """Everything that forbids validating the criterion; nothing when it is complete.

    « Non conforme » needs neither evidence nor value (BR-071); « Conforme » needs every required one (BR-070, BR-079).
    """
    match kind:
        case Kind.LEVELS:
            return () if answer.level else (Missing(criterion.code, Part.LEVEL, "Choisissez un niveau de maturité."),)
        case Kind.COMPLIANCE if answer.compliance is None:
            return (Missing(criterion.code, Part.COMPLIANCE, "Choisissez « Conforme » ou « Non conforme »."),)
        case Kind.COMPLIANCE if answer.compliance is Compliance.NON_CONFORME:
            return ()
    found = []
    if kind is Kind.COMPLIANCE and criterion.value is not None and answer.value is None:
        found.append(Missing(criterion.code, Part.VALUE, f"Indiquez la valeur « {criterion.value.label} »."))
    for evidence in criterion.evidence:
        if evidence.required and evidence.code not in answer.evidence:
            message = f"Déposez la preuve « {evidence.label} »."
            found.append(Missing(criterion.code, Part.EVIDENCE, message, evidence.code))
    return tuple(found)


def is_reached(criterion: Criterion, kind: Kind, answer: CriterionAnswer = NOTHING) -> bool:
    """Whether the criterion is at the level asked for; an option always is (BR-060, BR-061, A-12)."""
    if not criterion.is_obligation:
        return True
    match kind:
        case Kind.LEVELS:
            return answer.level in criterion.acceptable
        case Kind.COMPLIANCE if answer.compliance is not Compliance.CONFORME:
            return False
    return not missing(criterion, kind, answer)


def is_below_recommended(criterion: Criterion, answer: CriterionAnswer = NOTHING) -> bool:
    """Whether the recommendation is shown: a level was given, and it stands below the recommended one. « na » never does."""
    offered = [level.level for level in criterion.levels if level.level != "na"]
    if criterion.recommended not in offered or answer.level not in offered:
        return False
    return offered.index(answer.level) < offered.index(criterion.recommended)


def is_questionnaire_reached(
    grid: Grid,
    evaluation: Evaluation,
    questionnaire: str,
    answers: Mapping[str, CriterionAnswer],
    recovered: Collection[str] = (),
) -> bool:
    """« Niveau d’auto-évaluation » : true for « Atteint » – every shown obligation is reached (BR-062).

    `recovered`: criteria answered elsewhere, of which nothing may be deduced: they are left out (A-24).
    """
    kind = grid.questionnaire(questionnaire).kind
    own = [code for code in evaluation.criteria[questionnaire] if code not in recovered]
    return all(is_reached(grid.criteria[code], kind, answers.get(code, NOTHING)) for code in own)


def missing_core(grid: Grid, evaluation: Evaluation, validated: Collection[str]) -> tuple[str, ...]:
    """Core questionnaires that still forbid generating a dossier; one with nothing to answer never does (A-12)."""
    return tuple(
        each.code
        for each in grid.questionnaires
        if each.core and evaluation.is_open(each.code) and each.code not in validated
    )
