"""Where the measured browser lives: a network namespace without exit, an unprivileged user, a place to count its CPU time.

A measured site is hostile input. The namespace holds one loopback interface and one socket, the relay’s: whatever the browser
tries beside it (UDP, DNS, WebRTC, a private address) meets no route. Making it takes root on Linux; elsewhere the bench says that
it is not isolated, and only the operator’s own sites are measured.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import shlex
import shutil
import signal
import socket
import struct
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from ecoscore.bench.driver import Quality

#: An own number, in no password file and outside the ranges that distributions give: nothing on the machine belongs to it.
BENCH_UID = 64219
_PREFIX = "ecoscore-bench"

_NICENESS = -10
_CLONE_NEWNET = 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1


class Cell:
    """A folder, a user, a namespace and a CPU counter for one browser, from construction to `close`.

    `listener` is where the relay must listen: inside the namespace when there is one, on loopback otherwise.
    """

    def __init__(self, *, isolate: bool = True) -> None:
        sweep()
        self.folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}-{os.getpid()}-"))
        self._namespace: int | None = None
        self._closed = False
        if isolate and can_isolate():
            self._namespace, self.listener = _make_namespace()
        else:
            self.listener = socket.create_server(("127.0.0.1", 0))
        self.is_isolated = self._namespace is not None
        self.is_unprivileged = os.geteuid() != 0 or shutil.which("setpriv") is not None
        # The folder and the program in it stay ours: what the browser may write is never run by us.
        self.folder.chmod(0o711)
        self.home = self.folder / "home"
        for folder in (self.home, self.home / "tmp"):
            folder.mkdir(mode=0o700)
            if os.geteuid() == 0:
                os.chown(folder, BENCH_UID, BENCH_UID)
        self.cpu: CpuProbe = find_probe(self.folder.name)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def wrap(self, executable: str) -> Path:
        """A program that starts `executable` in this cell, with the arguments that it is given.

        The process keeps its number through every step (`exec`), so that whoever starts it can end it.
        """
        lines = ["#!/bin/sh", *self.cpu.joining()]
        if os.geteuid() == 0:
            # where sessions share the machine evenly (autogroup), the niceness of a process says nothing outside its own
            lines.append(f"(echo {_NICENESS} > /proc/self/autogroup) 2>/dev/null")
        words: list[str] = []
        if self._namespace is not None:
            words += ["nsenter", f"--net=/proc/{os.getpid()}/fd/{self._namespace}"]
        if os.geteuid() == 0 and self.is_unprivileged:
            words += ["setpriv", f"--reuid={BENCH_UID}", f"--regid={BENCH_UID}", "--clear-groups"]
            words += ["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]
        words = [shutil.which(words[0]) or words[0], *words[1:]] if words else []
        lines.append(f'exec {shlex.join([*words, executable])} "$@"')
        path = self.folder / "browser.sh"
        path.write_text("\n".join(lines) + "\n")
        path.chmod(0o755)
        return path

    def environment(self) -> dict[str, str]:
        """What the browser is told of the machine: next to nothing."""
        inherited = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
        home = str(self.home)
        return {**inherited, "HOME": home, "TMPDIR": str(self.home / "tmp"), "LANG": "C.UTF-8", "TZ": "Europe/Paris"}

    def make_profile(self, preferences: Mapping[str, object]) -> Path:
        """A fresh user data folder that holds nothing but these preferences."""
        profile = Path(tempfile.mkdtemp(prefix="profile-", dir=self.home))
        inner = profile / "Default"
        inner.mkdir(mode=0o700)
        file = inner / "Preferences"
        file.write_text(json.dumps(preferences))
        if os.geteuid() == 0:
            for path in (file, inner, profile):
                os.chown(path, BENCH_UID, BENCH_UID)
        return profile

    def processes(self) -> list[int]:
        """Every process that lives here, whoever its parent is."""
        return sorted(set(self.cpu.processes()))

    def kill(self) -> None:
        """End every process that lives here, at once."""
        _end(self.cpu)

    def close(self) -> None:
        """Leave nothing behind: no process, no counter, no namespace, no folder. Twice is once."""
        if self._closed:
            return
        self._closed = True
        self.kill()
        self.cpu.close()
        self.listener.close()
        if self._namespace is not None:
            os.close(self._namespace)
        _remove_folder(self.folder)


def take_priority() -> None:
    """Before other work of the machine, where we may: this thread, and the browser that it will start.

    A measure mostly waits; what it does must not wait for others, or their work would be measured too.
    """
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def can_isolate() -> bool:
    """May this process make a network namespace and enter it with another user?"""
    return (
        os.geteuid() == 0
        and Path("/proc/self/ns/net").exists()
        and all(shutil.which(tool) for tool in ("nsenter", "setpriv"))
        and _try_namespace()
    )


def _try_namespace() -> bool:
    try:
        descriptor, listener = _make_namespace()
    except OSError:
        return False
    os.close(descriptor)
    listener.close()
    return True


def _make_namespace() -> tuple[int, socket.socket]:
    """A new network namespace: a descriptor that keeps it, and a socket that listens on its loopback.

    Namespaces belong to threads: a thread of a moment enters the new one and opens both there; the process stays where it is.
    Raises OSError when the machine refuses.
    """
    made: list[tuple[int, socket.socket]] = []
    failures: list[OSError] = []

    def enter() -> None:
        try:
            enter_new_namespace()
            listener = socket.create_server(("127.0.0.1", 0), backlog=512)
            descriptor = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            made.append((descriptor, listener))
        except OSError as error:
            failures.append(error)

    thread = threading.Thread(target=enter, name="namespace")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return made[0]


def enter_new_namespace() -> None:
    """Put this thread, and what it starts from now on, in a network namespace of its own whose loopback is up. No way back.

    Raises OSError when the machine refuses.
    """
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    _raise_loopback()


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = struct.pack("16sh", b"lo", 0)
        (flags,) = struct.unpack_from("h", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, asked + bytes(22)), 16)
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags | _IFF_UP) + bytes(22))


class CpuProbe(Protocol):
    """Counts the CPU time of the browser and all its processes."""

    quality: Quality
    kind: str

    def joining(self) -> list[str]:
        """Lines of shell by which the browser enters, before it starts."""
        ...

    def cpu_s(self) -> float: ...

    def processes(self) -> list[int]: ...

    def close(self) -> None: ...


class CgroupProbe:
    """A control group, version 1 (`cpuacct.usage`, nanoseconds) or 2 (`cpu.stat`, microseconds)."""

    quality = Quality.MEASURED

    def __init__(self, parent: Path, name: str) -> None:
        self.kind = "cgroup v2" if (parent / "cgroup.controllers").exists() else "cgroup v1"
        self.path = parent / name
        self.path.mkdir()
        if not os.access(self.path / "cgroup.procs", os.W_OK):
            self.path.rmdir()
            raise OSError(f"{self.path} cannot be joined")
        self.cpu_s()

    def joining(self) -> list[str]:
        return [f"echo $$ > {shlex.quote(str(self.path / 'cgroup.procs'))}"]

    def cpu_s(self) -> float:
        if self.kind == "cgroup v1":
            return int((self.path / "cpuacct.usage").read_text()) / 1e9
        return int((self.path / "cpu.stat").read_text().split("usage_usec", 1)[1].split()[0]) / 1e6

    def processes(self) -> list[int]:
        try:
            return [int(line) for line in (self.path / "cgroup.procs").read_text().split()]
        except FileNotFoundError:
            return []

    def close(self) -> None:
        for _ in range(50):
            try:
                return self.path.rmdir()
            except FileNotFoundError:
                return
            except OSError:  # a process that ended still stands in it for a moment
                time.sleep(0.05)


class ScheduleProbe:
    """`/proc/PID/task/*/schedstat` of the browser’s first process and of all that descend from it.

    Nanoseconds, but a process that starts and ends between two readings is missed: the quality is coarse.
    """

    quality = Quality.COARSE
    kind = "/proc schedstat"

    def __init__(self, name: str) -> None:
        self._name = name
        self._spent: dict[tuple[int, str], float] = {}
        self._file = Path(tempfile.gettempdir()) / name / "browser.pid"

    def joining(self) -> list[str]:
        return [f"echo $$ > {shlex.quote(str(self._file))}"]

    def cpu_s(self) -> float:
        """What the living spent now, and what the dead had spent when they were last seen."""
        for process in self.processes():
            threads = Path(f"/proc/{process}/task")
            with contextlib.suppress(OSError):
                for thread in threads.iterdir():
                    spent = (thread / "schedstat").read_text().split()[0]
                    self._spent[process, thread.name] = int(spent) / 1e9
        return sum(self._spent.values())

    def processes(self) -> list[int]:
        try:
            first = int(self._file.read_text())
        except (FileNotFoundError, ValueError):
            return []
        parents = _parents()
        found = {first} & parents.keys()
        while grown := {number for number, parent in parents.items() if parent in found} - found:
            found |= grown
        return list(found)

    def close(self) -> None:
        self._file.unlink(missing_ok=True)


def _parents() -> dict[int, int]:
    """Each process of the machine and its parent."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                found[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    return found


class NoProbe:
    """A machine that tells nothing of its processes (not Linux): the energy is not measured."""

    quality = Quality.ABSENT
    kind = "none"

    def joining(self) -> list[str]:
        return []

    def cpu_s(self) -> float:
        return 0.0

    def processes(self) -> list[int]:
        return []

    def close(self) -> None:
        pass


def find_probe(name: str) -> CpuProbe:
    """The best counter that this machine gives."""
    for parent in cgroup_parents():
        with contextlib.suppress(OSError, ValueError, IndexError):
            return CgroupProbe(parent, name)
    return ScheduleProbe(name) if Path("/proc/self/schedstat").exists() else NoProbe()


def cgroup_parents() -> Iterable[Path]:
    """Where control groups that count CPU time can be made, the most precise first."""
    root = Path("/sys/fs/cgroup")
    for candidate in (root / "cpuacct", root / "cpu,cpuacct", root, root / "unified"):
        if (candidate / "cgroup.procs").exists() and os.access(candidate, os.W_OK):
            yield candidate


def sweep() -> None:
    """Remove what a bench left that was killed: its processes, control groups and folders."""
    for parent in cgroup_parents():
        for group in parent.glob(f"{_PREFIX}-*"):
            if not _is_alive(_owner(group.name)):
                with contextlib.suppress(OSError, ValueError, IndexError):
                    left = CgroupProbe.__new__(CgroupProbe)
                    left.path = group
                    _end(left)
                    left.close()
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}-*"):
        if not _is_alive(_owner(folder.name)):
            _remove_folder(folder)


def _end(probe: CpuProbe) -> None:
    for _ in range(100):
        living = probe.processes()
        if not living:
            return
        for process in living:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.02)


def _remove_folder(folder: Path) -> None:
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)


def _owner(name: str) -> int:
    """The process that made a folder or a group of ours."""
    number = name.removeprefix(f"{_PREFIX}-").partition("-")[0]
    return int(number) if number.isdigit() else 0


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return process > 0
