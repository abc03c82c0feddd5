"""From what a bench measured to the écoscore: three factors of equal weight, each from two named anchors (docs/ecoscore.md).

Pure and exact: `Decimal` throughout, rounded once at the end. Every note is 100 × ln(bad / x) / ln(bad / good), 100 at or
below the good anchor, 0 at or above the bad one, x being the median of the valid runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Any

from ecoscore.ecoindex import EcoIndex, ecoindex
from ecoscore.factors import Factors
from ecoscore.figures import Measurement, RunFigures, StepFigures
from ecoscore.gdsl.plan import StepKind

#: Whatever the caller's context says, the same measure gives the same score.
EXACT = Context(prec=34)
_MS, _US, _KB = Decimal(1000), Decimal(1_000_000), Decimal(1000)
_NOTE, _NOISE = Decimal("0.0001"), Decimal("1e-20")


@dataclass(frozen=True, slots=True)
class Medians:
    """One step over the valid runs: the median of each figure, in the units of formulas."""

    name: str
    kind: StepKind
    kilobytes: Decimal
    requests: Decimal
    cpu_s: Decimal
    duration_s: Decimal
    response_s: Decimal | None
    lcp_s: Decimal | None
    energy_j: Decimal | None
    layer_bytes: Decimal
    dom_nodes: Decimal | None
    is_quiet: bool


@dataclass(frozen=True, slots=True)
class StepScore:
    """The notes of a step, None where the factor does not apply; `score` is the mean of those that do."""

    name: str
    kind: StepKind
    energy: Decimal | None
    data: Decimal | None
    performance: Decimal | None

    @property
    def score(self) -> Decimal | None:
        return mean(note for note in (self.energy, self.data, self.performance) if note is not None)


@dataclass(frozen=True, slots=True)
class Scores:
    """The écoscore of a measure. `exact` is not rounded yet; a factor that no step gives is None, and so is the écoscore."""

    method: str
    energy: Decimal | None
    data: Decimal | None
    performance: Decimal | None
    exact: Decimal | None
    steps: tuple[StepScore, ...]
    runs: tuple[Decimal | None, ...]
    ecoindex: tuple[EcoIndex, ...]

    @property
    def ecoscore(self) -> int | None:
        return whole(self.exact)

    @property
    def span(self) -> tuple[int, int] | None:
        """The lowest and highest écoscore of the valid runs taken alone."""
        notes = [note for each in self.runs if (note := whole(each)) is not None]
        return (min(notes), max(notes)) if notes else None

    def payload(self) -> dict[str, Any]:
        """For canonical JSON: the écoscore, its span and every note with four decimals."""
        span = self.span
        return {
            "method": self.method,
            "ecoscore": self.ecoscore,
            "low": span[0] if span else None,
            "high": span[1] if span else None,
            "energy": _note(self.energy),
            "data": _note(self.data),
            "performance": _note(self.performance),
            "steps": [
                {
                    "name": step.name,
                    "kind": step.kind.value,
                    "energy": _note(step.energy),
                    "data": _note(step.data),
                    "performance": _note(step.performance),
                    "score": _note(step.score),
                }
                for step in self.steps
            ],
            "runs": [_note(each) for each in self.runs],
            "ecoindex": [asdict(each) for each in self.ecoindex],
        }


@dataclass(frozen=True, slots=True)
class Teleconsultation:
    """Two journeys measured in the same conditions, patient and professional: the mean of both, rounded once."""

    patient: Scores
    professional: Scores

    @property
    def ecoscore(self) -> int | None:
        with localcontext(EXACT):
            if self.patient.exact is None or self.professional.exact is None:
                return None
            return whole((self.patient.exact + self.professional.exact) / 2)


def score(measurement: Measurement, factors: Factors) -> Scores:
    """The scores of a measure: median of the valid runs for each figure, then notes, then means."""
    with localcontext(EXACT):
        runs = valid_runs(measurement)
        calibration = Decimal(measurement.bench.calibration)
        steps = _score_steps(medians(runs), calibration, factors)
        alone = (_ecoscore(*_means(_score_steps(medians([run]), calibration, factors))) for run in runs)
        energy, data, performance = _means(steps)
        return Scores(
            method=factors.version,
            energy=energy,
            data=data,
            performance=performance,
            exact=_ecoscore(energy, data, performance),
            steps=tuple(steps),
            runs=tuple(alone),
            ecoindex=tuple(_cross_checks(medians(runs), factors)),
        )


def refusals(measurement: Measurement, factors: Factors) -> tuple[str, ...]:
    """Every reason, in French, why this measure cannot be final; empty when it can."""
    with localcontext(EXACT):
        return tuple(_refusals(measurement, factors))


def valid_runs(measurement: Measurement) -> list[RunFigures]:
    """The runs that ended."""
    return [run for run in measurement.runs if not run.failure]


def medians(runs: Sequence[RunFigures]) -> list[Medians]:
    """The steps of the runs, in the order of the first one, each figure being its median."""
    by_name: dict[str, list[StepFigures]] = {}
    for run in runs:
        for step in run.steps:
            by_name.setdefault(step.name, []).append(step)
    with localcontext(EXACT):
        return [_medians_of(name, steps) for name, steps in by_name.items()]


def is_of_user(kind: StepKind) -> bool:
    """Does the step show the application, in front or behind? REFERENCE is the device without it."""
    return kind is not StepKind.REFERENCE


def surplus_j(step: Medians, reference: Medians | None, calibration: Decimal, factors: Factors) -> Decimal | None:
    """Energy above that of the idle device during the same time, in joules; None without REFERENCE.

    Measured by the gauge of the device when it has one, else estimated from processor time. The base power and the
    radio are left out: waiting must neither earn nor lose, and bytes are noted by the data factor.
    """
    if reference is None or not reference.duration_s:
        return None
    share = step.duration_s / reference.duration_s
    if step.energy_j is not None and reference.energy_j is not None:
        return max(Decimal(0), step.energy_j - reference.energy_j * share)
    above = max(Decimal(0), step.cpu_s - reference.cpu_s * share)
    return factors["joules_per_cpu_second"] * calibration * above


def note(value: Decimal, good: Decimal, bad: Decimal) -> Decimal:
    """100 at `good` and below, 0 at `bad` and above, logarithmic between (EcoIndex and Lighthouse: sizes and delays are)."""
    if value <= good:
        return Decimal(100)
    if value >= bad:
        return Decimal(0)
    with localcontext(EXACT):
        # ln(4) / ln(16) is one half: the last digits of a quotient of logarithms must not decide how it rounds
        return (100 * (bad / value).ln() / (bad / good).ln()).quantize(_NOISE)


def mean(values: Iterable[Decimal]) -> Decimal | None:
    """The mean, None of nothing."""
    found = list(values)
    with localcontext(EXACT):
        return sum(found, Decimal(0)) / len(found) if found else None


def median(values: Sequence[Decimal]) -> Decimal:
    """The middle value, or the mean of the two in the middle. Raises IndexError for nothing."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def variation(values: Sequence[Decimal]) -> Decimal:
    """The coefficient of variation in per cent (sample deviation over mean); 0 when there is nothing to compare."""
    average = mean(values)
    if average is None or not average or len(values) < 2:
        return Decimal(0)
    with localcontext(EXACT):
        squares = sum(((value - average) ** 2 for value in values), Decimal(0)) / (len(values) - 1)
        return 100 * squares.sqrt() / average


def whole(value: Decimal | None) -> int | None:
    """The published integer: rounded once, halves up."""
    return None if value is None else int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _note(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(_NOTE, rounding=ROUND_HALF_UP)


def _medians_of(name: str, steps: Sequence[StepFigures]) -> Medians:
    def middle(values: Iterable[int | None], per: Decimal = Decimal(1)) -> Decimal | None:
        known = [Decimal(value) for value in values if value is not None]
        return median(known) / per if known else None

    def known(values: Iterable[int], per: Decimal = Decimal(1)) -> Decimal:
        return median([Decimal(value) for value in values]) / per

    return Medians(
        name=name,
        kind=steps[0].kind,
        kilobytes=known((step.bytes_down + step.bytes_up for step in steps), _KB),
        requests=known(step.requests for step in steps),
        cpu_s=known((step.cpu_us for step in steps), _US),
        duration_s=known((step.duration_ms for step in steps), _MS),
        response_s=middle((step.response_ms for step in steps), _MS),
        lcp_s=middle((step.lcp_ms for step in steps), _MS),
        energy_j=middle((step.energy_mj for step in steps), _MS),
        layer_bytes=known(step.layer_bytes for step in steps),
        dom_nodes=middle(step.dom_nodes for step in steps),
        is_quiet=all(step.is_quiet for step in steps),
    )


def _score_steps(steps: Sequence[Medians], calibration: Decimal, factors: Factors) -> list[StepScore]:
    reference = next((step for step in steps if step.kind is StepKind.REFERENCE), None)
    return [
        StepScore(
            step.name,
            step.kind,
            _energy(step, reference, calibration, factors),
            _data(step, factors),
            _performance(step, factors),
        )
        for step in steps
        if is_of_user(step.kind)
    ]


def _energy(step: Medians, reference: Medians | None, calibration: Decimal, factors: Factors) -> Decimal | None:
    surplus = surplus_j(step, reference, calibration, factors)
    match step.kind:
        case StepKind.PAUSE | StepKind.BACKGROUND:
            seconds = step.duration_s
        case StepKind.LOAD:
            seconds = factors["energy_load_s"]
        case _:
            seconds = factors["energy_action_s"]
    if surplus is None or not seconds:
        return None
    return note(surplus / (factors["base_power_w"] * seconds), factors["energy_good"], factors["energy_bad"])


def _data(step: Medians, factors: Factors) -> Decimal | None:
    match step.kind:
        case StepKind.PAUSE | StepKind.BACKGROUND:
            if not step.duration_s:
                return None
            weight = step.kilobytes * factors["pause_s"] / step.duration_s
            return note(weight, factors["data_pause_good"], factors["data_pause_bad"])
        case StepKind.LOAD:
            return note(step.kilobytes, factors["data_load_good"], factors["data_load_bad"])
        case _:
            return note(step.kilobytes, factors["data_action_good"], factors["data_action_bad"])


def _performance(step: Medians, factors: Factors) -> Decimal | None:
    """The wait of the step; for a load, the largest paint if it came later. A scroll or a pause has no response time."""
    match step.kind:
        case StepKind.SCROLL | StepKind.PAUSE | StepKind.BACKGROUND | StepKind.REFERENCE:
            return None
        case StepKind.LOAD:
            times = [time for time in (step.response_s, step.lcp_s) if time is not None]
            if not times:
                return None
            return note(max(times), factors["performance_load_good"], factors["performance_load_bad"])
        case _:
            if step.response_s is None:
                return None
            return note(step.response_s, factors["performance_action_good"], factors["performance_action_bad"])


def _means(steps: Sequence[StepScore]) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    return (
        mean(step.energy for step in steps if step.energy is not None),
        mean(step.data for step in steps if step.data is not None),
        mean(step.performance for step in steps if step.performance is not None),
    )


def _ecoscore(energy: Decimal | None, data: Decimal | None, performance: Decimal | None) -> Decimal | None:
    """Equal weights; without one of the three there is no écoscore."""
    if energy is None or data is None or performance is None:
        return None
    return (energy + data + performance) / 3


def _cross_checks(steps: Sequence[Medians], factors: Factors) -> Iterable[EcoIndex]:
    for step in steps:
        if step.kind is StepKind.LOAD and step.dom_nodes is not None:
            yield ecoindex(
                step.name,
                dom_nodes=int(step.dom_nodes),
                requests=int(step.requests),
                size_bytes=int(step.layer_bytes),
                quantiles=factors.ecoindex,
            )


def _refusals(measurement: Measurement, factors: Factors) -> Iterable[str]:
    for run in measurement.runs:
        if run.failure:
            yield f"L’exécution n° {run.number} a échoué : {run.failure}"
    runs = valid_runs(measurement)
    needed = int(factors["runs_needed"])
    if len(runs) < needed:
        yield f"Une mesure finale demande {needed} exécutions valides : il y en a {len(runs)}."
    if not runs:
        return
    steps = medians(runs)
    kinds = [step.kind for step in steps]
    if StepKind.REFERENCE not in kinds:
        yield "L’étape REFERENCE n’a pas été mesurée."
    if StepKind.BACKGROUND not in kinds:
        yield "L’étape BACKGROUND n’a pas été mesurée."
    if any([step.name for step in run.steps] != [step.name for step in runs[0].steps] for run in runs):
        yield "Les exécutions n’ont pas mesuré les mêmes étapes."
    if all(kind in (StepKind.REFERENCE, StepKind.BACKGROUND) for kind in kinds):
        yield "Le scénario ne mesure aucune étape de l’utilisateur."
    scored = score(measurement, factors)
    if scored.performance is None:
        yield "Aucune étape ne mesure de temps de réponse : terminez chaque étape CHRGT par une attente."
    totals = [Decimal(sum(step.bytes_down + step.bytes_up for step in _user_steps(run))) for run in runs]
    if (spread := variation(totals)) > factors["spread_bytes"]:
        yield f"Les données échangées varient de {_percent(spread)} d’une exécution à l’autre : {_percent(factors['spread_bytes'])} au plus."
    for name in (step.name for step in steps if step.kind is StepKind.LOAD):
        times = [
            Decimal(step.response_ms)
            for run in runs
            for step in run.steps
            if step.name == name and step.response_ms is not None
        ]
        if (spread := variation(times)) > factors["spread_response"]:
            yield f"Le temps de réponse de « {name} » varie de {_percent(spread)} : {_percent(factors['spread_response'])} au plus."


def _user_steps(run: RunFigures) -> list[StepFigures]:
    return [step for step in run.steps if is_of_user(step.kind)]


def _percent(value: Decimal) -> str:
    text = format(value.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP), "f").removesuffix(".0")
    return text.replace(".", ",") + "\u00a0%"
