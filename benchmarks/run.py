"""Run the measures of `benchmarks/bench_*.py` and print the table: `python -m benchmarks.run [CODE …]`."""

import importlib
import json
import os
import pkgutil
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import benchmarks
from benchmarks.harness import MEASURES, Figure, Measure, start

RESULTS = Path(__file__).resolve().parent / "results"


def show(value: float) -> str:
    return f"{value:,.0f}".replace(",", " ") if abs(value) >= 1000 else f"{value:.3g}"


def print_row(measure: Measure, figure: Figure) -> None:
    verdict = "pass" if figure.passes else "MISS"
    print(
        f"| {measure.code:4} | {measure.what:58} | {measure.bar:26} | {show(figure.value)} {figure.unit} | {verdict} |"
    )
    if figure.note:
        print(f"|      |   {figure.note}")


def main() -> None:
    """Exit 1 when a figure misses its bar."""
    for module in pkgutil.iter_modules(benchmarks.__path__):
        if module.name.startswith("bench_"):
            importlib.import_module(f"benchmarks.{module.name}")
    wanted = set(sys.argv[1:])
    chosen = [each for each in MEASURES if not wanted or each.code in wanted]
    if not chosen:
        sys.exit(f"No such measure; there are: {', '.join(sorted(each.code for each in MEASURES)) or 'none'}")
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{os.cpu_count()} processors, load {load}, Python {platform.python_version()}, {platform.machine()}")
    results = []
    with start() as bench:
        for measure in chosen:
            began = time.perf_counter()
            figure = measure.run(bench)
            print_row(measure, figure)
            results.append(
                {
                    "code": measure.code,
                    "what": measure.what,
                    "bar": measure.bar,
                    "value": figure.value,
                    "unit": figure.unit,
                    "passes": figure.passes,
                    "seconds": round(time.perf_counter() - began, 1),
                    "load": os.getloadavg(),
                    "raw": figure.raw,
                }
            )
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps({"processors": os.cpu_count(), "results": results}, indent=1))
    print(f"raw figures: {path.relative_to(RESULTS.parent.parent)}")
    sys.exit(0 if all(each["passes"] for each in results) else 1)


if __name__ == "__main__":
    main()
