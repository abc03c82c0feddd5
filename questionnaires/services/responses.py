"""The life of a response: made with its enrolment, opened by its convention."""

from __future__ import annotations

from django.db import transaction

from convergence.accounts.models import User
from convergence.audit import workflow
from questionnaires.core import orientation_progress
from questionnaires.enums import Status
from questionnaires.grids import compiled_grid
from questionnaires.models import ORIENTATION, DefinitionVersion, QuestionnaireResponse, Response
from questionnaires.services.locking import lock_questionnaire


@transaction.atomic
def open_response(*, definition: DefinitionVersion) -> Response:
    """A response with its questionnaires, none of them available yet."""
    compiled = compiled_grid(definition)
    response = Response.objects.create(definition=definition)
    total = orientation_progress(compiled.grid, compiled.evaluator.evaluate({})).total
    QuestionnaireResponse.objects.bulk_create(
        [
            QuestionnaireResponse(response=response, code=ORIENTATION, total=total),
            *(QuestionnaireResponse(response=response, code=each.code) for each in compiled.grid.questionnaires),
        ]
    )
    return response


@transaction.atomic
def open_orientation(*, response: Response, actor: User | None = None) -> QuestionnaireResponse:
    """Open the orientation once the convention is validated (T09, BR-031); nothing when it is open already."""
    row = lock_questionnaire(response, ORIENTATION)
    if row.state == Status.UNAVAILABLE:
        workflow.fire(row, "reopen", actor=actor)
    return row
