"""How long the checker takes for 3,000 lines that hold every kind of error: 50 ms at most.

python -m benchmarks.ecoscore.check
"""

from __future__ import annotations

import os
import statistics
import sys
import time

from benchmarks.harness import Figure
from ecoscore.gdsl import check

LINES, BAR_MS, ROUNDS = 3_000, 50, 9
CODES = {f"E{number:03}" for number in range(1, 11)}

#: Ten lines, ten errors; the number makes every line, and every wrong name, a new one.
WRONG = (
    "measureStrt{0},ACTION_{0}",
    "waitUntilText bienvenue{0},10000",
    "clickByText",
    "enterText,Bonjour, docteur {0}",
    "pause,{0} secondes",
    "pause,${{DUREE{0}}}",
    "measureStop",
    "measureStart,ACTION_DOUBLE",
    "browserGoToUrl,http://10.0.0.1/{0}",
    "applicationStart,fr.exemple.sante{0}",
)


def hostile_script(lines: int = LINES) -> str:
    """A script of which every line is wrong, each in one of ten ways."""
    return "\n".join(WRONG[number % len(WRONG)].format(number) for number in range(lines))


def run() -> Figure:
    """The median of some checks, in milliseconds of processor, which a busy machine stretches less; refuses to call a success what did not see every kind of error."""
    script = hostile_script()
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        found = check(script)
        times.append((time.process_time() - start) * 1000)
    seen = {each.code for each in found.diagnostics}
    located = all(each.line and each.column for each in found.diagnostics)
    median = statistics.median(times)
    return Figure(
        value=median,
        unit="ms",
        passes=median <= BAR_MS and seen >= CODES and located,
        raw={"times_ms": times, "diagnostics": len(found.diagnostics), "codes": sorted(seen)},
        note=f"{LINES} lines, {len(found.diagnostics)} diagnostics",
    )


if __name__ == "__main__":
    figure = run()
    load = os.getloadavg()[0]
    print(f"checker: {figure.value:.1f} ms (bar {BAR_MS} ms), {figure.note}, load {load:.2f}")
    sys.exit(0 if figure.passes else 1)
