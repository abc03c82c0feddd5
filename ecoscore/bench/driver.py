"""What a bench asks of the device that it drives: a browser here, a phone where one is attached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from ecoscore.gdsl.plan import Instruction


class Pass(StrEnum):
    """Energy and data without CPU throttle, then performance with it: throttling would poison the CPU time."""

    ENERGY = "energy"
    PERFORMANCE = "performance"


class Quality(StrEnum):
    """How a figure was had."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    COARSE = "coarse"
    ABSENT = "absent"


class BenchError(Exception):
    """A run cannot go on; its text is a French sentence for the editor, `code` for tests and journals."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an instruction gave: seconds until what it waited for was there, None when it waits for nothing."""

    response_s: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Counters:
    """Totals since `prepare`. Bytes: TCP payload seen by the relay; `layer_bytes`: what the browser says, as a cross-check."""

    bytes_down: int
    bytes_up: int
    layer_bytes: int
    requests: int
    cpu_s: float
    energy_j: float | None = None
    heap_bytes: int | None = None
    dom_nodes: int | None = None
    lcp_s: float | None = None
    quality: Mapping[str, Quality] = field(default_factory=dict)


class Driver(Protocol):
    """One device for one pass of one run. Every method may raise BenchError."""

    def prepare(self, which: Pass) -> None: ...

    def execute(self, instruction: Instruction) -> Outcome: ...

    def fence(self) -> bool:
        """Wait until the network is quiet; False when it never was (the step is flagged)."""
        ...

    def snapshot(self) -> Counters: ...

    def screenshot(self) -> bytes:
        """A WebP or PNG of what is shown, taken outside the measured window."""
        ...

    def background(self) -> None: ...

    def close(self) -> None: ...
