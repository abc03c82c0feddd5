"""Validating from the queue: exactly what was read there, or nothing."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from convergence.kernel.canonical import canonical_json, sha256_hex
from convergence.kernel.errors import Blocker, TransitionRefused
from questionnaires.models import QuestionnaireResponse
from questionnaires.services import validate
from referencing.enrolment.answering.policy import policy_for
from referencing.teamwork.selectors import read_differences

if TYPE_CHECKING:
    from convergence.accounts.models import User
    from questionnaires.models import Validation
    from referencing.enrolment.models import Enrolment
    from referencing.teamwork.selectors import Awaiting

CHANGED = "Les réponses ont changé pendant que vous lisiez\u00a0: relisez les différences, puis validez."


def fingerprint(awaiting: Awaiting) -> str:
    """What stands for everything that the page shows; it changes with the first letter that changes."""
    shown = [
        [
            each.code,
            each.choice_before,
            each.choice_after,
            each.before,
            each.after,
            each.comment_before,
            each.comment_after,
            each.added,
            each.gone,
        ]
        for each in awaiting.differences
    ]
    return sha256_hex(canonical_json(shown))


@transaction.atomic
def validate_awaiting(*, enrolment: Enrolment, questionnaire: str, seen: str, actor: User, at: datetime) -> Validation:
    """Validate a questionnaire of the queue as its page showed it (BR-066).

    `seen`: the fingerprint that the page carried. Raises DoesNotExist, PermissionDenied, TransitionRefused (changed since,
    or everything that forbids a validation).
    """
    access = policy_for(enrolment, actor)
    access.require_validate()
    row = QuestionnaireResponse.objects.locked().get(response=enrolment.response_id, code=questionnaire)
    row = QuestionnaireResponse.objects.select_related("validation").get(pk=row.pk)
    (awaiting,) = read_differences([row], {enrolment.response_id: enrolment})
    if fingerprint(awaiting) != seen:
        raise TransitionRefused([Blocker("changed", CHANGED)])
    return validate(
        response=enrolment.response,
        questionnaire=questionnaire,
        actor=actor,
        at=at,
        access=access,
    )
