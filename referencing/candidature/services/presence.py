"""Who else looks at the same criterion right now: said, never enforced (a stale save is refused anyway)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from referencing.candidature.models import Candidature, Presence

if TYPE_CHECKING:
    from convergence.accounts.models import User

#: How long somebody is deemed to be there after their page last said so; the page says so three times meanwhile.
THERE = timedelta(seconds=60)
POLL_SECONDS = 20


def be_present(*, candidature: Candidature, criterion: str, user: User, at: datetime) -> list[tuple[str, str]]:
    """Say that `user` looks at `criterion`; returns the others who look at this file: (name, their criterion).

    One write, one read.
    """
    Presence.objects.bulk_create(
        [Presence(candidature=candidature, user=user, criterion=criterion, seen_at=at)],
        update_conflicts=True,
        unique_fields=["candidature", "user"],
        update_fields=["criterion", "seen_at"],
    )
    others = (
        Presence.objects.filter(candidature=candidature, seen_at__gt=at - THERE)
        .exclude(user=user)
        .select_related("user")
        .order_by("user__last_name", "user_id")
    )
    return [(each.user.get_full_name(), each.criterion) for each in others]
