"""Reads what services are made of, many at a time, and the figures that people see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from convergence.statistics.core import FileFacts, ServiceFacts
from convergence.statistics.models import StatisticSnapshot
from referencing.candidature.core.clock import PARIS, Interval, day_of
from referencing.candidature.enums import StopReason
from referencing.candidature.models import Candidature, ClockStop
from referencing.commission.models import Opinion, Reservation
from referencing.decision.enums import CANDIDATURE_KINDS
from referencing.decision.models import Decision
from referencing.decision.models.decision import UNSIGNED_STATES
from referencing.listing.models import CatalogueEntry, Listing


def load_services(enrolments: Collection[UUID]) -> dict[UUID, ServiceFacts]:
    """Everything that the statistics know of these services: as many statements for one as for hundreds."""
    files = list(
        Candidature.objects.filter(enrolment__in=enrolments, applied_at__isnull=False).only(
            "enrolment", "state", "applied_at", "taken_at", "admissible_at", "concluded_at", "closed_at"
        )
    )
    keys = [file.pk for file in files]
    files_of: defaultdict[UUID, list[Candidature]] = defaultdict(list)
    for file in files:
        files_of[file.enrolment_id].append(file)
    stops = _load_stops(keys)
    opinions: defaultdict[UUID, list[tuple[str, datetime]]] = defaultdict(list)
    for key, kind, at in (
        Opinion.objects.filter(candidature__in=keys).order_by("given_at").values_list("candidature", "kind", "given_at")
    ):
        opinions[key].append((kind, at))
    decisions: defaultdict[UUID, list[tuple[str, date]]] = defaultdict(list)
    decided: dict[UUID, tuple[UUID, datetime]] = {}
    for pk, enrolment, about, kind, on, at in (
        Decision.objects.filter(enrolment__in=enrolments)
        .exclude(state__in=UNSIGNED_STATES)
        .order_by("signed_at")
        .values_list("pk", "enrolment", "candidature", "kind", "signed_on", "signed_at")
    ):
        decisions[enrolment].append((kind, on))
        if about is not None and kind in CANDIDATURE_KINDS:
            decided[about] = (pk, at)
    listings: defaultdict[UUID, list[tuple[str, date]]] = defaultdict(list)
    published: dict[UUID, date] = {}
    for enrolment, decision, state, on in Listing.objects.filter(enrolment__in=enrolments).values_list(
        "enrolment", "decision", "state", "published_on"
    ):
        listings[enrolment].append((state, on))
        published[decision] = on
    categories: defaultdict[UUID, list[tuple[str, date]]] = defaultdict(list)
    for enrolment, codes, on in CatalogueEntry.objects.filter(enrolment__in=enrolments, is_listed=True).values_list(
        "enrolment", "categories", "published_on"
    ):
        categories[enrolment] += [(code, on) for code in codes]
    return {
        enrolment: ServiceFacts(
            files={
                file.pk: FileFacts(
                    state=file.state,
                    applied_at=file.applied_at,
                    taken_at=file.taken_at,
                    admissible_at=file.admissible_at,
                    concluded_at=file.concluded_at,
                    closed_at=file.closed_at,
                    given_at=opinions[file.pk][-1][1] if opinions[file.pk] else None,
                    decided_at=decided[file.pk][1] if file.pk in decided else None,
                    published_at=_noon(published.get(decided[file.pk][0])) if file.pk in decided else None,
                    stops=tuple(stops[file.pk]),
                )
                for file in files_of[enrolment]
                if file.applied_at is not None
            },
            opinions=[(kind, day_of(at)) for file in files_of[enrolment] for kind, at in opinions[file.pk]],
            decisions=decisions[enrolment],
            listings=listings[enrolment],
            categories=categories[enrolment],
        )
        for enrolment in enrolments
    }


def _noon(day: date | None) -> datetime | None:
    """An instant of that day in Paris: a publication has a day only."""
    return datetime.combine(day, time(12), PARIS) if day else None


def _load_stops(files: Collection[UUID]) -> defaultdict[UUID, list[Interval]]:
    """While only the editor could advance: missing pieces, answers, suspensive reservations. A file that waits for the
    commission or the minister waits for the administration, and its delay runs here."""
    stops: defaultdict[UUID, list[Interval]] = defaultdict(list)
    for file, start, end in (
        ClockStop.objects.filter(candidature__in=files)
        .exclude(reason=StopReason.CONCLUDED)
        .values_list("candidature", "started_at", "ended_at")
        .order_by("started_at")
    ):
        stops[file].append(Interval(start, end))
    for file, start, answered, decided in Reservation.objects.filter(
        candidature__in=files, is_suspensive=True
    ).values_list("candidature", "opinion__given_at", "answered_at", "decided_at"):
        stops[file].append(Interval(start, answered or decided))
    return stops


def newest_snapshot() -> Any:
    """The figures to show, or None before the first count."""
    return StatisticSnapshot.objects.order_by("-taken_on").first()
