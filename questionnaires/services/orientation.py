"""Validating the orientation decides everything else: questionnaires opened, excluded, asked again (T10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from convergence.accounts.models import User
from convergence.audit import workflow
from convergence.kernel.canonical import canonical_json, sha256_hex
from convergence.kernel.errors import TransitionRefused
from questionnaires.core import Consequences as Changes
from questionnaires.core import Evaluation, compare_evaluations, is_questionnaire_reached
from questionnaires.enums import Status
from questionnaires.facts import (
    draft_orientation,
    progress_of,
    read_rows,
    recovered_in,
    validated_criteria,
    validated_evaluation,
)
from questionnaires.grids import CompiledGrid, compiled_grid
from questionnaires.models import ORIENTATION, Answer, Deposit, QuestionnaireResponse, Response, Validation
from questionnaires.services.drafts import find_blockers, read_draft
from questionnaires.services.history import keep_validation
from questionnaires.services.locking import lock_all, require_open
from questionnaires.stored import store


@dataclass(frozen=True, slots=True)
class Consequences:
    """What validating the draft of the orientation would change (BR-045, BR-047, BR-048).

    `changes`: questions, questionnaires and criteria that come and go. `reset`: questionnaires whose validation will not
    hold any more. `evidence`: active deposits set aside (kept, counting for nothing). `token` names exactly these
    consequences: `validate` asks for it back.
    """

    is_first: bool
    changes: Changes
    reset: tuple[str, ...]
    evidence: tuple[Deposit, ...]

    @property
    def is_empty(self) -> bool:
        """Nothing that people should be asked about."""
        return self.is_first or not (self.changes.criteria_added or self.changes.criteria_removed)

    @property
    def token(self) -> str:
        return sha256_hex(
            canonical_json(
                {
                    "added": self.changes.criteria_added,
                    "removed": self.changes.criteria_removed,
                    "reset": self.reset,
                    "evidence": [deposit.pk for deposit in self.evidence],
                }
            )
        )


class ConsequencesToConfirm(Exception):
    """A validated orientation is about to change: the person must see `consequences` first, then confirm their token."""

    def __init__(self, consequences: Consequences) -> None:
        self.consequences = consequences
        super().__init__(consequences.token)


def preview_consequences(response: Response) -> Consequences:
    """What validating the current draft of the orientation would change. Three queries, no lock."""
    response = Response.objects.with_definition().get(pk=response.pk)
    compiled = compiled_grid(response.definition)
    rows = read_rows(response, compiled.grid, ORIENTATION)
    after = compiled.evaluator.evaluate(draft_orientation(compiled.grid, rows))
    questionnaires = {row.code: row for row in QuestionnaireResponse.objects.filter(response=response)}
    return _consequences(compiled, response, questionnaires, after)


def _consequences(
    compiled: CompiledGrid,
    response: Response,
    questionnaires: Mapping[str, QuestionnaireResponse],
    after: Evaluation,
) -> Consequences:
    before = validated_evaluation(compiled, response)
    changes = compare_evaluations(before, after)
    removed = [code for codes in changes.criteria_removed.values() for code in codes]
    evidence: tuple[Deposit, ...] = ()
    if removed:
        deposits = Deposit.objects.active().with_file().filter(response=response, criterion__in=removed)
        evidence = tuple(deposits.order_by("criterion", "deposited_at", "pk"))
    reset = tuple(
        code
        for code in changes.criteria_added
        if code in questionnaires and questionnaires[code].state in (Status.DONE, Status.VALIDATION_REQUESTED)
    )
    return Consequences(before is None, changes, reset, evidence)


@transaction.atomic
def validate_orientation(*, response: Response, actor: User, at: datetime, confirmed_consequences: str) -> Validation:
    """See `validate`, which checks the right first."""
    questionnaires = lock_all(response)
    row = questionnaires[ORIENTATION]
    require_open(row)
    locked = row.response
    compiled = compiled_grid(locked.definition)
    draft = read_draft(compiled, row)
    if blockers := list(find_blockers(draft)):
        raise TransitionRefused(blockers)
    consequences = _consequences(compiled, locked, questionnaires, draft.evaluation)
    if not consequences.is_empty and confirmed_consequences != consequences.token:
        raise ConsequencesToConfirm(consequences)

    answers = draft_orientation(compiled.grid, draft.rows)
    locked.orientation = {code: store(answers[code]) for code in draft.evaluation.visible if code in answers}
    locked.save(update_fields=["orientation"])
    row.answered, row.total = draft.evaluation.answered, draft.evaluation.required
    validation = keep_validation(
        row, content=_orientation_content(locked.orientation, row), is_reached=None, actor=actor, at=at
    )
    _apply(compiled, locked, questionnaires, draft.evaluation, consequences, actor=actor)
    return validation


def _orientation_content(orientation: Mapping[str, Any], row: QuestionnaireResponse) -> dict[str, Any]:
    return {
        "answers": {code: {"value": value, "comment": "", "evidence": []} for code, value in orientation.items()},
        "counters": {"answered": row.answered, "total": row.total},
    }


def _apply(
    compiled: CompiledGrid,
    response: Response,
    questionnaires: Mapping[str, QuestionnaireResponse],
    evaluation: Evaluation,
    consequences: Consequences,
    *,
    actor: User,
) -> None:
    """Open, exclude, ask again and count every evaluation questionnaire. Four queries, then those of the moves."""
    grid = compiled.grid
    answers = {row.code: row for row in Answer.objects.filter(response=response)}
    deposits = list(Deposit.objects.active().filter(response=response))
    for questionnaire in grid.questionnaires:
        code = questionnaire.code
        row = questionnaires[code]
        codes = {criterion.code for criterion in questionnaire.criteria()}
        progress = progress_of(
            compiled,
            code,
            evaluation,
            {each: answers[each] for each in codes if each in answers},
            [deposit for deposit in deposits if deposit.criterion in codes],
            response.recovered,
        )
        row.answered, row.total = progress.answered, progress.total
        added = code in consequences.changes.criteria_added
        row.is_current = row.is_current and not added and evaluation.is_open(code)
        if row.is_current and row.validation is not None:
            given = validated_criteria(grid, code, row.validation.content)
            elsewhere = recovered_in(row.validation.content)
            row.is_reached = is_questionnaire_reached(grid, evaluation, code, given, elsewhere)
        if not evaluation.is_open(code):
            if row.state != Status.NOT_APPLICABLE:
                workflow.fire(row, "exclude", actor=actor)
                continue
        elif row.state in (Status.UNAVAILABLE, Status.NOT_APPLICABLE) or code in consequences.reset:
            workflow.fire(row, "reopen", actor=actor)
            continue
        row.save()
