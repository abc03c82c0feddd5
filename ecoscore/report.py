"""A frozen result as people read it: pure, from the payload alone, for the page, the PDF and the comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from statistics import median
from typing import Any

from convergence.ui.typography import NBSP, format_number
from ecoscore import charts
from ecoscore.advice import Advice, advise
from ecoscore.gdsl.plan import StepKind

FACTORS = {"energy": "Énergie", "data": "Données", "performance": "Performance"}
MEANINGS = {
    "energy": "Travail demandé à l’appareil\u00a0: il use sa batterie. Estimée (modèle).",
    "data": "Octets échangés avec le réseau\u00a0: ils chargent réseau et serveurs. Mesurées.",
    "performance": "Attente de l’usager\u00a0: un service rapide dure plus longtemps sur un appareil ancien. Mesurée.",
}
KINDS = {
    StepKind.REFERENCE: "Référence",
    StepKind.LOAD: "Chargement",
    StepKind.ACTION: "Action",
    StepKind.SCROLL: "Défilement",
    StepKind.PAUSE: "Pause",
    StepKind.BACKGROUND: "Arrière-plan",
    StepKind.OTHER: "Autre étape",
}
INDICATORS = {"co2": ("Gaz à effet de serre", "gCO₂e"), "water": ("Eau", "L"), "land": ("Sols", "m²")}
BRICKS = {
    "device_manufacture": "Terminal, fabrication",
    "device_use": "Terminal, utilisation",
    "network": "Réseau, utilisation",
    "server": "Serveurs, fabrication et utilisation",
}
#: Small values are read in the unit that needs no zero after the comma.
SMALLER = {
    "gCO₂e": ((Decimal("0.1"), 1000, "mgCO₂e"),),
    "L": ((Decimal("0.1"), 1000, "mL"),),
    "m²": ((Decimal("0.1"), 10_000, "cm²"),),
}
MARKS = {
    "S": "source publiée",
    "M": "mesuré sur notre banc",
    "H": "hypothèse de la plateforme",
    "K": "connaissance générale, non vérifiée",
}
COSTLIEST = 3

#: What no bench of this kind can know, said on every report.
LIMITS = (
    "L’énergie est estimée (modèle) à partir du temps de processeur\u00a0: aucun capteur de batterie n’est lu. Elle classe bien "
    "des étapes et des versions mesurées sur le même banc\u00a0; en valeur absolue, elle peut être deux fois plus haute ou plus "
    "basse.",
    "L’écran, le processeur graphique, la radio du téléphone et la ventilation ne sont pas mesurés.",
    "Les appareils, les réseaux et les habitudes de vos usagers ne sont pas connus\u00a0: le banc rejoue un seul parcours, sur "
    "un réseau simulé (4G lente).",
    "Ce qui se passe sur vos serveurs n’est pas vu\u00a0: leur part est déduite des octets échangés.",
    "Ce chiffre suit la structure de l’écoscore du service public, avec des constantes publiées par cette plateforme\u00a0: il ne "
    "se compare pas à un écoscore d’une autre origine.",
)


@dataclass(frozen=True, slots=True)
class FactorLine:
    code: str
    label: str
    meaning: str
    score: Decimal | None


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step: its notes, and the medians of what was measured."""

    name: str
    kind: StepKind
    kind_label: str
    score: Decimal | None
    energy: Decimal | None
    data: Decimal | None
    performance: Decimal | None
    kilobytes: float
    requests: float
    cpu_ms: float
    duration_ms: float
    response_ms: float | None
    is_quiet: bool
    advice: tuple[Advice, ...] = ()

    @property
    def weakest(self) -> str:
        """The factor with the lowest note, empty when nothing is noted."""
        notes = {code: note for code in FACTORS if (note := getattr(self, code)) is not None}
        return min(notes, key=lambda code: notes[code]) if notes else ""

    @property
    def weakest_label(self) -> str:
        return FACTORS.get(self.weakest, "")


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run as a whole, REFERENCE left out."""

    number: int
    failure: str
    score: Decimal | None
    kilobytes: float
    requests: int
    cpu_ms: float
    response_ms: int


@dataclass(frozen=True, slots=True)
class ImpactLine:
    """One indicator for one execution; texts carry their unit. `value` is empty: not evaluated."""

    code: str
    label: str
    value: str
    low: str
    high: str
    bricks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class EquivalentLine:
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class WeightLine:
    label: str
    origin: str
    low: str
    high: str
    effect_low: str
    effect_high: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a report shows. `content` is the payload itself, for what is shown as it is."""

    content: Mapping[str, Any]
    ecoscore: int | None
    low: int | None
    high: int | None
    factors: tuple[FactorLine, ...]
    steps: tuple[StepLine, ...]
    reference: StepLine | None
    costliest: tuple[StepLine, ...]
    impacts: tuple[ImpactLine, ...]
    equivalents: tuple[EquivalentLine, ...]
    executions: int
    weights: tuple[WeightLine, ...]
    energy: str
    charge: str
    ecoindex: tuple[tuple[str, str], ...]
    runs: tuple[RunLine, ...]
    refused_addresses: tuple[tuple[str, int], ...]
    refusals: tuple[str, ...]
    unquiet: tuple[str, ...]

    @property
    def gauge(self) -> charts.Gauge | None:
        return None if self.ecoscore is None else charts.gauge(self.ecoscore, self.low, self.high)

    @property
    def factor_bars(self) -> charts.Bars:
        return charts.bars([(each.label, each.score) for each in self.factors])

    @property
    def step_bars(self) -> charts.Bars:
        return charts.bars([(each.name, each.score) for each in self.steps])

    @property
    def share_bars(self) -> charts.Bars:
        shares = [(step["name"], Decimal(step["share"])) for step in (self.content["impacts"] or {}).get("steps", ())]
        return charts.bars(shares, unit=f"{NBSP}%")


def read(content: Mapping[str, Any]) -> Report:
    """The report of a payload of schema 1. Raises ValueError for another schema."""
    if content["schema"] != 1:
        raise ValueError(f"schema {content['schema']} is not known")
    scores, impacts = content["scores"], content["impacts"] or {}
    notes = {each["name"]: each for each in scores["steps"]}
    lines = _steps(content["runs"], notes)
    user_steps = tuple(each for each in lines if each.kind is not StepKind.REFERENCE)
    noted = [each for each in user_steps if each.score is not None and each.score < 100]
    figures = content["factors"]["figures"]
    equivalents, executions = _equivalents(impacts, content["factors"]["equivalents"])
    return Report(
        content=content,
        ecoscore=scores["ecoscore"],
        low=scores["low"],
        high=scores["high"],
        factors=tuple(
            FactorLine(code, label, MEANINGS[code], _decimal(scores[code])) for code, label in FACTORS.items()
        ),
        steps=user_steps,
        reference=next((each for each in lines if each.kind is StepKind.REFERENCE), None),
        costliest=tuple(sorted(noted, key=lambda each: each.score or 0)[:COSTLIEST]),
        impacts=tuple(_impact(code, impacts) for code in INDICATORS) if impacts else (),
        equivalents=equivalents,
        executions=executions,
        weights=_weights(impacts, figures),
        energy=_energy(impacts),
        charge=f"{format_number(Decimal(impacts['charge_mah']), 1)}{NBSP}mAh" if impacts else "",
        ecoindex=tuple((each["step"], f"{each['score']} ({each['grade']})") for each in scores["ecoindex"]),
        runs=_runs(content["runs"], scores["runs"]),
        refused_addresses=tuple(sorted(content["refused_addresses"].items())),
        refusals=tuple(content["refusals"]),
        unquiet=tuple(each.name for each in lines if not each.is_quiet),
    )


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[str, ...]:
    """Why two results are not compared, every reason in French; empty when they may be."""
    reasons = []
    if one["scores"]["method"] != other["scores"]["method"]:
        reasons.append("Les deux mesures n’ont pas la même version de la méthode.")
    if one["bench"]["version"] != other["bench"]["version"] or one["bench"]["platform"] != other["bench"]["platform"]:
        reasons.append("Les deux mesures n’ont pas été faites par la même version du banc.")
    if one["bench"]["pause_ms"] != other["bench"]["pause_ms"]:
        pauses = [f"{format_number(seconds(each['bench']['pause_ms']))}{NBSP}s" for each in (one, other)]
        reasons.append(f"Les pauses ne sont pas les mêmes\u00a0: {pauses[0]} et {pauses[1]}.")
    return tuple(reasons)


def seconds(milliseconds: int) -> Decimal:
    """`5` for 5,000: no zero after the comma that means nothing."""
    value = Decimal(milliseconds) / 1000
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()


def quantity(value: Decimal, unit: str) -> str:
    """`0,098 gCO₂e` is read as `98 mgCO₂e`: three significant digits, in the unit that shows them best."""
    for below, times, smaller in SMALLER.get(unit, ()):
        if 0 < abs(value) < below:
            return f"{_three_digits(value * times)}{NBSP}{smaller}"
    return f"{_three_digits(value)}{NBSP}{unit}"


def _three_digits(value: Decimal) -> str:
    if not value:
        return "0"
    decimals = max(0, 2 - value.adjusted())
    return format_number(round(value, decimals), min(decimals, 6))


def _runs(runs: Sequence[Mapping[str, Any]], notes: Sequence[str | None]) -> tuple[RunLine, ...]:
    """Every run, failed ones too; `notes` has one place for each run that ended."""
    kept = iter(notes)
    return tuple(_run(run, None if run["failure"] else next(kept)) for run in runs)


def _run(run: Mapping[str, Any], note: str | None) -> RunLine:
    steps = [step for step in run["steps"] if StepKind(step["kind"]) is not StepKind.REFERENCE]
    return RunLine(
        number=run["number"],
        failure=run["failure"],
        score=_decimal(note),
        kilobytes=sum(step["bytes_down"] + step["bytes_up"] for step in steps) / 1000,
        requests=sum(step["requests"] for step in steps),
        cpu_ms=sum(step["cpu_us"] for step in steps) / 1000,
        response_ms=sum(step["response_ms"] or 0 for step in steps),
    )


def _decimal(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _steps(runs: Sequence[Mapping[str, Any]], notes: Mapping[str, Mapping[str, Any]]) -> list[StepLine]:
    """The medians of the valid runs, in the order of the first one."""
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for run in runs:
        for step in run["steps"] if not run["failure"] else ():
            by_name.setdefault(step["name"], []).append(step)
    lines = []
    for name, steps in by_name.items():
        kind = StepKind(steps[0]["kind"])
        note = notes.get(name, {})
        responses = [step["response_ms"] for step in steps if step["response_ms"] is not None]
        line = StepLine(
            name=name,
            kind=kind,
            kind_label=KINDS[kind],
            score=_decimal(note.get("score")),
            energy=_decimal(note.get("energy")),
            data=_decimal(note.get("data")),
            performance=_decimal(note.get("performance")),
            kilobytes=median(step["bytes_down"] + step["bytes_up"] for step in steps) / 1000,
            requests=median(step["requests"] for step in steps),
            cpu_ms=median(step["cpu_us"] for step in steps) / 1000,
            duration_ms=median(step["duration_ms"] for step in steps),
            response_ms=median(responses) if responses else None,
            is_quiet=all(step["is_quiet"] for step in steps),
        )
        lines.append(_with_advice(line))
    return lines


def _with_advice(line: StepLine) -> StepLine:
    if not line.weakest:
        return line
    return replace(line, advice=advise(line.kind, line.weakest, requests=int(line.requests)))


def _impact(code: str, impacts: Mapping[str, Any]) -> ImpactLine:
    label, unit = INDICATORS[code]
    total = impacts[code]
    bricks = tuple(
        (BRICKS[brick], quantity(Decimal(row[code]["value"]), unit) if row[code] else "non évalué")
        for brick, row in impacts["bricks"].items()
    )
    if total is None:
        return ImpactLine(code, label, "", "", "", bricks)
    value, low, high = (quantity(Decimal(total[part]), unit) for part in ("value", "low", "high"))
    return ImpactLine(code, label, value, low, high, bricks)


def _equivalents(
    impacts: Mapping[str, Any], things: Sequence[Mapping[str, Any]]
) -> tuple[tuple[EquivalentLine, ...], int]:
    by_code = {each["code"]: each for each in things}
    lines, executions = [], 0
    for each in impacts.get("equivalents", ()):
        thing, count, executions = by_code[each["code"]], Decimal(each["count"]), each["executions"]
        label, _ = INDICATORS.get(thing["indicator"], ("Énergie", ""))
        lines.append(
            EquivalentLine(
                f"{label}\u00a0: {_three_digits(count)} × {thing['label']}",
                f"{format_number(Decimal(thing['value']))}{NBSP}{thing['unit']}, {_origin(thing)}",
            )
        )
    return tuple(lines), executions


def _weights(impacts: Mapping[str, Any], figures: Mapping[str, Mapping[str, Any]]) -> tuple[WeightLine, ...]:
    lines = []
    for each in impacts.get("weights", ()):
        figure = figures[each["code"]]
        low, high = (quantity(Decimal(each[part]), "gCO₂e") for part in ("at_low", "at_high"))
        lines.append(
            WeightLine(
                figure["label"],
                _origin(figure),
                _plain(figure["low"]),
                f"{_plain(figure['high'])}{NBSP}{figure['unit']}",
                low,
                high,
            )
        )
    return tuple(lines)


def _origin(figure: Mapping[str, Any]) -> str:
    """Where a figure comes from and how far it may be believed, said once."""
    source, mark = figure["source"], MARKS[figure["mark"]]
    return f"{source} ({figure['year']})" + ("" if source.startswith(mark) else f", {mark}")


def _plain(value: str) -> str:
    return format_number(Decimal(value))


def _energy(impacts: Mapping[str, Any]) -> str:
    if not impacts:
        return ""
    parts = impacts["energy_j"]
    value, low, high = (_three_digits(Decimal(parts[part])) for part in ("value", "low", "high"))
    label = "mesurée" if impacts["is_energy_measured"] else "estimée (modèle)"
    return f"{value}{NBSP}J, {label}, entre {low} et {high}{NBSP}J"
