"""The embedded PostgreSQL comes back from whatever a machine does to it, and keeps what was committed."""

import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from convergence.embedded import postgres
from convergence.embedded.postgres import Cluster, EmbeddedPostgresError, process_command


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path / "var", "scratch")
    yield cluster
    cluster.destroy()


def query(cluster: Cluster, statement: str, *, owner: bool = True) -> list[tuple]:
    address = cluster.django_database(owner=owner)
    with psycopg.connect(
        host=address["HOST"],
        port=address["PORT"],
        user=address["USER"],
        password=address["PASSWORD"],
        dbname=address["NAME"],
    ) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_survives_kill_9_and_keeps_committed_rows(cluster: Cluster) -> None:
    cluster.ensure_running()
    query(cluster, "CREATE TABLE kept (n int)")
    query(cluster, "INSERT INTO kept VALUES (1), (2)")
    first = cluster.pid()
    assert first is not None

    os.kill(first, signal.SIGKILL)
    cluster.ensure_running()

    assert cluster.pid() != first
    assert query(cluster, "SELECT count(*) FROM kept") == [(2,)]


def test_stale_pid_file_naming_a_stranger_is_removed(cluster: Cluster) -> None:
    cluster.ensure_running()
    pid_file = cluster.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    cluster.stop()
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")

        assert cluster.pid() is None
        cluster.ensure_running()

        assert stranger.poll() is None, "the stranger was touched"
        assert query(cluster, "SELECT 1") == [(1,)]
    finally:
        stranger.kill()
        stranger.wait()


def test_running_server_is_shared_and_not_started_twice(cluster: Cluster) -> None:
    with cluster.lease():
        first = cluster.pid()
        with Cluster(cluster.var, "scratch").lease() as second:
            assert second.pid() == first
        assert cluster.pid() == first, "the second holder stopped what the first still uses"
    assert cluster.pid() is None


def test_last_holder_stops_a_server_orphaned_by_a_killed_holder(cluster: Cluster) -> None:
    code = (
        "import sys, time; from pathlib import Path; from convergence.embedded.postgres import Cluster\n"
        "with Cluster(Path(sys.argv[1]), 'scratch').lease(): print('up', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(cluster.var)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"up\n"
    holder.kill()
    holder.wait()
    orphan = cluster.pid()
    assert orphan is not None

    with cluster.lease():
        assert cluster.pid() == orphan

    deadline = time.monotonic() + 5
    while process_command(orphan) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert cluster.pid() is None


def test_moved_checkout_keeps_its_data_and_a_copy_gets_its_own(tmp_path: Path) -> None:
    original = Cluster(tmp_path / "a" / "var", "scratch")
    (tmp_path / "a").rename(tmp_path / "b")
    assert Cluster(tmp_path / "b" / "var", "scratch").identity.key == original.identity.key

    (tmp_path / "a" / "var" / "postgres-scratch").mkdir(parents=True)
    copied = (tmp_path / "b" / "var" / "postgres-scratch" / "identity.json").read_text()
    (tmp_path / "a" / "var" / "postgres-scratch" / "identity.json").write_text(copied)
    Cluster(tmp_path / "a" / "var", "scratch")
    assert Cluster(tmp_path / "b" / "var", "scratch").identity.key != original.identity.key


def test_passwords_are_readable_by_their_owner_only(cluster: Cluster) -> None:
    assert (cluster.folder / "identity.json").stat().st_mode & 0o777 == 0o600


def test_full_disk_is_one_line(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "free_bytes", lambda folder: 1024)
    with pytest.raises(EmbeddedPostgresError, match=r"^Disk full: PostgreSQL needs 300 MB") as refusal:
        cluster.ensure_running()
    assert "\n" not in str(refusal.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_as_root_the_server_runs_as_the_dedicated_user_and_no_parent_is_opened(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    cluster = Cluster(home / "checkout" / "var", "scratch")
    try:
        cluster.ensure_running()
        owner = Path(f"/proc/{cluster.pid()}").stat().st_uid
        assert owner == pwd.getpwnam(postgres.SYSTEM_USER).pw_uid
        assert home.stat().st_mode & 0o777 == 0o700
    finally:
        cluster.destroy()
