"""Must-show 5: a page that attacks the bench. Private addresses are stand-ins of ours (127.0.0.3), with ears on TCP and UDP."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from benchmarks.ecoscore.servers import Answer, TruthServer, html
from ecoscore.bench.chromium import ChromiumDriver
from ecoscore.bench.driver import BenchError, Pass
from ecoscore.bench.isolation import enter_new_namespace
from ecoscore.bench.relay import Limits, Policy
from ecoscore.gdsl.plan import Instruction

STAND_IN = "127.0.0.3"


@dataclass
class Ears:
    """Listens where nobody should ever come."""

    port: int = 0
    heard: list[str] = field(default_factory=list)


@contextlib.contextmanager
def ears(host: str = STAND_IN) -> Iterator[Ears]:
    """TCP and UDP on one port of the stand-in; every arrival is written down."""
    found = Ears()
    with socket.create_server((host, 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        found.port = tcp.getsockname()[1]
        udp.bind((host, found.port))

        def hear_tcp() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = tcp.accept()
                    with connection:
                        connection.settimeout(1)
                        with contextlib.suppress(OSError):
                            found.heard.append(f"TCP {connection.recv(200)[:40]!r}")
                            connection.sendall(
                                b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 6\r\n\r\nsecret"
                            )

        def hear_udp() -> None:
            with contextlib.suppress(OSError):
                while data := udp.recvfrom(2000)[0]:
                    found.heard.append(f"UDP {len(data)} bytes")

        threads = [threading.Thread(target=hear, daemon=True) for hear in (hear_tcp, hear_udp)]
        for thread in threads:
            thread.start()
        yield found
        for each in (tcp, udp):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


def hostile_site(port: int):
    """A site whose pages try everything towards the stand-in at `port`, or try to hold the bench."""
    target = f"{STAND_IN}:{port}"
    number = int.from_bytes(socket.inet_aton(STAND_IN), "big")

    def site(path: str) -> Answer:
        match path.partition("?")[0]:
            case "/":
                return html("<h1>Page ordinaire</h1><button id='b'>Toucher</button>")
            case "/attaques":
                return html(_attacks(target, number, port))
            case "/vers-prive":
                return Answer(status=302, headers=(("Location", f"http://{target}/redirige"),))
            case "/sans-fin":
                return Answer(b"<!doctype html><h1>Sans fin</h1>", endless=True)
            case "/boucle" | "/boucle2":
                there = "/boucle2" if path.startswith("/boucle?") or path == "/boucle" else "/boucle"
                return Answer(status=302, headers=(("Location", there),))
            case "/fenetres":
                return html(
                    "<h1>Fenêtres</h1><button id='b' onclick='for (let i = 0; i < 200; i++) window.open(\"/?\" + i, \"w\" + i)'>Ouvrir</button>"
                    "<script>setInterval(() => document.querySelector('#b').click(), 50)</script>"
                )
            case "/retient":
                return html(
                    "<h1>Restez</h1><button id='b'>Toucher</button>"
                    "<script>addEventListener('beforeunload', (event) => { event.preventDefault(); event.returnValue = 'non'; });"
                    "alert('bonjour'); confirm('oui ?'); prompt('quoi ?')</script>"
                )
            case "/fichier":
                return Answer(
                    b"x" * 5000,
                    "application/octet-stream",
                    headers=(("Content-Disposition", "attachment; filename=f.bin"),),
                )
            case "/deux-gigaoctets":
                return Answer(b"<!doctype html><h1>Lourde</h1>", length=2 * 1024**3, endless=True)
            case "/fige":
                return html("<h1>Figée</h1><script>setTimeout(() => { for (;;); }, 300)</script>")
        return Answer(b"", "text/plain", 404)

    return site


def _attacks(target: str, number: int, port: int) -> str:
    return f"""<h1>Attaques</h1>
<link rel="preconnect" href="http://{target}"><link rel="dns-prefetch" href="http://localhost:{port}">
<link rel="stylesheet" href="http://{target}/feuille.css">
<img src="http://{target}/image.png" alt=""><iframe src="http://{target}/cadre"></iframe>
<p id="fini"></p>
<script>
  const tries = [];
  const attempt = (go) => tries.push(Promise.resolve().then(go).catch(() => null));
  for (const where of ["{target}", "{number}:{port}", "0x7f.3:{port}", "127.3:{port}", "localhost:{port}", "[::ffff:7f00:3]:{port}", "[::1]:{port}"])
    attempt(() => fetch(`http://${{where}}/lu`, {{ mode: "no-cors" }}));
  attempt(() => fetch("/vers-prive", {{ mode: "no-cors" }}));
  attempt(() => navigator.sendBeacon("http://{target}/balise", "x"));
  attempt(() => new EventSource("http://{target}/evenements"));
  attempt(() => new Promise((resume) => {{ const s = new WebSocket("ws://{target}/"); s.onopen = s.onerror = resume; }}));
  attempt(async () => {{
    const peer = new RTCPeerConnection({{ iceServers: [
      {{ urls: "stun:{target}" }}, {{ urls: "turn:{target}?transport=udp", username: "u", credential: "c" }},
      {{ urls: "turn:{target}?transport=tcp", username: "u", credential: "c" }} ] }});
    peer.createDataChannel("x");
    await peer.setLocalDescription(await peer.createOffer());
    await new Promise((resume) => setTimeout(resume, 2500));
  }});
  Promise.all(tries).then(() => {{ document.querySelector("#fini").textContent = "Attaques finies"; }});
  setTimeout(() => {{ document.querySelector("#fini").textContent = "Attaques finies"; }}, 6000);
</script>"""


def only(host: str, port: int) -> Policy:
    """The policy of these tests: the hostile site itself, on loopback, stands for the open internet."""
    return lambda address, asked: str(address) == host and asked == port


class OpenDriver(ChromiumDriver):
    """The control: no namespace of its own, and Chromium’s usual exception for loopback addresses."""

    def __init__(self, **options) -> None:
        super().__init__(**{**options, "isolate": False})

    def _switches(self) -> list[str]:
        kept = [each for each in super()._switches() if each.startswith(("--proxy-server", "--disable-gpu"))]
        # else WebRTC would not speak from the only interface that there is
        return [*kept, "--allow-loopback-in-peer-connection"]


@dataclass(frozen=True, slots=True)
class Attacked:
    """What an attack came to: who heard it, what the relay refused, whether the browser could do harm."""

    heard: tuple[str, ...]
    refusals: dict[str, int]
    redirect_code: str
    sandbox: str
    users: frozenset[int]


def attack(driver_class: type[ChromiumDriver] = ChromiumDriver) -> Attacked:
    """Open the page that tries everything, then be redirected to the stand-in."""
    with ears() as listening, TruthServer(hostile_site(listening.port)) as server:
        driver = driver_class(policy=only("127.0.0.1", server.port), shape=None)
        try:
            driver.prepare(Pass.PERFORMANCE)
            go(driver, server.origin + "/attaques")
            driver.execute(Instruction(3, "waitUntilText", ("Attaques finies", "15000")))
            code = ""
            try:
                go(driver, server.origin + "/vers-prive")
            except BenchError as error:
                code = error.code
            refusals = dict(driver.relay.refusals)
            users = frozenset(_user(process) for process in driver.cell.processes())
            driver.fence()  # the page of the error arrives first
            driver.page.goto("chrome://sandbox")
            sandbox = driver.page.inner_text("body")
        finally:
            driver.close()
        time.sleep(0.2)
        return Attacked(tuple(listening.heard), refusals, code, sandbox, users - {-1})


def attack_without_walls() -> Attacked:
    """The control: browser, servers and ears share one new namespace, so that the machine’s interfaces and routes change nothing."""

    def work() -> Attacked:
        enter_new_namespace()
        return attack(OpenDriver)

    with ThreadPoolExecutor(max_workers=1) as threads:
        return threads.submit(work).result()


def _user(process: int) -> int:
    """The effective user of a process, -1 when it ended meanwhile."""
    try:
        with open(f"/proc/{process}/status") as status:
            return int(next(line for line in status if line.startswith("Uid:")).split()[2])
    except (FileNotFoundError, StopIteration):
        return -1


def go(driver: ChromiumDriver, url: str) -> None:
    driver.execute(Instruction(1, "browserGoToUrl", (url,)))
    driver.execute(Instruction(2, "pressEnter"))


def hold(limits: Limits = Limits(total_bytes=3 * 1024**2)) -> dict[str, str]:  # noqa: B008 (frozen)
    """Each way to hold the bench, and the code by which it was cut; `alive`: an ordinary page loads after all of them."""
    found: dict[str, str] = {}
    with TruthServer(hostile_site(40009)) as server:

        def visit(name: str, path: str, *more: Instruction, arguments: tuple[str, ...] = ()) -> None:
            driver = ChromiumDriver(
                policy=only("127.0.0.1", server.port), shape=None, limits=limits, arguments=arguments
            )
            try:
                driver.prepare(Pass.PERFORMANCE)
                go(driver, server.origin + path)
                for instruction in more:
                    driver.execute(instruction)
                found[name] = "quiet" if driver.fence() else "never_quiet"
            except BenchError as error:
                found[name] = error.code
            finally:
                driver.close()

        visit("redirects", "/boucle")
        visit("download", "/fichier")
        visit("endless", "/sans-fin")
        visit("two_gigabytes", "/deux-gigaoctets", Instruction(3, "pause", ("20000",)))
        flood = (Instruction(3, "clickById", ("b",)), Instruction(4, "pause", ("5000",)))
        visit("popups", "/fenetres", *flood)
        # Chromium blocks windows that nobody asked for; without it our own count still cuts
        visit("popups_unblocked", "/fenetres", *flood, arguments=("--disable-popup-blocking=1",))
        leave = (
            Instruction(3, "clickById", ("b",)),
            Instruction(4, "browserGoToUrl", (server.origin + "/",)),
            Instruction(5, "pressEnter"),
        )
        visit("beforeunload", "/retient", *leave, Instruction(6, "waitUntilText", ("Page ordinaire", "5000")))
        visit("alive", "/", Instruction(3, "waitUntilText", ("Page ordinaire", "5000")))
    return found
