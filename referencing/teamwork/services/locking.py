"""The start of every write of a team: its enrolment, and who may write there."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.core.exceptions import PermissionDenied

from convergence.products import rules as product_rules
from questionnaires.core import Criterion
from questionnaires.grids import compiled_grid
from referencing.enrolment.models import Enrolment

if TYPE_CHECKING:
    from convergence.accounts.models import User


def find_enrolment(enrolment_id: UUID, actor: User, *, is_locked: bool = True) -> Enrolment:
    """One query: the enrolment with its product and grid. Raises DoesNotExist, PermissionDenied for who is no member."""
    rows = (
        Enrolment.objects.visible_to(actor)
        .with_product()
        .select_related("response__definition")
        .defer("response__definition__source")
    )
    enrolment = (rows.locked() if is_locked else rows).get(pk=enrolment_id)
    if not product_rules.is_member(actor, enrolment):
        raise PermissionDenied("teamwork")
    return enrolment


def find_criterion(enrolment: Enrolment, code: str) -> Criterion:
    """Raises KeyError for a criterion that the grid does not have."""
    return compiled_grid(enrolment.response.definition).grid.criteria[code]
