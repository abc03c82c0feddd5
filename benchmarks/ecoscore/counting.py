"""Must-show 1: bytes and requests against the truth of server and kernel, step by step, with two controls that must differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.ecoscore.servers import TruthServer, authority, mixed_site
from ecoscore.bench.chromium import ChromiumDriver
from ecoscore.bench.driver import Counters, Pass
from ecoscore.bench.layer import Layer
from ecoscore.bench.relay import Shape, allow_local_too
from ecoscore.gdsl.plan import Instruction

DIALECTS = ("HTTP/1.1", "HTTPS", "HTTP/2")
#: A second, slower network than the usual one.
SLOW = Shape(rtt_s=0.4, down_bps=400_000, up_bps=100_000)


class Controls(Layer):
    """The layer, and beside it two naive ways to count: `loadingFinished` alone, and caches counted as traffic."""

    def __init__(self) -> None:
        super().__init__()
        self.finished_alone = 0
        self.with_caches = _CacheBlind()

    def take(self, event: str, params: Mapping[str, Any], session: str = "") -> None:
        super().take(event, params, session)
        self.with_caches.take(event, params, session)
        if event == "Network.loadingFinished":
            self.finished_alone += int(params.get("encodedDataLength", 0))


class _CacheBlind(Layer):
    def take(self, event: str, params: Mapping[str, Any], session: str = "") -> None:
        if event == "Network.requestServedFromCache":
            return
        if event == "Network.responseReceived":
            response = {
                **params["response"],
                "fromDiskCache": False,
                "fromServiceWorker": False,
                "fromPrefetchCache": False,
            }
            params = {**params, "response": response}
        super().take(event, params, session)


@dataclass(frozen=True, slots=True)
class Compared:
    """One step: ours minus the truth. `up` counts at most one byte per connection (its end)."""

    dialect: str
    step: str
    down: int
    up: int
    connections: int
    layer: int
    requests: int
    truth_bytes: int
    naive: int
    cached: int
    cached_requests: int

    @property
    def passes(self) -> bool:
        tolerance = {"HTTP/1.1": 0, "HTTPS": 0, "HTTP/2": 128}[self.dialect]
        return (
            self.down == 0 and 0 <= -self.up <= self.connections and abs(self.layer) <= tolerance and self.requests == 0
        )


def compare(dialect: str, *, shape: Shape | None = Shape(), times: int = 1) -> list[Compared]:  # noqa: B008 (frozen)
    """Load page one, then page two through a redirect with a fresh cache; the differences of each step."""
    found: list[Compared] = []
    with authority() as made:
        tls = {"HTTP/1.1": None, "HTTPS": made.context("http/1.1"), "HTTP/2": made.context("h2")}[dialect]
        for _ in range(times):
            with TruthServer(mixed_site, tls=tls, http2=dialect == "HTTP/2") as server:
                driver = ChromiumDriver(policy=allow_local_too, shape=shape, arguments=(made.switch,), layer=Controls)
                try:
                    driver.prepare(Pass.PERFORMANCE)
                    for step, path in (("page une", "/un"), ("302, cache", "/vers-deux")):
                        found.append(_step(driver, server, dialect, step, path))
                finally:
                    driver.close()
    return found


def _step(driver: ChromiumDriver, server: TruthServer, dialect: str, step: str, path: str) -> Compared:
    layer = driver.layer
    assert isinstance(layer, Controls)
    before, truth = driver.snapshot(), server.truth()
    naive, cached, cached_requests = layer.finished_alone, layer.with_caches.bytes, layer.with_caches.requests
    driver.execute(Instruction(1, "browserGoToUrl", (server.origin + path,)))
    driver.execute(Instruction(2, "pressEnter"))
    driver.execute(Instruction(3, "waitUntilText", ("Tout est lu", "60000")))
    if not driver.fence():
        raise RuntimeError(f"{dialect}, {step}: the network never came to rest")
    after: Counters = driver.snapshot()
    now = server.truth()
    wrote = now.app_bytes - truth.app_bytes
    return Compared(
        dialect=dialect,
        step=step,
        down=(after.bytes_down - before.bytes_down) - (now.kernel_down - truth.kernel_down),
        up=(after.bytes_up - before.bytes_up) - (now.kernel_up - truth.kernel_up),
        connections=now.connections,
        layer=(after.layer_bytes - before.layer_bytes) - wrote,
        requests=(after.requests - before.requests) - (now.requests - truth.requests),
        truth_bytes=wrote,
        naive=layer.finished_alone - naive - wrote,
        cached=layer.with_caches.bytes - cached - wrote,
        cached_requests=layer.with_caches.requests - cached_requests - (now.requests - truth.requests),
    )
