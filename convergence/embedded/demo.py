"""`make demo`: PostgreSQL, the web server, two Celery workers (jobs, bench), beat and the measured site, under one
supervisor that Ctrl-C stops."""

import contextlib
import fcntl
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from convergence.embedded.postgres import Cluster, EmbeddedPostgresError, free_bytes, process_command

ROOT = Path(__file__).resolve().parent.parent.parent
NEEDED_BYTES = 500 * 1024 * 1024
READY_SECONDS = 60
COLLECTED = ROOT / "staticfiles" / ".collected"  # what the static files were made from
CODE = ("convergence", "referencing", "questionnaires", "evidence", "ecoscore", "fixtures")
# a manage.py command under way: its name, its log, its process
Started = tuple[str, IO[str], subprocess.Popen[str]]
# A child that dies more often than this has a reason that restarting does not mend.
MAX_RESTARTS, RESTART_WINDOW_SECONDS = 5, 60
SITE_OFFSET = 10  # the port of the measured site stands that far above the platform’s


class DemoError(RuntimeError):
    """The demo cannot run; the message is one line that says why and what to do."""


@dataclass(slots=True)
class Child:
    """One supervised process; its output goes to `log`."""

    name: str
    command: list[str]
    log: Path
    env: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    starts: deque[float] = field(default_factory=deque)

    def start(self) -> None:
        """Start, or start again; refuse when it keeps dying."""
        now = time.monotonic()
        while self.starts and now - self.starts[0] > RESTART_WINDOW_SECONDS:
            self.starts.popleft()
        if len(self.starts) > MAX_RESTARTS:
            raise DemoError(f"{self.name} keeps stopping: {tail(self.log)} (log: {self.log})")
        self.starts.append(now)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                self.command,
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the supervisor only, which stops things in order
            )

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self, *, seconds: float = 15) -> None:
        """Ask, wait, then insist on the whole process group."""
        if self.process is None:
            return
        for sig in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                # only the parent at first: gunicorn and Celery end their own children in order
                (os.kill if sig == signal.SIGTERM else os.killpg)(self.process.pid, sig)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
                return


def tail(log: Path) -> str:
    """Return the last line of a log that is not empty."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()] if log.exists() else []
    return lines[-1].strip() if lines else "no message"


def check_port(port: int) -> None:
    """Refuse a port that another program listens on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise DemoError(f"Port {port} is reserved to root: choose another with `make demo PORT=8001`.") from None
        except OSError:
            raise DemoError(
                f"Port {port} is busy: stop the program that uses it, or choose another: `make demo PORT={port + 1}`."
            ) from None


def check_disk(folder: Path) -> None:
    if free_bytes(folder) < NEEDED_BYTES:
        raise DemoError(f"Disk full: the demo needs 500 MB free under {folder}.")


@contextlib.contextmanager
def only_one(var: Path) -> Iterator[None]:
    """Hold the demo's lock, or refuse: two supervisors on one checkout would fight."""
    with (var / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError("The demo already runs in this checkout (Ctrl-C in its terminal stops it).") from None
        yield


def stop_leftovers(record: Path) -> None:
    """Stop what a killed supervisor left running, recognised by its command line, not by its number alone."""
    if not record.exists():
        return
    left = [(pid, command) for pid, command in json.loads(record.read_text()) if process_command(pid) == command]
    for pid, _ in left:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while any(process_command(pid) == command for pid, command in left) and time.monotonic() < deadline:
        time.sleep(0.05)  # the port is free only when they are really gone
    record.unlink()


def code_fingerprint(*, port: int) -> str:
    """A hash of what decides about the database and the demo world: our code, our fixtures, the libraries."""
    paths = (path for folder in CODE for ending in ("py", "yaml") for path in (ROOT / folder).rglob(f"*.{ending}"))
    return f"{_fingerprint(paths)}:{port}"


def static_fingerprint() -> str:
    """A hash of what `collectstatic` gathers: our static files, the libraries."""
    return _fingerprint(path for folder in ROOT.glob("*/**/static") for path in folder.rglob("*"))


def _fingerprint(paths: Iterable[Path]) -> str:
    """Names, sizes and times are enough, and quick; the libraries are named by the lock."""
    digest = hashlib.sha256((ROOT / "requirements.txt").read_bytes())
    for path in sorted(paths):
        status = path.stat()
        digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


class Demo:
    """The supervisor. `prepare()` once, then `run()` until a signal."""

    def __init__(self, *, root: Path, port: int) -> None:
        self.var = root / "var"
        self.port = port
        self.logs = self.var / "log"
        self.record = self.var / "demo-processes.json"
        self.cluster = Cluster(self.var)
        self.prepared = self.cluster.data / "convergence-prepared.json"  # goes when the data goes
        self.env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "convergence.settings.demo",
            "PORT": str(port),
            "PROMETHEUS_MULTIPROC_DIR": str(self.var / "prometheus"),
            "PYTHONUNBUFFERED": "1",
        }
        self.embedded = not os.environ.get("DATABASE_URL")
        self.stopping = False
        python = sys.executable
        celery = [python, "-m", "celery", "--app", "convergence"]
        web = [python, "-m", "gunicorn", "convergence.wsgi", "--bind", f"127.0.0.1:{port}"]
        web += [
            "--worker-class",
            "gthread",
            "--workers",
            "2",
            "--threads",
            "4",
            "--timeout",
            "120",
            "--preload",
            "--no-control-socket",
        ]
        self.children = [
            self._child("web", web),
            self._child("worker", [*celery, "worker", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]),
            self._child(
                "bench",
                [
                    *celery,
                    "worker",
                    "--queues",
                    "bench",
                    "--concurrency",
                    "1",
                    "--hostname",
                    "bench@%h",
                    "--loglevel",
                    "INFO",
                    "--without-gossip",
                    "--without-mingle",
                ],
            ),
            # the small site that newcomers measure, on loopback
            self._child("site", [python, "manage.py", "ecoscore_demo_site", "--port", str(port + SITE_OFFSET)]),
            self._child(
                "beat", [*celery, "beat", "--schedule", str(self.var / "celerybeat-schedule"), "--pidfile", ""]
            ),
        ]

    def _child(self, name: str, command: list[str]) -> Child:
        return Child(name, command, self.logs / f"{name}.log", self.env)

    def reset(self) -> None:
        """Forget the demo's data: database, files, queued jobs, secret."""
        self.cluster.destroy()
        for name in ("files", "broker", "log"):
            shutil.rmtree(self.var / name, ignore_errors=True)
        (self.var / "demo-secret-key").unlink(missing_ok=True)

    def prepare(self) -> str:
        """Bring database, demo world and static files up to date; return the accounts as `demo_world` prints them."""
        shutil.rmtree(self.var / "prometheus", ignore_errors=True)
        for folder in (self.logs, self.var / "prometheus"):
            folder.mkdir(parents=True, exist_ok=True)
        collecting = self._collect_static()
        accounts = self._prepare_database()
        if collecting:
            say("Static files…")
            self._finish(collecting)
            COLLECTED.write_text(static_fingerprint())
        return accounts

    def _prepare_database(self) -> str:
        """Migrate and make the demo world, unless this embedded database has seen this very code: it takes a minute."""
        fingerprint = code_fingerprint(port=self.port)
        if self.embedded and self.prepared.exists():
            last = json.loads(self.prepared.read_text())
            if last["code"] == fingerprint:
                return str(last["accounts"])
        say("Database…")
        self._finish(self._start_manage("prepare_database"))
        say("Demo world (a minute the first time)…")
        accounts = self._finish(self._start_manage("demo_world", LOG_LEVEL="ERROR"))
        if self.embedded:
            self.prepared.write_text(json.dumps({"code": fingerprint, "accounts": accounts}))
        return accounts

    def _collect_static(self) -> Started | None:
        """Collect and compress the static files, unless they are as they were last time: it takes half a minute."""
        if COLLECTED.exists() and COLLECTED.read_text() == static_fingerprint():
            return None
        return self._start_manage("collectstatic", "--no-input", "--clear")

    def _start_manage(self, *arguments: str, **env: str) -> Started:
        """Start a command; what it prints and its errors go to two logs."""
        output, errors = ((self.logs / f"{arguments[0]}{end}").open("w+") for end in (".out", ".log"))
        command = [sys.executable, "manage.py", *arguments]
        with errors:
            process = subprocess.Popen(  # noqa: S603
                command,
                cwd=ROOT,
                env={**self.env, **env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                text=True,
            )
        return arguments[0], output, process

    def _finish(self, started: Started) -> str:
        name, output, process = started
        status = process.wait()
        with output:
            output.seek(0)
            said = output.read()
        if status:
            log = self.logs / f"{name}.log"
            raise DemoError(f"manage.py {name} failed: {tail(log)} (log: {log})")
        return said

    def start(self) -> None:
        """Start the children and wait until the site answers that it is ready."""
        web, *others = self.children
        web.start()
        self._write_record()
        deadline = time.monotonic() + READY_SECONDS
        while not self.is_ready():
            if not web.is_running or time.monotonic() > deadline:
                raise DemoError(f"The web server did not start: {tail(web.log)} (log: {web.log})")
            time.sleep(0.1)
        for child in others:  # after the site, whose start they would slow down
            child.start()
        self._write_record()

    def is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def run(self) -> None:
        """Mend what falls until `stopping` is set by a signal."""
        while not self.stopping:
            if self.embedded and self.cluster.pid() is None:
                say("PostgreSQL stopped; starting it again.")
                self.cluster.ensure_running()
            for child in self.children:
                if not child.is_running:
                    say(f"{child.name} stopped; starting it again.")
                    child.start()
                    self._write_record()
            time.sleep(0.5)

    def stop(self) -> None:
        """Stop the children; the database is stopped by its lease."""
        for child in self.children:
            if child.process is not None:
                with contextlib.suppress(ProcessLookupError):
                    child.process.terminate()
        for child in self.children:
            child.stop()
        self.record.unlink(missing_ok=True)

    def _write_record(self) -> None:
        pids = [child.process.pid for child in self.children if child.process is not None]
        self.record.write_text(json.dumps([(pid, process_command(pid)) for pid in pids]))


def say(message: str) -> None:
    print(message, flush=True)  # noqa: T201


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def serve(*, port: int, reset: bool) -> None:
    """Run the demo until interrupted; raises DemoError or EmbeddedPostgresError with one line."""
    began = time.monotonic()
    demo = Demo(root=ROOT, port=port)
    demo.var.mkdir(exist_ok=True)
    with only_one(demo.var):
        stop_leftovers(demo.record)
        check_port(port)
        check_port(port + SITE_OFFSET)
        check_disk(demo.var)
        if reset:
            demo.reset()
        with demo.cluster.lease() if demo.embedded else contextlib.nullcontext():
            try:
                accounts = demo.prepare()
                demo.start()
                say(f"\n{accounts}")
                say(f"Logs: {demo.logs}. Ctrl-C stops everything; `make demo RESET=1` begins again.")
                say(f"Convergence answers at http://localhost:{port} ({time.monotonic() - began:.0f} s)")
                demo.run()
            except KeyboardInterrupt:
                say("\nStopping…")
            finally:
                signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave children behind
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                demo.stop()


def main() -> None:
    """Entry point: PORT and RESET come from the environment, as `make demo` passes them."""
    for sig in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, interrupt)
    port = os.environ.get("PORT") or "8000"
    if not port.isdigit() or not 0 < int(port) < 65536:
        sys.exit(f"convergence: PORT must be a number between 1 and 65535, not {port!r}.")
    try:
        serve(port=int(port), reset=os.environ.get("RESET", "") not in ("", "0"))
    except KeyboardInterrupt:
        pass
    except (DemoError, EmbeddedPostgresError) as refusal:
        sys.exit(f"convergence: {refusal}")
    except OSError as error:
        sys.exit(f"convergence: {error.strerror}: {error.filename or 'no file named'}")


if __name__ == "__main__":
    main()
