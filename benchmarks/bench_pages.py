"""Web pages against the floor (figures P1 and P5 are lines of this shape)."""

from benchmarks.harness import Bench, Figure, measure


@measure("P0", what="the smallest page of the product, nobody logged in", bar="≤ 3 F")
def smallest_page(bench: Bench) -> Figure:
    """The login page: what frame, middleware and headers cost before any business."""
    client = bench.client()
    ratio, raw = bench.compare(lambda: client.time("GET", "/compte/login/"))
    return Figure(ratio, "F", ratio <= 3, raw)
