"""The request that a view behind `login_required` gets, for its annotations."""

from django.http import HttpRequest

from convergence.accounts.models import User


class SignedInRequest(HttpRequest):
    """A request whose person is known."""

    user: User
