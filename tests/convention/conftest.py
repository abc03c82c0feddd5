import contextlib
from pathlib import Path

import pytest

from convergence.accounts.enums import Role
from referencing.convention import services
from tests.convention.factories import last_code, last_token, make_prepared
from tests.factories import make_agent, make_member


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("authority")


@pytest.fixture(autouse=True)
def _provider(settings, authority) -> None:
    settings.SIGNATURE_DIR = str(authority)
    settings.SIGNATURE_PROVIDER = "embedded"
    settings.TSA_URL = settings.SEAL_PKCS12_PATH = settings.SIGNATURE_TRUST_PEM = ""


@pytest.fixture(autouse=True)
def _no_throttle():
    from django.core.cache import cache

    cache.clear()


@pytest.fixture
def commit(django_capture_on_commit_callbacks):
    """Run what waits for the commit: notices, mails."""

    @contextlib.contextmanager
    def run():
        with django_capture_on_commit_callbacks(execute=True):
            yield

    return run


@pytest.fixture
def verifier(db):
    return make_agent(Role.LISTING_TEAM)


@pytest.fixture
def prepared(verifier):
    return make_prepared(verifier)


@pytest.fixture
def editor(prepared):
    return make_member(prepared.enrolment.product.organisation)


@pytest.fixture
def sent(prepared, verifier, commit):
    with commit():
        return services.send_convention(convention_id=prepared.pk, actor=verifier)


@pytest.fixture
def token(sent) -> str:
    return last_token()


@pytest.fixture
def signed(sent, token, commit):
    with commit():
        services.send_code(token=token)
    with commit():
        return services.sign(token=token, code=last_code())
