"""What one person may reach, read once per request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from allauth.mfa.models import Authenticator

from convergence.accounts.enums import MANAGING_TYPES, Role

if TYPE_CHECKING:
    from convergence.accounts.models import Membership, User


#: Recovery codes alone do not count: they come with one of these.
SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


@dataclass(frozen=True, slots=True)
class Access:
    """Active memberships (by organisation) and back-office roles of one person."""

    memberships: dict[UUID, Membership]
    roles: frozenset[str]
    themes: frozenset[str]
    lacks_second_factor: bool = False
    """Holds a back-office role without application or key enrolled."""

    @property
    def organisation_ids(self) -> list[UUID]:
        return list(self.memberships)

    @property
    def is_agent(self) -> bool:
        """Holds at least one back-office role."""
        return bool(self.roles)

    @property
    def reads_every_file(self) -> bool:
        """Listing team, and support (read-only); other roles reach a file through the stage that calls them in."""
        return self.has(Role.LISTING_TEAM, Role.SUPPORT)

    def has(self, *roles: Role) -> bool:
        return not self.roles.isdisjoint(roles)

    def is_member(self, organisation_id: UUID) -> bool:
        return organisation_id in self.memberships

    def is_manager(self, organisation_id: UUID) -> bool:
        """Mandataire or représentant of the organisation."""
        membership = self.memberships.get(organisation_id)
        return membership is not None and membership.type in MANAGING_TYPES

    def is_validator(self, organisation_id: UUID) -> bool:
        """Holds the right to validate, added to a contributeur (A-07)."""
        membership = self.memberships.get(organisation_id)
        return membership is not None and membership.is_validator


def load_access(user: User) -> Access:
    """Two queries: memberships with their organisation, roles."""
    memberships = user.memberships.active().select_related("organisation").order_by("organisation__name", "pk")
    assignments = list(user.role_assignments.values_list("role", "theme", "user__authenticator__type"))
    return Access(
        memberships={membership.organisation_id: membership for membership in memberships},
        roles=frozenset(role for role, _, _ in assignments),
        themes=frozenset(theme for _, theme, _ in assignments if theme),
        lacks_second_factor=bool(assignments) and not any(factor in SECOND_FACTORS for _, _, factor in assignments),
    )
