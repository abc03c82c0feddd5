"""Sessions as days of one’s own calendar; they name no file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.ui.typography import format_time
from referencing.candidature.selectors.deadlines import Deadline
from referencing.commission.enums import UPCOMING_STATES, SessionState
from referencing.commission.models import CommissionSession

if TYPE_CHECKING:
    from convergence.accounts.models import User


def list_session_days(user: User) -> Iterator[Deadline]:
    """Sessions to come that the person sees; one query, none for people outside the commission."""
    if not user.access.has(Role.SECRETARY, Role.PRESIDENT, Role.MEMBER):
        return
    sessions = CommissionSession.objects.visible_to(user).filter(
        state__in=[*UPCOMING_STATES, SessionState.OPEN], held_at__date__gte=timezone.localdate()
    )
    for session in sessions.order_by("held_at", "pk"):
        yield Deadline(
            key=f"session-{session.pk}",
            day=timezone.localdate(session.held_at),
            title=f"Commission de référencement, à {format_time(session.held_at)}",
            description=session.place or "À distance",
            url=reverse("commission:session_detail", args=[session.pk]),
        )
