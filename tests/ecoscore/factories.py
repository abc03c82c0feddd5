"""Applications, measures in each state, and a bench that measures nothing: its figures are invented."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from convergence.products.models import Product
from ecoscore.bench.driver import Pass
from ecoscore.figures import BenchFacts, Measurement, RunFigures, StepFigures
from ecoscore.gdsl.plan import Plan, StepKind
from ecoscore.models import Application, Measure, Result
from ecoscore.services import ask_debug, ask_final, create_application, create_measure, measure_next, save_scenario
from tests.factories import ProductFactory, make_member

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40

SCRIPT = """\
setBrowser,chrome
browserPrepareAndOpenForReference

measureStart,REFERENCE
pause,${PAUSEDURATION}
measureStop

browserGoToUrl,https://carnet.example/

measureStart,CHRGT_ACCUEIL
pressEnter
waitUntilText,Bienvenue
pause,${PAUSEAFTERLOAD}
measureStop

measureStart,PAUSE_ACCUEIL
pause,${PAUSEDURATION}
measureStop

goBackground
measureStart,BACKGROUND
pause,${PAUSEDURATION}
measureStop
"""

#: By kind: bytes down, CPU in µs, response in ms.
USUAL: Mapping[StepKind, tuple[int, int, int | None]] = {
    StepKind.REFERENCE: (0, 20_000, None),
    StepKind.LOAD: (600_000, 900_000, 2_400),
    StepKind.ACTION: (40_000, 200_000, 600),
    StepKind.PAUSE: (4_000, 60_000, None),
    StepKind.BACKGROUND: (0, 10_000, None),
}


def make_measurement(
    plan: Plan, *, runs: int = 3, pause_ms: int = 5_000, weight: int = 1, version: str = "banc-1", failure: str = ""
) -> Measurement:
    """The same figures in each run; `weight` multiplies bytes and CPU of what the application does."""
    steps = []
    for step in plan.steps:
        down, cpu, response = USUAL.get(step.kind, (10_000, 100_000, None))
        times = 1 if step.kind is StepKind.REFERENCE else weight
        steps.append(
            StepFigures(
                name=step.name,
                kind=step.kind,
                bytes_down=down * times,
                bytes_up=2_000 if down else 0,
                layer_bytes=down * times,
                requests=12 * times if down else 0,
                cpu_us=cpu * times,
                duration_ms=pause_ms,
                response_ms=response,
                lcp_ms=response,
                dom_nodes=300 if step.kind is StepKind.LOAD else None,
            )
        )
    return Measurement(
        bench=BenchFacts(
            version=version,
            platform="Linux",
            browser="Chromium 156",
            calibration="1.05",
            pause_ms=pause_ms,
            cpu_quality="measured",
            is_isolated=True,
            load="0,20",
        ),
        runs=tuple(RunFigures(number, () if failure else tuple(steps), failure) for number in range(1, runs + 1)),
        refusals={"10.0.0.1:80": 1},
    )


def fake_runner(before: Callable[[], None] | None = None, **changes: Any) -> Callable[..., Measurement]:
    """A runner that says what a bench says, calls `before`, and gives `make_measurement`."""

    def measure(plan: Plan, *, runs: int, pause_ms: int, watcher: Any, **_: Any) -> Measurement:
        for number in range(1, runs + 1):
            for index, step in enumerate(plan.steps, start=1):
                watcher.progress(number, runs, Pass.ENERGY, index, len(plan.steps), step.name)
                watcher.screenshot(number, step.name, PNG)
        watcher.log("Le banc est prêt.")
        if before:
            before()
        return make_measurement(plan, **{"runs": runs, "pause_ms": pause_ms} | changes)

    return measure


def make_application(product: Product | None = None, **values: Any) -> Application:
    product = product or ProductFactory()
    given = {"name": "Site des patients", "platform": "web", "url": "https://carnet.example/", "journey": ""} | values
    return create_application(product=product, values=given, actor=make_member(product.organisation))


def make_measure(application: Application | None = None, *, text: str = SCRIPT, version: str = "2.1") -> Measure:
    """Checked, on nobody’s bench."""
    application = application or make_application()
    actor = application.created_by
    measure = create_measure(application_id=application.pk, version=version, actor=actor)
    return save_scenario(measure_id=measure.pk, text=text, actor=actor)


def make_intermediate(application: Application | None = None, *, text: str = SCRIPT, **changes: Any) -> Measure:
    measure = make_measure(application, text=text, version=changes.pop("measured_version", "2.1"))
    ask_debug(measure_id=measure.pk, actor=measure.created_by)
    measure_next(bench="banc", runner=fake_runner(**changes))
    return Measure.objects.get(pk=measure.pk)


def make_final(application: Application | None = None, **changes: Any) -> Measure:
    """Measured twice, the second time for good."""
    measure = make_intermediate(application, **changes)
    changes.pop("measured_version", None)
    ask_final(measure_id=measure.pk, actor=measure.created_by)
    measure_next(bench="banc", runner=fake_runner(**changes))
    return Measure.objects.get(pk=measure.pk)


def final_result(measure: Measure) -> Result:
    return Result.objects.final().get(measure=measure)


def no_runner(*_: Any, **__: Any) -> Measurement:
    raise AssertionError("no bench was expected here")


#: What `settings.ECOSCORE["RUNNER"]` may name: a bench that has finished before one looks.
quick_runner = fake_runner()
