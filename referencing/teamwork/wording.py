"""How the parts of a questionnaire and what is proposed for them read to people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convergence.ui.typography import NBSP, format_date
from questionnaires.core import Criterion, Grid, QuestionType, Section
from questionnaires.models import ORIENTATION
from questionnaires.stored import restore_criterion
from referencing.enrolment.answering.wording import answer_words
from referencing.teamwork.core import Scope

NO_ANSWER = "(sans réponse)"


def part_words(grid: Grid, scope: Scope) -> str:
    """Within a sentence, between quotes."""
    if scope.questionnaire == ORIENTATION:
        return f"« {grid.orientation_title} »"
    title = grid.questionnaire(scope.questionnaire).title
    if scope.criterion:
        return f"« {criterion_title(grid, scope.criterion)} »"
    if scope.section:
        return f"« {section_title(find_section(grid, scope))} » ({title})"
    return f"« {title} »"


def part_title(grid: Grid, scope: Scope) -> str:
    """As a line of a list."""
    if scope.questionnaire == ORIENTATION:
        return grid.orientation_title
    if scope.criterion:
        return criterion_title(grid, scope.criterion)
    title = grid.questionnaire(scope.questionnaire).title
    return f"{title} – {section_title(find_section(grid, scope))}" if scope.section else title


def find_section(grid: Grid, scope: Scope) -> Section:
    """Raises StopIteration for a section that the grid lost; versions are immutable, so that none does."""
    return next(each for each in grid.questionnaire(scope.questionnaire).sections if each.code == scope.section)


def section_title(section: Section) -> str:
    has_number = any(character.isdigit() for character in section.code)
    return f"{section.code} {section.title}" if has_number else section.title


def criterion_title(grid: Grid, code: str) -> str:
    return f"{code} {grid.criteria[code].title}" if code in grid.criteria else code


def value_words(criterion: Criterion, kept: Mapping[str, Any] | None) -> str:
    """A kept answer to a criterion in words, its value included."""
    return answer_words(criterion, restore_criterion(criterion, kept, frozenset())) or NO_ANSWER


def question_words(grid: Grid, code: str, kept: Any) -> str:
    """A kept answer to a question of the orientation in words."""
    question = grid.questions.get(code)
    if kept in (None, "", []) or question is None:
        return NO_ANSWER
    match question.type:
        case QuestionType.MULTIPLE_CHOICE:
            return ", ".join(question.label_of(value) for value in kept)
        case QuestionType.NUMBER:
            return str(kept).replace(".", ",")
    return question.label_of(str(kept))


def due_words(day: Any) -> str:
    return f"pour le{NBSP}{format_date(day)}" if day else ""
