"""The figures of a method, read from `fixtures/ecoscore/<version>.yaml`: data with a source, never constants of the code.

A result keeps the snapshot of the figures that made it; results of two versions are not compared (docs/ecoscore.md).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from convergence.kernel.canonical import canonical_json, sha256_hex

#: The method of new measures.
CURRENT = "2026-1"

FOLDER = Path(__file__).resolve().parent.parent / "fixtures" / "ecoscore"
_VERSION = re.compile(r"\d{4}-\d{1,2}")


class Mark(StrEnum):
    """How far a figure may be believed."""

    SOURCED = "S"
    MEASURED = "M"
    HYPOTHESIS = "H"
    KNOWN = "K"

    @property
    def label(self) -> str:
        return _MARKS[self]


_MARKS = {
    Mark.SOURCED: "source publiée",
    Mark.MEASURED: "mesuré sur notre banc",
    Mark.HYPOTHESIS: "hypothèse de la plateforme",
    Mark.KNOWN: "connaissance générale, non vérifiée",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the method; `low` and `high` equal `value` when no range is known."""

    code: str
    label: str
    value: Decimal
    unit: str
    source: str
    year: int
    low: Decimal
    high: Decimal
    mark: Mark

    @property
    def is_uncertain(self) -> bool:
        return self.low != self.high


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Where EcoIndex places a page among those it measured: 21 values for 0 to 100 %."""

    dom: tuple[Decimal, ...]
    requests: tuple[Decimal, ...]
    kilobytes: tuple[Decimal, ...]
    source: str
    year: int


@dataclass(frozen=True, slots=True)
class EverydayThing:
    """Something of everyday life, worth `value` of an indicator (co2, energy, water, land)."""

    code: str
    indicator: str
    label: str
    value: Decimal
    unit: str
    source: str
    year: int
    mark: Mark


@dataclass(frozen=True)
class Factors:
    """All figures of one version. Reads as a mapping: `factors["base_power_w"]` is the value."""

    version: str
    title: str
    valid_from: dt.date
    figures: Mapping[str, Figure]
    ecoindex: Quantiles
    equivalents: tuple[EverydayThing, ...]

    def __getitem__(self, code: str) -> Decimal:
        return self.figures[code].value

    def where(self, **values: Decimal) -> Factors:
        """The same method with other values of some figures, to say what each of them weighs."""
        changed = {code: replace(self.figures[code], value=value) for code, value in values.items()}
        return replace(self, figures=MappingProxyType({**self.figures, **changed}))

    def snapshot(self) -> dict[str, Any]:
        """Everything that made a result, ready for canonical JSON."""
        return {
            "version": self.version,
            "valid_from": self.valid_from,
            "figures": {code: asdict(figure) for code, figure in self.figures.items()},
            "ecoindex": asdict(self.ecoindex),
            "equivalents": [asdict(each) for each in self.equivalents],
        }

    @property
    def sha256(self) -> str:
        return sha256_hex(canonical_json(self.snapshot()))


class FactorsRefused(ValueError):
    """A file of figures that cannot be used; its text says which figure and why."""


@lru_cache(maxsize=8)
def load(version: str = CURRENT) -> Factors:
    """The figures of a version. Raises FactorsRefused when the file is missing or wrong."""
    path = FOLDER / f"{version}.yaml"
    if not _VERSION.fullmatch(version) or not path.is_file():
        raise FactorsRefused(f"La méthode {version} n’existe pas.")
    return parse(path.read_text(encoding="utf-8"))


def versions() -> tuple[str, ...]:
    """Every version that has a file, oldest first."""
    names = [path.stem for path in FOLDER.glob("*.yaml") if _VERSION.fullmatch(path.stem)]
    return tuple(sorted(names, key=lambda name: tuple(map(int, name.split("-")))))


def parse(text: str) -> Factors:
    """The figures that a file holds. Raises FactorsRefused."""
    raw = yaml.safe_load(text)
    try:
        figures = {code: _figure(code, row) for code, row in raw["figures"].items()}
        factors = Factors(
            version=str(raw["version"]),
            title=str(raw["title"]),
            valid_from=raw["valid_from"],
            figures=MappingProxyType(figures),
            ecoindex=_quantiles(raw["ecoindex"]),
            equivalents=tuple(_thing(row) for row in raw["equivalents"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise FactorsRefused(f"Il manque {error} dans le fichier.") from error
    if missing := sorted(REQUIRED - figures.keys()):
        raise FactorsRefused(f"Il manque les valeurs : {', '.join(missing)}.")
    for good, bad in ANCHORS:
        if not 0 < factors[good] < factors[bad]:
            raise FactorsRefused(f"{good} doit être positif et inférieur à {bad}.")
    return factors


def rounded(value: Decimal, digits: int = 6) -> Decimal:
    """A published value: this many significant digits, rounded once, halves away from zero."""
    if not value:
        return Decimal(0)
    step = Decimal(1).scaleb(value.adjusted() - digits + 1)
    return value.quantize(step, rounding=ROUND_HALF_UP).normalize()


def _decimal(code: str, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise FactorsRefused(f"{code} : écrivez les nombres entre guillemets.")
    try:
        number = Decimal(value)
    except ArithmeticError as error:
        raise FactorsRefused(f"{code} : « {value} » n’est pas un nombre.") from error
    if not number.is_finite() or number < 0:
        raise FactorsRefused(f"{code} : un nombre positif est attendu.")
    return number


def _figure(code: str, row: Mapping[str, Any]) -> Figure:
    value = _decimal(code, row["value"])
    low, high = _decimal(code, row.get("low", row["value"])), _decimal(code, row.get("high", row["value"]))
    if not low <= value <= high:
        raise FactorsRefused(f"{code} : la valeur n’est pas entre ses bornes.")
    return Figure(
        code, row["label"], value, row["unit"], row["source"], int(row["year"]), low, high, _mark(code, row["mark"])
    )


def _mark(code: str, value: str) -> Mark:
    try:
        return Mark(value)
    except ValueError as error:
        raise FactorsRefused(f"{code} : la marque est S, M, H ou K.") from error


def _quantiles(row: Mapping[str, Any]) -> Quantiles:
    lists = {name: tuple(_decimal(name, value) for value in row[name]) for name in ("dom", "requests", "kilobytes")}
    for name, values in lists.items():
        if len(values) != 21 or list(values) != sorted(set(values)):
            raise FactorsRefused(f"{name} : 21 valeurs croissantes sont attendues.")
    return Quantiles(**lists, source=row["source"], year=int(row["year"]))


def _thing(row: Mapping[str, Any]) -> EverydayThing:
    value = _decimal(row["code"], row["value"])
    if row["indicator"] not in ("co2", "energy", "water", "land") or not value:
        raise FactorsRefused(f"{row['code']} : indicateur ou valeur impossible.")
    return EverydayThing(**{**row, "value": value, "mark": _mark(row["code"], row["mark"])})


#: Pairs of anchors: note 100, note 0.
ANCHORS = tuple(
    (f"{name}_good", f"{name}_bad")
    for name in ("data_load", "data_action", "data_pause", "performance_load", "performance_action", "energy")
)
REQUIRED = frozenset(
    {
        *(code for pair in ANCHORS for code in pair),
        *("energy_load_s", "energy_action_s", "pause_s", "runs_needed", "spread_bytes", "spread_response"),
        *("base_power_w", "joules_per_cpu_second", "joules_per_mb"),
        *("battery_voltage_v", "battery_capacity_mah", "battery_cycles"),
        *("device_co2_g", "device_water_l", "device_land_m2", "laptop_co2_g", "laptop_lifetime_h"),
        *("electricity_co2_g", "electricity_water_l", "world_electricity_co2_g", "land_of_electricity_m2"),
        *("network_kwh_per_gb", "server_kwh_per_gb", "server_embodied_kwh_per_gb", "network_full_cycle_co2_g"),
        "teleconsultation_s",
    }
)
