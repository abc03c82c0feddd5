"""Who else looks at the same criterion right now: said, never enforced (a stale save is refused anyway)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from convergence.accounts import presence
from convergence.accounts.presence import POLL_SECONDS, THERE
from referencing.candidature.models import Candidature, Presence

if TYPE_CHECKING:
    from convergence.accounts.models import User

__all__ = ["POLL_SECONDS", "THERE", "be_present"]


def be_present(*, candidature: Candidature, criterion: str, user: User, at: datetime) -> list[tuple[str, str]]:
    """Say that `user` looks at `criterion`; returns the others who look at this file: (name, their criterion)."""
    return presence.be_present(Presence, subject=candidature, on="criterion", place=criterion, user=user, at=at)
