"""Whether each product made from a solution must answer a criterion itself, as its producer says (BR-195, BR-202)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from convergence.accounts.models import User
from convergence.audit import workflow
from convergence.audit.services import record
from questionnaires.access import AccessPolicy
from questionnaires.facts import codes_of, read_specificities
from questionnaires.grids import compiled_grid
from questionnaires.models import QuestionnaireResponse, Response, Specificity
from questionnaires.services.locking import lock_questionnaire, require_open


@transaction.atomic
def set_specificities(
    *,
    response: Response,
    questionnaire: str,
    choices: Mapping[str, bool],
    actor: User,
    at: datetime,
    access: AccessPolicy,
) -> tuple[str, ...]:
    """Write what the producer says of its criteria; returns the codes whose meaning changed (BR-202).

    Keeping what the grid proposes is written too, but changes nothing: a validated questionnaire stays so. Raises
    PermissionDenied, TransitionRefused (questionnaire not open, response locked).
    """
    access.require_write()
    row: QuestionnaireResponse = lock_questionnaire(response, questionnaire)
    require_open(row)
    grid = compiled_grid(row.response.definition).grid
    before = read_specificities(row.response, grid, questionnaire)
    known = set(codes_of(grid, questionnaire)) if grid.questionnaire(questionnaire).inheritable else set()
    written = {code: said for code, said in choices.items() if code in known and before.get(code) != said}
    if not written:
        return ()
    Specificity.objects.bulk_create(
        [
            Specificity(response=row.response, code=code, is_specific=said, set_at=at, set_by=actor)
            for code, said in written.items()
        ],
        update_conflicts=True,
        unique_fields=["response", "code"],
        update_fields=["is_specific", "set_at", "set_by"],
    )
    changed = tuple(
        code for code, said in written.items() if before.get(code, grid.criteria[code].specific_by_default) != said
    )
    if changed:
        said = {code: written[code] for code in changed}
        workflow.fire(row, "save_draft", actor=actor, at=at, data={"specific": said})
    else:
        record("questionnaireresponse.specify", subject=row, actor=actor, data={"specific": written})
    return changed
