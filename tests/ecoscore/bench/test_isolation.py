"""Where the browser lives: what leaves it, as whom it runs, how its processor time is counted, what stays behind. Without a browser."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest

from ecoscore.bench.isolation import BENCH_UID, Cell, CgroupProbe, ScheduleProbe, can_isolate, cgroup_parents, sweep

isolated = pytest.mark.skipif(not can_isolate(), reason="needs root on Linux: a network namespace and another user")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")


def run_in(cell: Cell, program: str) -> str:
    """What a Python program prints when it runs in the cell."""
    started = cell.wrap(sys.executable if os.geteuid() else "/usr/bin/python3")
    return subprocess.run(
        [str(started), "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=True,
        env=cell.environment(),
        cwd="/",
    ).stdout.strip()


@isolated
def test_nothing_leaves_the_cell_but_towards_the_relay():
    with contextlib.closing(Cell()) as cell, socket.create_server(("127.0.0.1", 0)) as outside:
        cell.listener.settimeout(5)
        said = run_in(
            cell,
            f"""
            import socket
            def attempt(family, kind, where):
                with socket.socket(family, kind) as s:
                    s.settimeout(1)
                    try:
                        s.connect(where)
                        s.send(b"x")
                        return "reached"
                    except OSError as error:
                        return error.strerror or type(error).__name__
            tcp, udp = socket.SOCK_STREAM, socket.SOCK_DGRAM
            print(attempt(2, tcp, ("127.0.0.1", {outside.getsockname()[1]})))
            print(attempt(2, tcp, ("192.0.2.1", 80)))
            print(attempt(2, udp, ("192.0.2.1", 53)))
            print(attempt(socket.AF_INET6, udp, ("2001:db8::1", 53)))
            print(attempt(2, tcp, ("127.0.0.1", {cell.port})))
            """,
        ).splitlines()
        assert said == [
            "Connection refused",
            "Network is unreachable",
            "Network is unreachable",
            "Network is unreachable",
            "reached",
        ]
        connection, _ = cell.listener.accept()
        connection.close()


@isolated
def test_what_runs_there_is_nobody_and_can_become_nobody_else():
    with contextlib.closing(Cell()) as cell:
        said = run_in(
            cell,
            """
            import os
            print(os.getuid(), os.getgid(), os.getgroups())
            print(*[line.split()[1] for line in open("/proc/self/status") if line.startswith(("CapEff", "CapBnd", "NoNewPrivs"))])
            for path in ("../browser.sh", "/root/x", "tmp/mine"):
                try:
                    open(os.path.join(os.environ["HOME"], path), "a").close()
                    print("written")
                except PermissionError:
                    print("refused")
            """,
        ).splitlines()
        assert said[0] == f"{BENCH_UID} {BENCH_UID} []"
        assert said[1] == "0000000000000000 0000000000000000 1"
        assert said[2:] == ["refused", "refused", "written"]


BUSY = """
import subprocess, sys, time
spin = "import time\\nuntil = time.process_time() + 0.3\\nwhile time.process_time() < until: pass"
subprocess.run([sys.executable, "-c", spin], check=True)
exec(spin)
"""


@linux
@pytest.mark.parametrize("parent", list(cgroup_parents()) or [None], ids=str)
def test_a_control_group_counts_a_process_and_its_children(parent):
    if parent is None:
        pytest.skip("no control group can be made here")
    with contextlib.closing(Cell(isolate=False)) as cell:
        if isinstance(cell.cpu, CgroupProbe):
            cell.cpu.close()
        cell.cpu = CgroupProbe(parent, cell.folder.name)
        assert cell.cpu.kind == ("cgroup v2" if parent.name in ("unified", "cgroup") else "cgroup v1")
        run_in(cell, BUSY)
        assert 0.6 <= cell.cpu.cpu_s() < 1.2


@linux
def test_proc_counts_the_living_and_remembers_the_dead():
    with contextlib.closing(Cell(isolate=False)) as cell:
        cell.cpu.close()
        cell.cpu = ScheduleProbe(cell.folder.name)
        waits = "\nprint('done', flush=True)\nimport sys; sys.stdin.read()"
        child = subprocess.Popen(
            [str(cell.wrap("/usr/bin/python3")), "-c", BUSY.split("subprocess.run")[0] + "exec(spin)" + waits],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=cell.environment(),
            cwd="/",
        )
        assert child.stdout is not None
        assert child.stdout.readline() == b"done\n"
        assert 0.3 <= cell.cpu.cpu_s() < 0.7
        assert child.pid in cell.processes()
        child.communicate()
        assert cell.processes() == []
        assert 0.3 <= cell.cpu.cpu_s() < 0.7


@linux
def test_closing_ends_every_process_and_removes_every_trace():
    cell = Cell()
    child = subprocess.Popen([str(cell.wrap("/bin/sleep")), "60"], env=cell.environment(), cwd="/")
    until = time.monotonic() + 5
    while child.pid not in cell.processes() and time.monotonic() < until:
        time.sleep(0.02)
    cell.close()
    assert child.wait(5) == -signal.SIGKILL
    assert not cell.folder.exists()
    assert not any((parent / cell.folder.name).exists() for parent in cgroup_parents())
    cell.close()


@linux
def test_what_a_dead_bench_left_is_swept_and_what_a_living_one_holds_is_not():
    gone = subprocess.Popen(["/bin/true"])
    gone.wait()
    left = Path(tempfile.mkdtemp(prefix=f"ecoscore-bench-{gone.pid}-"))
    with contextlib.closing(Cell()) as living:
        sweep()
        assert not left.exists()
        assert living.folder.exists()
