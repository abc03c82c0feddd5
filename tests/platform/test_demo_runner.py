"""The demo's supervisor: refusals in one line, children mended, nothing left behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from convergence.embedded import demo
from convergence.embedded.demo import Child, DemoError, check_disk, check_port, only_one, stop_leftovers, tail
from convergence.embedded.postgres import process_command

ROOT = Path(__file__).resolve().parent.parent.parent


def child(tmp_path: Path, code: str) -> Child:
    return Child("sample", [sys.executable, "-c", code], tmp_path / "sample.log", dict(os.environ))


def test_busy_port_ends_with_one_line_and_a_status() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        with pytest.raises(DemoError, match=f"Port {port} is busy"):
            check_port(port)
        done = subprocess.run(
            [sys.executable, "-m", "convergence.embedded.demo"],
            cwd=ROOT,
            env={**os.environ, "PORT": str(port)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.strip().count("\n") == 0
    assert done.stderr.startswith(f"convergence: Port {port} is busy")


@pytest.mark.parametrize("port", ["abc", "0", "70000"])
def test_nonsense_port_is_one_line(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", port)
    with pytest.raises(SystemExit, match="PORT must be a number"):
        demo.main()


def test_full_disk_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "free_bytes", lambda folder: 1024)
    with pytest.raises(DemoError, match="Disk full: the demo needs 500 MB"):
        check_disk(tmp_path)


def test_second_demo_of_one_checkout_is_refused(tmp_path: Path) -> None:
    with only_one(tmp_path), pytest.raises(DemoError, match="already runs"), only_one(tmp_path):
        pass


def test_child_that_keeps_dying_gives_up_with_its_last_words(tmp_path: Path) -> None:
    failing = child(tmp_path, "import sys; sys.exit('no such library')")

    for _ in range(demo.MAX_RESTARTS + 1):
        failing.start()
        assert failing.process is not None
        failing.process.wait()

    with pytest.raises(DemoError, match="sample keeps stopping: no such library"):
        failing.start()


def test_stop_ends_a_child_that_ignores_terminate(tmp_path: Path) -> None:
    deaf = child(
        tmp_path,
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
    )
    deaf.start()
    while tail(deaf.log) != "up":
        time.sleep(0.02)
    deaf.stop(seconds=0.3)
    assert not deaf.is_running


def test_leftovers_of_a_killed_supervisor_are_stopped_and_strangers_spared(tmp_path: Path) -> None:
    left, stranger = (child(tmp_path, "import time; time.sleep(60)") for _ in range(2))
    left.start()
    stranger.start()
    assert left.process is not None
    assert stranger.process is not None
    record = tmp_path / "demo-processes.json"
    time.sleep(0.2)
    record.write_text(
        json.dumps([(left.process.pid, process_command(left.process.pid)), (stranger.process.pid, "something else")])
    )
    try:
        stop_leftovers(record)
        assert left.process.wait(5) == -signal.SIGKILL
        assert stranger.is_running
        assert not record.exists()
    finally:
        stranger.stop(seconds=5)


def test_database_is_prepared_once_for_the_same_code_and_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "one"
    done: list[str] = []

    def make(port: int = 8000) -> demo.Demo:
        made = demo.Demo(root=tmp_path, port=port)
        made.prepared = tmp_path / "prepared.json"
        return made

    def start(self: demo.Demo, name: str, **env: str) -> str:
        done.append(name)
        return name

    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(demo.Demo, "_start_manage", start)
    monkeypatch.setattr(demo.Demo, "_finish", lambda self, name: f"said by {name}")
    monkeypatch.setattr(demo, "code_fingerprint", lambda *, port: f"{code}:{port}")

    assert make()._prepare_database() == "said by demo_world"
    assert make()._prepare_database() == "said by demo_world"
    assert done == ["prepare_database", "demo_world"]

    code = "two"
    make()._prepare_database()
    assert len(done) == 4
    make(port=8001)._prepare_database()
    assert len(done) == 6


def test_database_that_was_not_prepared_to_the_end_is_prepared_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: demo.Demo, name: str) -> str:
        raise DemoError(name)

    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(demo.Demo, "_start_manage", lambda self, name, **env: name)
    monkeypatch.setattr(demo.Demo, "_finish", fail)
    starting = demo.Demo(root=tmp_path, port=8000)
    starting.prepared = tmp_path / "prepared.json"

    with pytest.raises(DemoError):
        starting._prepare_database()
    assert not starting.prepared.exists()


def test_code_fingerprint_follows_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "ROOT", tmp_path)
    (tmp_path / "requirements.txt").write_text("django==5.2\n")
    (tmp_path / "fixtures").mkdir()
    grid = tmp_path / "fixtures" / "grid.yaml"
    grid.write_text("schema: 1")
    before = demo.code_fingerprint(port=8000)
    assert demo.code_fingerprint(port=8000) == before

    grid.write_text("schema: 22")

    assert demo.code_fingerprint(port=8000) != before
