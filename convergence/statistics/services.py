"""Keeps counters, durations and the daily figures equal to what the stages hold (BO-14).

Requests only mark services (`followers`); what is marked is counted here, by a task, one service as a whole each time: what
it added before is taken back, what it adds now is put in. Counting twice, late or in another order changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from convergence.statistics import figures
from convergence.statistics.core import Cell, ServiceFacts, add, count_cells, difference, list_spans
from convergence.statistics.models import (
    Contribution,
    PendingService,
    StatisticCounter,
    StatisticFact,
    StatisticSnapshot,
)
from convergence.statistics.selectors import load_services
from referencing.enrolment.models import Enrolment

BATCH = 500
#: Held while counters change: one task at a time, however many were sent.
LOCK = 4_021_114


@dataclass(frozen=True, slots=True)
class Difference:
    """A counter that did not say what a recount says."""

    cell: Cell
    kept: int
    counted: int


def refresh_statistics(*, at: datetime | None = None) -> int:
    """Count again the services that changed, then write the figures of the day. Returns how many were counted."""
    now = at or timezone.now()
    counted = 0
    while done := _count_pending():
        counted += done
    today = timezone.localdate(now)
    with transaction.atomic():
        _lock()
        # what people hold changes without a transition (an assignment, a day that passes): the board is written each time
        StatisticSnapshot.objects.update_or_create(
            taken_on=today,
            defaults={
                "taken_at": now,
                "figures": figures.list_figures(load_counters(), today=today),
                "board": figures.read_board(today=today),
            },
        )
    return counted


@transaction.atomic
def _count_pending() -> int:
    _lock()
    marks = list(PendingService.objects.order_by("pk").values_list("pk", "enrolment")[:BATCH])
    services = {enrolment for _, enrolment in marks}
    if services:
        # read after the marks: a change that commits meanwhile leaves a mark of its own
        _put(load_services(services))
        PendingService.objects.filter(pk__in=[pk for pk, _ in marks]).delete()
    return len(services)


@transaction.atomic
def rebuild_statistics(*, at: datetime | None = None) -> list[Difference]:
    """Count everything again from the stages, and say which counters were wrong; they are right afterwards.

    Counters that no service explains are corrected too. Runs at night; nothing is expected to differ.
    """
    _lock()
    kept = load_counters()
    counted: Counter[Cell] = Counter()
    Contribution.objects.exclude(enrolment__candidatures__isnull=False).delete()
    for services in _batches(Enrolment.objects.filter(candidatures__isnull=False).order_by("pk").distinct()):
        facts = load_services(services)
        _put(facts)
        for each in facts.values():
            counted.update(count_cells(each))
    _store_counters(counted)
    return [Difference(cell, kept.get(cell, 0), counted[cell]) for cell in sorted(difference(kept, counted))]


def load_counters() -> dict[Cell, int]:
    """Every counter that is not nought."""
    return {
        Cell(measure, code, month): value
        for measure, code, month, value in StatisticCounter.objects.values_list("measure", "code", "month", "value")
    }


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _batches(enrolments: Iterable[Enrolment]) -> Iterator[set[UUID]]:
    keys = iter([enrolment.pk for enrolment in enrolments])
    while batch := set(islice(keys, BATCH)):
        yield batch


def _put(services: Mapping[UUID, ServiceFacts]) -> None:
    """Have counters, contributions and durations say what these services are now."""
    before = Contribution.objects.in_bulk(list(services))
    change: dict[Cell, int] = {}
    for enrolment, facts in services.items():
        was = Counter(_read_cells(before[enrolment].cells)) if enrolment in before else Counter()
        change = add(change, difference(was, count_cells(facts)))
    _store_counters(add(load_counters(), change))
    Contribution.objects.bulk_create(
        [
            Contribution(enrolment_id=enrolment, cells=_write_cells(count_cells(facts)))
            for enrolment, facts in services.items()
        ],
        update_conflicts=True,
        unique_fields=["enrolment"],
        update_fields=["cells"],
    )
    _store_facts(list(services.values()))


def _store_counters(counters: Mapping[Cell, int]) -> None:
    kept = load_counters()
    StatisticCounter.objects.bulk_create(
        [
            StatisticCounter(measure=cell.measure, code=cell.code, month=cell.month, value=value)
            for cell, value in counters.items()
            if kept.get(cell) != value
        ],
        update_conflicts=True,
        unique_fields=["measure", "code", "month"],
        update_fields=["value"],
    )
    for cell in kept.keys() - counters.keys():
        StatisticCounter.objects.filter(measure=cell.measure, code=cell.code, month=cell.month).delete()


def _store_facts(services: Collection[ServiceFacts]) -> None:
    spans = {
        (file, span.stage): span
        for service in services
        for file, facts in service.files.items()
        for span in list_spans(facts)
    }
    files = {file for service in services for file in service.files}
    gone = [
        pk
        for pk, file, stage in StatisticFact.objects.filter(candidature__in=files).values_list(
            "pk", "candidature", "stage"
        )
        if (file, stage) not in spans
    ]
    StatisticFact.objects.filter(pk__in=gone).delete()
    StatisticFact.objects.bulk_create(
        [
            StatisticFact(
                candidature_id=file,
                stage=stage,
                started_on=span.started_on,
                ended_on=span.ended_on,
                business_days=span.business_days,
                stopped_days=span.stopped_days,
            )
            for (file, stage), span in spans.items()
        ],
        update_conflicts=True,
        unique_fields=["candidature", "stage"],
        update_fields=["started_on", "ended_on", "business_days", "stopped_days"],
    )


def _write_cells(cells: Mapping[Cell, int]) -> list[list[str | int]]:
    return [[cell.measure, cell.code, cell.month.isoformat(), value] for cell, value in sorted(cells.items())]


def _read_cells(rows: Iterable[list[str | int]]) -> dict[Cell, int]:
    return {
        Cell(str(measure), str(code), date.fromisoformat(str(month))): int(value)
        for measure, code, month, value in rows
    }
