"""Support looks at the platform « as » a person: read-only, every page in the journal (A-07)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused

SESSION_KEY = "support_view"
LASTS = timedelta(hours=1)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: Passwords, codes and keys are nobody's business: the account's own pages are closed to support.
CLOSED_PREFIX = "/compte/"
WAYS_OUT = frozenset({"accounts:support_stop", "account_logout"})


@transaction.atomic
def start(*, request: HttpRequest, person_id: UUID, reason: str) -> User:
    """Begin to see what the person sees, for an hour at most. Refused on agents and on deactivated accounts."""
    agent = cast(User, request.user)
    if not agent.access.has(Role.SUPPORT):
        raise PermissionDenied("support")
    person = User.objects.get(pk=person_id)
    if person.access.is_agent or not person.is_active:
        raise TransitionRefused(
            [Blocker("not_an_editor", "Seuls les comptes actifs des éditeurs se consultent ainsi.")]
        )
    record("support.start", subject=person, actor=agent, reason=reason)
    request.session[SESSION_KEY] = {"person": str(person.pk), "since": timezone.now().isoformat()}
    return person


def stop(*, request: HttpRequest) -> None:
    """Come back to one's own account."""
    view = request.session.pop(SESSION_KEY, None)
    agent = getattr(request, "support_agent", None)
    if view and agent:
        record("support.stop", subject=cast(User, request.user), actor=agent)


class SupportMiddleware:
    """Put the person in the place of the agent, refuse every change, write every page in the journal."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated and (view := request.session.get(SESSION_KEY)):
            agent = cast(User, request.user)
            person = self._find(agent, view)
            if person is None:
                del request.session[SESSION_KEY]
            else:
                request.support_agent = agent  # type: ignore[attr-defined]
                request.user = person
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: object) -> None:
        agent = getattr(request, "support_agent", None)
        if agent is None or (request.resolver_match and request.resolver_match.view_name in WAYS_OUT):
            return
        is_refused = request.method not in SAFE_METHODS or request.path.startswith(CLOSED_PREFIX)
        record(
            "support.refused" if is_refused else "support.view",
            subject=cast(User, request.user),
            actor=agent,
            data={"method": request.method, "path": request.get_full_path()[:500]},
        )
        if is_refused:
            raise PermissionDenied("support is read-only")

    @staticmethod
    def _find(agent: User, view: dict[str, str]) -> User | None:
        """The person, while the agent still is of the support and the hour is not over."""
        if not agent.access.has(Role.SUPPORT) or agent.access.lacks_second_factor:
            return None
        if timezone.now() - datetime.fromisoformat(view["since"]) > LASTS:
            return None
        person = User.objects.filter(pk=view["person"], is_active=True).first()
        return None if person is None or person.access.is_agent else person
