"""What the commission said of a file, and what the editor still owes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db.models import F, Prefetch, Q, Subquery

from convergence.accounts.enums import Role
from convergence.interests.selectors import conflicting_organisations
from referencing.candidature.enums import DECIDED_STATES, CandidatureState
from referencing.candidature.models import Candidature
from referencing.commission.enums import STANDING_RESERVATIONS, ReservationState
from referencing.commission.models import AgendaPoint, CommissionSession, Opinion, Reservation
from referencing.commission.selectors.conflicts import recused_on

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from django.db.models import QuerySet

    from convergence.accounts.models import User
    from referencing.candidature.models.candidature import CandidatureQuerySet

#: The ministry has the file, or decided on it.
TRANSMITTED_STATES = [CandidatureState.MINISTER, *DECIDED_STATES]


def newest_opinions(candidatures: Iterable[Candidature]) -> dict[UUID, Opinion]:
    """By candidature, the opinion that counts (a re-examination gives another one), with its reservations in order and its
    session, in two queries."""
    found = (
        Opinion.objects.filter(candidature__in=[each.pk for each in candidatures])
        .select_related("point__session")
        .prefetch_related(Prefetch("reservations", Reservation.objects.order_by("number")))
        .order_by("given_at", "pk")
    )
    return {each.candidature_id: each for each in found}


def newest_opinion(candidature: Candidature) -> Opinion | None:
    return newest_opinions([candidature]).get(candidature.pk)


def barring_reservations(opinion: Opinion | None) -> list[Reservation]:
    """Suspensive reservations that were not lifted, in order: they bar every way to a listing (BR-158).

    The one reading of the commission, the minister and the publication. A reservation that was closed because its file went
    another way bars too: only lifting frees, or another opinion.
    """
    if opinion is None:
        return []
    return [each for each in opinion.reservations.all() if each.is_suspensive and each.state != ReservationState.LIFTED]


def open_suspensive(candidature: Candidature) -> list[Reservation]:
    """What bars a file, read from its newest opinion (BR-158)."""
    return barring_reservations(newest_opinion(candidature))


def followed_reservations(opinion: Opinion | None) -> list[Reservation]:
    """Commitments that suspend nothing and that the editor still owes, in order."""
    if opinion is None:
        return []
    return [
        each for each in opinion.reservations.all() if not each.is_suspensive and each.state in STANDING_RESERVATIONS
    ]


def read_opinion(opinion: Opinion) -> dict[str, Any]:
    """What was frozen, as plain values."""
    content: dict[str, Any] = json.loads(bytes(opinion.payload))
    return content


def find_known_files(user: User) -> CandidatureQuerySet:
    """Files whose opinion the person may read: those that they see, those of the points that they may know (A-28), and,
    for the ministry, those that were transmitted to it."""
    files = Candidature.objects.visible_to(user)
    known = Q()
    if user.access.has(Role.SECRETARY, Role.PRESIDENT, Role.MEMBER):
        known |= Q(pk__in=AgendaPoint.objects.visible_to(user).values("candidature"))
    if user.access.has(Role.MINISTRY):
        known |= (
            Q(state__in=TRANSMITTED_STATES)
            & ~Q(enrolment__product__organisation__in=conflicting_organisations(user))
            & ~Q(recused_on(user))
        )
    return Candidature.objects.filter(known | Q(pk__in=files.values("pk"))) if known else files


def list_lifted_since(session: CommissionSession, user: User) -> QuerySet[Reservation, Any]:
    """Reservations lifted since the session before this one: the commission is told of them (OQ-11).

    Only of files that the person may know, without what is frozen of their opinions; newest first. `session` is the one
    being prepared or held.
    """
    earlier = CommissionSession.objects.filter(held_at__lt=session.held_at, opened_at__isnull=False)
    lifted = (
        Reservation.objects.visible_to(user)
        .filter(state=ReservationState.LIFTED, decided_at__lt=session.held_at)
        .alias(since=Subquery(earlier.order_by("-held_at").values("held_at")[:1]))
        .filter(Q(since__isnull=True) | Q(decided_at__gte=F("since")))
    )
    return (
        lifted.select_related("opinion__point").defer("opinion__payload", "opinion__seal").order_by("-decided_at", "pk")
    )
