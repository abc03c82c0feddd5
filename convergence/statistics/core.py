"""What a service adds to the counters and how long each stage of its files took: values in, values out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from convergence.statistics.enums import Group, Measure, Stage
from referencing.candidature.core.clock import Clock, Interval, day_of
from referencing.candidature.enums import CandidatureState

State = CandidatureState
#: Below this, a figure could be that of one company that people recognise.
SECRET_BELOW = 5

GROUPS: dict[str, Group] = {
    State.APPLIED: Group.INSTRUCTION,
    State.ADMISSIBILITY: Group.INSTRUCTION,
    State.EVALUATION: Group.INSTRUCTION,
    State.READY_COMMISSION: Group.COMMISSION,
    State.SCHEDULED: Group.COMMISSION,
    State.OPINION: Group.COMMISSION,
    State.RESERVATIONS: Group.COMMISSION,
    State.MINISTER: Group.COMMISSION,
    State.APPROVED: Group.LISTED,
    State.LISTED: Group.LISTED,
    State.PRE_LISTED: Group.PRE_LISTED,
    State.REFUSED: Group.REFUSED,
    State.RESCINDED: Group.REFUSED,
    State.INADMISSIBLE: Group.INADMISSIBLE,
    State.CANCELLED: Group.GIVEN_UP,
    State.WITHDRAWN: Group.GIVEN_UP,
    State.ABANDONED: Group.GIVEN_UP,
}


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One counter: `month` is the first day of a month of Paris."""

    measure: str
    code: str
    month: date


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A candidature: its state, the instants that its row and the stages above keep, and while it waited for its editor.

    `given_at` is that of its newest opinion, `decided_at` that of the newest decision about it.
    """

    state: str
    applied_at: datetime
    taken_at: datetime | None = None
    admissible_at: datetime | None = None
    concluded_at: datetime | None = None
    closed_at: datetime | None = None
    given_at: datetime | None = None
    decided_at: datetime | None = None
    published_at: datetime | None = None
    stops: tuple[Interval, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """All that one service adds: its files by key, and (kind, day) of its opinions, decisions, listings, categories."""

    files: Mapping[UUID, FileFacts]
    opinions: Sequence[tuple[str, date]] = ()
    decisions: Sequence[tuple[str, date]] = ()
    listings: Sequence[tuple[str, date]] = ()
    categories: Sequence[tuple[str, date]] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """How long a stage took, in business days: those that counted, and those while only the editor could advance."""

    stage: Stage
    started_on: date
    ended_on: date
    business_days: int
    stopped_days: int


def first_of_month(day: date) -> date:
    return day.replace(day=1)


def count_cells(service: ServiceFacts) -> Counter[Cell]:
    """What the service adds to each counter."""
    said: list[tuple[str, str, date]] = [
        (Measure.FILES, file.state, day_of(file.applied_at)) for file in service.files.values()
    ]
    for measure, rows in (
        (Measure.OPINIONS, service.opinions),
        (Measure.DECISIONS, service.decisions),
        (Measure.LISTINGS, service.listings),
        (Measure.CATEGORIES, service.categories),
    ):
        said += [(measure, code, day) for code, day in rows]
    return Counter(Cell(str(measure), str(code), first_of_month(day)) for measure, code, day in said)


def list_spans(file: FileFacts) -> list[Span]:
    """Every stage that has ended, once; one that was opened again counts when it ends again, from its first start."""
    ended_unfit = file.closed_at if file.state == State.INADMISSIBLE else None
    ended_early = file.closed_at if file.state == State.PRE_LISTED else None
    bounds: list[tuple[Stage, datetime | None, datetime | None]] = [
        (Stage.TAKE_CHARGE, file.applied_at, file.taken_at),
        (Stage.ADMISSIBILITY, file.taken_at, file.admissible_at or ended_unfit),
        (Stage.EVALUATION, file.admissible_at, file.concluded_at or ended_early),
        (Stage.COMMISSION, file.concluded_at, file.given_at),
        (Stage.DECISION, file.given_at, file.decided_at),
        (Stage.PUBLICATION, file.decided_at, file.published_at),
        (Stage.WHOLE, file.applied_at, file.decided_at),
    ]
    return [
        measure_span(stage, start, end, file.stops)
        for stage, start, end in bounds
        if start is not None and end is not None and day_of(start) <= day_of(end)
    ]


def measure_span(stage: Stage, start: datetime, end: datetime, stops: tuple[Interval, ...]) -> Span:
    """Business days from the day after `start` to that of `end`, those that a stop holds apart (A-17, A-19)."""
    counted = Clock(day_of(start), None, stops).days_used(end)
    return Span(stage, day_of(start), day_of(end), counted, Clock(day_of(start), None).days_used(end) - counted)


def add(counters: Mapping[Cell, int], change: Mapping[Cell, int]) -> dict[Cell, int]:
    """Counters after a change; what falls to nothing is left out."""
    total = dict(counters)
    for cell, amount in change.items():
        total[cell] = total.get(cell, 0) + amount
    return {cell: value for cell, value in total.items() if value}


def difference(before: Mapping[Cell, int], after: Mapping[Cell, int]) -> dict[Cell, int]:
    """What to add to `before` to obtain `after`."""
    cells = before.keys() | after.keys()
    changes = {cell: after.get(cell, 0) - before.get(cell, 0) for cell in cells}
    return {cell: amount for cell, amount in changes.items() if amount}


def hide_small(values: Sequence[int]) -> list[int | None]:
    """The figures of one row that anybody may read: those from 1 to 4 are hidden, and never one alone.

    With the total of the row known from elsewhere, a single hidden figure would be what is missing: then the smallest of
    the others is hidden too, a nought if there is nothing else.
    """
    hidden = {rank for rank, value in enumerate(values) if 0 < value < SECRET_BELOW}
    others = [rank for rank in range(len(values)) if rank not in hidden]
    if len(hidden) == 1 and others:
        hidden.add(min(others, key=lambda rank: (values[rank] == 0, values[rank], rank)))
    return [None if rank in hidden else value for rank, value in enumerate(values)]


def months_back(today: date, number: int) -> list[date]:
    """The last `number` months, that of `today` included, oldest first."""

    def walk() -> Iterator[date]:
        year, month = today.year, today.month
        for _ in range(number):
            yield date(year, month, 1)
            year, month = (year, month - 1) if month > 1 else (year - 1, 12)

    return list(walk())[::-1]


def sum_by(counters: Mapping[Cell, int], measure: str, codes: Iterable[str]) -> dict[int, list[int]]:
    """Per year, newest first: the figures of a measure, one per code."""
    order = {code: rank for rank, code in enumerate(codes)}
    years: dict[int, list[int]] = {}
    for cell, value in counters.items():
        if cell.measure == measure and cell.code in order:
            years.setdefault(cell.month.year, [0] * len(order))[order[cell.code]] += value
    return dict(sorted(years.items(), reverse=True))
