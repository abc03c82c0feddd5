"""From which enrolments of the organisation answers may be taken over, and taking them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from convergence.audit.services import record
from questionnaires.models import Answer
from questionnaires.services import Reuse, preview_reuse, reuse_answers
from referencing.enrolment.answering.policy import policy_for
from referencing.enrolment.models import Enrolment

if TYPE_CHECKING:
    from convergence.accounts.models import User


def reusable_enrolments(enrolment: Enrolment, user: User) -> QuerySet[Enrolment, Any]:
    """Other enrolments of the same organisation that hold answers, versions of the same product first."""
    same = Enrolment.objects.visible_to(user).filter(product__organisation=enrolment.product.organisation_id)
    return (
        same.exclude(pk=enrolment.pk)
        .filter(Exists(Answer.objects.filter(response=OuterRef("response"))))
        .select_related("product", "demarche", "response")
        .order_by("-number")
    )


def preview(*, enrolment: Enrolment, source: Enrolment) -> Reuse:
    return preview_reuse(source=source.response, target=enrolment.response, at=timezone.now())


def take_answers_over(*, enrolment: Enrolment, source: Enrolment, token: str, actor: User) -> Reuse:
    """Take over what the person was shown. Both enrolments were found under `visible_to` and `reusable_enrolments`.

    Raises PermissionDenied, TransitionRefused, `questionnaires.services.StaleReuse`.
    """
    taken = reuse_answers(
        source=source.response,
        target=enrolment.response,
        token=token,
        actor=actor,
        at=timezone.now(),
        access=policy_for(enrolment, actor),
    )
    record("enrolment.reuse", subject=enrolment, actor=actor, data={"source": str(source.pk), "label": source.label})
    return taken
