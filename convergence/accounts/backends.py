"""Who a session belongs to: the person and their roles in one query."""

from uuid import UUID

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.backends import ModelBackend

from convergence.accounts.access import load_person
from convergence.accounts.models import User


class WithAccess(ModelBackend):
    """Finds people with what they may reach, which every page asks next."""

    def get_user(self, user_id: UUID) -> User | None:  # type: ignore[override]
        person = load_person(User, user_id)
        return person if person is not None and self.user_can_authenticate(person) else None


class PersonBackend(WithAccess, ModelBackend):
    """By address and password, for commands and tests."""


class LoginBackend(WithAccess, AuthenticationBackend):
    """By the login pages."""
