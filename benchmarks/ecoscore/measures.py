"""Must-show 2, 3, 4 and 6: repeatable, monotone, calm when nothing happens, quick to check."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from statistics import median
from threading import Thread

from benchmarks.ecoscore.check import CODES, hostile_script
from benchmarks.ecoscore.lines import Line, variation
from benchmarks.ecoscore.quiet import WINDOW_S, watched_machine
from benchmarks.ecoscore.servers import TruthServer, authority, mixed_site, touched_site
from ecoscore.bench.driver import Pass
from ecoscore.bench.runner import BENCH_VERSION, measure
from ecoscore.bench.web import ChromiumBench
from ecoscore.demo_site.server import HEAVY, SOBER, Server
from ecoscore.factors import Factors, load
from ecoscore.figures import BenchFacts, Measurement, RunFigures, StepFigures
from ecoscore.gdsl import check
from ecoscore.gdsl.plan import Plan, StepKind
from ecoscore.scores import StepScore, medians, note, score, valid_runs

DEMO = Path(__file__).resolve().parents[2] / "fixtures" / "ecoscore" / "demo"
PAUSE_MS = 5000


class Watched:
    """Keeps when each run began; cancels nothing."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.run_began: dict[int, float] = {}
        self.pictures: list[tuple[int, str, bytes]] = []
        self.lines: list[str] = []

    def progress(self, run: int, runs: int, which_pass: Pass, step_index: int, steps: int, message: str) -> None:
        self.run_began.setdefault(run, time.monotonic() - self.began)

    def screenshot(self, run: int, step_name: str, image_bytes: bytes) -> None:
        self.pictures.append((run, step_name, image_bytes))

    def log(self, line: str) -> None:
        self.lines.append(line)

    def is_cancelled(self) -> bool:
        return False


def plan_of(script: str, pause_ms: int = PAUSE_MS) -> Plan:
    checked = check(script, variables={"PAUSEDURATION": str(pause_ms), "PAUSEAFTERLOAD": "1000"}, allow_private=True)
    if checked.plan is None:
        raise RuntimeError(f"the script has errors: {checked.diagnostics}")
    return checked.plan


def run(
    plan: Plan, runs: int, *, watcher: Watched | None = None, arguments: tuple[str, ...] = (), pause_ms: int = PAUSE_MS
) -> Measurement:
    """Measure with the real bench. Raises RuntimeError when a run failed: a benchmark has no use for it."""
    measurement = measure(
        plan,
        runs=runs,
        pause_ms=pause_ms,
        allow_private=True,
        secrets={},
        watcher=watcher or Watched(),
        bench=ChromiumBench(allow_private=True, arguments=arguments),
    )
    for each in measurement.runs:
        if each.failure:
            raise RuntimeError(f"run {each.number}: {each.failure}")
    return measurement


def measure_demo(version: str, runs: int, watcher: Watched | None = None) -> Measurement:
    """The scenario of the demo site, on a server of its own."""
    with Server() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            script = (
                (DEMO / f"{version}.testgb").read_text(encoding="utf-8").replace(":8010/", f":{server.server_port}/")
            )
            return run(plan_of(script), runs, watcher=watcher)
        finally:
            server.shutdown()


def repeatability(runs: int) -> Iterable[Line]:
    """2: the same scenario, again and again; then good against bad."""
    factors, watcher = load(), Watched()
    with watched_machine() as machine:
        good = measure_demo(SOBER, runs, watcher)
    scores = score(good, factors)
    totals = [sum(step.bytes_down + step.bytes_up for step in each.steps) for each in good.runs]
    alone = [float(each) for each in scores.runs if each is not None]
    spread = max(alone) - min(alone)
    yield Line(
        "2a",
        f"écoscore of {runs} single runs: spread",
        "≤ 2 points",
        f"{spread:.2f} ({', '.join(f'{each:.1f}' for each in alone)})",
        spread <= 2,
    )
    yield Line("2b", "bytes, clear HTTP: CV", "≤ 0.1 %", f"{variation(totals):.3f} %", variation(totals) <= 0.1)
    loads = {
        name: [step.response_ms or 0 for each in good.runs for step in each.steps if step.name == name]
        for name in ("CHRGT_ACCUEIL", "CHRGT_MESURES")
    }
    worst = max(variation(times) for times in loads.values())
    yield Line("2c", "response of loads: worst CV", "≤ 3 %", f"{worst:.1f} % {loads}", worst <= 3)
    cpu = [sum(step.cpu_us for step in each.steps) / 1e6 for each in good.runs]
    yield Line(
        "2d",
        "processor time of a run: CV",
        "≤ 10 % (quiet)",
        f"{variation(cpu):.1f} % ({', '.join(f'{each:.2f}' for each in cpu)} s); "
        f"a fixed work beside it, in windows of {WINDOW_S} s: {variation(machine.windows()):.1f} %",
        variation(cpu) <= 10,
    )
    lasted = watcher.run_began.get(4)
    if lasted is not None:
        yield Line("2f", "three runs of the demo scenario, pauses 5 s", "< 180 s", f"{lasted:.0f} s", lasted < 180)
    bad = score(measure_demo(HEAVY, min(runs, 3)), factors)
    assert scores.ecoscore is not None and bad.ecoscore is not None  # noqa: PT018
    difference = scores.ecoscore - bad.ecoscore
    yield Line(
        "3g",
        "demo site: sober above heavy",
        "≥ 20 points",
        f"{scores.ecoscore} − {bad.ecoscore} = {difference}",
        difference >= 20,
    )


def https_repeatability(runs: int) -> Iterable[Line]:
    with authority() as made, TruthServer(mixed_site, tls=made.context("h2", "http/1.1"), http2=True) as server:
        script = f"""browserPrepareAndOpenForReference
measureStart,REFERENCE
pause,500
measureStop
browserGoToUrl,{server.origin}/un
measureStart,CHRGT_UN
pressEnter
waitUntilText,Tout est lu,30000
measureStop
browserGoToUrl,{server.origin}/vers-deux
measureStart,CHRGT_DEUX
pressEnter
waitUntilText,Tout est lu,30000
measureStop
"""
        found = run(plan_of(script), runs, arguments=(made.switch,))
    totals = [sum(step.bytes_down + step.bytes_up for step in each.steps) for each in found.runs]
    yield Line(
        "2e", "bytes, HTTPS on the wire: CV", "≤ 1 %", f"{variation(totals):.3f} % {totals}", variation(totals) <= 1
    )


VARIANTS = ("base", "megaoctet", "script", "lente")


def touched_script(origin: str, order: Iterable[str]) -> str:
    """Each variant once, after a warm load that nobody reads."""
    loads = "\n".join(
        f"browserGoToUrl,{origin}/{name}\nmeasureStart,CHRGT_{name.upper()}\npressEnter\nwaitUntilText,Texte attendu,30000\npause,1500\nmeasureStop"
        for name in ("base?amorce", *order)
    )
    head = "browserPrepareAndOpenForReference\nmeasureStart,REFERENCE\npause,3000\nmeasureStop\n"
    return head + loads.replace("CHRGT_BASE?AMORCE", "CHRGT_AMORCE") + "\n"


def measure_touched(runs: int) -> Measurement:
    """`runs` runs of the four variants, interleaved, each time in another order."""
    found: list[Measurement] = []
    with TruthServer(touched_site) as server:
        for number in range(runs):
            turn = number % len(VARIANTS)
            plan = plan_of(touched_script(server.origin, VARIANTS[turn:] + VARIANTS[:turn]))
            found.append(run(plan, 1))
    calibration = median(Decimal(each.bench.calibration) for each in found)
    bench = replace(found[0].bench, calibration=str(calibration))
    return Measurement(bench, tuple(replace(each.runs[0], number=number + 1) for number, each in enumerate(found)))


def monotone_measured(runs: int) -> Iterable[Line]:
    """3 (ii): one thing made worse moves its factor, and hardly another."""
    factors = load()
    found = measure_touched(runs)
    notes = {step.name: step for step in score(found, factors).steps}
    figures = {step.name: step for step in medians(found.runs)}
    base = notes["CHRGT_BASE"]

    def change(name: str, factor: str) -> float:
        return float(_of(notes[f"CHRGT_{name}"], factor) - _of(base, factor))

    def line(code: str, what: str, bar: str, value: float, passes: bool, unit: str = "points") -> Line:
        return Line(code, what, bar, f"{value:+.1f} {unit}", passes)

    start = f"base: energy {base.energy:.1f}, data {base.data:.1f}, performance {base.performance:.1f}"
    yield Line(
        "3b",
        f"+ 1 MB: data ({start})",
        "≤ −30",
        f"{change('MEGAOCTET', 'data'):+.1f} points",
        change("MEGAOCTET", "data") <= -30,
    )
    yield line("3b", "+ 1 MB: performance", "within 3", value := change("MEGAOCTET", "performance"), abs(value) <= 3)
    yield line("3b", "+ 1 MB: energy", "never rises", value := change("MEGAOCTET", "energy"), value <= 0)
    yield line(
        "3c", "+ 200 ms of script after the text: energy", "≤ −5", value := change("SCRIPT", "energy"), value <= -5
    )
    yield line("3c", "+ 200 ms of script: data", "within 1", value := change("SCRIPT", "data"), abs(value) <= 1)
    yield line(
        "3c", "+ 200 ms of script: performance", "within 3", value := change("SCRIPT", "performance"), abs(value) <= 3
    )
    yield line(
        "3d", "+ 1 s of server delay: performance", "≤ −10", value := change("LENTE", "performance"), value <= -10
    )
    longer = float((figures["CHRGT_LENTE"].response_s or 0) - (figures["CHRGT_BASE"].response_s or 0))
    yield line("3d", "+ 1 s of server delay: response", "0.9–1.1 s", longer, 0.9 <= longer <= 1.1, "s")
    yield line("3d", "+ 1 s of server delay: data", "within 1", value := change("LENTE", "data"), abs(value) <= 1)
    yield line("3d", "+ 1 s of server delay: energy", "within 5", value := change("LENTE", "energy"), abs(value) <= 5)
    calibration = Decimal(found.bench.calibration)
    plain = [float(_plain_ratio_note(found, name, calibration, factors)) for name in ("CHRGT_BASE", "CHRGT_LENTE")]
    yield Line(
        "3e",
        "control: note of the plain power ratio, + 1 s of delay",
        "must rise",
        f"{plain[0]:.1f} → {plain[1]:.1f}",
        plain[1] > plain[0],
    )


def _of(step: StepScore, factor: str) -> Decimal:
    value = getattr(step, factor)
    assert isinstance(value, Decimal)
    return value


def _plain_ratio_note(found: Measurement, name: str, calibration: Decimal, factors: Factors) -> Decimal:
    """P_step / P_reference, as it should not be computed: time dilutes it."""
    steps = {step.name: step for step in medians(valid_runs(found))}

    def power(step_name: str) -> Decimal:
        step = steps[step_name]
        return factors["base_power_w"] + factors["joules_per_cpu_second"] * calibration * step.cpu_s / step.duration_s

    ratio = power(name) / power("REFERENCE") - 1
    return note(ratio, factors["energy_good"], factors["energy_bad"])


def made_up(**changes: int) -> Measurement:
    """A measurement of one reference and one load, in round figures, some of them changed in the load."""
    reference = StepFigures("REFERENCE", StepKind.REFERENCE, 0, 0, 0, 0, 10_000, 5000, None)
    values: Mapping[str, int] = {
        "bytes_down": 900_000,
        "bytes_up": 6_000,
        "layer_bytes": 900_000,
        "requests": 20,
        "cpu_us": 900_000,
        "duration_ms": 4000,
        "response_ms": 2500,
        "lcp_ms": 2400,
        "dom_nodes": 500,
    }
    step = StepFigures(name="CHRGT_X", kind=StepKind.LOAD, **{**values, **changes})
    facts = BenchFacts(BENCH_VERSION, "web", "Chromium", "1", 5000, "measured", True, "0")
    return Measurement(facts, tuple(RunFigures(number, (reference, step)) for number in (1, 2, 3)))


def monotone_pure() -> Iterable[Line]:
    """3 (i): one input moves one factor, by nothing the others; time moves no energy."""
    factors = load()
    base = score(made_up(), factors).steps[0]
    moved = {
        "data": made_up(bytes_down=1_900_000, layer_bytes=1_900_000),
        "energy": made_up(cpu_us=1_500_000),
        "performance": made_up(response_ms=4500),
    }
    for factor, measurement in moved.items():
        step = score(measurement, factors).steps[0]
        changes = {name: _of(step, name) - _of(base, name) for name in moved}
        passes = changes[factor] < 0 and all(not value for name, value in changes.items() if name != factor)
        shown = ", ".join(f"{name} {value:+.2f}" for name, value in changes.items())
        yield Line("3a", f"formulas: only {factor} moves with its input", "others 0", shown, passes)
    # ten seconds more with the idle browser’s own share of processor time: the surplus is the same
    longer = score(made_up(duration_ms=14_000, cpu_us=900_000 + 20_000), factors).steps[0]
    change = _of(longer, "energy") - _of(base, "energy")
    yield Line("3a", "formulas: energy when the step lasts 10 s more, idle", "0", f"{change:+.2f}", change == 0)


def calm(runs: int) -> Iterable[Line]:
    """4: a page where nothing happens costs nothing, one that moves does."""
    with TruthServer(touched_site) as server:
        script = "browserPrepareAndOpenForReference\nmeasureStart,REFERENCE\npause,3000\nmeasureStop\n" + "\n".join(
            f"browserGoToUrl,{server.origin}/{name}\npressEnter\nwaitUntilText,{text}\npause,2000\n"
            f"measureStart,PAUSE_{name.upper()}\npause,3000\nmeasureStop"
            for name, text in (("immobile", "Rien ne bouge"), ("animee", "Tout bouge"))
        )
        found = run(plan_of(script + "\n"), runs)
    cpu = {step.name: step.cpu_s * 1000 for step in medians(found.runs)}
    idle, moving = cpu["PAUSE_IMMOBILE"], cpu["PAUSE_ANIMEE"]
    yield Line("4a", f"page where nothing moves, 3 s, median of {runs}", "≤ 30 ms", f"{idle:.0f} ms", idle <= 30)
    yield Line(
        "4b",
        "animated page against it",
        "≥ 10 ×",
        f"{moving:.0f} ms, {moving / max(idle, Decimal('0.1')):.0f} ×",
        moving >= 10 * idle,
    )


def checker() -> Iterable[Line]:
    """6: a long script where every line is wrong; processor time, which a busy machine does not stretch."""
    text = hostile_script()
    spent, lasted = [], []
    for _ in range(9):
        began, spent_before = time.perf_counter(), time.process_time()
        found = check(text)
        lasted.append(1000 * (time.perf_counter() - began))
        spent.append(1000 * (time.process_time() - spent_before))
    seen = {each.code for each in found.diagnostics}
    shown = f"{median(spent):.1f} ms of processor, {median(lasted):.1f} ms by the clock"
    yield Line(
        "6",
        f"checker: 3,000 lines, {len(found.diagnostics)} remarks, every code E",
        "≤ 50 ms",
        shown,
        median(spent) <= 50 and seen >= CODES,
    )
