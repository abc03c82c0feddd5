"""From the figures of a day to what the page shows: tables, charts, and the dictionary of the data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from convergence.statistics.charts import Chart, draw_bars, draw_ranges
from convergence.statistics.enums import Stage
from convergence.statistics.figures import AGES, LAST_MONTHS
from convergence.ui.typography import format_number
from referencing.candidature.enums import CandidatureState, Holder

HIDDEN = "n. c."
NOTHING = "–"
MONTH_NAMES = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip
SHOWN_MONTHS = 12

#: (set, what it holds, its periods): the dictionary of the data.
SETS: list[tuple[str, str, str]] = [
    ("candidatures", "Candidatures selon leur état à la date du relevé", "Année du dépôt de la candidature"),
    ("depots", "Candidatures déposées", "Mois du dépôt (24 derniers mois)"),
    ("delais", "Durée de chaque étape, hors temps suspendu", "12 derniers mois, puis année où l’étape se termine"),
    ("avis", "Avis rendus par la commission", "Année de l’avis"),
    ("decisions", "Décisions du ministre", "Année de la signature"),
    ("publications", "Services publiés au catalogue", "Année de la publication"),
    ("catalogue", "Services au catalogue, en tout et par catégorie", "Date du relevé"),
]
COLUMNS: list[tuple[str, str]] = [
    ("jeu", "Nom du jeu de données, dans le tableau ci-dessus"),
    ("periode", "Année (2026), mois (2026-11), « 12-derniers-mois » ou « aujourd-hui »"),
    ("code", "Code stable de l’état, de l’étape, de l’avis, de la décision ou de la catégorie"),
    ("libelle", "Ce que le code veut dire"),
    (
        "indicateur",
        "nombre, ou pour les délais : effectif, quartile_1, mediane, quartile_3, decile_9",
    ),
    ("valeur", "Le chiffre ; vide quand il est secret, ou quand il n’y a rien à mesurer"),
    ("unite", "nombre ou jours ouvrés"),
]


@dataclass(frozen=True, slots=True)
class Table:
    """Heads, then rows that begin with their own head; what is hidden is already words."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class PublicPage:
    listed: str
    categories: Chart | None
    category_table: Table
    files: Table
    months: Chart
    month_table: Table
    delays: Chart
    delay_table: Table
    opinions: Table
    decisions: Table
    publications: Table


def present(figures: Iterable[Mapping[str, Any]]) -> PublicPage:
    sets: dict[str, list[Mapping[str, Any]]] = {name: [] for name, _, _ in SETS}
    for figure in figures:
        sets[figure["jeu"]].append(figure)
    total, *categories = sets["catalogue"]
    months = sets["depots"][-SHOWN_MONTHS:]
    delays = _durations(sets["delais"])
    return PublicPage(
        listed=format_number(total["valeur"]),
        categories=_bars(categories) if categories else None,
        category_table=Table(
            ["Catégorie", "Services"], [[each["libelle"], _say(each["valeur"])] for each in categories]
        ),
        files=_per_year(sets["candidatures"]),
        months=draw_bars([(_month(each["periode"]), each["valeur"], _say(each["valeur"])) for each in months]),
        month_table=Table(
            ["Mois", "Candidatures déposées"], [[_month(each["periode"]), _say(each["valeur"])] for each in months]
        ),
        delays=draw_ranges([_range(stage, values) for stage, values in delays]),
        delay_table=Table(
            ["Étape", "Candidatures", "1er quartile", "Médiane", "3e quartile", "9e décile"],
            [
                [
                    stage,
                    _say(values["effectif"]),
                    *(
                        _say(values[name], none=NOTHING if values["effectif"] == 0 else HIDDEN)
                        for name in ("quartile_1", "mediane", "quartile_3", "decile_9")
                    ),
                ]
                for stage, values in delays
            ],
        ),
        opinions=_per_year(sets["avis"]),
        decisions=_per_year(sets["decisions"]),
        publications=Table(
            ["Année", "Services publiés"], [[each["periode"], _say(each["valeur"])] for each in sets["publications"]]
        ),
    )


def _per_year(figures: Sequence[Mapping[str, Any]]) -> Table:
    """A column per year, newest first, a row per code: years are few, codes have long names."""
    years = list(dict.fromkeys(each["periode"] for each in figures))
    labels = list(dict.fromkeys(each["libelle"] for each in figures))
    values = {(each["libelle"], each["periode"]): each["valeur"] for each in figures}
    return Table(["", *years], [[label, *(_say(values[label, year]) for year in years)] for label in labels])


def _bars(figures: Sequence[Mapping[str, Any]]) -> Chart:
    return draw_bars([(each["libelle"], each["valeur"], _say(each["valeur"])) for each in figures])


def _durations(figures: Sequence[Mapping[str, Any]]) -> list[tuple[str, dict[str, float | None]]]:
    stages: dict[str, dict[str, float | None]] = {}
    for figure in figures:
        if figure["periode"] == LAST_MONTHS:
            stages.setdefault(figure["libelle"], {})[figure["indicateur"]] = figure["valeur"]
    return list(stages.items())


def _range(stage: str, values: Mapping[str, float | None]) -> tuple[str, Sequence[float] | None, str]:
    found = [values[name] for name in ("quartile_1", "mediane", "quartile_3", "decile_9")]
    known = [each for each in found if each is not None]
    if len(known) < len(found):
        return (stage, None, "aucune candidature" if values["effectif"] == 0 else "moins de 5 candidatures")
    return (stage, known, f"médiane : {_say(values['mediane'])} jours")


def _say(value: float | None, *, none: str = HIDDEN) -> str:
    if value is None:
        return none
    return format_number(value, 0 if value == int(value) else 1)


def _month(code: str) -> str:
    year, month = code.split("-")
    return f"{MONTH_NAMES[int(month) - 1]} {year}"


@dataclass(frozen=True, slots=True)
class BoardPage:
    total: str
    late: str
    states: Table
    state_chart: Chart
    holders: Table
    referents: Table
    experts: Table
    months: Table
    medians: Table


def present_board(board: Mapping[str, Any], names: Mapping[str, str]) -> BoardPage:
    """`names`: who the people of the board are, by key."""
    states = [(str(CandidatureState(row["code"]).label), row) for row in board["states"]]
    months = [(_month(date.fromisoformat(row["month"]).strftime("%Y-%m")), row["stages"]) for row in board["months"]]
    heads = ["Mois", *(str(stage.label) for stage in Stage)]
    return BoardPage(
        total=format_number(sum(row["number"] for row in board["states"])),
        late=format_number(sum(row["late"] for row in board["holders"])),
        states=Table(
            ["État", "Candidatures", *(say_age(*bounds) for bounds in AGES)],
            [[label, *map(_say, (row["number"], *row["ages"]))] for label, row in states],
        ),
        state_chart=draw_bars([(label, row["number"], _say(row["number"])) for label, row in states]),
        holders=Table(
            ["À qui d’agir", "Candidatures", "En retard"],
            [[str(Holder(row["code"]).label), _say(row["number"]), _say(row["late"])] for row in board["holders"]],
        ),
        referents=_people("Référent", "Candidatures ouvertes", board["referents"], names, nobody="Sans référent"),
        experts=_people("Expert", "Thèmes à conclure", board["experts"], names, nobody="Sans expert"),
        months=Table(heads, [[month, *(_say(each["number"]) for each in row)] for month, row in months]),
        medians=Table(heads, [[month, *(_say(each["median"], none=NOTHING) for each in row)] for month, row in months]),
    )


def say_age(least: int, most: int | None) -> str:
    return f"Plus de {least - 1} jours" if most is None else f"{least} à {most} jours"


def _people(who: str, what: str, rows: Sequence[Mapping[str, Any]], names: Mapping[str, str], *, nobody: str) -> Table:
    return Table(
        [who, what, "En retard"],
        [[names.get(row["person"] or "", nobody), _say(row["number"]), _say(row["late"])] for row in rows],
    )
