"""Servers that know the truth: what they wrote, and what their kernel saw (TCP_INFO). HTTP/1.1, HTTPS, HTTP/2.

A site is a function from an address to an answer; each server serves it in its own dialect and counts, connection by
connection, bytes written before TLS, requests, and the payload that the kernel saw acknowledged and received.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime as dt
import gzip
import hashlib
import json
import os
import random
import socket
import ssl
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from pathlib import Path

import h2.config
import h2.connection
import h2.events
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_TCP_INFO_ACKED_AT = 120  # struct tcp_info: tcpi_bytes_acked then tcpi_bytes_received, 64 bits each


@dataclass(frozen=True, slots=True)
class Answer:
    """What a site answers; `delay_s` before the head. `endless`: the body never ends."""

    body: bytes = b""
    kind: str = "text/html; charset=utf-8"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    delay_s: float = 0
    endless: bool = False
    length: int | None = None


Site = Callable[[str], Answer]


@dataclass(slots=True)
class Truth:
    """Totals of one server since it started."""

    app_bytes: int
    requests: int
    kernel_down: int
    kernel_up: int
    connections: int


@dataclass
class _Connection:
    """One accepted connection; its socket is kept (duplicated) so that the kernel can still be asked."""

    kernel: socket.socket
    app_bytes: int = 0
    requests: int = 0
    received: bytearray = field(default_factory=bytearray)

    def tcp(self) -> tuple[int, int]:
        info = self.kernel.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        return struct.unpack_from("QQ", info, _TCP_INFO_ACKED_AT)


class TruthServer:
    """Serves `site` on loopback in a thread of its own."""

    def __init__(
        self, site: Site, *, tls: ssl.SSLContext | None = None, http2: bool = False, host: str = "127.0.0.1"
    ) -> None:
        self.site, self.tls, self.http2, self.host = site, tls, http2, host
        self.connections: list[_Connection] = []
        self.asked: list[str] = []
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> TruthServer:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        for connection in self.connections:
            connection.kernel.close()

    @property
    def origin(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    def truth(self) -> Truth:
        """What was written and seen so far."""
        kernel = [connection.tcp() for connection in self.connections]
        return Truth(
            app_bytes=sum(connection.app_bytes for connection in self.connections),
            requests=sum(connection.requests for connection in self.connections),
            kernel_down=sum(down for down, _ in kernel),
            kernel_up=sum(up for _, up in kernel),
            connections=len(self.connections),
        )

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = await self._loop.create_server(
            (lambda: _Http2(self)) if self.http2 else (lambda: _Http1(self)), self.host, 0, ssl=self.tls, backlog=200
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()


class _Protocol(asyncio.Protocol):
    """What both dialects share: the connection, its counters."""

    def __init__(self, server: TruthServer) -> None:
        self.server = server
        self.tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        descriptor = transport.get_extra_info("socket").fileno()
        self.connection = _Connection(socket.socket(fileno=os.dup(descriptor)))
        self.server.connections.append(self.connection)

    def connection_lost(self, exc: Exception | None) -> None:
        for task in self.tasks:
            task.cancel()
        with contextlib.suppress(OSError):
            self.connection.kernel.shutdown(socket.SHUT_RDWR)

    def write(self, data: bytes) -> None:
        self.connection.app_bytes += len(data)
        self.transport.write(data)  # type: ignore[attr-defined]

    def run(self, work) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def note(self, path: str) -> Answer:
        self.connection.requests += 1
        self.server.asked.append(path)
        return self.server.site(path)


class _Http1(_Protocol):
    """One request at a time, as browsers send them."""

    def data_received(self, data: bytes) -> None:
        self.connection.received += data
        while (end := self.connection.received.find(b"\r\n\r\n")) >= 0:
            head = bytes(self.connection.received[:end])
            del self.connection.received[: end + 4]
            self.run(self.answer(head.split(b" ", 2)[1].decode()))

    async def answer(self, path: str) -> None:
        found = self.note(path)
        if found.delay_s:
            await asyncio.sleep(found.delay_s)
        lines = [f"HTTP/1.1 {found.status} X", f"Date: {formatdate(usegmt=True)}", f"Content-Type: {found.kind}"]
        length = found.length if found.length is not None else len(found.body)
        lines += [] if found.endless else [f"Content-Length: {length}"]
        lines += [f"{name}: {value}" for name, value in found.headers]
        self.write("\r\n".join(lines).encode() + b"\r\n\r\n" + found.body)
        while found.endless:
            self.write(bytes(range(32, 96)) * 64)
            await asyncio.sleep(0.01)


class _Http2(_Protocol):
    """HTTP/2 with the `h2` library; bodies wait for the windows that the browser opens."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.opened = asyncio.Event()
        self.flush()

    def flush(self) -> None:
        if data := self.h2.data_to_send():
            self.write(data)

    def data_received(self, data: bytes) -> None:
        for event in self.h2.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                self.run(self.answer(event.stream_id, dict(event.headers)[":path"]))
            elif isinstance(event, h2.events.WindowUpdated | h2.events.RemoteSettingsChanged):
                self.opened.set()
        self.flush()

    async def answer(self, stream: int, path: str) -> None:
        found = self.note(path)
        if found.delay_s:
            await asyncio.sleep(found.delay_s)
        headers = [(":status", str(found.status)), ("date", formatdate(usegmt=True)), ("content-type", found.kind)]
        headers += [("content-length", str(len(found.body)))] + [(name.lower(), value) for name, value in found.headers]
        self.h2.send_headers(stream, headers, end_stream=not found.body)
        self.flush()
        left = found.body
        while left:
            size = min(len(left), self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if size <= 0:
                self.opened.clear()
                await self.opened.wait()
                continue
            self.h2.send_data(stream, left[:size], end_stream=size == len(left))
            left = left[size:]
            self.flush()
            await asyncio.sleep(0)


@dataclass(frozen=True, slots=True)
class TestAuthority:
    """A certificate authority of a moment, and the switch by which one browser accepts it."""

    folder: Path
    switch: str

    def context(self, *protocols: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "chain.pem", self.folder / "key.pem")
        context.set_alpn_protocols(list(protocols))
        return context


@contextlib.contextmanager
def authority() -> Iterator[TestAuthority]:
    """Made when asked for, gone afterwards; its leaf is for 127.0.0.1."""
    now = dt.datetime.now(dt.UTC)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("Test CA", "127.0.0.1")]

    def build(subject: int, is_ca: bool) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(names[subject])
            .issuer_name(names[0])
            .public_key(keys[subject].public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(__import__("ipaddress").ip_address("127.0.0.1"))]), False
            )
            .sign(keys[0], hashes.SHA256())
        )

    root, leaf = build(0, True), build(1, False)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pem = serialization.Encoding.PEM
        (folder / "chain.pem").write_bytes(leaf.public_bytes(pem) + root.public_bytes(pem))
        (folder / "key.pem").write_bytes(
            keys[1].private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        public = root.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        digest = base64.b64encode(hashlib.sha256(public).digest()).decode()
        yield TestAuthority(folder, f"--ignore-certificate-errors-spki-list={digest}")


@lru_cache(maxsize=64)
def noise(size: int, seed: int = 0) -> bytes:
    """Bytes that do not compress, always the same."""
    return random.Random(seed).randbytes(size)


@lru_cache(maxsize=16)
def picture(kilobytes: int, seed: int = 0) -> bytes:
    """A small picture followed by bytes that decoders skip: any weight, no drawing."""
    import io

    from PIL import Image

    written = io.BytesIO()
    Image.new("RGB", (16, 16), (10, 77, 104)).save(written, "PNG")
    return written.getvalue() + noise(kilobytes * 1024, seed)


def html(body: str, head: str = "") -> Answer:
    page = f'<!doctype html><html lang="fr"><head><meta charset="utf-8"><link rel="icon" href="data:,">{head}</head><body>{body}</body></html>'
    return Answer(page.encode())


_KEPT = (("Cache-Control", "max-age=3600"),)
_FRESH = (("Cache-Control", "no-store"),)


def _packed(text: str, kind: str) -> Answer:
    return Answer(gzip.compress(text.encode(), mtime=0), kind, headers=(*_KEPT, ("Content-Encoding", "gzip")))


def mixed_site(path: str) -> Answer:
    """Everything that makes counting hard: gzip, a fresh cache, a redirect, answers that nobody reads, polling once."""
    match path.partition("?")[0]:
        case "/un":
            head = '<link rel="stylesheet" href="/style.css"><script defer src="/app.js"></script>'
            return html('<h1>Page une</h1><img src="/a.png" alt=""><img src="/b.png" alt=""><p id="lu"></p>', head)
        case "/vers-deux":
            return Answer(status=302, headers=(("Location", "/deux"), *_FRESH))
        case "/deux":
            head = '<link rel="stylesheet" href="/style.css"><script defer src="/app.js"></script>'
            return html(
                '<h1>Page deux</h1><img src="/a.png" alt=""><img src="/vers-c.png" alt=""><p id="lu"></p>', head
            )
        case "/vers-c.png":
            return Answer(status=302, headers=(("Location", "/c.png"), *_FRESH))
        case "/style.css":
            return _packed("body { font: 1rem/1.5 sans-serif; margin: 1rem }\n" * 200, "text/css")
        case "/app.js":
            script = """
              fetch("/jamais-lu");
              fetch("/lu.json").then((answer) => answer.json()).then((found) => {
                document.querySelector("#lu").textContent = found.text;
              });
            """
            return _packed(script + "// remplissage\n" * 500, "text/javascript")
        case "/jamais-lu":
            return Answer(noise(9000), "application/octet-stream", headers=_FRESH)
        case "/lu.json":
            return Answer(
                json.dumps({"text": "Tout est lu", "more": "x" * 3000}).encode(), "application/json", headers=_FRESH
            )
        case "/a.png":
            return Answer(picture(40, 1), "image/png", headers=_KEPT)
        case "/b.png":
            return Answer(picture(25, 2), "image/png", headers=_FRESH)
        case "/c.png":
            return Answer(picture(30, 3), "image/png", headers=_FRESH)
    return Answer(b"", "text/plain", 404)


def touched_site(path: str) -> Answer:
    """One page, and the same with one thing worse: + 1 MB, + 200 ms of script after the text, + 1 s of server delay.

    The page itself is no perfect one (1.2 s of delay, 250 kB, 400 paragraphs): no note stands at its upper end.
    """
    name = path.strip("/").partition("?")[0]
    work = "const until = performance.now() + 200; let x = 1; while (performance.now() < until) x = (x * 16807) % 2147483647;"
    script = f"setTimeout(() => {{ requestAnimationFrame(() => setTimeout(() => {{ {work} }}, 300)); }}, 0);"
    paragraphs = "".join(f"<p>Paragraphe {number} de la page mesurée.</p>" for number in range(400))
    base = f'<h1>Bonjour</h1><p id="texte">Texte attendu</p><img src="/photo.png" alt="" width="16" height="16">{paragraphs}'
    match name:
        case "base":
            return Answer(html(base).body, delay_s=1.2)
        case "megaoctet":
            return Answer(html(base + '<img src="/lourde.png" alt="" width="16" height="16">').body, delay_s=1.2)
        case "script":
            return Answer(html(base + f"<script>{script}</script>").body, delay_s=1.2)
        case "lente":
            return Answer(html(base).body, delay_s=2.2)
        case "photo.png":
            return Answer(picture(250, 4), "image/png", headers=_FRESH)
        case "lourde.png":
            return Answer(picture(1024, 5), "image/png", headers=_FRESH)
        case "immobile":
            return html("<h1>Rien ne bouge</h1>")
        case "animee":
            return html(
                '<h1>Tout bouge</h1><canvas id="c" width="400" height="400"></canvas>'
                "<script>const g = document.querySelector('#c').getContext('2d'); let t = 0;"
                "const draw = () => { g.fillStyle = `hsl(${t++ % 360} 80% 50%)`; g.fillRect(0, 0, 400, 400); requestAnimationFrame(draw); };"
                "draw();</script>"
            )
    return Answer(b"", "text/plain", 404)
