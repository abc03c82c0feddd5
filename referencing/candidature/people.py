"""Who is told about a file, beyond those that it names."""

from __future__ import annotations

from django.db.models import QuerySet

from convergence.accounts.enums import Role
from convergence.accounts.models import User


def tests_team() -> QuerySet[User]:
    """The tests team and its leads."""
    roles = [Role.TESTS, Role.TESTS_LEAD]
    return User.objects.filter(is_active=True, role_assignments__role__in=roles).distinct()
