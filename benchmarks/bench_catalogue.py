"""P1C and B1C: the public catalogue, list and sheet, with a hundred services and with ten thousand.

Every page is made in full: the client sends neither a cookie nor what it has already (no 304). The two databases are copies
of the usual one whose catalogue is filled by one statement; nothing but the read model is read by these pages.
`BENCH_SERVICES=10000 python -m benchmarks.run P1CL P1CS B1C` says how many the larger one holds.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from statistics import median
from typing import Any
from urllib.parse import urlencode

from psycopg import sql

from benchmarks.bench_instruction import Site, compare, connect, environment, manage_on, p95, switch
from benchmarks.harness import ROOT, Bench, Client, Figure, free_port, measure, serve

SERVICES = int(os.environ.get("BENCH_SERVICES", "10000"))
FEW = 100
#: The service whose sheet is read, at both sizes.
ONE = 1_000_042

#: The read model stands alone in these copies: its keys lead to rows that the measure does not need.
LOOSEN = """
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT conname FROM pg_constraint WHERE conrelid = 'listing_catalogueentry'::regclass AND contype = 'f' LOOP
    EXECUTE format('ALTER TABLE listing_catalogueentry DROP CONSTRAINT %I', name);
  END LOOP;
END $$
"""
FILL = """
INSERT INTO listing_catalogueentry (enrolment_id, number, listing_id, version_id, is_listed, published_on, ends_on, slug, name,
  sort_name, organisation, short_text, long_text, categories, price, price_note, platforms, addresses, data, exchanges,
  ecoscore, ecoscore_rank, accessibility, accessibility_url, support_email, support_url, logo, decision_number, decided_on,
  searchable, changed_at)
SELECT gen_random_uuid(), 1000000 + n, gen_random_uuid(), gen_random_uuid(), true, current_date - (n %% 300),
  current_date + 60 + (n %% 300), 'service-' || n, name, lower(name), 'Éditeur ' || n %% 400,
  'Suivez votre santé au quotidien et partagez ce que vous voulez avec votre médecin, sans rien d’autre à installer.',
  repeat('Ce service accompagne les personnes qui suivent un traitement au long cours. ', 20),
  ARRAY[(ARRAY['acces-aux-soins', 'pathologies-et-traitements', 'avant-et-apres-l-hopital', 'prevention-et-bien-etre'])[1 + n %% 4]],
  (ARRAY['gratuit', 'mixte', 'payant'])[1 + n %% 3], '', ARRAY['web', (ARRAY['android', 'ios'])[1 + n %% 2]],
  '{"web": "https://service.example/", "android": "https://magasin.example/android"}'::jsonb,
  CASE WHEN n %% 2 = 0 THEN ARRAY['mesures'] ELSE '{}'::varchar[] END,
  '[{"api": "mesures", "direction": "ecriture", "purpose": "prevention", "data": "", "information": "Vos mesures."}]'::jsonb,
  n %% 100, n %% 100, 'partial', '', 'aide@service.example', '', repeat('0', 64), 'REF-2026-' || n, current_date,
  name || ' traitement ' || (ARRAY['tension', 'diabète', 'grossesse', 'sommeil'])[1 + n %% 4], now()
FROM (SELECT n, (ARRAY['Carnet', 'Agenda', 'Suivi', 'Mesure', 'Bilan'])[1 + n %% 5] || ' ' || n AS name
  FROM generate_series(1, %s) AS n) AS made
"""


def make_copy(name: str, source: str, count: int) -> None:
    """A database whose catalogue holds so many services, made once and migrated each time."""
    with connect("postgres") as server:
        found = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if found:
            manage_on(name, "prepare_database")
            return
        half_made = f"{name}_half_made"
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(half_made)))
        # a copy is refused while somebody is connected to its source; pools connect again by themselves
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [source])
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        server.execute(statement.format(sql.Identifier(half_made), sql.Identifier(source)))
        with connect(half_made) as filled:
            filled.execute(LOOSEN)
            filled.execute(FILL, [count])
            filled.execute("VACUUM ANALYZE")
        server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*map(sql.Identifier, (half_made, name))))


@contextlib.contextmanager
def catalogues() -> Iterator[tuple[Client, Client]]:
    """A hundred services, and `SERVICES` of them, each asked as a stranger."""
    from django.db import connection

    usual = connection.settings_dict["NAME"]
    switch(usual)  # nobody may be connected to what is copied
    with contextlib.ExitStack() as stack:
        sites = []
        for count in (FEW, SERVICES):
            name = f"{usual}_catalogue_{count}"
            make_copy(name, usual, count)
            site = Site(name, free_port())
            log = ROOT / "var" / "log" / f"bench-{name}.log"
            stack.enter_context(serve("convergence.wsgi", site.port, environment(name), log))
            sites.append(site)
        yield Client(sites[0].port), Client(sites[1].port)


def pages() -> dict[str, str]:
    from django.urls import reverse

    home = reverse("listing:catalogue_list")
    asked: dict[str, dict[str, str]] = {
        "a search with many hits": {"q": "traitement"},
        "a search with few hits": {"q": "carnet 40"},
        "a search with a mistake": {"q": "tensoin"},
        "three filters": {"support": "ios", "prix": "payant", "donnees": "oui"},
        "newest first": {"tri": "recents"},
        "best écoscore first": {"tri": "ecoscore"},
    }
    return {
        "the list": home,
        "a category": reverse("listing:category_detail", args=["acces-aux-soins"]),
        **{name: f"{home}?{urlencode(query)}" for name, query in asked.items()},
        "a sheet": reverse("listing:service_detail", args=["service-42", ONE]),
        "the feed": reverse("listing:catalogue_feed"),
        "the API": reverse("listing:api_service_list"),
    }


@measure("P1CL", what=f"public catalogue, first page of {SERVICES:,} services", bar="≤ 1.5 F")
def catalogue_page(bench: Bench) -> Figure:
    """24 cards, the filters and the count, made in full for a stranger."""
    return _against_floor(bench, "the list")


@measure("P1CS", what="sheet of a service", bar="≤ 1.5 F")
def sheet_page(bench: Bench) -> Figure:
    """The whole sheet, made in full for a stranger."""
    return _against_floor(bench, "a sheet")


def _against_floor(bench: Bench, name: str) -> Figure:
    with catalogues() as (_, loaded):
        path = pages()[name]
        ratio, raw = bench.compare(lambda: loaded.time("GET", path), times=50)
        response = loaded.request("GET", path)
        again = loaded.request("GET", path, **{"If-None-Match": response.headers["ETag"]})
        loaded_again = [_seconds_of_304(loaded, path, response.headers["ETag"]) for _ in range(50)]
    load = os.getloadavg()[0]
    size = len(response.body)  # type: ignore[attr-defined]
    p50 = 1000 * median(each["ours"] for each in raw["rounds"])
    note = f"load {load:.1f}; {p50:.1f} ms, {size // 1024} KiB; unchanged: {again.status} in {1000 * median(loaded_again):.1f} ms"
    return Figure(ratio, "F", ratio <= 1.5, raw, note)


def _seconds_of_304(client: Client, path: str, etag: str) -> float:
    import time

    began = time.perf_counter()
    client.request("GET", path, **{"If-None-Match": etag})
    return time.perf_counter() - began


@measure("B1C", what=f"pages of the catalogue: p95 with {SERVICES:,} services / {FEW}", bar="≤ 1.5 × (aim 1.1)")
def growth(bench: Bench) -> Figure:
    """The worst page; every page is in the raw figures."""
    found: dict[str, dict[str, Any]] = {}
    with catalogues() as clients:
        for name, path in pages().items():
            few, many = compare(list(clients), [path, path])
            found[name] = {"growth": p95(many) / p95(few), "p50": [median(few), median(many)]}
    name, worst = max(found.items(), key=lambda item: item[1]["growth"])
    middle = median(each["growth"] for each in found.values())
    note = f"load {os.getloadavg()[0]:.1f}; worst « {name} », median page {middle:.2f} ×"
    return Figure(worst["growth"], "×", worst["growth"] <= 1.5, found, note)
