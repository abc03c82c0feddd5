"""A deterministic bench for tests: every instruction costs and lasts what a table says, by a clock of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ecoscore.bench.driver import BenchError, Counters, Outcome, Pass
from ecoscore.bench.runner import Place
from ecoscore.gdsl.plan import Instruction

#: What each command costs: bytes down, bytes up, requests, CPU seconds.
COSTS = {
    "pressEnter": (10_000, 500, 4, 0.2),
    "waitUntilText": (0, 0, 0, 0.01),
    "pause": (0, 0, 0, 0.001),
    "clickByText": (2_000, 300, 1, 0.05),
}

#: What each command lasts, in seconds; a step without duration has no energy note.
LASTS_S = {"pressEnter": 0.4, "waitUntilText": 0.1, "pause": 2.0}


class FakeDriver:
    def __init__(self, bench: FakeBench) -> None:
        self.bench = bench
        self.calls: list[str] = []
        self.done: list[Instruction] = []
        self.is_closed = False
        self.which = Pass.ENERGY
        self._totals = [0, 0, 0, 0.0]

    def prepare(self, which: Pass) -> None:
        self.which = which
        self.calls.append(f"prepare {which}")

    def execute(self, instruction: Instruction) -> Outcome:
        self.calls.append(instruction.name)
        self.done.append(instruction)
        if self.bench.before is not None:
            self.bench.before(self, instruction)
        self.bench.seconds += LASTS_S.get(instruction.name, 0)
        for place, cost in enumerate(COSTS.get(instruction.name, (0, 0, 0, 0.0))):
            self._totals[place] += cost
        return Outcome(response_s=0.5 if instruction.name.startswith("waitUntil") else None)

    def fence(self) -> bool:
        self.calls.append("fence")
        return self.bench.is_quiet

    def snapshot(self) -> Counters:
        self.calls.append("snapshot")
        down, up, requests, cpu_s = self._totals
        return Counters(int(down), int(up), int(down), int(requests), cpu_s, dom_nodes=120, lcp_s=1.25)

    def screenshot(self) -> bytes:
        self.calls.append("screenshot")
        return b"\x89PNG"

    def background(self) -> None:
        self.calls.append("background")

    def close(self) -> None:
        self.is_closed = True


class FakeBench:
    """`before(driver, instruction)` may raise, block or look."""

    def __init__(
        self, before: Callable[[FakeDriver, Instruction], None] | None = None, *, is_quiet: bool = True
    ) -> None:
        self.before = before
        self.is_quiet = is_quiet
        self.drivers: list[FakeDriver] = []
        self.is_open = False
        self.is_closed = False
        self.aborts = 0
        self.seconds = 0.0

    def clock(self) -> float:
        return self.seconds

    def open(self, log: Callable[[str], None]) -> Place:
        self.is_open = True
        log("bench open")
        return Place(
            browser="Fake 1", calibration="1.0000", cpu_quality="measured", is_isolated=True, notes=("Fictif.",)
        )

    def new_driver(self) -> FakeDriver:
        self.drivers.append(FakeDriver(self))
        return self.drivers[-1]

    def refusals(self) -> Mapping[str, int]:
        return {"10.0.0.1:80": 2}

    def abort(self) -> None:
        self.aborts += 1

    def close(self) -> None:
        self.is_closed = True


class Followed:
    """A watcher that keeps everything; cancels once `cancel_at` says so."""

    def __init__(self, cancel_at: Callable[[], bool] = lambda: False) -> None:
        self.steps: list[tuple[int, int, Pass, int, int, str]] = []
        self.pictures: list[tuple[int, str]] = []
        self.lines: list[str] = []
        self.threads: set[int] = set()
        self._cancel_at = cancel_at

    def progress(self, run: int, runs: int, which_pass: Pass, step_index: int, steps: int, message: str) -> None:
        self.steps.append((run, runs, which_pass, step_index, steps, message))

    def screenshot(self, run: int, step_name: str, image_bytes: bytes) -> None:
        self.pictures.append((run, step_name))

    def log(self, line: str) -> None:
        self.lines.append(line)

    def is_cancelled(self) -> bool:
        return self._cancel_at()


def fail(code: str, message: str) -> Callable[[FakeDriver, Instruction], None]:
    def before(driver: FakeDriver, instruction: Instruction) -> None:
        raise BenchError(code, message)

    return before
