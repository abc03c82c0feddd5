"""From what the bench measured to a frozen result: one payload, canonical, hashed, that pages and PDF read for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from convergence.kernel.canonical import canonical_json, sha256_hex
from ecoscore import factors, impact, scores
from ecoscore.bench.driver import BenchError
from ecoscore.figures import Measurement
from ecoscore.models import Measure, Result

SCHEMA = 1


def make_result(measure: Measure, measurement: Measurement, *, at: datetime) -> tuple[Result, tuple[str, ...]]:
    """The result of the passage under way, not saved yet, and every reason why it cannot be final.

    Raises BenchError when no run came to its end: there is nothing to keep then.
    """
    method = factors.load()
    if not scores.valid_runs(measurement):
        reasons = " ".join(dict.fromkeys(run.failure for run in measurement.runs)) or "Le banc n’a rien mesuré."
        raise BenchError("no_run", reasons)
    scored = scores.score(measurement, method)
    refusals = scores.refusals(measurement, method)
    application, scenario = measure.application, measure.scenario
    content = {
        "schema": SCHEMA,
        "measured_at": at,
        "purpose": measure.purpose,
        "measure": {"id": measure.pk, "number": measure.number, "version": measure.version, "series": measure.series},
        "application": {
            "name": application.name,
            "platform": application.platform,
            "address": application.address,
            "product": application.product.label,
            "organisation": application.product.organisation.name,
            "journey": application.journey,
        },
        "script": {"number": scenario.number, "text": scenario.text, "sha256": scenario.sha256},
        "bench": plain(measurement.bench),
        "runs": plain(measurement.runs),
        "refused_addresses": plain(measurement.refusals),
        "refusals": list(refusals),
        "scores": scored.payload(),
        "impacts": _impacts(measurement, method),
        "factors": method.snapshot(),
    }
    payload = canonical_json(content)
    result = Result(
        measure=measure,
        series=measure.series,
        purpose=measure.purpose,
        measured_at=at,
        payload=payload,
        sha256=sha256_hex(payload),
        script_sha256=scenario.sha256,
        method=method.version,
        bench=measurement.bench.version[:120],
        factors_sha256=method.sha256,
        pause_ms=measurement.bench.pause_ms,
        ecoscore=scored.ecoscore,
    )
    return result, refusals


def _impacts(measurement: Measurement, method: factors.Factors) -> dict[str, Any] | None:
    """None when the script measures no step of a user."""
    try:
        return impact.project(measurement, method).payload()
    except ValueError:
        return None


def plain(value: Any) -> Any:
    """Frozen dataclasses as the mappings and lists that canonical JSON takes."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value
