"""Web pages against the floor: time as a ratio, statements as a count."""

from benchmarks import world
from benchmarks.harness import Bench, Figure, measure

#: (who, address) of the list pages that grow with the platform
LISTS = (
    (world.EDITOR, "/produits/"),
    (world.EDITOR, "/notifications/"),
    (world.VERIFIER, "/instruction/fiches/"),
    (world.VERIFIER, "/instruction/conventions/"),
)
SIZES = (1, 30, 1000)
PAGE_ROWS = 40


@measure("P0", what="the smallest page of the product, nobody logged in", bar="≤ 3 F")
def smallest_page(bench: Bench) -> Figure:
    """The login page: what frame, middleware and headers cost before any business."""
    client = bench.client()
    ratio, raw = bench.compare(lambda: client.time("GET", "/compte/login/"))
    return Figure(ratio, "F", ratio <= 3, raw)


@measure("P1", what="a list of 40 products, logged in", bar="≤ 3 F (aim 1.5)")
def list_page(bench: Bench) -> Figure:
    """The catalogue of a member; the other lists have the same shape."""
    client = bench.client(world.make_catalogue(PAGE_ROWS).email)
    ratio, raw = bench.compare(lambda: client.time("GET", "/produits/"))
    rows = client.request("GET", "/produits/").body.count(b"<tr")  # type: ignore[attr-defined]
    return Figure(ratio, "F", ratio <= 3, {**raw, "rows": rows}, f"{rows} table rows")


@measure("P2", what="SQL of list pages with 1, 30 and 1,000 rows more", bar="≤ 12, equal (aim 6)")
def list_statements(bench: Bench) -> Figure:
    """The most statements of any list page; equal whatever the number of rows."""
    counts: dict[str, list[int]] = {path: [] for _, path in LISTS}
    before = 0
    for size in SIZES:
        world.make_queues(size - before)
        before = size
        for email, path in LISTS:
            counts[path].append(count_statements(bench, email, path))
    most = max(max(each) for each in counts.values())
    is_flat = all(len(set(each)) == 1 for each in counts.values())
    note = ", ".join(f"{path} {'/'.join(map(str, each))}" for path, each in counts.items())
    return Figure(most, "SQL", most <= 12 and is_flat, counts, note)


def count_statements(bench: Bench, email: str, path: str) -> int:
    """SQL statements of one page, asked for twice in this process so that caches are as they stay."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(SERVER_NAME="localhost")
    for name, value in bench.client(email).cookies.items():
        client.cookies[name] = value
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        response = client.get(path)
    if response.status_code != 200:
        raise RuntimeError(f"{path} answered {response.status_code}")
    return len(captured)
