"""`make bench-ecoscore`, or `python -m benchmarks.ecoscore.run [CODE …] [--runs 5]`: what the écoscore must show, measured here.

Exit 1 when a line misses its bar. Figures of a loaded machine are printed with its load; only a quiet one proves 2 and 3.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable

from benchmarks.ecoscore import counting, hostile, measures
from benchmarks.ecoscore.lines import Line
from ecoscore.bench.chromium import ask_version
from ecoscore.bench.isolation import take_priority


def counted(runs: int) -> Iterable[Line]:
    """1: against server and kernel."""
    finished_alone, caches = set(), set()
    for dialect in counting.DIALECTS:
        for name, shape in (("mobile network", counting.Shape()), ("slow network", counting.SLOW)):
            found = counting.compare(dialect, shape=shape, times=1 if shape is counting.SLOW else max(1, runs // 2))
            for step in dict.fromkeys(each.step for each in found):
                those = [each for each in found if each.step == step]
                worst = {
                    field: max((getattr(each, field) for each in those), key=abs)
                    for field in ("down", "up", "layer", "requests")
                }
                finished_alone |= {each.naive for each in those}
                caches |= {each.cached for each in those if step != "page une"}
                shown = ", ".join(f"{field} {value:+d}" for field, value in worst.items())
                yield Line(
                    "1",
                    f"{dialect}, {name}, {step}: ours − truth, {len(those)} times",
                    "0, ≤ 1/conn, 0 | 128, 0",
                    f"{shown} of {those[0].truth_bytes} B",
                    all(each.passes for each in those),
                )
    yield Line(
        "1n",
        "control: loadingFinished alone",
        "≠ 0",
        f"{min(finished_alone)} … {max(finished_alone)} B",
        0 not in finished_alone,
    )
    yield Line("1n", "control: caches counted", "≠ 0", f"{min(caches)} … {max(caches)} B", 0 not in caches)


def attacked(runs: int) -> Iterable[Line]:
    """5: the hostile page, and its control."""
    found = hostile.attack()
    yield Line("5a", "private stand-ins: TCP and UDP heard", "nothing", f"{len(found.heard)} arrivals", not found.heard)
    yield Line("5b", "the relay’s log agrees", "refusals", f"{found.refusals}", sum(found.refusals.values()) >= 5)
    yield Line(
        "5c",
        "redirect towards a private address",
        "refused",
        found.redirect_code,
        found.redirect_code == "refused_address",
    )
    yield Line(
        "5d",
        "chrome://sandbox",
        "adequately sandboxed",
        found.sandbox.strip().splitlines()[-1],
        "adequately sandboxed" in found.sandbox,
    )
    yield Line(
        "5e",
        "no process of the browser is root",
        "0 as root",
        f"users {sorted(found.users)}",
        bool(found.users) and 0 not in found.users,
    )
    control = hostile.attack_without_walls()
    kinds = {each[:3] for each in control.heard}
    yield Line(
        "5n",
        "control: without <-loopback> and namespace",
        "reached",
        f"{len(control.heard)} arrivals, {sorted(kinds)}",
        kinds == {"TCP", "UDP"},
    )
    held = hostile.hold()
    wanted = {
        "redirects": {"redirects"},
        "download": {"download"},
        "endless": {"byte_limit", "never_quiet"},
        "two_gigabytes": {"byte_limit"},
        "popups": {"popups", "quiet"},
        "popups_unblocked": {"popups"},
        "beforeunload": {"quiet"},
        "alive": {"quiet"},
    }
    for name, codes in wanted.items():
        yield Line(
            "5f",
            f"held by {name}" if name != "alive" else "an ordinary page afterwards",
            " | ".join(sorted(codes)),
            held[name],
            held[name] in codes,
        )


CHECKS: dict[str, Callable[[int], Iterable[Line]]] = {
    "6": lambda runs: measures.checker(),
    "3a": lambda runs: measures.monotone_pure(),
    "5": attacked,
    "1": counted,
    "4": lambda runs: measures.calm(min(runs, 3)),
    "2e": measures.https_repeatability,
    "2": measures.repeatability,
    "3": measures.monotone_measured,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("codes", nargs="*", choices=[*CHECKS, []], metavar="CODE", help=", ".join(CHECKS))
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    print(
        f"{ask_version()}, {os.cpu_count()} processors, load {', '.join(f'{each:.1f}' for each in os.getloadavg())}, "
        f"Python {platform.python_version()}, {asked.runs} runs",
        flush=True,
    )
    take_priority()  # the servers that we run must not be what is measured
    missed = 0
    began = time.monotonic()
    for code, run in CHECKS.items():
        if asked.codes and code not in asked.codes:
            continue
        for line in run(asked.runs):
            missed += not line.passes
            print(line, flush=True)
    print(
        f"{missed} missed, {time.monotonic() - began:.0f} s, load {', '.join(f'{each:.1f}' for each in os.getloadavg())}"
    )
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
