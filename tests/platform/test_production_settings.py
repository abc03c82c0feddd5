"""Production refuses to start on anything weak, with one line that says what to set."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
GOOD = {
    "SECRET_KEY": "x7" * 40,
    "DATABASE_URL": "postgres://app:x@db/convergence",
    "REDIS_URL": "redis://redis/0",
    "EMAIL_URL": "smtp://mail:25",
    "ALLOWED_HOSTS": "convergence.example",
    "SITE_URL": "https://convergence.example",
    "SEAL_PKCS12_PATH": "/run/secrets/seal.p12",
}


def load(**changes: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], **GOOD, **changes}
    code = "from convergence.settings import prod; print(prod.CONVERGENCE['DEMO_MODE'])"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_good_environment_loads_and_is_never_a_demo() -> None:
    done = load(DEMO_MODE="1")
    assert done.stdout.strip() == "False", done.stderr


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
        ({"SECRET_KEY": "insecure-demo-" + "x" * 60}, "SECRET_KEY is a demo or a weak key"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY is a demo or a weak key"),
        ({"DATABASE_URL": ""}, "DATABASE_URL is not set"),
        ({"REDIS_URL": ""}, "REDIS_URL is not set"),
        ({"SEAL_PKCS12_PATH": ""}, "SEAL_PKCS12_PATH is not set"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS may not contain"),
    ],
)
def test_weak_environment_is_refused(changes: dict[str, str], words: str) -> None:
    done = load(**changes)
    assert done.returncode != 0
    assert words in done.stderr.strip().splitlines()[-1]
