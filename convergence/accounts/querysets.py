from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth.base_user import BaseUserManager
from django.db import models

from convergence.accounts.enums import MANAGING_TYPES, MembershipState, Role

if TYPE_CHECKING:
    from convergence.accounts.models import Organisation, User


class UserManager(BaseUserManager["User"]):
    """People are named by their e-mail address, kept in lower case."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: object) -> User:
        user = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def with_role(self, role: Role, theme: str = "") -> models.QuerySet[User]:
        """Active people who hold the back-office role (on the theme, when one is given)."""
        people = self.filter(is_active=True, role_assignments__role=role)
        if theme:
            people = people.filter(role_assignments__role=role, role_assignments__theme=theme)
        return people.distinct().order_by("email")

    def in_organisation(self, organisation: Organisation) -> models.QuerySet[User]:
        """Active members of the organisation."""
        return self.filter(
            is_active=True, memberships__organisation=organisation, memberships__state=MembershipState.ACTIVE
        ).order_by("email")


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    def visible_to(self, user: User) -> OrganisationQuerySet:
        """A member sees own organisations; listing team, support and administrators see all."""
        if user.access.reads_every_file or user.access.has(Role.ADMIN):
            return self
        return self.filter(pk__in=user.access.organisation_ids)


class MembershipQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> MembershipQuerySet:
        if user.access.reads_every_file or user.access.has(Role.ADMIN):
            return self
        return self.filter(organisation__in=user.access.organisation_ids)

    def active(self) -> MembershipQuerySet:
        return self.filter(state=MembershipState.ACTIVE)

    def requested(self) -> MembershipQuerySet:
        """Waiting for a mandataire or a représentant (BR-222)."""
        return self.filter(state=MembershipState.REQUESTED)

    def managing(self) -> MembershipQuerySet:
        """Those who can manage the organisation’s accounts (BR-220)."""
        return self.active().filter(type__in=MANAGING_TYPES)


class InvitationQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> InvitationQuerySet:
        """Those of one’s organisations, and those sent to one’s own address."""
        mine = models.Q(email__iexact=user.email)
        return self.filter(mine | models.Q(organisation__in=user.access.organisation_ids))

    def pending(self) -> InvitationQuerySet:
        """Neither accepted nor revoked; perhaps expired."""
        return self.filter(accepted_at__isnull=True, revoked_at__isnull=True)

    def waiting_for(self, user: User, *, at: datetime) -> InvitationQuerySet:
        """Those that the person can accept now."""
        return self.pending().filter(email__iexact=user.email, expires_at__gt=at)
