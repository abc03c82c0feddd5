"""From a plan to a measurement: runs, each of two passes, with limits, progress and a way to stop.

Drivers live in a thread of their own; whoever follows the measure is told in the thread that called `measure`, where the
database may be used.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from ecoscore.bench.driver import BenchError, Counters, Driver, Outcome, Pass
from ecoscore.figures import BenchFacts, Measurement, RunFigures, StepFigures
from ecoscore.gdsl.plan import Instruction, Plan, Platform, Step, StepKind

#: Changes whenever a figure could change for the same site: results of two versions are not compared.
BENCH_VERSION = "web-2"
#: What pass P keeps of a pause that only the energy needs.
SHORT_PAUSE_MS = 500
_RESTING = {StepKind.REFERENCE, StepKind.PAUSE, StepKind.BACKGROUND}
#: Beyond what an instruction announces (its pause, its wait), how long a browser may take.
INSTRUCTION_MARGIN_S = 75.0
_TICK_S = 0.5
_START_LIMIT_S = 180.0

T = TypeVar("T")


class Watcher(Protocol):
    """Who follows a measure. Called in the caller’s thread; `is_cancelled` about twice a second: the place for a heartbeat."""

    def progress(self, run: int, runs: int, which_pass: Pass, step_index: int, steps: int, message: str) -> None:
        """`run` and `step_index` count from 1; `message` is French."""
        ...

    def screenshot(self, run: int, step_name: str, image_bytes: bytes) -> None: ...

    def log(self, line: str) -> None:
        """A French sentence: an address refused, a window closed, a run that failed."""
        ...

    def is_cancelled(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Place:
    """What a bench says of itself when it opens."""

    browser: str
    calibration: str
    cpu_quality: str
    is_isolated: bool
    notes: tuple[str, ...] = ()
    version: str = BENCH_VERSION


class Bench(Protocol):
    """Where drivers come from. `open` and drivers run in one thread, `abort` in any."""

    def open(self, log: Callable[[str], None]) -> Place: ...

    def new_driver(self) -> Driver: ...

    def refusals(self) -> Mapping[str, int]: ...

    def abort(self) -> None:
        """End whatever runs, so that what waits for it fails at once."""
        ...

    def close(self) -> None: ...


def measure(
    plan: Plan,
    *,
    runs: int,
    pause_ms: int,
    allow_private: bool,
    secrets: Mapping[str, str],
    watcher: Watcher,
    bench: Bench | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Measurement:
    """Measure a plan on this machine, `runs` times; `pause_ms` is what the plan’s pauses were made of, for the record.

    A run that fails is kept with its French reason, and is the last: the next ones would fail alike. Raises BenchError when
    nothing could be measured at all (no browser, no isolation for a foreign site) or when the watcher cancelled. `clock`, in
    seconds, times steps and responses; limits are kept by the machine’s own.
    """
    if bench is None:
        bench = find_bench(plan.platform, allow_private=allow_private, secrets=secrets)
    with _Hand(bench, watcher, clock) as hand:
        place = hand.do(lambda: bench.open(hand.note), within_s=_START_LIMIT_S)
        done: list[RunFigures] = []
        for number in range(1, runs + 1):
            done.append(_run(plan, number, runs, bench, hand, watcher))
            if done[-1].failure:
                break
        facts = BenchFacts(
            version=place.version,
            platform=plan.platform.value,
            browser=place.browser,
            calibration=place.calibration,
            pause_ms=pause_ms,
            cpu_quality=place.cpu_quality,
            is_isolated=place.is_isolated,
            load=" ".join(f"{value:.2f}" for value in os.getloadavg()),
            notes=place.notes,
        )
        return Measurement(bench=facts, runs=tuple(done), refusals=dict(bench.refusals()))


def find_bench(platform: Platform, *, allow_private: bool, secrets: Mapping[str, str]) -> Bench:
    """The bench of this machine for a platform; what it needs is loaded only here (not in the web server)."""
    if platform is Platform.ANDROID:
        from ecoscore.bench.phone import PhoneBench

        return PhoneBench(secrets=secrets)
    from ecoscore.bench.web import ChromiumBench

    return ChromiumBench(allow_private=allow_private, secrets=secrets)


class _Hand:
    """Does one thing at a time in the drivers’ thread, and meanwhile hears a cancellation and keeps the time."""

    def __init__(self, bench: Bench, watcher: Watcher, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._bench = bench
        self._watcher = watcher
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="bench")
        self._lines: list[str] = []
        self._doing: Future[Any] | None = None

    def __enter__(self) -> _Hand:
        return self

    def __exit__(self, *_: object) -> None:
        if self._doing is not None and not self._doing.done():  # the watcher itself failed meanwhile
            self._bench.abort()
        closing = self._thread.submit(self._bench.close)
        try:
            closing.result(timeout=30)
        except NotYet:
            self._bench.abort()
        self._thread.shutdown(wait=False)
        self._flush()

    def note(self, line: str) -> None:
        """From any thread: a line for the watcher’s log, handed over in the caller’s."""
        self._lines.append(line)

    def do(self, what: Callable[[], T], *, within_s: float) -> T:
        """The result of `what`. Raises BenchError when it takes too long or the watcher cancels: the browser is then ended."""
        future = self._doing = self._thread.submit(what)
        until = time.monotonic() + within_s
        while True:
            try:
                return future.result(timeout=_TICK_S)
            except NotYet:
                if future.done():  # it ended in between, or itself ran out of time
                    return future.result()
            finally:
                self._flush()
            if self._watcher.is_cancelled():
                self._give_up(future)
                raise BenchError("cancelled", "La mesure a été annulée.")
            if time.monotonic() > until:
                self._give_up(future)
                raise BenchError(
                    "step_limit", f"Plus rien n’a répondu en {within_s:.0f} secondes : la mesure est coupée."
                )

    def _give_up(self, future: Future[T]) -> None:
        self._bench.abort()
        future.exception(timeout=30)

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        for line in lines:
            self._watcher.log(line)


def _run(plan: Plan, number: int, runs: int, bench: Bench, hand: _Hand, watcher: Watcher) -> RunFigures:
    steps: list[StepFigures] = []
    try:
        _pass(plan, Pass.ENERGY, number, runs, bench, hand, watcher, steps)
        timed: list[StepFigures] = []
        _pass(plan, Pass.PERFORMANCE, number, runs, bench, hand, watcher, timed)
        merged = tuple(
            replace(energy, response_ms=other.response_ms, lcp_ms=other.lcp_ms)
            for energy, other in zip(steps, timed, strict=True)
        )
        return RunFigures(number, merged)
    except BenchError as error:
        if error.code in ("cancelled", "no_browser", "no_device"):
            raise
        watcher.log(f"Exécution {number} interrompue ({error.code}) : {error}")
        return RunFigures(
            number, tuple(replace(step, response_ms=None, lcp_ms=None) for step in steps), failure=str(error)
        )


def _pass(
    plan: Plan,
    which: Pass,
    number: int,
    runs: int,
    bench: Bench,
    hand: _Hand,
    watcher: Watcher,
    into: list[StepFigures],
) -> None:
    """One execution of the plan with a driver of its own, closed whatever happens; figures are added step by step."""
    total = len(plan.steps)
    watcher.progress(number, runs, which, 0, total, "Démarrage du navigateur")
    driver = hand.do(bench.new_driver, within_s=_START_LIMIT_S)
    try:
        hand.do(lambda: driver.prepare(which), within_s=_START_LIMIT_S)
        is_stirred = False
        for part in plan.parts:
            if isinstance(part, Instruction):
                _execute(part, which, driver, hand)
                is_stirred = True
                continue
            if is_stirred:  # what was done between two steps belongs to neither
                hand.do(driver.fence, within_s=INSTRUCTION_MARGIN_S)
                is_stirred = False
            watcher.progress(number, runs, which, len(into) + 1, total, part.name)
            into.append(_measure_step(part, which, driver, hand))
            if which is Pass.ENERGY:
                watcher.screenshot(number, part.name, hand.do(driver.screenshot, within_s=INSTRUCTION_MARGIN_S))
    finally:
        _close(driver, bench, hand)


def _close(driver: Driver, bench: Bench, hand: _Hand) -> None:
    try:
        hand.do(driver.close, within_s=60)
    except BenchError:
        bench.abort()
        raise


def _measure_step(step: Step, which: Pass, driver: Driver, hand: _Hand) -> StepFigures:
    """The counters before and after a step, its tail included until the network is quiet."""
    if step.kind is StepKind.BACKGROUND:
        hand.do(driver.background, within_s=INSTRUCTION_MARGIN_S)
    before = hand.do(driver.snapshot, within_s=INSTRUCTION_MARGIN_S)
    began = hand.clock()
    response_s: float | None = None
    active_s = 0.0
    for instruction in step.instructions:
        if which is Pass.PERFORMANCE and step.kind in _RESTING:
            instruction = _shorten(instruction)
        start = hand.clock()
        try:
            outcome = _execute(instruction, which, driver, hand)
        except BenchError as error:
            raise BenchError(error.code, f"Étape {step.name} : {error}") from error
        if instruction.name != "pause":
            active_s += hand.clock() - start
        if outcome.response_s is not None:
            response_s = active_s
    is_quiet = hand.do(driver.fence, within_s=INSTRUCTION_MARGIN_S)
    duration_s = hand.clock() - began
    after = hand.do(driver.snapshot, within_s=INSTRUCTION_MARGIN_S)
    return _figures(step, before, after, duration_s, response_s, is_quiet)


def _figures(
    step: Step, before: Counters, after: Counters, duration_s: float, response_s: float | None, is_quiet: bool
) -> StepFigures:
    has_energy = before.energy_j is not None and after.energy_j is not None
    return StepFigures(
        name=step.name,
        kind=step.kind,
        bytes_down=after.bytes_down - before.bytes_down,
        bytes_up=after.bytes_up - before.bytes_up,
        layer_bytes=after.layer_bytes - before.layer_bytes,
        requests=max(0, after.requests - before.requests),
        cpu_us=max(0, round((after.cpu_s - before.cpu_s) * 1e6)),
        duration_ms=round(duration_s * 1000),
        response_ms=None if response_s is None else round(response_s * 1000),
        lcp_ms=None if after.lcp_s is None else round(after.lcp_s * 1000),
        dom_nodes=after.dom_nodes,
        energy_mj=round(((after.energy_j or 0) - (before.energy_j or 0)) * 1000) if has_energy else None,
        is_quiet=is_quiet,
    )


def _execute(instruction: Instruction, which: Pass, driver: Driver, hand: _Hand) -> Outcome:
    """Do one instruction in the time that it announces and a margin; its line stands before what goes wrong."""
    announced_ms = sum(int(argument) for argument in instruction.args if argument.isdecimal() and len(argument) <= 6)
    try:
        return hand.do(lambda: driver.execute(instruction), within_s=announced_ms / 1000 + INSTRUCTION_MARGIN_S)
    except BenchError as error:
        if error.code == "cancelled":
            raise
        raise BenchError(error.code, f"ligne {instruction.line} : {error}") from error


def _shorten(instruction: Instruction) -> Instruction:
    if instruction.name != "pause":
        return instruction
    return replace(instruction, args=(str(min(int(instruction.args[0]), SHORT_PAUSE_MS)),))
