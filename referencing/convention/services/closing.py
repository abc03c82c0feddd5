"""The verifier acknowledges the signed convention: the questionnaires open (T09)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.kernel.errors import Blocker
from questionnaires.services import open_orientation
from referencing.convention import notices
from referencing.convention.services.preparing import find_third_party_blockers, lock_convention
from referencing.convention.services.verifying import examine_signature

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User
    from referencing.convention.models import Convention


@transaction.atomic
def validate_convention(*, convention_id: UUID, actor: User) -> Convention:
    """Verify the signed document once more, validate, and open the orientation (T09, BR-031, N04)."""
    convention = lock_convention(convention_id, actor)
    workflow.fire(
        convention, "validate", actor=actor, guard=lambda: find_validate_blockers(convention), at=timezone.now()
    )
    open_orientation(response=convention.enrolment.response, actor=actor)
    transaction.on_commit(partial(notices.convention_validated, convention))
    return convention


def find_validate_blockers(convention: Convention) -> list[Blocker]:
    """Every reason not to validate a signed convention."""
    problems = [Blocker("signature", problem) for problem in examine_signature(convention).problems]
    return [*problems, *find_third_party_blockers(convention)]
