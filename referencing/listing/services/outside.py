"""What the life of a listing asks of the stage of decisions: a draft."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from referencing.decision.models import Decision

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User

DRAFTING = "referencing.decision.services.drafting"


def draft_decision(*, kind: str, enrolment_id: UUID, reasons: str, terms: dict[str, Any], actor: User) -> Decision:
    if find_spec(DRAFTING):
        drafted: Decision = import_module(DRAFTING).draft_decision(
            kind=kind, enrolment_id=enrolment_id, reasons=reasons, terms=terms, actor=actor
        )
        return drafted
    return Decision.objects.create(kind=kind, enrolment_id=enrolment_id, reasons=reasons, terms=terms, drafted_by=actor)
