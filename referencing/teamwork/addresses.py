"""Where the parts of a questionnaire are answered."""

from __future__ import annotations

from uuid import UUID

from django.urls import reverse

from questionnaires.core import anchor
from questionnaires.models import ORIENTATION
from referencing.teamwork.core import Scope


def part_address(enrolment_id: UUID, scope: Scope) -> str:
    """The page of the questionnaire, at the criterion when the part is one."""
    if scope.questionnaire == ORIENTATION:
        return reverse("enrolment:orientation_detail", args=[enrolment_id])
    page = reverse("enrolment:questionnaire_form", args=[enrolment_id, scope.questionnaire])
    return f"{page}#{anchor(scope.criterion)}" if scope.criterion else page
