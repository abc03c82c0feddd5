from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("authority")


@pytest.fixture(autouse=True)
def _provider(settings, authority) -> None:
    """One authority for all tests: making its keys takes a second."""
    settings.SIGNATURE_DIR = str(authority)
