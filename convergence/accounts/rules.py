"""Back-office predicates, and who manages an organisation’s accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rules

from convergence.accounts.enums import Role

if TYPE_CHECKING:
    from convergence.accounts.models import Organisation, User


def has_role(*roles: Role) -> rules.Predicate:
    """Predicate: the person holds one of the back-office roles."""

    @rules.predicate(f"has_role:{'|'.join(roles)}")
    def holds(user: User, instance: Any = None) -> bool:
        return user.access.has(*roles)

    predicate: rules.Predicate = holds
    return predicate


is_listing_team = has_role(Role.LISTING_TEAM)
is_admin = has_role(Role.ADMIN)
is_secretary = has_role(Role.SECRETARY)
is_ministry = has_role(Role.MINISTRY)


@rules.predicate
def can_manage_accounts(user: User, organisation: Organisation) -> bool:
    """Mandataire and représentant manage accounts, a contributeur does not (BR-220); the administrator can help."""
    return user.access.is_manager(organisation.pk) or user.access.has(Role.ADMIN)
