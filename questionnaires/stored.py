"""Answers as they are kept (JSON) and as the engine reads them (typed). Numbers are kept as text: every digit stays.

What is kept has been checked before: reading it back only types it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from questionnaires.core import Answer, Compliance, Criterion, CriterionAnswer, Question, QuestionType, ValueType

#: Stands for a secret answer wherever answers are read: it is given, and that is all one may know (A-10).
SECRET_GIVEN = "(réponse chiffrée)"  # noqa: S105 - the mark of a secret, not a secret


def store(answer: Answer | None) -> Any:
    """The JSON form of a typed answer; None when there is none."""
    match answer:
        case Decimal():
            return format(answer, "f")
        case date():
            return answer.isoformat()
        case tuple():
            return list(answer)
    return answer


def restore(question: Question, kept: Any) -> Answer | None:
    """The typed answer of what `store` gave for `question`."""
    return None if kept is None else _typed(question.type.value, kept)


def restore_criterion(
    criterion: Criterion, kept: Mapping[str, Any] | None, evidence: frozenset[str]
) -> CriterionAnswer:
    """The typed answer to a criterion; `evidence` holds the evidence types that are given."""
    kept = kept or {}
    value = kept.get(criterion.value.type.value) if criterion.value else None
    return CriterionAnswer(
        level=kept.get("level"),
        compliance=Compliance(kept["compliance"]) if kept.get("compliance") else None,
        value=None if value is None or criterion.value is None else _typed(criterion.value.type.value, value),
        evidence=evidence,
    )


def _typed(kind: str, kept: Any) -> Answer:
    match kind:
        case QuestionType.NUMBER | ValueType.NUMBER:
            return Decimal(kept)
        case QuestionType.DATE | ValueType.DATE:
            return date.fromisoformat(kept)
        case QuestionType.MULTIPLE_CHOICE:
            return tuple(kept)
    return str(kept)
