"""How fast this machine is, so that two machines say the same of one site: a fixed loop, timed in the browser itself."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from statistics import median

ROUNDS = 5
#: CPU seconds of the loop on the machine where the method’s constants were set (docs/ecoscore.md).
REFERENCE_S = Decimal("0.2")

#: A hundred and twenty million steps of a generator that no compiler can skip.
LOOP = """() => {
  let x = 1;
  for (let i = 0; i < 120000000; i++) x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff;
  return x;
}"""


def calibrate(time_loop: Callable[[str], float]) -> Decimal:
    """T_ref / T_measured, median of five rounds after one that warms up; four decimals.

    `time_loop` runs a script in the browser and returns the CPU seconds that it cost. Raises ValueError when it cost none.
    """
    time_loop(LOOP)
    measured = Decimal(repr(median(time_loop(LOOP) for _ in range(ROUNDS))))
    if measured <= 0:
        raise ValueError("the loop cost no time")
    return (REFERENCE_S / measured).quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)
