"""What counts of a response: its validated content, for dossiers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from questionnaires.core import (
    CriterionAnswer,
    Evaluation,
    Grid,
    Kind,
    is_questionnaire_reached,
)
from questionnaires.facts import (
    recovered_in,
    validated_criteria,
    validated_evaluation,
)
from questionnaires.grids import compiled_grid
from questionnaires.models import QuestionnaireResponse, Response


@dataclass(frozen=True, slots=True)
class ValidatedQuestionnaire:
    """The validated content of one questionnaire, restricted to what the validated orientation shows (BR-048).

    `answers` as in `Validation.content`. `is_current` is False when a new validation is asked (BR-047, BR-073).
    """

    code: str
    title: str
    kind: Kind
    core: bool
    applicable: bool
    is_current: bool
    is_reached: bool | None
    validated_at: datetime | None
    validated_by: str
    criteria: tuple[str, ...]
    answers: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class ValidatedContent:
    """What counts of a response at this moment: its validated orientation and questionnaires (A-08, BR-093)."""

    grid: Grid
    orientation: Mapping[str, Any] | None
    evaluation: Evaluation | None
    exchange: bool
    questionnaires: tuple[ValidatedQuestionnaire, ...]


def load_validated(response: Response) -> ValidatedContent:
    """Two queries at most: everything that a dossier freezes, the files of the evidence apart."""
    compiled = compiled_grid(response.definition)
    evaluation = validated_evaluation(compiled, response)
    rows = {
        row.code: row
        for row in QuestionnaireResponse.objects.filter(response=response).select_related("validation__by")
    }
    return ValidatedContent(
        grid=compiled.grid,
        orientation=response.orientation,
        evaluation=evaluation,
        exchange=bool(evaluation and evaluation.exchange),
        questionnaires=tuple(
            _validated(compiled.grid, rows[each.code], each.kind, each.core, evaluation)
            for each in compiled.grid.questionnaires
        ),
    )


def _validated(
    grid: Grid, row: QuestionnaireResponse, kind: Kind, core: bool, evaluation: Evaluation | None
) -> ValidatedQuestionnaire:
    shown = evaluation.criteria[row.code] if evaluation else ()
    answers: Mapping[str, Any] = row.validation.content["answers"] if row.validation else {}
    typed = validated_criteria(grid, row.code, row.validation.content) if row.validation else {}
    return ValidatedQuestionnaire(
        code=row.code,
        title=grid.questionnaire(row.code).title,
        kind=kind,
        core=core,
        applicable=bool(shown),
        is_current=row.is_current,
        is_reached=_is_reached(grid, evaluation, row, typed) if evaluation and typed else None,
        validated_at=row.validation.at if row.validation else None,
        validated_by=str(row.validation.by) if row.validation else "",
        criteria=shown,
        answers={code: answers[code] for code in shown if code in answers},
    )


def _is_reached(
    grid: Grid, evaluation: Evaluation, row: QuestionnaireResponse, answers: Mapping[str, CriterionAnswer]
) -> bool:
    elsewhere = recovered_in(row.validation.content) if row.validation else frozenset()
    return is_questionnaire_reached(grid, evaluation, row.code, answers, elsewhere)
