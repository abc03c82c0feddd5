"""The history of validations: each is kept for ever, by value (BR-068)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Max

from convergence.accounts.models import User
from convergence.audit import workflow
from questionnaires.models import QuestionnaireResponse, Validation


def keep_validation(
    row: QuestionnaireResponse,
    *,
    content: Mapping[str, Any],
    is_reached: bool | None,
    actor: User,
    at: datetime,
) -> Validation:
    """Add a line to the history of a locked questionnaire and move it to « Terminé »."""
    last = row.validations.aggregate(last=Max("number"))["last"] or 0
    validation = Validation.objects.create(
        questionnaire=row, number=last + 1, at=at, by=actor, content=content, is_reached=is_reached
    )
    workflow.fire(
        row,
        "validate",
        actor=actor,
        validation=validation,
        is_reached=is_reached,
        data={"number": validation.number, "is_reached": is_reached},
    )
    return validation
