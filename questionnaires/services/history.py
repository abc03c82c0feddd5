"""The history of validations: each is kept for ever, by value (BR-068)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from convergence.accounts.models import User
from convergence.audit import workflow
from questionnaires.enums import Status
from questionnaires.models import QuestionnaireResponse, Validation


def keep_validation(
    row: QuestionnaireResponse,
    *,
    content: Mapping[str, Any],
    is_reached: bool | None,
    actor: User,
    at: datetime,
) -> Validation:
    """Add a line to the history of a locked questionnaire and move it to « Terminé ».

    Validating again what is validated already (a double click) adds nothing: the last line is returned.
    """
    last = row.validations.order_by("-number").first()
    if last is not None and row.state == Status.DONE and row.is_current and last.content == content:
        return last
    validation = Validation.objects.create(
        questionnaire=row,
        number=last.number + 1 if last else 1,
        at=at,
        by=actor,
        content=content,
        is_reached=is_reached,
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
