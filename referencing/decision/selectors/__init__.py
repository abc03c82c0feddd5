"""What the stages above ask of decisions."""

from referencing.decision.selectors.conventions import convention_blockers, convention_in_force
from referencing.decision.selectors.current import current_decision, current_decisions
from referencing.decision.selectors.files import (
    decidable_files,
    kinds_for,
    scope_of,
)

__all__ = [
    "convention_blockers",
    "convention_in_force",
    "current_decision",
    "current_decisions",
    "decidable_files",
    "kinds_for",
    "scope_of",
]
