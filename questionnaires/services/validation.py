"""Asking for a validation, validating: what the draft says becomes what counts (A-08)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from convergence.accounts.models import User
from convergence.audit import workflow
from convergence.kernel.errors import TransitionRefused
from questionnaires.access import AccessPolicy
from questionnaires.core import is_questionnaire_reached
from questionnaires.facts import draft_criteria, is_given, progress_of, read_specificities
from questionnaires.grids import compiled_grid
from questionnaires.models import ORIENTATION, Response, Validation
from questionnaires.services.drafts import Draft, find_blockers, find_unspecified, read_draft
from questionnaires.services.history import keep_validation
from questionnaires.services.locking import lock_questionnaire, require_open
from questionnaires.services.orientation import validate_orientation


@dataclass(frozen=True, slots=True)
class ValidationRequest:
    """What the stage tells the validators of the organisation (N05)."""

    questionnaire: str
    title: str


@transaction.atomic
def request_validation(
    *, response: Response, questionnaire: str, actor: User, at: datetime, access: AccessPolicy
) -> ValidationRequest:
    """« Enregistrer et demander validation », once what was typed is saved (BR-065).

    Raises PermissionDenied, or TransitionRefused with everything that is still missing: nobody is asked for what they
    could only refuse.
    """
    access.require_write()
    row = lock_questionnaire(response, questionnaire)
    require_open(row)
    compiled = compiled_grid(row.response.definition)
    draft = read_draft(compiled, row)
    is_asked = access.asks_specificity and questionnaire != ORIENTATION
    specific = read_specificities(row.response, compiled.grid, questionnaire) if is_asked else None
    workflow.fire(
        row,
        "request_validation",
        actor=actor,
        at=at,
        guard=lambda: [*find_blockers(draft), *find_unspecified(draft, specific)],
    )
    return ValidationRequest(questionnaire, compiled.title_of(questionnaire))


@transaction.atomic
def validate(
    *,
    response: Response,
    questionnaire: str,
    actor: User,
    at: datetime,
    access: AccessPolicy,
    confirmed_consequences: str = "",
) -> Validation:
    """Make the draft of a questionnaire its validated content and keep it in the history (BR-044, BR-064, BR-068).

    Validating the orientation recomputes every questionnaire (T10); changing a validated one needs
    `confirmed_consequences`, the token of the consequences that the person was shown, else ConsequencesToConfirm is
    raised. Raises PermissionDenied (BR-066), or TransitionRefused with every reason.
    """
    access.require_validate()
    if questionnaire == ORIENTATION:
        return validate_orientation(
            response=response, actor=actor, at=at, confirmed_consequences=confirmed_consequences
        )
    row = lock_questionnaire(response, questionnaire)
    require_open(row)
    compiled = compiled_grid(row.response.definition)
    draft = read_draft(compiled, row)
    answers = draft_criteria(compiled.grid, questionnaire, draft.rows, draft.deposits)
    is_reached = is_questionnaire_reached(compiled.grid, draft.evaluation, questionnaire, answers, draft.recovered)
    progress = progress_of(compiled, questionnaire, draft.evaluation, draft.rows, draft.deposits, draft.recovered)
    row.answered, row.total = progress.answered, progress.total
    specific = read_specificities(row.response, compiled.grid, questionnaire) if access.asks_specificity else None
    if blockers := [*find_blockers(draft), *find_unspecified(draft, specific)]:
        raise TransitionRefused(blockers)
    content = {
        "answers": {
            code: {**_criterion_content(code, draft), **_specificity(code, specific)}
            for code in draft.evaluation.criteria[questionnaire]
        },
        "counters": {"answered": row.answered, "total": row.total},
    }
    return keep_validation(row, content=content, is_reached=is_reached, actor=actor, at=at)


def _specificity(code: str, specific: Mapping[str, bool] | None) -> dict[str, bool]:
    return {"specific": specific[code]} if specific and code in specific else {}


def _criterion_content(code: str, draft: Draft) -> dict[str, Any]:
    if code in draft.recovered:
        return {"value": None, "comment": "", "evidence": [], "recovered": draft.recovered[code]}
    row = draft.rows.get(code)
    return {
        "value": row.value if row else None,
        "comment": row.comment if row else "",
        "evidence": [
            {
                "deposit": str(deposit.pk),
                "type": deposit.evidence_type,
                "name": deposit.file.name,
                "sha256": deposit.file.blob.sha256,
                "size": deposit.file.blob.size,
                "deposited_at": deposit.deposited_at.isoformat(),
            }
            for deposit in draft.deposits
            if deposit.criterion == code and is_given(draft.grid, deposit)
        ],
    }
