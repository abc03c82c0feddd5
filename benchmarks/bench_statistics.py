"""The public statistics and the board with a hundred files and with two thousand; and what counting them all costs.

Both databases are the copies of `bench_instruction`, counted again before they are asked.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from benchmarks import world
from benchmarks.bench_instruction import SMALL, Site, compare, environment, make_copy, manage_on, p95, switch, use
from benchmarks.bench_pages import count_statements
from benchmarks.harness import ROOT, Bench, Client, Figure, free_port, measure, serve

LARGE = 2_000
PAGES = ["/statistiques/", "/statistiques/donnees.csv", "/pilotage/"]


@contextlib.contextmanager
def counted_sites() -> Iterator[tuple[list[Site], list[float]]]:
    """Both sites, and the seconds that it took to count everything in each."""
    from django.db import connection

    usual = connection.settings_dict["NAME"]
    switch(usual)  # nobody may be connected to what is copied
    sites, seconds = [], []
    with contextlib.ExitStack() as stack:
        for count in (SMALL, LARGE):
            name = f"{usual}_{count}"
            make_copy(name, usual, count)
            began = time.perf_counter()
            manage_on(name, "rebuild_statistics")
            seconds.append(time.perf_counter() - began)
            site = Site(name, free_port())
            log = ROOT / "var" / "log" / f"bench-{name}.log"
            stack.enter_context(serve("convergence.wsgi", site.port, environment(name), log))
            sites.append(site)
        yield sites, seconds


@measure("P11", what=f"statistics: p95 with {LARGE:,} files / {SMALL}", bar="≤ 1.5 ×, SQL equal (aim 1.1)")
def growth(bench: Bench) -> Figure:
    """The worst of the public page, its data and the board."""
    found = {}
    with counted_sites() as (sites, seconds):
        clients, statements = [], []
        for site in sites:
            with use(site.name):
                clients.append(Client(site.port, bench.client(world.VERIFIER).cookies))
                statements.append([count_statements(bench, world.VERIFIER, path) for path in PAGES])
        for path, few, many in zip(PAGES, *statements, strict=True):
            short, long = compare(clients, [path, path])
            found[path] = {"growth": p95(long) / p95(short), "p95": [p95(short), p95(long)], "sql": [few, many]}
    path, worst = max(found.items(), key=lambda item: item[1]["growth"])
    is_flat = all(each["sql"][0] == each["sql"][1] for each in found.values())
    note = f"worst {path}, SQL {'equal' if is_flat else 'NOT EQUAL'}, {LARGE:,} files counted in {seconds[1]:.0f} s"
    return Figure(worst["growth"], "×", worst["growth"] <= 1.5 and is_flat, {**found, "counting": seconds}, note)
