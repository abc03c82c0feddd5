"""Run the limited child process (`evidence.child`) on a file and read what it found."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import structlog

from convergence.kernel.errors import Blocker
from evidence.core.limits import CHILD_SECONDS
from evidence.core.messages import problem

logger = structlog.get_logger(__name__)

ROOT = Path(__file__).resolve().parent.parent
# Nothing of our settings or secrets: only what an interpreter needs to start.
_ENVIRONMENT = {
    "PYTHONPATH": str(ROOT),
    "PYTHONDONTWRITEBYTECODE": "1",
    "LANG": "C.UTF-8",
    "PATH": os.defpath,
    "MALLOC_ARENA_MAX": "1",  # threads of native libraries would reserve the address space
}


@dataclass(frozen=True, slots=True)
class Findings:
    """What the child said: `problems` for people (empty = fine), `facts` for us, `payload` the bytes asked for."""

    problems: tuple[Blocker, ...]
    facts: Mapping[str, Any]
    payload: bytes = b""


def inspect(file: IO[bytes], *, task: str, seconds: float = CHILD_SECONDS, **request: Any) -> Findings:
    """Have the child do `task` on `file` (a real file: the child inherits its descriptor).

    Never raises for what a file contains and never waits more than `seconds`: a child that dies, hangs or asks for
    too much becomes the problem `too_complex`; one that cannot start, `inspection_failed`.
    """
    file.flush()
    # A descriptor of its own would share the offset all the same: the child must start from the beginning.
    file.seek(0)
    descriptor = file.fileno()
    question = json.dumps({"task": task, "fd": descriptor, **request}).encode()
    try:
        child = subprocess.Popen(  # our own module, no shell; passphrases travel on standard input
            [sys.executable, "-s", "-m", "evidence.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_ENVIRONMENT,
            cwd=os.sep,
            pass_fds=(descriptor,),
            start_new_session=True,
        )
    except OSError:
        logger.exception("evidence_child_not_started")
        return Findings((problem("inspection_failed"),), {})
    with child:
        try:
            answer, errors = child.communicate(question, timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            logger.warning("evidence_child_timeout", task=task)
            return Findings((problem("too_complex"),), {})
    return _read(answer, errors=errors, status=child.returncode, task=task)


def _read(answer: bytes, *, errors: bytes, status: int, task: str) -> Findings:
    head, _, payload = answer.partition(b"\n")
    try:
        said = json.loads(head)
        problems = tuple(problem(found.pop("code"), **found) for found in said["problems"])
    except (ValueError, KeyError):
        # A death by signal is the system enforcing a limit; an exception is a library surprised by the file.
        logger.warning("evidence_child_died", task=task, status=status, errors=errors[-2000:].decode(errors="replace"))
        return Findings((problem("too_complex" if status < 0 or b"MemoryError" in errors else "unreadable"),), {})
    return Findings(problems, said["facts"], payload)
