"""Runs, passes, limits, cancellation: on a fake bench, without a browser."""

import threading
import time
from concurrent.futures import Future

import pytest

from ecoscore.bench import runner
from ecoscore.bench.driver import BenchError, Pass
from ecoscore.bench.runner import measure
from ecoscore.figures import StepFigures
from ecoscore.gdsl import check
from ecoscore.gdsl.plan import Plan, Platform, StepKind
from tests.ecoscore.bench.fake import FakeBench, Followed

SCRIPT = """setBrowser,chrome
browserPrepareAndOpenForReference
measureStart,REFERENCE
pause,${PAUSEDURATION}
measureStop
browserGoToUrl,https://www.exemple.fr/
measureStart,CHRGT_ACCUEIL
pressEnter
waitUntilText,Bonjour,1000
pause,2000
measureStop
measureStart,PAUSE_ACCUEIL
pause,300
measureStop
measureStart,BACKGROUND
goBackground
pause,${PAUSEDURATION}
measureStop
"""


def plan_of(script: str = SCRIPT) -> Plan:
    checked = check(script, variables={"PAUSEDURATION": "5000", "PAUSEAFTERLOAD": "1000"})
    assert checked.plan is not None, checked.diagnostics
    return checked.plan


def run(bench: FakeBench, watcher: Followed | None = None, *, runs: int = 1, script: str = SCRIPT):
    return measure(
        plan_of(script),
        runs=runs,
        pause_ms=5000,
        allow_private=False,
        secrets={},
        watcher=watcher or Followed(),
        bench=bench,
        clock=bench.clock,
    )


@pytest.mark.rule("BR-079")
def test_each_run_has_an_energy_pass_then_a_performance_pass_with_a_driver_of_its_own():
    bench, watcher = FakeBench(), Followed()
    measurement = run(bench, watcher, runs=2)

    assert [driver.which for driver in bench.drivers] == [Pass.ENERGY, Pass.PERFORMANCE] * 2
    assert all(driver.is_closed for driver in bench.drivers)
    assert bench.is_closed
    assert [figures.number for figures in measurement.runs] == [1, 2]
    assert [step.name for step in measurement.runs[0].steps] == [
        "REFERENCE",
        "CHRGT_ACCUEIL",
        "PAUSE_ACCUEIL",
        "BACKGROUND",
    ]
    assert measurement.runs[0].failure == ""
    assert measurement.refusals == {"10.0.0.1:80": 2}
    assert (measurement.bench.pause_ms, measurement.bench.browser, measurement.bench.platform) == (
        5000,
        "Fake 1",
        "web",
    )


def test_a_step_holds_what_happened_between_its_bounds():
    figures = run(FakeBench()).runs[0].steps
    load, pause = figures[1], figures[2]
    assert (load.kind, load.bytes_down, load.bytes_up, load.layer_bytes, load.requests) == (
        StepKind.LOAD,
        10_000,
        500,
        10_000,
        4,
    )
    assert load.cpu_us == 211_000
    assert load.response_ms is not None
    assert load.lcp_ms == 1250
    assert load.is_quiet
    assert (pause.bytes_down, pause.requests, pause.response_ms) == (0, 0, None)


def test_the_performance_pass_cuts_the_pauses_that_only_energy_needs():
    bench = FakeBench()
    run(bench)
    pauses = [[i.args[0] for i in driver.done if i.name == "pause"] for driver in bench.drivers]
    assert pauses == [["5000", "2000", "300", "5000"], ["500", "2000", "300", "500"]]


def test_the_response_ends_with_the_last_wait_and_leaves_pauses_out():
    script = SCRIPT.replace("pressEnter\n", "pressEnter\npause,100\n")
    load = run(FakeBench(), script=script).runs[0].steps[1]
    assert (load.response_ms, load.duration_ms) == (500, 4500)


def test_pictures_are_taken_in_the_energy_pass_after_the_counters():
    bench, watcher = FakeBench(), Followed()
    run(bench, watcher)
    assert watcher.pictures == [(1, name) for name in ("REFERENCE", "CHRGT_ACCUEIL", "PAUSE_ACCUEIL", "BACKGROUND")]
    energy, performance = (driver.calls for driver in bench.drivers)
    assert "screenshot" not in performance
    for place, call in enumerate(energy):
        if call == "screenshot":
            assert energy[place - 1] == "snapshot"


def test_what_is_done_between_steps_belongs_to_none():
    bench = FakeBench()
    script = SCRIPT.replace("measureStart,PAUSE_ACCUEIL", "clickByText,Suite\nmeasureStart,PAUSE_ACCUEIL")
    steps = run(bench, script=script).runs[0].steps
    assert steps[1].requests == 4
    assert steps[2].requests == 0
    calls = bench.drivers[0].calls
    assert calls[calls.index("clickByText") + 1] == "fence"


def test_the_window_is_reduced_before_the_background_step_is_counted():
    bench = FakeBench()
    run(bench)
    calls = bench.drivers[0].calls
    assert calls[calls.index("background") + 1] == "snapshot"


def test_a_network_that_never_rests_is_flagged():
    assert not any(step.is_quiet for step in run(FakeBench(is_quiet=False)).runs[0].steps)


def test_progress_is_told_in_order_with_the_pass():
    watcher = Followed()
    run(FakeBench(), watcher)
    assert [step[2:4] for step in watcher.steps] == [(which, place) for which in Pass for place in range(5)]
    assert watcher.steps[2] == (1, 1, Pass.ENERGY, 2, 4, "CHRGT_ACCUEIL")
    assert "bench open" in watcher.lines


def test_a_failed_run_keeps_its_steps_says_the_line_and_is_the_last():
    def missing(driver, instruction):
        if instruction.name == "waitUntilText":
            raise BenchError("wait", "Le texte « Bonjour » n’est pas apparu en 1 s.")

    bench = FakeBench(missing)
    measurement = run(bench, runs=3)
    assert len(measurement.runs) == 1
    failed = measurement.runs[0]
    assert failed.failure == "Étape CHRGT_ACCUEIL : ligne 9 : Le texte « Bonjour » n’est pas apparu en 1 s."
    assert [step.name for step in failed.steps] == ["REFERENCE"]
    assert all(driver.is_closed for driver in bench.drivers)
    assert bench.is_closed


def test_a_run_that_fails_in_the_performance_pass_has_no_response():
    def missing(driver, instruction):
        if instruction.name == "waitUntilText" and driver.which is Pass.PERFORMANCE:
            raise BenchError("wait", "Absent.")

    failed = run(FakeBench(missing)).runs[0]
    assert failed.failure
    assert len(failed.steps) == 4
    assert {step.response_ms for step in failed.steps} == {None}


def test_a_cancelled_measure_ends_the_browser_and_leaves_nothing_open():
    blocked = threading.Event()

    def block(driver, instruction):
        if instruction.name == "pressEnter":
            blocked.wait(10)
            raise BenchError("browser", "Fermé.")

    class Abortable(FakeBench):
        def abort(self):
            super().abort()
            blocked.set()

    bench = Abortable(block)
    began = time.monotonic()
    with pytest.raises(BenchError) as error:
        run(bench, Followed(cancel_at=lambda: bool(bench.drivers) and "pressEnter" in bench.drivers[0].calls))
    assert error.value.code == "cancelled"
    assert bench.aborts == 1
    assert bench.is_closed
    assert bench.drivers[0].is_closed
    assert time.monotonic() - began < 5


def test_an_instruction_that_never_ends_is_cut(monkeypatch):
    monkeypatch.setattr(runner, "INSTRUCTION_MARGIN_S", 0.2)
    blocked = threading.Event()

    def block(driver, instruction):
        if instruction.name == "pressEnter":
            blocked.wait(10)
            raise BenchError("browser", "Fermé.")

    class Abortable(FakeBench):
        def abort(self):
            blocked.set()

    failure = run(Abortable(block)).runs[0].failure
    assert failure.startswith("Étape CHRGT_ACCUEIL : ligne 8 : Plus rien n’a répondu")


def test_the_watcher_is_called_in_the_thread_of_the_caller():
    """There the database may be used: drivers run an event loop in theirs."""
    names = set()

    class Watcher(Followed):
        def progress(self, *told):
            names.add(threading.current_thread().name)

        def log(self, line):
            names.add(threading.current_thread().name)

    def look(driver, instruction):
        names.add("driver: " + threading.current_thread().name)

    run(FakeBench(look), Watcher())
    assert names == {threading.current_thread().name, "driver: bench_0"}


def test_an_android_plan_needs_a_device():
    plan = Plan(Platform.ANDROID, ())
    with pytest.raises(BenchError) as error:
        measure(plan, runs=1, pause_ms=1, allow_private=False, secrets={}, watcher=Followed())
    assert error.value.code == "no_device"


def test_figures_are_integers_in_the_unit_of_their_name():
    step: StepFigures = run(FakeBench()).runs[0].steps[1]
    for name in ("bytes_down", "bytes_up", "layer_bytes", "requests", "cpu_us", "duration_ms", "response_ms", "lcp_ms"):
        assert type(getattr(step, name)) is int


def test_a_watcher_that_fails_ends_the_browser_too():
    """The database went away while a step was waiting: nothing may run on without anybody."""
    blocked = threading.Event()

    def block(driver, instruction):
        if instruction.name == "pressEnter":
            blocked.wait(10)

    class Abortable(FakeBench):
        def abort(self):
            blocked.set()

    class Failing(Followed):
        def is_cancelled(self):
            raise ConnectionError("no database")

    bench = Abortable(block)
    began = time.monotonic()
    with pytest.raises(ConnectionError):
        run(bench, Failing())
    assert bench.is_closed
    assert time.monotonic() - began < 5


def test_what_ends_just_when_it_is_asked_about_is_not_lost(monkeypatch):
    class JustEnded(Future):
        """Says « not yet », and has ended when it is asked again."""

        def result(self, timeout=None):
            if timeout is None:
                return super().result()
            self.set_result("figures")
            raise TimeoutError

    with runner._Hand(FakeBench(), Followed(), time.monotonic) as hand:
        monkeypatch.setattr(hand._thread, "submit", lambda what: JustEnded())
        assert hand.do(lambda: "figures", within_s=5) == "figures"
        monkeypatch.undo()


def test_a_time_out_of_the_driver_itself_is_raised():
    def late(driver, instruction):
        raise TimeoutError("of the driver")

    with pytest.raises(TimeoutError, match="of the driver"):
        run(FakeBench(late))
