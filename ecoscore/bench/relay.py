"""The only way out of the measured browser: a SOCKS5 server of ours that filters, shapes and counts.

Raw TCP only: neither UDP nor BIND. Names are resolved here and the connection goes to the very address that was judged, so
that neither a redirect nor a second answer of the DNS leads elsewhere. Bytes are relayed verbatim: http, https, HTTP/2 and
WebSockets take one path, and what is counted is what the server’s kernel counts (TCP payload).
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from ecoscore.addresses import Address, is_public
from ecoscore.bench.isolation import take_priority

_NO_AUTHENTICATION, _NONE_ACCEPTABLE = 0, 0xFF
_CONNECT = 1
_SUCCEEDED, _NOT_ALLOWED, _UNREACHABLE, _REFUSED, _NOT_SUPPORTED = 0, 2, 4, 5, 7
_HANDSHAKE_S = 10
_CONNECT_S = 20
#: Two full TCP segments: 14 ms of the shaped downlink, so that parallel responses share it evenly.
_CHUNK = 2920

_LOCAL = tuple(
    ipaddress.ip_network(network)
    for network in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
)

#: Where Chromium looks for its own updates, lists and models: no traffic of the measured site.
_BROWSER_HOSTS = frozenset(
    {
        "accounts.google.com",
        "android.clients.google.com",
        "clients1.google.com",
        "clients2.google.com",
        "clients3.google.com",
        "clients4.google.com",
        "content-autofill.googleapis.com",
        "edgedl.me.gvt1.com",
        "mtalk.google.com",
        "optimizationguide-pa.googleapis.com",
        "redirector.gvt1.com",
        "safebrowsing.googleapis.com",
        "safebrowsingohttpgateway.googleapis.com",
        "t0.gstatic.com",
        "update.googleapis.com",
    }
)

_LIMITS = {"bytes": "de données", "time": "de durée", "connections": "de connexions"}

Policy = Callable[[Address, int], bool]


def allow_public(address: Address, port: int) -> bool:
    """The policy of every job: the open internet and nothing else."""
    return is_public(address)


def allow_local_too(address: Address, port: int) -> bool:
    """What `--allow-private` opens: this machine and private networks. Link-local, where clouds put metadata, stays shut."""
    return is_public(address) or any(address in network for network in _LOCAL if network.version == address.version)


@dataclass(frozen=True, slots=True)
class Shape:
    """A mobile network: round trip, then bits per second shared by all connections in each direction."""

    rtt_s: float = 0.150
    down_bps: float = 1.6 * 1024**2
    up_bps: float = 750 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one pass may use: bytes down and up together, seconds of life, connections opened."""

    total_bytes: int = 64 * 1024**2
    seconds: float = 900
    connections: int = 2000


class RefusedTarget(Exception):
    """The relay does not go there; the text is the French reason of its log, `reply` the SOCKS code."""

    def __init__(self, reason: str, reply: int = _NOT_ALLOWED) -> None:
        super().__init__(reason)
        self.reply = reply


class _Lane:
    """One direction of the shared link: who sends next waits until the link is free."""

    def __init__(self, bps: float) -> None:
        self._seconds_per_byte = 8 / bps
        self._free_at = 0.0

    def reserve(self, size: int) -> float:
        """When the last of `size` bytes will have left, on the clock of the loop."""
        now = asyncio.get_running_loop().time()
        self._free_at = max(now, self._free_at) + size * self._seconds_per_byte
        return self._free_at


class Relay:
    """Serves SOCKS5 on `listener` in a thread of its own, from `start` to `close`.

    Counters, refusals and log may be read from any thread; they only grow.
    """

    def __init__(
        self,
        listener: socket.socket,
        *,
        policy: Policy = allow_public,
        shape: Shape | None = None,
        limits: Limits | None = None,
        log: Callable[[str], None] | None = None,
    ) -> None:
        self.bytes_down = 0
        self.bytes_up = 0
        self.connections = 0
        self.last_activity = time.monotonic()
        self.refusals: Counter[str] = Counter()
        self.browser_refusals: Counter[str] = Counter()
        #: The limit that was reached (`bytes`, `time`, `connections`), empty while none is: nothing passes any more.
        self.breach = ""
        self._listener = listener
        self._policy = policy
        self._shape = shape
        self._limits = limits or Limits()
        self._log = log or (lambda line: None)
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="relay", daemon=True)

    def start(self) -> None:
        self._thread.start()
        if not self._ready.wait(_HANDSHAKE_S):
            raise RuntimeError("the relay did not start")

    def close(self) -> None:
        """Cut every connection and end the thread. Twice is once."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(timeout=10)
        self._listener.close()

    async def _serve(self) -> None:
        take_priority()
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._down = _Lane(self._shape.down_bps) if self._shape else None
        self._up = _Lane(self._shape.up_bps) if self._shape else None
        self._listener.setblocking(False)
        server = await asyncio.start_server(self._accept, sock=self._listener, limit=_CHUNK)
        timer = self._loop.call_later(self._limits.seconds, self._cut, "time")
        self._ready.set()
        await self._stop.wait()
        timer.cancel()
        server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _cut(self, limit: str) -> None:
        """Let nothing pass any more, in either direction."""
        if not self.breach:
            self.breach = limit
            self._log(f"Limite {_LIMITS[limit]} atteinte : plus rien ne passe.")
        for task in tuple(self._tasks):
            task.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 (start_server runs this in a task)
        self._tasks.add(task)
        try:
            await self._converse(reader, writer)
        except (OSError, EOFError, TimeoutError, ValueError, asyncio.CancelledError):
            pass  # one broken conversation ends alone; its bytes were counted
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_HANDSHAKE_S):
            command, host, port = await _read_request(reader, writer)
        try:
            if command != _CONNECT:
                raise RefusedTarget("seules les connexions TCP passent", _NOT_SUPPORTED)
            upstream = await self._connect(host, port)
        except RefusedTarget as refusal:
            self._note_refusal(host, port, str(refusal))
            return await _answer(writer, refusal.reply)
        except (OSError, TimeoutError):
            return await _answer(writer, _UNREACHABLE)
        if self._shape:
            await asyncio.sleep(self._shape.rtt_s)  # SYN and its answer
        there, back = upstream
        try:
            await _answer(writer, _SUCCEEDED)
            await asyncio.gather(
                self._pump(reader, back, self._up, "up"), self._pump(there, writer, self._down, "down")
            )
        finally:
            back.close()

    def _note_refusal(self, host: str, port: int, reason: str) -> None:
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        if host.lower().rstrip(".") in _BROWSER_HOSTS:  # it says nothing of the site: counted, not told to its editor
            self.browser_refusals[where] += 1
            return
        self._log(f"Adresse refusée : {where} ({reason}).")
        self.refusals[where] += 1
        self.last_activity = time.monotonic()

    async def _connect(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to an address of `host` that the policy allows, when it allows them all."""
        if self.breach:
            raise RefusedTarget(f"limite {_LIMITS[self.breach]} atteinte")
        if host.lower().rstrip(".") in _BROWSER_HOSTS:
            raise RefusedTarget("trafic propre au navigateur")
        found = await self._loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for text in addresses:
            if not self._policy(ipaddress.ip_address(text), port):
                raise RefusedTarget(f"{text} n’est pas une adresse publique")
        if self.connections >= self._limits.connections:
            self._cut("connections")
            raise RefusedTarget(f"limite {_LIMITS[self.breach]} atteinte")
        self.connections += 1
        error: Exception = OSError("no address")
        for text in addresses:
            try:
                async with asyncio.timeout(_CONNECT_S):
                    return await asyncio.open_connection(text, port, limit=_CHUNK)
            except (OSError, TimeoutError) as failure:
                error = failure
        raise error

    async def _pump(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, lane: _Lane | None, way: str
    ) -> None:
        """Carry one direction until it ends. Each chunk waits for the link, then travels half a round trip."""
        late: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        carrier = asyncio.create_task(self._deliver(late, target))
        try:
            while (chunk := await source.read(_CHUNK)) and not carrier.done():
                self._count(len(chunk), way)
                if self._shape is None or lane is None:
                    late.put_nowait((0, chunk))
                    await asyncio.sleep(0)
                    continue
                sent_at = lane.reserve(len(chunk))
                late.put_nowait((sent_at + self._shape.rtt_s / 2, chunk))
                await asyncio.sleep(sent_at - self._loop.time())
        except ConnectionError:
            pass  # a reset: what was read before it still arrives
        finally:
            late.put_nowait((self._loop.time() + (self._shape.rtt_s / 2 if self._shape else 0), b""))
            try:
                await carrier
            finally:
                carrier.cancel()

    async def _deliver(self, late: asyncio.Queue[tuple[float, bytes]], target: asyncio.StreamWriter) -> None:
        """Hand over each chunk when it is due; end with the empty one, or when nobody is there to take it."""
        while True:
            due_at, chunk = await late.get()
            if (wait := due_at - self._loop.time()) > 0:
                await asyncio.sleep(wait)
            self.last_activity = time.monotonic()
            if not chunk:
                with contextlib.suppress(OSError, RuntimeError):
                    target.write_eof()
                return
            try:
                target.write(chunk)
                await target.drain()
            except ConnectionError:
                return

    def _count(self, size: int, way: str) -> None:
        if way == "down":
            self.bytes_down += size
        else:
            self.bytes_up += size
        self.last_activity = time.monotonic()
        if self.bytes_down + self.bytes_up > self._limits.total_bytes:
            self._cut("bytes")


async def _read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[int, str, int]:
    """The greeting and the request of RFC 1928: command, host (a name or an address as text), port."""
    version, count = await reader.readexactly(2)
    methods = await reader.readexactly(count)
    accepted = version == 5 and _NO_AUTHENTICATION in methods
    writer.write(bytes((5, _NO_AUTHENTICATION if accepted else _NONE_ACCEPTABLE)))
    await writer.drain()
    if not accepted:
        raise ValueError("not SOCKS5 without authentication")
    version, command, _, kind = await reader.readexactly(4)
    if kind == 1:
        host = socket.inet_ntop(socket.AF_INET, await reader.readexactly(4))
    elif kind == 4:
        host = socket.inet_ntop(socket.AF_INET6, await reader.readexactly(16))
    elif kind == 3:
        (size,) = await reader.readexactly(1)
        host = (await reader.readexactly(size)).decode("ascii")
    else:
        raise ValueError(f"address of kind {kind}")
    (port,) = struct.unpack("!H", await reader.readexactly(2))
    return command, host, port


async def _answer(writer: asyncio.StreamWriter, code: int) -> None:
    writer.write(bytes((5, code, 0, 1)) + bytes(6))
    await writer.drain()
