"""Where each part of a grid stands: its YAML path."""

from __future__ import annotations

from collections.abc import Iterator

from .conditions import Condition
from .grid import Criterion, Grid, Question, Questionnaire


def question_places(grid: Grid) -> Iterator[tuple[str, Question]]:
    for i, section in enumerate(grid.orientation):
        for j, question in enumerate(section.questions):
            yield f"orientation.sections[{i}].questions[{j}]", question


def criteria_places(grid: Grid) -> Iterator[tuple[str, Criterion, Questionnaire]]:
    for i, questionnaire in enumerate(grid.questionnaires):
        for j, section in enumerate(questionnaire.sections):
            for k, criterion in enumerate(section.criteria):
                yield f"questionnaires[{i}].sections[{j}].criteria[{k}]", criterion, questionnaire


def condition_places(grid: Grid) -> Iterator[tuple[str, Condition, Condition | None]]:
    """Every condition with its path and its gate: the `applicable_when` of a criterion's questionnaire."""
    if grid.exchange_when is not None:
        yield "exchange_when", grid.exchange_when, None
    for path, question in question_places(grid):
        if question.visible_when is not None:
            yield f"{path}.visible_when", question.visible_when, None
    for i, questionnaire in enumerate(grid.questionnaires):
        if questionnaire.applicable_when is not None:
            yield f"questionnaires[{i}].applicable_when", questionnaire.applicable_when, None
    for path, criterion, questionnaire in criteria_places(grid):
        if criterion.visible_when is not None:
            yield f"{path}.visible_when", criterion.visible_when, questionnaire.applicable_when
