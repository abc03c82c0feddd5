import contextlib
from pathlib import Path

import pytest

from convergence.accounts.enums import Role
from convergence.audit import workflow
from tests.factories import make_agent


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("authority")


@pytest.fixture(autouse=True)
def _provider(settings, authority) -> None:
    settings.SIGNATURE_DIR = str(authority)
    settings.SIGNATURE_PROVIDER = "embedded"
    settings.TSA_URL = settings.SEAL_PKCS12_PATH = settings.SIGNATURE_TRUST_PEM = ""


@pytest.fixture
def commit(django_capture_on_commit_callbacks):
    """Run what waits for the commit: notices, mails, jobs."""

    @contextlib.contextmanager
    def run():
        with django_capture_on_commit_callbacks(execute=True):
            yield

    return run


@pytest.fixture
def ministry(db):
    return make_agent(Role.MINISTRY)


@pytest.fixture
def cnam(db):
    return make_agent(Role.CNAM)


@pytest.fixture
def without_listings(monkeypatch):
    """Acts about a service that no listing row stands for: the stage above, which would refuse them, does not follow."""
    monkeypatch.setitem(workflow._followers, "decision.sign", [])
