"""The figures of a day, from counters and durations: public ones with what must stay secret left out, and the board."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Aggregate, Count, FloatField, Q, QuerySet
from django.db.models.functions import ExtractYear, TruncMonth

from convergence.statistics.core import GROUPS, SECRET_BELOW, Cell, hide_small, months_back, sum_by
from convergence.statistics.enums import Group, Measure, Stage
from convergence.statistics.models import StatisticFact
from referencing.candidature.enums import OPEN_STATES, CandidatureState, Holder
from referencing.candidature.models import Candidature, ThemeReview
from referencing.commission.enums import OpinionKind
from referencing.decision.enums import DecisionKind
from referencing.listing.enums import Category, ListingState

MONTHS = 24
LAST_MONTHS = "12-derniers-mois"
TODAY = "aujourd-hui"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the open data. `value` is None when it is secret."""

    jeu: str
    periode: str
    code: str
    libelle: str
    indicateur: str
    valeur: float | None
    unite: str


def list_figures(counters: Mapping[Cell, int], *, today: date) -> list[dict[str, Any]]:
    """Every public figure, in the order of the data dictionary; the page, CSV and JSON show these and nothing else."""
    return [
        asdict(figure)
        for figure in (
            *_files(counters),
            *_applied(counters, today),
            *_durations(today),
            *_yearly("avis", counters, Measure.OPINIONS, OpinionKind.choices),
            *_yearly("decisions", counters, Measure.DECISIONS, DecisionKind.choices),
            *_listings(counters),
        )
    ]


def _files(counters: Mapping[Cell, int]) -> Iterator[Figure]:
    grouped: Counter[Cell] = Counter()
    for cell, value in counters.items():
        if cell.measure == Measure.FILES and cell.code in GROUPS:
            grouped[Cell(cell.measure, GROUPS[cell.code], cell.month)] += value
    yield from _yearly("candidatures", grouped, Measure.FILES, Group.choices)


def _yearly(
    name: str, counters: Mapping[Cell, int], measure: str, choices: Sequence[tuple[Any, Any]]
) -> Iterator[Figure]:
    """Per year, newest first, small ones hidden."""
    for year, values in sum_by(counters, measure, [str(code) for code, _ in choices]).items():
        for (code, label), value in zip(choices, hide_small(values), strict=True):
            yield Figure(name, str(year), str(code), str(label), "nombre", value, "nombre")


def _applied(counters: Mapping[Cell, int], today: date) -> Iterator[Figure]:
    """How many applied in a month says nothing of any of them: never hidden."""
    months: Counter[date] = Counter()
    for cell, value in counters.items():
        if cell.measure == Measure.FILES:
            months[cell.month] += value
    for month in months_back(today, MONTHS):
        yield Figure("depots", f"{month:%Y-%m}", "deposees", "Candidatures déposées", "nombre", months[month], "nombre")


def _durations(today: date) -> Iterator[Figure]:
    """Median and quantiles per stage, of the last twelve months and per year of end; hidden under five files."""
    facts = StatisticFact.objects.order_by()
    found = {
        (LAST_MONTHS, row["stage"]): row for row in _quantiles(facts.filter(ended_on__gt=today - YEAR).values("stage"))
    }
    found |= {
        (str(row["year"]), row["stage"]): row for row in _quantiles(facts.values("stage", year=ExtractYear("ended_on")))
    }
    years = sorted({period for period, _ in found} - {LAST_MONTHS}, reverse=True)
    for period in [LAST_MONTHS, *years]:
        for stage in Stage:
            row = found.get((period, stage.value), {"effectif": 0})
            is_secret = row["effectif"] < SECRET_BELOW
            number = None if is_secret and row["effectif"] else row["effectif"]
            yield Figure("delais", period, stage.value, stage.label, "effectif", number, "nombre")
            for name in FRACTIONS:
                value = None if is_secret else row[name]
                yield Figure("delais", period, stage.value, stage.label, name, value, "jours ouvrés")


class Percentile(Aggregate):
    """PostgreSQL’s continuous percentile: half-way between two durations when it falls between them."""

    function = "percentile_cont"
    template = "%(function)s(%(fraction)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


FRACTIONS = {"quartile_1": 0.25, "mediane": 0.5, "quartile_3": 0.75, "decile_9": 0.9}


def _quantiles(rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    return rows.annotate(
        effectif=Count("pk"),
        **{name: Percentile("business_days", fraction=fraction) for name, fraction in FRACTIONS.items()},
    )


def _listings(counters: Mapping[Cell, int]) -> Iterator[Figure]:
    """What the catalogue shows to everybody has nothing secret."""
    published: Counter[int] = Counter()
    standing = 0
    categories: Counter[str] = Counter()
    for cell, value in counters.items():
        if cell.measure == Measure.LISTINGS:
            published[cell.month.year] += value
            standing += value if cell.code == ListingState.LISTED else 0
        elif cell.measure == Measure.CATEGORIES:
            categories[cell.code] += value
    for year in sorted(published, reverse=True):
        yield Figure("publications", str(year), "publies", "Services publiés", "nombre", published[year], "nombre")
    yield Figure("catalogue", TODAY, "total", "Services au catalogue", "nombre", standing, "nombre")
    for code, label in Category.choices:
        yield Figure("catalogue", TODAY, str(code), str(label), "nombre", categories[code], "nombre")


def read_board(*, today: date, months: int = 12) -> dict[str, Any]:
    """What the listing team steers by: load, lateness, ages of open files, people, months. Internal."""
    open_files = Candidature.objects.filter(state__in=OPEN_STATES).order_by()
    late = Q(due_on__lt=today)
    ages = {f"age_{rank}": Count("pk", filter=_aged(today, *bounds)) for rank, bounds in enumerate(AGES)}
    states = {row["state"]: row for row in open_files.values("state").annotate(number=Count("pk"), **ages)}
    holders = {
        row["waiting_for"]: row
        for row in open_files.values("waiting_for").annotate(number=Count("pk"), late=Count("pk", filter=late))
    }
    to_conclude = ThemeReview.objects.filter(
        concluded_at__isnull=True, candidature__state=CandidatureState.EVALUATION, expert__isnull=False
    ).order_by()
    return {
        "states": [
            {
                "code": state,
                "number": states[state]["number"],
                "ages": [states[state][f"age_{rank}"] for rank in range(len(AGES))],
            }
            for state in OPEN_STATES
            if state in states
        ],
        "holders": [
            {"code": holder, "number": holders[holder]["number"], "late": holders[holder]["late"]}
            for holder in Holder.values
            if holder in holders
        ],
        "referents": _people(open_files.values("referent").annotate(number=Count("pk"), late=Count("pk", filter=late))),
        "experts": _people(
            to_conclude.values("expert").annotate(
                number=Count("pk"), late=Count("pk", filter=Q(candidature__due_on__lt=today))
            )
        ),
        "months": _months(months_back(today, months)),
    }


#: Calendar days since the application: from, up to and included.
AGES: list[tuple[int, int | None]] = [(0, 30), (31, 60), (61, 120), (121, None)]
YEAR = timedelta(days=365)


def _aged(today: date, least: int, most: int | None) -> Q:
    aged = Q(applied_at__date__lte=today - timedelta(days=least))
    return aged if most is None else aged & Q(applied_at__date__gte=today - timedelta(days=most))


def _people(rows: QuerySet[Any, Any]) -> list[dict[str, Any]]:
    """Most loaded first; `person` is None for files that nobody holds. The page gives the names."""
    people = [
        {"person": str(key) if key else None, "number": row["number"], "late": row["late"]}
        for row in rows
        for key in [row.get("referent") or row.get("expert")]
    ]
    return sorted(people, key=lambda each: (-each["number"], each["person"] or ""))


def _months(months: Sequence[date]) -> list[dict[str, Any]]:
    """Stages that ended in each month: how many, and the median of their business days."""
    rows = (
        StatisticFact.objects.filter(ended_on__gte=months[0])
        .order_by()
        .values("stage", month=TruncMonth("ended_on"))
        .annotate(number=Count("pk"), median=Percentile("business_days", fraction=0.5))
    )
    found = {(row["month"], row["stage"]): row for row in rows}
    return [
        {
            "month": month.isoformat(),
            "stages": [
                {"number": row["number"], "median": row["median"]}
                for stage in Stage
                for row in [found.get((month, stage.value), {"number": 0, "median": None})]
            ],
        }
        for month in months
    ]
