"""From a measure to greenhouse gases, water and land, per journey, with a low and a high value (docs/ecoscore.md).

Goal: compare versions of one application. Functional unit: one execution of the declared scenario by one user. Boundary:
the device (manufacture and use), the network in use, servers (manufacture and use). Left out: manufacture of the network,
end of life, development. REFERENCE and BACKGROUND are technical steps: they are no part of the journey.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import Any

from ecoscore.factors import EverydayThing, Factors, Mark, rounded
from ecoscore.figures import Measurement
from ecoscore.gdsl.plan import StepKind
from ecoscore.scores import EXACT, Medians, medians, valid_runs

_J_PER_WH = Decimal(3600)
_KB_PER_MB, _KB_PER_GB = Decimal(1000), Decimal(1_000_000)
#: The end of the name of the step that measures 30 s of a call, of any prefix.
CALL = "_APPEL"
#: Everyday things are worth this many executions: one alone is too little to picture.
EXECUTIONS = 1000


class Device(StrEnum):
    """What the user holds: a phone wears its battery, a laptop on mains wears by the hour."""

    SMARTPHONE = "smartphone"
    LAPTOP = "laptop"


class Indicator(StrEnum):
    """What is counted."""

    CO2 = "co2"
    WATER = "water"
    LAND = "land"

    @property
    def label(self) -> str:
        return {"co2": "Gaz à effet de serre", "water": "Eau", "land": "Sols"}[self.value]

    @property
    def unit(self) -> str:
        return {"co2": "gCO₂e", "water": "L", "land": "m²"}[self.value]


class Brick(StrEnum):
    """Where an impact comes from."""

    DEVICE_MANUFACTURE = "device_manufacture"
    DEVICE_USE = "device_use"
    NETWORK = "network"
    SERVER = "server"

    @property
    def label(self) -> str:
        return _BRICKS[self]


_BRICKS = {
    Brick.DEVICE_MANUFACTURE: "Terminal, fabrication",
    Brick.DEVICE_USE: "Terminal, utilisation",
    Brick.NETWORK: "Réseau, utilisation",
    Brick.SERVER: "Serveurs, fabrication et utilisation",
}


@dataclass(frozen=True, slots=True)
class Range:
    """A value between its bounds; `low` and `high` take every figure of the method at its favourable, then unfavourable end."""

    value: Decimal
    low: Decimal
    high: Decimal

    def payload(self) -> dict[str, Decimal]:
        return {"value": rounded(self.value), "low": rounded(self.low), "high": rounded(self.high)}


@dataclass(frozen=True, slots=True)
class BrickImpact:
    """The impacts of one brick; None: not evaluated, for want of an open figure. Grams always are."""

    brick: Brick
    ranges: Mapping[Indicator, Range | None]

    @property
    def co2(self) -> Decimal:
        found = self.ranges[Indicator.CO2]
        return found.value if found else Decimal(0)


@dataclass(frozen=True, slots=True)
class StepImpact:
    """What a step of the journey weighs: grams, and its share of the journey in per cent."""

    name: str
    kind: StepKind
    energy_j: Decimal
    co2: Decimal
    share: Decimal


@dataclass(frozen=True, slots=True)
class Weight:
    """What one figure of the method weighs in the grams of the journey: at its low end, at its high end, the others fixed."""

    code: str
    label: str
    mark: Mark
    at_low: Decimal
    at_high: Decimal
    share: Decimal

    @property
    def span(self) -> Decimal:
        return abs(self.at_high - self.at_low)


@dataclass(frozen=True, slots=True)
class Equivalent:
    """`count` things of everyday life weigh what 1,000 executions do."""

    thing: EverydayThing
    count: Decimal


@dataclass(frozen=True, slots=True)
class Impacts:
    """The impacts of one execution of the journey."""

    method: str
    device: Device
    call_step: str | None
    is_energy_measured: bool
    energy_j: Range
    charge_mah: Decimal
    duration_s: Decimal
    megabytes: Decimal
    bricks: tuple[BrickImpact, ...]
    co2: Range
    water: Range | None
    land: Range | None
    co2_with_network_manufacture: Decimal
    steps: tuple[StepImpact, ...]
    weights: tuple[Weight, ...]
    equivalents: tuple[Equivalent, ...]

    def total(self, indicator: Indicator) -> Range | None:
        return {Indicator.CO2: self.co2, Indicator.WATER: self.water, Indicator.LAND: self.land}[indicator]

    def share(self, brick: Brick) -> Decimal:
        """What a brick weighs in the grams of the journey, in per cent."""
        with localcontext(EXACT):
            found = next(each.co2 for each in self.bricks if each.brick is brick)
            return 100 * found / self.co2.value if self.co2.value else Decimal(0)

    def payload(self) -> dict[str, Any]:
        """For canonical JSON: published values have six significant digits, each rounded once from the exact one."""

        def plain(found: Range | None) -> dict[str, Decimal] | None:
            return None if found is None else found.payload()

        return {
            "method": self.method,
            "device": self.device.value,
            "call_step": self.call_step,
            "is_energy_measured": self.is_energy_measured,
            "energy_j": self.energy_j.payload(),
            "charge_mah": rounded(self.charge_mah),
            "duration_s": rounded(self.duration_s),
            "megabytes": rounded(self.megabytes),
            "co2": plain(self.co2),
            "water": plain(self.water),
            "land": plain(self.land),
            "co2_with_network_manufacture": rounded(self.co2_with_network_manufacture),
            "bricks": {
                each.brick.value: {indicator.value: plain(found) for indicator, found in each.ranges.items()}
                for each in self.bricks
            },
            "steps": [
                {
                    "name": each.name,
                    "kind": each.kind.value,
                    "energy_j": rounded(each.energy_j),
                    "co2": rounded(each.co2),
                    "share": rounded(each.share, 4),
                }
                for each in self.steps
            ],
            "weights": [
                {
                    "code": each.code,
                    "at_low": rounded(each.at_low),
                    "at_high": rounded(each.at_high),
                    "share": rounded(each.share, 4),
                }
                for each in self.weights
            ],
            "equivalents": [
                {"code": each.thing.code, "count": rounded(each.count), "executions": EXECUTIONS}
                for each in self.equivalents
            ],
        }


@dataclass(frozen=True, slots=True)
class _Load:
    """What the device, the network and the servers bear: of a step or of the whole journey."""

    cpu_s: Decimal
    duration_s: Decimal
    kilobytes: Decimal
    energy_j: Decimal | None


@dataclass(frozen=True, slots=True)
class _Point:
    """Impacts with every figure of the method at one value."""

    energy_j: Decimal
    impacts: Mapping[tuple[Brick, Indicator], Decimal]

    def has(self, brick: Brick, indicator: Indicator) -> bool:
        return (brick, indicator) in self.impacts

    def of(self, brick: Brick, indicator: Indicator) -> Decimal:
        return self.impacts[brick, indicator]

    def total(self, indicator: Indicator) -> Decimal:
        return sum((value for (_, each), value in self.impacts.items() if each is indicator), Decimal(0))


def project(
    measurement: Measurement,
    factors: Factors,
    *,
    device: Device = Device.SMARTPHONE,
    call_step: str | None = None,
) -> Impacts:
    """The impacts of one execution, from the medians of the valid runs.

    `call_step` names the step that measures 30 s of a call, by default the one whose name ends with `_APPEL`: its figures
    are brought to the average length of a téléconsultation (ETH.32). Raises ValueError when no run ended, or when there
    is no such step.
    """
    with localcontext(EXACT):
        steps = [step for step in medians(valid_runs(measurement)) if _is_of_journey(step.kind)]
        if not steps:
            raise ValueError("aucune étape de l’utilisateur n’a été mesurée")
        call_step = call_step or next((step.name for step in steps if step.name.endswith(CALL)), None)
        if call_step is not None and call_step not in {step.name for step in steps}:
            raise ValueError(f"l’étape {call_step} n’a pas été mesurée")
        calibration = Decimal(measurement.bench.calibration)

        def point_of(load: _Load, figures: Factors = factors) -> _Point:
            return _point(load, calibration, figures, device)

        def at(figures: Factors) -> _Point:
            return point_of(_sum(_loads(steps, figures, call_step)), figures)

        loads = _loads(steps, factors, call_step)
        bare = _impacts(at, _sum(loads), factors, device)
        return replace(bare, call_step=call_step, steps=tuple(_step_impacts(steps, loads, point_of, bare.co2.value)))


def teleconsultation(patient: Impacts, professional: Impacts) -> Mapping[Indicator, Range | None]:
    """The impacts of a téléconsultation for one of its two people: the mean of both journeys, as its écoscore is."""

    def middle(one: Range | None, other: Range | None) -> Range | None:
        if one is None or other is None:
            return None
        with localcontext(EXACT):
            return Range((one.value + other.value) / 2, (one.low + other.low) / 2, (one.high + other.high) / 2)

    return {each: middle(patient.total(each), professional.total(each)) for each in Indicator}


def energy_j(load: _Load | Medians, calibration: Decimal, factors: Factors) -> Decimal:
    """Energy of the device, in joules: the gauge when there is one, else base power, processor and radio."""
    if load.energy_j is not None:
        return load.energy_j
    return (
        factors["base_power_w"] * load.duration_s
        + factors["joules_per_cpu_second"] * calibration * load.cpu_s
        + factors["joules_per_mb"] * load.kilobytes / _KB_PER_MB
    )


def _is_of_journey(kind: StepKind) -> bool:
    return kind not in (StepKind.REFERENCE, StepKind.BACKGROUND)


def _loads(steps: Iterable[Medians], factors: Factors, call_step: str | None) -> list[_Load]:
    loads = []
    for step in steps:
        times = Decimal(1)
        if step.name == call_step and step.duration_s:
            times = factors["teleconsultation_s"] / step.duration_s
        loads.append(
            _Load(
                step.cpu_s * times,
                step.duration_s * times,
                step.kilobytes * times,
                None if step.energy_j is None else step.energy_j * times,
            )
        )
    return loads


def _sum(loads: Sequence[_Load]) -> _Load:
    measured = [load.energy_j for load in loads if load.energy_j is not None]
    return _Load(
        sum((load.cpu_s for load in loads), Decimal(0)),
        sum((load.duration_s for load in loads), Decimal(0)),
        sum((load.kilobytes for load in loads), Decimal(0)),
        sum(measured, Decimal(0)) if len(measured) == len(loads) else None,
    )


def _point(load: _Load, calibration: Decimal, factors: Factors, device: Device) -> _Point:
    joules = energy_j(load, calibration, factors)
    watt_hours = joules / _J_PER_WH
    device_kwh = watt_hours / 1000
    gigabytes = load.kilobytes / _KB_PER_GB
    network_kwh = gigabytes * factors["network_kwh_per_gb"]
    server_kwh = gigabytes * factors["server_kwh_per_gb"]
    embodied_g = gigabytes * factors["server_embodied_kwh_per_gb"] * factors["world_electricity_co2_g"]
    grams, litres, land = (
        factors["electricity_co2_g"],
        factors["electricity_water_l"],
        factors["land_of_electricity_m2"],
    )

    impacts = {
        (Brick.DEVICE_USE, Indicator.CO2): device_kwh * grams,
        (Brick.DEVICE_USE, Indicator.WATER): device_kwh * litres,
        (Brick.DEVICE_USE, Indicator.LAND): device_kwh * land,
        (Brick.NETWORK, Indicator.CO2): network_kwh * grams,
        (Brick.NETWORK, Indicator.WATER): network_kwh * litres,
        (Brick.NETWORK, Indicator.LAND): network_kwh * land,
        (Brick.SERVER, Indicator.CO2): server_kwh * grams + embodied_g,
        (Brick.SERVER, Indicator.WATER): server_kwh * litres,
        (Brick.SERVER, Indicator.LAND): server_kwh * land,
    }
    made = Brick.DEVICE_MANUFACTURE
    if device is Device.SMARTPHONE:
        life_wh = factors["battery_capacity_mah"] / 1000 * factors["battery_voltage_v"] * factors["battery_cycles"]
        worn = watt_hours / life_wh
        impacts[made, Indicator.CO2] = worn * factors["device_co2_g"]
        impacts[made, Indicator.WATER] = worn * factors["device_water_l"]
        impacts[made, Indicator.LAND] = worn * factors["device_land_m2"]
    else:
        impacts[made, Indicator.CO2] = load.duration_s / 3600 / factors["laptop_lifetime_h"] * factors["laptop_co2_g"]
    return _Point(joules, impacts)


def _impacts(at: Callable[[Factors], _Point], load: _Load, factors: Factors, device: Device) -> Impacts:
    """Everything but the steps: totals, bricks, and what each figure weighs."""
    here = at(factors)
    weights, least, most = _sweep(at, factors)
    best, worst = at(factors.where(**least)), at(factors.where(**most))

    def between(read: Callable[[_Point], Decimal]) -> Range:
        return Range(read(here), read(best), read(worst))

    def of(brick: Brick, indicator: Indicator) -> Range | None:
        return between(lambda point: point.of(brick, indicator)) if here.has(brick, indicator) else None

    def total(indicator: Indicator) -> Range | None:
        """Without its largest part, the manufacture of the device, a total would mislead."""
        is_whole = here.has(Brick.DEVICE_MANUFACTURE, indicator)
        return between(lambda point: point.total(indicator)) if is_whole else None

    co2 = between(lambda point: point.total(Indicator.CO2))
    gigabytes = load.kilobytes / _KB_PER_GB
    use_g = gigabytes * factors["network_kwh_per_gb"] * factors["electricity_co2_g"]
    return Impacts(
        method=factors.version,
        device=device,
        call_step=None,
        is_energy_measured=load.energy_j is not None,
        energy_j=between(lambda point: point.energy_j),
        charge_mah=here.energy_j / Decimal("3.6") / factors["battery_voltage_v"],
        duration_s=load.duration_s,
        megabytes=load.kilobytes / _KB_PER_MB,
        bricks=tuple(
            BrickImpact(brick, {indicator: of(brick, indicator) for indicator in Indicator}) for brick in Brick
        ),
        co2=co2,
        water=total(Indicator.WATER),
        land=total(Indicator.LAND),
        co2_with_network_manufacture=co2.value - use_g + gigabytes * factors["network_full_cycle_co2_g"],
        steps=(),
        weights=weights,
        equivalents=tuple(_equivalents(here, factors)),
    )


def _sweep(
    at: Callable[[Factors], _Point], factors: Factors
) -> tuple[tuple[Weight, ...], dict[str, Decimal], dict[str, Decimal]]:
    """What each uncertain figure weighs, heaviest first; then the values of all of them that give the least, and the most."""
    found: list[tuple[str, Decimal, Decimal]] = []
    least: dict[str, Decimal] = {}
    most: dict[str, Decimal] = {}
    for code, figure in factors.figures.items():
        if not figure.is_uncertain:
            continue
        at_low = at(factors.where(**{code: figure.low})).total(Indicator.CO2)
        at_high = at(factors.where(**{code: figure.high})).total(Indicator.CO2)
        if at_low == at_high:
            continue
        found.append((code, at_low, at_high))
        least[code], most[code] = (figure.low, figure.high) if at_low < at_high else (figure.high, figure.low)
    whole = sum((abs(high - low) for _, low, high in found), Decimal(0))
    weights = [
        Weight(code, factors.figures[code].label, factors.figures[code].mark, low, high, 100 * abs(high - low) / whole)
        for code, low, high in found
    ]
    return tuple(sorted(weights, key=lambda weight: -weight.span)), least, most


def _step_impacts(
    steps: Sequence[Medians],
    loads: Sequence[_Load],
    point_of: Callable[[_Load], _Point],
    whole: Decimal,
) -> Iterable[StepImpact]:
    """The steps of the journey in their order, each with its part of the grams."""
    for step, load in zip(steps, loads, strict=True):
        point = point_of(load)
        grams = point.total(Indicator.CO2)
        share = 100 * grams / whole if whole else Decimal(0)
        yield StepImpact(step.name, step.kind, point.energy_j, grams, share)


def _equivalents(here: _Point, factors: Factors) -> Iterable[Equivalent]:
    amounts = {"energy": here.energy_j / _J_PER_WH}
    for indicator in Indicator:
        if here.has(Brick.DEVICE_MANUFACTURE, indicator):
            amounts[indicator.value] = here.total(indicator)
    for thing in factors.equivalents:
        if thing.indicator in amounts:
            yield Equivalent(thing, amounts[thing.indicator] * EXECUTIONS / thing.value)
