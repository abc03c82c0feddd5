"""What anybody may read of the écoscore: its method with every figure, the language of scenarios, questions and answers."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from convergence.ui.caching import share
from convergence.ui.typography import NBSP, format_date, format_number, format_percent
from convergence.ui.values import Column, Row
from ecoscore.bench.android import connected_devices, describe_devices
from ecoscore.factors import CURRENT, Factors, Figure, load, versions
from ecoscore.figures import BenchFacts, Measurement, RunFigures, StepFigures
from ecoscore.gdsl.codes import CODES
from ecoscore.gdsl.commands import LONGEST_RUN_MS
from ecoscore.gdsl.models import MODELS
from ecoscore.gdsl.plan import Platform, StepKind
from ecoscore.impact import Brick, Impacts, Indicator, project
from ecoscore.views.editor import help_of

PUBLIC_SECONDS = 3600


@require_GET
def methodology(request: HttpRequest) -> HttpResponse:
    """The method in plain French; every figure is read from the file of the version in force."""
    return share(request, render(request, "ecoscore/methodology.html", method_values()), seconds=PUBLIC_SECONDS)


@require_GET
def faq(request: HttpRequest) -> HttpResponse:
    """« Questions fréquentes »."""
    values = {"devices": describe_devices(connected_devices()), "runs": figure(load(), "runs_needed")}
    return share(request, render(request, "ecoscore/faq.html", values), seconds=PUBLIC_SECONDS)


@require_GET
def language(request: HttpRequest) -> HttpResponse:
    """The language of scenarios: its rules, its commands, its remarks."""
    values = {
        "platforms": [
            ("Site ou application web", help_of(Platform.WEB)),
            ("Application Android", help_of(Platform.ANDROID)),
        ],
        "codes": [
            Row(cells=[code, "Erreur" if code.startswith("E") else "Avertissement", text])
            for code, text in CODES.items()
        ],
        "code_columns": ["Code", "Nature", "Ce qu’il dit"],
        "models": [model for model in MODELS if model.is_whole],
        "longest_minutes": LONGEST_RUN_MS // 60_000,
    }
    return share(request, render(request, "ecoscore/language.html", values), seconds=PUBLIC_SECONDS)


@lru_cache(maxsize=4)
def method_values(version: str = CURRENT) -> dict[str, Any]:
    """What the page of the method shows; plain values, computed once for each version."""
    factors = load(version)
    example = project(EXAMPLE, factors)
    return {
        "version": factors.version,
        "valid_from": format_date(factors.valid_from),
        "versions": versions(),
        "sha256": factors.sha256,
        "f": {code: figure(factors, code) for code in factors.figures},
        "anchor_columns": [
            "Facteur",
            "Étape",
            Column("Note 100", numeric=True),
            Column("Note 0", numeric=True),
            "Origine",
        ],
        "anchors": anchor_rows(factors),
        "figure_columns": [
            "Ce que c’est",
            Column("Valeur", numeric=True),
            Column("Entre", numeric=True),
            "Origine",
            "Confiance",
        ],
        "figures": [figure_row(each) for each in factors.figures.values() if each.code not in _ANCHOR_CODES],
        "everyday": [
            Row(
                cells=[
                    each.label,
                    f"{format_number(each.value)}{NBSP}{each.unit}",
                    f"{each.source} ({each.year})",
                    each.mark.label,
                ]
            )
            for each in factors.equivalents
        ],
        "everyday_columns": ["Équivalent", "Un vaut", "Origine", "Confiance"],
        "ecoindex_source": f"{factors.ecoindex.source} ({factors.ecoindex.year})",
        "example": example_values(example),
    }


def figure(factors: Factors, code: str) -> str:
    """« 84 000 gCO₂e »."""
    found = factors.figures[code]
    return f"{format_number(found.value)}{NBSP}{found.unit}"


def figure_row(each: Figure) -> Row:
    between = f"{format_number(each.low)} et {format_number(each.high)}" if each.is_uncertain else "–"
    value = f"{format_number(each.value)}{NBSP}{each.unit}"
    return Row(cells=[each.label, value, between, f"{each.source} ({each.year})", each.mark.label])


_ANCHORS = (
    ("Données", "Chargement", "data_load"),
    ("Données", "Action, défilement", "data_action"),
    ("Données", "Repos, arrière-plan (en 30 s)", "data_pause"),
    ("Performance", "Chargement", "performance_load"),
    ("Performance", "Action", "performance_action"),
    ("Énergie", "Toutes", "energy"),
)
_ANCHOR_CODES = frozenset(f"{name}_{end}" for *_, name in _ANCHORS for end in ("good", "bad"))


def anchor_rows(factors: Factors) -> list[Row]:
    """The two anchors of each note, with where they come from."""
    rows = []
    for factor, steps, name in _ANCHORS:
        good, bad = factors.figures[f"{name}_good"], factors.figures[f"{name}_bad"]
        sources = dict.fromkeys((good.source, bad.source))
        rows.append(
            Row(cells=[factor, steps, figure(factors, good.code), figure(factors, bad.code), " ; ".join(sources)])
        )
    return rows


def example_values(impacts: Impacts) -> dict[str, Any]:
    """The worked example of the page: split, range, and what each hypothesis weighs."""
    return {
        "seconds": format_number(impacts.duration_s, 1),
        "megabytes": format_number(impacts.megabytes, 2),
        "joules": format_number(impacts.energy_j.value, 0),
        "joules_low": format_number(impacts.energy_j.low, 0),
        "joules_high": format_number(impacts.energy_j.high, 0),
        "columns": ["Poste", Column("gCO₂e", numeric=True), Column("Part", numeric=True)],
        "bricks": [
            Row(cells=[each.brick.label, format_number(each.co2, 4), format_percent(impacts.share(each.brick), 1)])
            for each in impacts.bricks
        ],
        "total_columns": ["Indicateur", Column("Valeur", numeric=True), Column("Entre", numeric=True)],
        "totals": [total_row(impacts, indicator) for indicator in Indicator],
        "weight_columns": [
            "Hypothèse",
            Column("gCO₂e, borne basse", numeric=True),
            Column("gCO₂e, borne haute", numeric=True),
            Column("Poids dans l’incertitude", numeric=True),
        ],
        "weights": [
            Row(
                cells=[
                    each.label,
                    format_number(each.at_low, 3),
                    format_number(each.at_high, 3),
                    format_percent(each.share),
                ]
            )
            for each in impacts.weights
        ],
        "made": format_percent(impacts.share(Brick.DEVICE_MANUFACTURE)),
    }


_SMALL = {Indicator.CO2: (1, "gCO₂e", 3), Indicator.WATER: (1000, "mL", 1), Indicator.LAND: (10_000, "cm²", 2)}


def total_row(impacts: Impacts, indicator: Indicator) -> Row:
    times, unit, decimals = _SMALL[indicator]
    found = impacts.total(indicator)
    if found is None:
        return Row(cells=[indicator.label, "non évalué", "–"])
    low, value, high = (format_number(each * times, decimals) for each in (found.low, found.value, found.high))
    return Row(cells=[indicator.label, f"{value}{NBSP}{unit}", f"{low} et {high}"])


#: The journey of the worked example: one load of 0.39 MB, 1.55 s of processor, in 17.8 s.
EXAMPLE = Measurement(
    BenchFacts("exemple", Platform.WEB.value, "", str(Decimal(1)), 0, "", True, ""),
    (RunFigures(1, (StepFigures("CHRGT_EXEMPLE", StepKind.LOAD, 390_000, 0, 390_000, 12, 1_550_000, 17_800, 2_000),)),),
)
