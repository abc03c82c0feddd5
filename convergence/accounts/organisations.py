"""The organisation a person works for at the moment, among those the person belongs to."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.http import HttpRequest

from convergence.accounts.models import Organisation, User

SESSION_KEY = "organisation_id"


def current_organisation(request: HttpRequest) -> Organisation | None:
    """The one chosen in the session, else the first by name; None for a person without organisation."""
    memberships = cast(User, request.user).access.memberships
    chosen = request.session.get(SESSION_KEY)
    if chosen and (membership := memberships.get(UUID(chosen))):
        return membership.organisation
    return next((membership.organisation for membership in memberships.values()), None)


def choose_organisation(request: HttpRequest, organisation_id: UUID) -> None:
    """Remember the choice for the session; a person who no longer belongs there falls back to the first."""
    request.session[SESSION_KEY] = str(organisation_id)
