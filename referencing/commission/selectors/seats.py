"""Who sits for each of the nine seats on one file, at one instant: facts for `core.quorum`."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import F, Q
from django.utils import timezone

from convergence.interests.models import InterestDeclaration
from convergence.interests.selectors import without_conflict
from referencing.commission.core.quorum import SeatFacts
from referencing.commission.enums import Capacity
from referencing.commission.models import AgendaPoint, Attendance, Mandate, Recusal, Seat, Term

if TYPE_CHECKING:
    from datetime import datetime


def load_seats(point: AgendaPoint, *, at: datetime) -> list[SeatFacts]:
    """The nine seats in order, as `core.quorum` counts them on this file."""
    from convergence.accounts.models import User

    day = timezone.localdate(at)
    terms = Term.objects.filter(started_on__lte=day, ends_on__gte=day).filter(
        Q(ended_on__isnull=True) | Q(ended_on__gte=day)
    )
    people: dict[int, set[UUID]] = {}
    titular: dict[int, UUID] = {}
    for term in terms:
        people.setdefault(term.seat_id, set()).add(term.person_id)
        if term.capacity == Capacity.TITULAR:
            titular[term.seat_id] = term.person_id
    everybody = {person for group in people.values() for person in group}
    declared = set(
        InterestDeclaration.objects.filter(person__in=everybody, expires_on__gte=day).values_list("person", flat=True)
    )
    recused = set(Recusal.objects.filter(candidature=point.candidature_id).values_list("person", flat=True))
    organisation = point.candidature.enrolment.product.organisation
    free = set(without_conflict(User.objects.filter(pk__in=everybody), organisation).values_list("pk", flat=True))
    able = (declared & free) - recused
    sitting = {
        row.seat_id: row.person_id
        for row in Attendance.objects.filter(session=point.session_id, arrived_at__lte=at).filter(
            Q(left_at__isnull=True) | Q(left_at__gt=at)
        )
    }
    mandates = dict(
        Mandate.objects.filter(session=point.session_id, revoked_at__isnull=True, given_at__lte=at).values_list(
            "giver", F("holder__code")
        )
    )
    facts = []
    for seat in Seat.objects.order_by("position"):
        holder = sitting.get(seat.pk)
        person = holder or titular.get(seat.pk)
        is_barred = person not in able or person not in people.get(seat.pk, set())
        facts.append(
            SeatFacts(
                seat=seat.code,
                holder=holder,
                is_barred=is_barred,
                mandate_to=mandates.get(seat.pk, ""),
                giver_is_barred=is_barred,
            )
        )
    return facts
