"""Measures as a bench would give them, written by hand for the tests of scores and impacts."""

from ecoscore.figures import BenchFacts, Measurement, RunFigures, StepFigures
from ecoscore.gdsl.plan import StepKind


def step(name, kind=StepKind.LOAD, **figures):
    """A step: 390 kB, 0.35 s of processor, 3 s, an answer after 2 s, unless said otherwise."""
    values = {
        "bytes_down": 380_000,
        "bytes_up": 10_000,
        "layer_bytes": 389_000,
        "requests": 12,
        "cpu_us": 350_000,
        "duration_ms": 3_000,
        "response_ms": 2_000,
    }
    return StepFigures(name=name, kind=kind, **{**values, **figures})


def idle(name, kind, **figures):
    """A step of rest: 5 s, 13 ms of processor, no byte."""
    values = {"bytes_down": 0, "bytes_up": 0, "layer_bytes": 0, "requests": 0, "cpu_us": 13_000, "duration_ms": 5_000}
    return step(name, kind, **{**values, "response_ms": None, **figures})


def journey(**load):
    """REFERENCE, one load, one action, one scroll, one pause, BACKGROUND; `load` changes figures of the load."""
    return (
        idle("REFERENCE", StepKind.REFERENCE),
        step("CHRGT_ACCUEIL", dom_nodes=400, **load),
        step("ACTION_RECHERCHE", StepKind.ACTION, bytes_down=40_000, bytes_up=2_000, cpu_us=160_000, response_ms=600),
        step("SCROLL_LISTE", StepKind.SCROLL, bytes_down=60_000, bytes_up=1_000, cpu_us=200_000, response_ms=None),
        idle("PAUSE_LISTE", StepKind.PAUSE, bytes_down=900, cpu_us=80_000),
        idle("BACKGROUND", StepKind.BACKGROUND),
    )


def measurement(*runs, calibration="1"):
    """A measure of these runs (tuples of steps or RunFigures), numbered from 1."""
    numbered = [
        run if isinstance(run, RunFigures) else RunFigures(number, tuple(run)) for number, run in enumerate(runs, 1)
    ]
    bench = BenchFacts("banc-1", "web", "Chromium", calibration, 5_000, "measured", True, "0.10")
    return Measurement(bench, tuple(numbered))
