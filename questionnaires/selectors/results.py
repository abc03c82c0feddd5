"""Results (SC-15): last validated and draft answers, history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from questionnaires.core import (
    Criterion,
    CriterionAnswer,
    Kind,
    Section,
    is_below_recommended,
    is_reached,
)
from questionnaires.core.scoring import NOTHING
from questionnaires.enums import Status
from questionnaires.facts import (
    read_deposits,
    read_rows,
    validated_criteria,
)
from questionnaires.grids import compiled_grid
from questionnaires.models import QuestionnaireResponse, Response, Validation
from questionnaires.selectors.forms import CriterionView, evaluation_form


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """A shown criterion, its last validated answer and its draft. None: never validated, or not answered.

    A recovered criterion has neither: nothing of its answer is known here, and the former one counts for nothing (A-24).
    `was_recovered`: the last validation took it from elsewhere.
    """

    criterion: Criterion
    validated: CriterionAnswer | None
    validated_comment: str
    draft: CriterionAnswer
    draft_comment: str
    is_reached: bool | None
    shows_recommendation: bool
    is_recovered: bool = False
    was_recovered: bool = False


@dataclass(frozen=True, slots=True)
class SectionResult:
    section: Section
    criteria: tuple[CriterionResult, ...]


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A line of the history; its content is read apart (`load_validation`)."""

    number: int
    at: datetime
    by: str
    is_reached: bool | None


@dataclass(frozen=True, slots=True)
class Results:
    code: str
    title: str
    kind: Kind
    state: Status
    is_reached: bool | None
    is_current: bool
    validated_at: datetime | None
    sections: tuple[SectionResult, ...]
    history: tuple[HistoryEntry, ...]


def load_results(response: Response, questionnaire: str) -> Results:
    """Last validated and draft answers side by side, with the history. Four queries at most (BR-067, BR-068).

    `response` comes `with_definition()`. Raises QuestionnaireResponse.DoesNotExist.
    """
    compiled = compiled_grid(response.definition)
    grid = compiled.grid
    row = QuestionnaireResponse.objects.select_related("validation").get(response=response, code=questionnaire)
    form = evaluation_form(
        compiled,
        response,
        row,
        read_rows(response, grid, questionnaire),
        read_deposits(response, grid, questionnaire),
    )
    content: Mapping[str, Any] = row.validation.content if row.validation else {"answers": {}}
    validated = validated_criteria(grid, questionnaire, content)
    history = Validation.objects.filter(questionnaire=row).select_related("by").defer("content").order_by("-number")
    return Results(
        code=row.code,
        title=form.title,
        kind=form.kind,
        state=form.state,
        is_reached=row.is_reached,
        is_current=row.is_current,
        validated_at=form.validated_at,
        sections=tuple(
            SectionResult(
                section.section,
                tuple(
                    _criterion_result(view, validated[view.code], content["answers"].get(view.code))
                    for view in section.criteria
                ),
            )
            for section in form.sections
        ),
        history=tuple(HistoryEntry(each.number, each.at, str(each.by), each.is_reached) for each in history),
    )


def _criterion_result(
    view: CriterionView, validated: CriterionAnswer, kept: Mapping[str, Any] | None
) -> CriterionResult:
    was_recovered = bool(kept and kept.get("recovered"))
    if view.is_recovered or was_recovered:
        return CriterionResult(
            criterion=view.criterion,
            validated=None,
            validated_comment="",
            draft=NOTHING if view.is_recovered else view.answer,
            draft_comment="" if view.is_recovered else view.comment,
            is_reached=None,
            shows_recommendation=not view.is_recovered and view.is_below_recommended,
            is_recovered=view.is_recovered,
            was_recovered=was_recovered,
        )
    latest = validated if kept else view.answer
    return CriterionResult(
        criterion=view.criterion,
        validated=validated if kept else None,
        validated_comment=kept["comment"] if kept else "",
        draft=view.answer,
        draft_comment=view.comment,
        is_reached=is_reached(view.criterion, view.kind, validated) if kept else None,
        shows_recommendation=is_below_recommended(view.criterion, latest),
    )


def load_validation(response: Response, questionnaire: str, number: int) -> Validation:
    """One query: a line of the history with its content. Raises Validation.DoesNotExist."""
    return Validation.objects.select_related("by").get(
        questionnaire__response=response, questionnaire__code=questionnaire, number=number
    )
