"""B1, P1 and P10 for the instruction: the work queue and the pages of a file, with a hundred files and with many more.

The loaded database is a copy of the other one, made once and kept: both are served side by side and asked in turn, so that
the growth is not the weather of the machine. `BENCH_CANDIDATURES=100000 make bench` says how many files it holds (1,000
by default): a hundred thousand take minutes to make and some gigabytes to keep.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from benchmarks import world
from benchmarks.bench_pages import count_statements
from benchmarks.harness import ROOT, Bench, Client, Figure, free_port, manage, measure, serve
from convergence.embedded.postgres import Cluster

SIZE = int(os.environ.get("BENCH_CANDIDATURES", "1000"))
SMALL = 100
REGISTER = "MESURE-"
SEED = "7"
EXPERT = "expert-rgpd@gie.example"
TIMES = 10
CLIENTS, SECONDS = 4, 3


@dataclass(frozen=True, slots=True)
class Site:
    """A database with its server."""

    name: str
    port: int


def connect(name: str) -> psycopg.Connection[Any]:
    owner = Cluster(ROOT / "var", "bench").django_database(owner=True)
    return psycopg.connect(
        host=owner["HOST"], port=owner["PORT"], user=owner["USER"], password=owner["PASSWORD"], dbname=name,
        autocommit=True,
    )  # fmt: skip


def environment(name: str) -> dict[str, str]:
    """Settings of a process of the product on another database of the cluster."""
    cluster, found = Cluster(ROOT / "var", "bench"), {}
    for variable, is_owner in (("DATABASE_URL", False), ("DATABASE_OWNER_URL", True)):
        role = cluster.django_database(owner=is_owner)
        account = f"{role['USER']}:{quote(role['PASSWORD'])}"
        found[variable] = f"postgres://{account}@:{role['PORT']}/{role['HOST']}/{name}"
    return found


def manage_on(name: str, *arguments: str) -> None:
    variables = environment(name)
    os.environ |= variables
    try:
        manage(*arguments)
    finally:
        for variable in variables:
            del os.environ[variable]


def make_copy(name: str, source: str, count: int) -> None:
    """A database with so many files more than `source`, made once and migrated each time."""
    with connect("postgres") as server:
        if server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            manage_on(name, "prepare_database")
            return
        half_made = f"{name}_half_made"
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(half_made)))
        # a copy is refused while somebody is connected to its source; pools connect again by themselves
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [source])
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        server.execute(statement.format(sql.Identifier(half_made), sql.Identifier(source)))
        manage_on(half_made, "generate_load", "--candidatures", str(count), "--seed", SEED)
        with connect(half_made) as loaded:
            loaded.execute("VACUUM ANALYZE")
        server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*map(sql.Identifier, (half_made, name))))


@contextlib.contextmanager
def use(name: str) -> Iterator[None]:
    """Have this process read another database of the cluster."""
    from django.db import connection

    usual = connection.settings_dict["NAME"]
    try:
        switch(name)
        yield
    finally:
        switch(usual)


def switch(name: str) -> None:
    from django.db import connection

    connection.close()
    connection.close_pool()
    connection.settings_dict["NAME"] = name


@contextlib.contextmanager
def two_sites() -> Iterator[tuple[Site, Site]]:
    """A hundred files, and `SIZE` of them."""
    from django.db import connection

    usual = connection.settings_dict["NAME"]
    switch(usual)  # nobody may be connected to what is copied
    sites = []
    with contextlib.ExitStack() as stack:
        for count in (SMALL, SIZE):
            name = f"{usual}_{count}"
            make_copy(name, usual, count)
            site = Site(name, free_port())
            log = ROOT / "var" / "log" / f"bench-{name}.log"
            stack.enter_context(serve("convergence.wsgi", site.port, environment(name), log))
            sites.append(site)
        yield sites[0], sites[1]


def pages() -> list[tuple[str, str, str]]:
    """(name, who, address): the queue by every tab and order and by two searches, then the pages of a file with answers."""
    from django.urls import reverse

    from referencing.candidature.core.queue import QueueFilter
    from referencing.candidature.models import Verdict
    from referencing.candidature.views.queue import QUICK_VIEWS, SORT_CHOICES, queue_address

    judged = Verdict.objects.filter(
        candidature__enrolment__product__organisation__register_number=f"{REGISTER}{SEED}-0"
    )
    verdict = judged.order_by("candidature", "pk")[0]
    key = verdict.candidature_id
    own = " ".join(verdict.candidature.searchable.split()[:3])
    searches = {
        "a search with many hits": "carnet",
        "a search with few hits": f"{own} {verdict.candidature.organisation_name}",
    }
    return [
        *((each.label, world.VERIFIER, queue_address(each.filter, view=each.key)) for each in QUICK_VIEWS),
        *((name, world.VERIFIER, f"{queue_address(QueueFilter())}&tri={sort}") for sort, name in SORT_CHOICES),
        *((name, world.VERIFIER, queue_address(QueueFilter(text=text))) for name, text in searches.items()),
        ("an expert’s files", EXPERT, queue_address(QueueFilter(assignees=("moi",)))),
        ("a file", world.VERIFIER, reverse("candidature:candidature_detail", args=[key])),
        ("its examination", world.VERIFIER, reverse("candidature:examination", args=[key])),
        ("a criterion", world.VERIFIER, reverse("candidature:criterion_review", args=[key, verdict.criterion])),
    ]


@measure("B1", what=f"queue and pages of a file: p95 with {SIZE:,} files / {SMALL}", bar="≤ 1.5 ×, SQL equal (aim 1.1)")
def growth(bench: Bench) -> Figure:
    """The worst page; every page is in the raw figures, with its statements at both sizes."""
    found: dict[str, dict[str, Any]] = {}
    with two_sites() as sites:
        asked: list[list[tuple[str, Client, str, int]]] = []
        for site in sites:
            with use(site.name):
                asked.append(
                    [
                        (name, Client(site.port, bench.client(who).cookies), path, count_statements(bench, who, path))
                        for name, who, path in pages()
                    ]
                )
        for (name, client, path, few), (_, other, longer, many) in zip(*asked, strict=True):
            short, long = compare([client, other], [path, longer])
            found[name] = {"growth": p95(long) / p95(short), "p95": [p95(short), p95(long)], "sql": [few, many]}
    name, worst = max(found.items(), key=lambda item: item[1]["growth"])
    is_flat = all(each["sql"][0] == each["sql"][1] for each in found.values())
    middle = median(each["growth"] for each in found.values())
    most = max(max(each["sql"]) for each in found.values())
    note = f"worst « {name} », median page {middle:.2f} ×, {most} SQL at most, {'equal' if is_flat else 'NOT EQUAL'}"
    return Figure(worst["growth"], "×", worst["growth"] <= 1.5 and is_flat, found, note)


def compare(clients: list[Client], paths: list[str]) -> list[list[float]]:
    """Seconds of each site, asked in turn A B B A."""
    times: list[list[float]] = [[], []]
    for _ in range(3):
        for client, path in zip(clients, paths, strict=True):
            client.time("GET", path)
    for _ in range(TIMES):
        for index in (0, 1, 1, 0):
            times[index].append(clients[index].time("GET", paths[index]))
    return times


def p95(times: list[float]) -> float:
    return quantiles(times, n=20)[-1]


@measure("P1Q", what=f"the work queue, 40 rows of {SIZE:,}", bar="≤ 3 F (aim 1.5)")
def queue_page(bench: Bench) -> Figure:
    """The page on which agents spend their day."""
    with loaded_queue(bench) as (client, path):
        ratio, raw = bench.compare(lambda: client.time("GET", path), times=30)
        rows = client.request("GET", path).body.count(b"<tr")  # type: ignore[attr-defined]
    return Figure(ratio, "F", ratio <= 3, {**raw, "rows": rows}, f"{rows} table rows")


@measure("P10", what="throughput of the work queue against the floor’s", bar="≥ 50 % (aim 80)")
def throughput(bench: Bench) -> Figure:
    """Pages answered to four clients who never wait, A B B A; clients and servers share the processors."""
    with loaded_queue(bench) as (client, path):
        floor, ours = Client(bench.floor_port), client
        for each, where in ((floor, "/"), (ours, path)):
            count_pages(each, where)  # workers load what they need on their first pages, connections grow to four
        counts = [count_pages(each, where) for each, where in ((floor, "/"), (ours, path), (ours, path), (floor, "/"))]
    share = 100 * (counts[1] + counts[2]) / (counts[0] + counts[3])
    rates = [round(count / SECONDS) for count in counts]
    return Figure(share, "%", share >= 50, {"counts": counts}, f"pages a second: {rates}")


@contextlib.contextmanager
def loaded_queue(bench: Bench) -> Iterator[tuple[Client, str]]:
    from referencing.candidature.core.queue import QueueFilter
    from referencing.candidature.views.queue import queue_address

    with two_sites() as (_, loaded):
        with use(loaded.name):
            cookies = bench.client(world.VERIFIER).cookies
        yield Client(loaded.port, cookies), queue_address(QueueFilter())


def count_pages(like: Client, path: str) -> int:
    """Pages answered in `SECONDS` to `CLIENTS` connections of their own."""
    end = time.monotonic() + SECONDS

    def ask(_: int) -> int:
        client, count = Client(like.connection.port, like.cookies), 0
        while time.monotonic() < end:
            client.time("GET", path)
            count += 1
        return count

    with ThreadPoolExecutor(CLIENTS) as clients:
        return sum(clients.map(ask, range(CLIENTS)))
