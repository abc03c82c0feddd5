"""A new cycle of the same response: what was validated is asked for again, answers stay (OQ-12)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from convergence.accounts.models import User
from convergence.audit import workflow
from convergence.audit.services import record
from questionnaires.enums import Status
from questionnaires.facts import is_single_deposit, progress_of, validated_evaluation
from questionnaires.grids import compiled_grid
from questionnaires.models import ORIENTATION, Answer, Deposit, Response
from questionnaires.services.locking import lock_all


@transaction.atomic
def ask_again(*, response: Response, only_orientation: bool, reason: str, actor: User | None, at: datetime) -> None:
    """Reopen the questionnaires with their answers; with `only_orientation` the others keep their validation.

    Confirmed single deposits of what is asked again are archived with `reason`, so that a new file may come.
    """
    rows = lock_all(response)
    if only_orientation:
        if rows[ORIENTATION].state != Status.UNAVAILABLE:
            workflow.fire(rows[ORIENTATION], "reopen", actor=None)
        return
    compiled = compiled_grid(Response.objects.with_definition().get(pk=response.pk).definition)
    for deposit in Deposit.objects.active().filter(response=response, confirmed_at__isnull=False).select_for_update():
        if is_single_deposit(compiled.grid, deposit):
            deposit.archived_at, deposit.archived_by, deposit.archive_reason = at, actor, reason
            deposit.save(update_fields=["archived_at", "archived_by", "archive_reason"])
            record("deposit.archive", subject=deposit, actor=actor, reason=reason)
    evaluation = validated_evaluation(compiled, rows[ORIENTATION].response)
    answers = {row.code: row for row in Answer.objects.filter(response=response)}
    deposits = list(Deposit.objects.active().filter(response=response))
    for code, row in rows.items():
        if row.state in (Status.UNAVAILABLE, Status.NOT_APPLICABLE):
            continue
        if code != ORIENTATION and evaluation is not None:
            codes = {criterion.code for criterion in compiled.grid.questionnaire(code).criteria()}
            progress = progress_of(
                compiled,
                code,
                evaluation,
                {each: answers[each] for each in codes if each in answers},
                [deposit for deposit in deposits if deposit.criterion in codes],
                row.response.recovered,
            )
            row.answered, row.total = progress.answered, progress.total
        row.is_current = False
        workflow.fire(row, "reopen", actor=None)
