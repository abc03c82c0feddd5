"""From rows to what the engine decides: the one place that reads answers and deposits as facts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from questionnaires.core import (
    Answer,
    CriterionAnswer,
    Evaluation,
    Grid,
    Progress,
    Questionnaire,
    orientation_progress,
    questionnaire_progress,
)
from questionnaires.grids import CompiledGrid
from questionnaires.models import ORIENTATION, Deposit, Response, Specificity
from questionnaires.models import Answer as AnswerRow
from questionnaires.stored import SECRET_GIVEN, restore, restore_criterion

Rows = Mapping[str, AnswerRow]


def codes_of(grid: Grid, questionnaire: str) -> list[str]:
    """Codes of the questions or criteria of a questionnaire, shown or not. Raises KeyError."""
    if questionnaire == ORIENTATION:
        return list(grid.questions)
    return [criterion.code for criterion in grid.questionnaire(questionnaire).criteria()]


def expects_evidence(questionnaire: Questionnaire) -> bool:
    return any(criterion.evidence for criterion in questionnaire.criteria())


def read_rows(response: Response, grid: Grid, questionnaire: str) -> dict[str, AnswerRow]:
    """One query: the answers of a questionnaire, by code."""
    codes = codes_of(grid, questionnaire)
    return {row.code: row for row in AnswerRow.objects.filter(response=response, code__in=codes)}


def read_deposits(response: Response, grid: Grid, questionnaire: str) -> list[Deposit]:
    """One query: the active deposits of a questionnaire with their files; none when it expects no evidence."""
    if questionnaire == ORIENTATION or not expects_evidence(grid.questionnaire(questionnaire)):
        return []
    codes = codes_of(grid, questionnaire)
    deposits = Deposit.objects.active().with_file().filter(response=response, criterion__in=codes)
    return list(deposits.order_by("deposited_at", "pk"))


def read_specificities(response: Response, grid: Grid, questionnaire: str) -> dict[str, bool]:
    """One query: what the producer said of its criteria (BR-202); none for a questionnaire that nobody inherits."""
    if not grid.questionnaire(questionnaire).inheritable:
        return {}
    said = Specificity.objects.filter(response=response, code__in=codes_of(grid, questionnaire))
    return dict(said.values_list("code", "is_specific"))


def draft_orientation(grid: Grid, rows: Rows) -> dict[str, Answer]:
    """The orientation answers as they are being written; a secret is known to be given and nothing more."""
    answers: dict[str, Answer] = {}
    for code, row in rows.items():
        answer = SECRET_GIVEN if row.secret else restore(grid.questions[code], row.value)
        if answer is not None:
            answers[code] = answer
    return answers


def restore_orientation(grid: Grid, kept: Mapping[str, Any] | None) -> dict[str, Answer]:
    """Kept orientation answers as typed ones; those of questions that the grid lost are left out."""
    typed = {
        code: restore(grid.questions[code], value) for code, value in (kept or {}).items() if code in grid.questions
    }
    return {code: answer for code, answer in typed.items() if answer is not None}


def validated_evaluation(compiled: CompiledGrid, response: Response) -> Evaluation | None:
    """What the validated orientation decides (A-08); None before the first validation."""
    if response.orientation is None:
        return None
    return compiled.evaluator.evaluate(restore_orientation(compiled.grid, response.orientation))


def given_evidence(grid: Grid, deposits: Iterable[Deposit]) -> dict[str, frozenset[str]]:
    """By criterion, the evidence types of active deposits that count."""
    given: dict[str, set[str]] = {}
    for deposit in deposits:
        if is_given(grid, deposit):
            given.setdefault(deposit.criterion, set()).add(deposit.evidence_type)
    return {code: frozenset(types) for code, types in given.items()}


def is_given(grid: Grid, deposit: Deposit) -> bool:
    """Whether an active deposit counts: a single one does once it is confirmed (BR-074)."""
    return deposit.confirmed_at is not None or not is_single_deposit(grid, deposit)


def is_single_deposit(grid: Grid, deposit: Deposit) -> bool:
    expected = grid.criteria[deposit.criterion].evidence
    return any(each.single_deposit for each in expected if each.code == deposit.evidence_type)


def criterion_answers(
    grid: Grid, questionnaire: str, values: Mapping[str, Any], given: Mapping[str, frozenset[str]]
) -> dict[str, CriterionAnswer]:
    """Typed answers of every criterion of a questionnaire; `values` are kept ones by code."""
    return {
        criterion.code: restore_criterion(criterion, values.get(criterion.code), given.get(criterion.code, frozenset()))
        for criterion in grid.questionnaire(questionnaire).criteria()
    }


def draft_criteria(
    grid: Grid, questionnaire: str, rows: Rows, deposits: Iterable[Deposit]
) -> dict[str, CriterionAnswer]:
    values = {code: row.value for code, row in rows.items()}
    return criterion_answers(grid, questionnaire, values, given_evidence(grid, deposits))


def validated_criteria(grid: Grid, questionnaire: str, content: Mapping[str, Any]) -> dict[str, CriterionAnswer]:
    """Typed answers of a `Validation.content`."""
    answers: Mapping[str, Mapping[str, Any]] = content["answers"]
    given = {code: frozenset(item["type"] for item in answer["evidence"]) for code, answer in answers.items()}
    return criterion_answers(grid, questionnaire, {code: answer["value"] for code, answer in answers.items()}, given)


def recovered_in(content: Mapping[str, Any]) -> frozenset[str]:
    """The criteria of a `Validation.content` that are answered elsewhere."""
    return frozenset(code for code, answer in content["answers"].items() if answer.get("recovered"))


def progress_of(
    compiled: CompiledGrid,
    questionnaire: str,
    evaluation: Evaluation,
    rows: Rows,
    deposits: Iterable[Deposit],
    recovered: Collection[str] = (),
) -> Progress:
    """The counter of a questionnaire, the same for tile, form and panel (BR-051).

    `evaluation`: of the draft for the orientation itself, of the validated orientation for the others. `recovered`:
    `Response.recovered`.
    """
    if questionnaire == ORIENTATION:
        return orientation_progress(compiled.grid, evaluation)
    answers = draft_criteria(compiled.grid, questionnaire, rows, deposits)
    return questionnaire_progress(compiled.grid, evaluation, questionnaire, answers, recovered)
