"""Criteria answered elsewhere: taken over, or answered here again (A-23). What the source says never enters here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from convergence.accounts.models import User
from convergence.audit import workflow
from convergence.audit.services import record
from questionnaires.enums import Status
from questionnaires.facts import progress_of, read_deposits, read_rows, validated_evaluation
from questionnaires.grids import CompiledGrid, compiled_grid
from questionnaires.models import ORIENTATION, QuestionnaireResponse, Recovery, Response
from questionnaires.services.locking import lock_all


@transaction.atomic
def recover(
    *, response: Response, codes: Iterable[str], source: UUID, actor: User | None, at: datetime
) -> tuple[str, ...]:
    """Take the answers to `codes` from `source`: they count as given, whatever was answered here stays beneath (BR-194).

    Only criteria of inheritable questionnaires are taken, whether the orientation shows them yet or not (BR-199); one that
    is taken already changes its source. A validation that said otherwise does not hold any more. Returns what changed.
    """
    rows = lock_all(response)
    locked, compiled = _open(rows)
    taken = [code for code in codes if is_inheritable(compiled, code)]
    changed = tuple(dict.fromkeys(code for code in taken if locked.recovered.get(code) != str(source)))
    if not changed:
        return ()
    Recovery.objects.bulk_create(
        [Recovery(response=locked, code=code, source=source, recovered_at=at, recovered_by=actor) for code in changed],
        update_conflicts=True,
        unique_fields=["response", "code"],
        update_fields=["source", "recovered_at", "recovered_by"],
    )
    record("response.recover", subject=locked, actor=actor, data={"codes": list(changed), "source": str(source)})
    _keep(response, rows, compiled, {**locked.recovered, **dict.fromkeys(changed, str(source))}, changed, actor, at)
    return changed


@transaction.atomic
def answer_itself(
    *, response: Response, codes: Iterable[str], actor: User | None, at: datetime, why: str
) -> tuple[str, ...]:
    """Answer `codes` here again, with what was answered before if anything was; returns what changed.

    A questionnaire that was validated with one of them is to be validated anew. `why` goes to the journal.
    """
    rows = lock_all(response)
    locked, compiled = _open(rows)
    changed = tuple(dict.fromkeys(code for code in codes if code in locked.recovered))
    if not changed:
        return ()
    Recovery.objects.filter(response=locked, code__in=changed).delete()
    record("response.answer_itself", subject=locked, actor=actor, reason=why, data={"codes": list(changed)})
    left = {code: source for code, source in locked.recovered.items() if code not in changed}
    _keep(response, rows, compiled, left, changed, actor, at)
    return changed


def is_inheritable(compiled: CompiledGrid, code: str) -> bool:
    """Whether the grid lets the answer to a criterion be taken from elsewhere (BR-199)."""
    questionnaire = compiled.grid.questionnaire_of.get(code)
    return questionnaire is not None and questionnaire.inheritable


def _open(rows: Mapping[str, QuestionnaireResponse]) -> tuple[Response, CompiledGrid]:
    locked = rows[ORIENTATION].response
    return locked, compiled_grid(locked.definition)


def _keep(
    response: Response,
    rows: Mapping[str, QuestionnaireResponse],
    compiled: CompiledGrid,
    recovered: dict[str, str],
    changed: Collection[str],
    actor: User | None,
    at: datetime,
) -> None:
    """Write what is recovered now, then count the questionnaires of `changed` again and put them back to work."""
    locked = rows[ORIENTATION].response
    locked.recovered = response.recovered = recovered
    locked.save(update_fields=["recovered"])
    evaluation = validated_evaluation(compiled, locked)
    if evaluation is None:
        return
    for code in dict.fromkeys(compiled.grid.questionnaire_of[each].code for each in changed):
        shown = [each for each in evaluation.criteria[code] if each in changed]
        row = rows[code]
        if not shown or row.state in (Status.UNAVAILABLE, Status.NOT_APPLICABLE):
            continue
        progress = progress_of(
            compiled,
            code,
            evaluation,
            read_rows(locked, compiled.grid, code),
            read_deposits(locked, compiled.grid, code),
            recovered,
        )
        row.answered, row.total = progress.answered, progress.total
        row.is_current = row.is_current and not _says_otherwise(row, shown, recovered)
        workflow.fire(row, "save_draft", actor=actor, at=at)


def _says_otherwise(row: QuestionnaireResponse, codes: Iterable[str], recovered: Mapping[str, str]) -> bool:
    """Whether the last validation takes from elsewhere what is answered here now, or the other way round."""
    answers: Mapping[str, Mapping[str, Any]] = row.validation.content["answers"] if row.validation else {}
    return any((answers.get(code) or {}).get("recovered") != recovered.get(code) for code in codes)
