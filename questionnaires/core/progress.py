"""Counters: the one place where tiles, forms and side panels count (BR-021, BR-051)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from .evaluator import Evaluation
from .grid import Grid, Kind
from .scoring import NOTHING, CriterionAnswer, anchor, missing


@dataclass(frozen=True, slots=True)
class Remaining:
    """One thing still to do: the question or criterion, what people read, and where to mend it."""

    code: str
    label: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Progress:
    """`answered` of `total`: questions, criteria, or required evidence types in a documents questionnaire (BR-075)."""

    answered: int
    total: int
    remaining: tuple[Remaining, ...] = ()

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 means done (BR-021); 100 when nothing is asked."""
        return 100 * self.answered // self.total if self.total else 100

    @property
    def is_complete(self) -> bool:
        return not self.remaining

    def __str__(self) -> str:
        return f"{self.answered}/{self.total}"


def orientation_progress(grid: Grid, evaluation: Evaluation) -> Progress:
    """Required visible questions, answered or not."""
    remaining = tuple(Remaining(code, grid.questions[code].label, anchor(code)) for code in evaluation.remaining)
    return Progress(evaluation.answered, evaluation.required, remaining)


def questionnaire_progress(
    grid: Grid,
    evaluation: Evaluation,
    questionnaire: str,
    answers: Mapping[str, CriterionAnswer],
    recovered: Collection[str] = (),
) -> Progress:
    """Shown criteria that are complete: a « Conforme » without its evidence is not (BR-070), so complete means validable.

    A criterion of `recovered` is answered elsewhere and counts as given (A-23).
    """
    kind = grid.questionnaire(questionnaire).kind
    answered = total = 0
    remaining: list[Remaining] = []
    for code in evaluation.criteria[questionnaire]:
        criterion = grid.criteria[code]
        lacking = () if code in recovered else missing(criterion, kind, answers.get(code, NOTHING))
        if kind is Kind.DOCUMENTS:
            expected = len(criterion.required_evidence)
            total += expected
            answered += expected - len(lacking)
            labels = {evidence.code: evidence.label for evidence in criterion.evidence}
            remaining += [Remaining(code, labels[each.evidence], each.anchor) for each in lacking]
        else:
            total += 1
            answered += not lacking
            remaining += [Remaining(code, f"{code} {criterion.title}", each.anchor) for each in lacking[:1]]
    return Progress(answered, total, tuple(remaining))
