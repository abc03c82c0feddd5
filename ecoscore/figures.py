"""What a bench measured, as values: the one shape that the runner writes and that scores, reports and rows read.

Everything is an integer in the unit of its name, so that JSON, hash and database say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ecoscore.gdsl.plan import StepKind


@dataclass(frozen=True, slots=True)
class StepFigures:
    """One step of one run. Bytes, requests, CPU and duration come from pass E; response and LCP from pass P.

    `response_ms` is None when the step waits for nothing; `is_quiet` is False when the network never came to rest.
    """

    name: str
    kind: StepKind
    bytes_down: int
    bytes_up: int
    layer_bytes: int
    requests: int
    cpu_us: int
    duration_ms: int
    response_ms: int | None
    lcp_ms: int | None = None
    dom_nodes: int | None = None
    energy_mj: int | None = None
    is_quiet: bool = True


@dataclass(frozen=True, slots=True)
class RunFigures:
    """One run (both passes). `failure`: the French reason when it did not end; its steps are then those before."""

    number: int
    steps: tuple[StepFigures, ...]
    failure: str = ""


@dataclass(frozen=True, slots=True)
class BenchFacts:
    """What the bench was: results of two benches, methods or pauses are not compared."""

    version: str
    platform: str
    browser: str
    calibration: str  # decimal text: T_ref / T_measured of the fixed loop
    pause_ms: int
    cpu_quality: str
    is_isolated: bool
    load: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measurement:
    """All runs of one measure. `refusals`: addresses that the relay refused, with how often, for the report."""

    bench: BenchFacts
    runs: tuple[RunFigures, ...]
    refusals: Mapping[str, int] = field(default_factory=dict)
