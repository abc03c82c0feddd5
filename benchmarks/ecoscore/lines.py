"""What `make bench-ecoscore` prints: one line per requirement, with the machine’s load when it was measured."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Line:
    """One requirement, what was found, whether it holds."""

    code: str
    what: str
    bar: str
    found: str
    passes: bool
    load: float = field(default_factory=lambda: os.getloadavg()[0])

    def __str__(self) -> str:
        verdict = "PASS" if self.passes else "MISS"
        return f"{self.code:5} {verdict}  {self.what:64} {self.bar:22} {self.found}  [load {self.load:.1f}]"


def variation(values: Sequence[float]) -> float:
    """Coefficient of variation in per cent."""
    mean = sum(values) / len(values)
    if not mean or len(values) < 2:
        return 0.0
    return 100 * (sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5 / mean
