"""Who declares links of interest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rules

from convergence.accounts.rules import has_role
from convergence.interests.enums import DECLARING_ROLES

if TYPE_CHECKING:
    from convergence.accounts.models import User

#: Cannot be given a file before declaring, and is reminded every year.
must_declare = has_role(*DECLARING_ROLES)


@rules.predicate
def may_declare(user: User, instance: Any = None) -> bool:
    """Any agent; members of organisations examine nothing."""
    return user.access.is_agent
