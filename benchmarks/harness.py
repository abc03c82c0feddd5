"""What the measures share: the two servers, a client that keeps its connection, and the A B B A comparison."""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from convergence.embedded.demo import COLLECTED, static_fingerprint
from convergence.embedded.postgres import Cluster

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 5
FLOOR_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured line. `value` is in `unit`; `passes` compares it with the bar of docs; `raw` goes to the JSON."""

    value: float
    unit: str
    passes: bool
    raw: dict[str, Any] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """A registered measure: its line of the table of figures and the function that takes a `Bench`."""

    code: str
    what: str
    bar: str
    run: Callable[["Bench"], Figure]


MEASURES: list[Measure] = []


def measure(code: str, *, what: str, bar: str) -> Callable[[Callable[["Bench"], Figure]], Callable[["Bench"], Figure]]:
    """Register a function of a `benchmarks/bench_*.py` module as the figure `code` (P1, P4…)."""

    def register(run: Callable[["Bench"], Figure]) -> Callable[["Bench"], Figure]:
        MEASURES.append(Measure(code, what, bar, run))
        return run

    return register


class Client:
    """HTTP over one kept connection; times whole responses in seconds."""

    def __init__(self, port: int, cookies: dict[str, str] | None = None) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookies = dict(cookies or {})

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> http.client.HTTPResponse:
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), **headers}
        self.connection.request(method, path, body=body, headers=sent)
        response = self.connection.getresponse()
        response.body = response.read()  # type: ignore[attr-defined]
        return response

    def time(self, method: str, path: str, body: bytes | None = None, **headers: str) -> float:
        """Seconds of one request that must succeed."""
        began = time.perf_counter()
        response = self.request(method, path, body, **headers)
        took = time.perf_counter() - began
        if response.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{method} {path} answered {response.status}")
        return took


class Bench:
    """The floor and the product, served alike from one database server; Django is set up in this process too."""

    def __init__(self, *, floor_port: int, product_port: int) -> None:
        self.floor_port = floor_port
        self.product_port = product_port
        self.floor = Client(floor_port)

    def client(self, email: str | None = None) -> Client:
        """A client of the product, logged in as a demo account when `email` is given."""
        return Client(self.product_port, self._session(email) if email else None)

    @staticmethod
    def _session(email: str) -> dict[str, str]:
        from django.conf import settings
        from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model

        from convergence.accounts.sessions import SessionStore

        user = get_user_model().objects.get(email=email)
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "convergence.accounts.backends.PersonBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        return {settings.SESSION_COOKIE_NAME: str(session.session_key)}

    def compare(self, call: Callable[[], float], *, times: int = 50) -> tuple[float, dict[str, Any]]:
        """Return the median of 5 ratios p50(call) / p50(floor), measured floor, call, call, floor; and the raw p50s.

        `call` does one request and returns its seconds.
        """
        self.floor = Client(self.floor_port)  # the server closes a connection that a long measure left idle
        for _ in range(10):
            self.floor_once()
            call()
        rounds = []
        for _ in range(ROUNDS):
            floor = [self.floor_once() for _ in range(times)]
            ours = [call() for _ in range(2 * times)]
            floor += [self.floor_once() for _ in range(times)]
            rounds.append({"floor": median(floor), "ours": median(ours)})
        return median(each["ours"] / each["floor"] for each in rounds), {"rounds": rounds}

    def floor_once(self) -> float:
        return self.floor.time("GET", "/")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def serve(application: str, port: int, env: dict[str, str], log: Path) -> Iterator[None]:
    """Serve a WSGI application as the demo does, and wait until it listens."""
    command = [sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}", "--no-control-socket"]
    command += ["--worker-class", "gthread", "--workers", "2", "--threads", "4", "--keep-alive", "120"]
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **env}, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{application} did not start, see {log}")
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        server.wait()


def manage(*arguments: str) -> None:
    """Run a command; its steps and warnings are not for the table."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"manage.py {arguments[0]} failed:\n{done.stderr}")


def make_floor_table(cluster: Cluster) -> dict[str, str]:
    """Make the floor's table and return the environment of its settings."""
    import psycopg

    owner, app = cluster.django_database(owner=True), cluster.django_database(owner=False)
    with psycopg.connect(
        host=owner["HOST"], port=owner["PORT"], user=owner["USER"], password=owner["PASSWORD"], dbname=owner["NAME"]
    ) as connection:
        connection.execute("DROP TABLE IF EXISTS floor_row")
        connection.execute(
            "CREATE TABLE floor_row AS SELECT n AS id, 'Ligne numéro ' || n AS name,"
            " CASE WHEN n % 3 = 0 THEN 'closed' ELSE 'open' END AS state, now() - n * interval '1 hour' AS changed_at"
            f" FROM generate_series(1, {FLOOR_ROWS}) AS n"
        )
        connection.execute("ALTER TABLE floor_row ADD PRIMARY KEY (id)")
        connection.execute(f"GRANT SELECT ON floor_row TO {app['USER']}")
    return {
        "DJANGO_SETTINGS_MODULE": "benchmarks.floor.settings",
        "FLOOR_HOST": app["HOST"],
        "FLOOR_PORT": str(app["PORT"]),
        "FLOOR_USER": app["USER"],
        "FLOOR_PASSWORD": app["PASSWORD"],
    }


@contextlib.contextmanager
def start() -> Iterator[Bench]:
    """Have database, floor and product running, Django set up here as the application role."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "convergence.settings.demo"
    os.environ["EMBEDDED_CLUSTER"] = "bench"
    os.environ.pop("DATABASE_URL", None)
    os.environ["LOG_LEVEL"] = "WARNING"
    var = ROOT / "var"
    log = var / "log"
    log.mkdir(parents=True, exist_ok=True)
    floor_port, product_port = free_port(), free_port()
    with Cluster(var, "bench").lease() as cluster, contextlib.ExitStack() as stack:
        manage("prepare_database")
        if not COLLECTED.exists() or COLLECTED.read_text() != static_fingerprint():
            manage("collectstatic", "--no-input", "--clear")
            COLLECTED.write_text(static_fingerprint())
        manage("demo_world")
        floor = make_floor_table(cluster)
        stack.enter_context(serve("benchmarks.floor.wsgi", floor_port, floor, log / "bench-floor.log"))
        stack.enter_context(serve("convergence.wsgi", product_port, {}, log / "bench-product.log"))
        import django

        django.setup()
        yield Bench(floor_port=floor_port, product_port=product_port)
