"""Who may do what with a demand of attachment: each side commits its own organisation (domain.md §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rules

from convergence.products import rules as product_rules

if TYPE_CHECKING:
    from convergence.accounts.models import User


@rules.predicate
def can_answer_attachment(user: User, request: Any) -> bool:
    """Commits the producer’s organisation for the pre-listed solution: accepts or refuses."""
    return bool(product_rules.can_commit(user, request.pre_listing))


@rules.predicate
def can_end_attachment(user: User, request: Any) -> bool:
    """Commits either side: an attachment may be ended by both (A-23)."""
    return bool(product_rules.can_commit(user, request)) or can_answer_attachment(user, request)


#: Takes back a demand that waits: who commits the distributor’s organisation.
can_cancel_attachment = product_rules.can_commit
