"""Who is reminded before a session. Run by beat; nobody hears twice of the same days, whatever the outage."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from referencing.commission import notices
from referencing.commission.enums import SessionState
from referencing.commission.models import AgendaReminder, CommissionSession
from referencing.commission.selectors.agenda import positions_to_declare
from referencing.commission.selectors.people import list_members

#: Days before the session on which a member who has not declared hears of it.
REMIND_DAYS = (7, 3, 1)


def remind_to_declare(*, at: datetime) -> int:
    """Tell members who have not declared their links on every point of an announced agenda. Returns how many were told.

    One transaction per session: a failure in one keeps none of the others from being told.
    """
    states = [SessionState.CONVOKED, SessionState.RECONVOKED]
    sessions = CommissionSession.objects.filter(state__in=states, held_at__gt=at).order_by("held_at", "pk")
    return sum(_remind(key, at=at) for key in sessions.values_list("pk", flat=True))


@transaction.atomic
def _remind(session_id: UUID, *, at: datetime) -> int:
    session = CommissionSession.objects.locked().get(pk=session_id)
    left = (timezone.localdate(session.held_at) - timezone.localdate(at)).days
    # Days that were skipped are not made up for: the nearest one says it all.
    term = next((days for days in sorted(REMIND_DAYS) if left <= days), None)
    if term is None:
        return 0
    told = 0
    for person in list_members(session):
        positions = positions_to_declare(session, person)
        if not positions:
            continue
        _, is_new = AgendaReminder.objects.get_or_create(
            session=session, person=person, days_before=term, defaults={"sent_at": at}
        )
        if is_new:
            notices.links_to_declare(session, person, positions)
            told += 1
    return told
