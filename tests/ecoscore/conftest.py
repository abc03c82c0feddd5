import pytest


@pytest.fixture(autouse=True)
def _no_bench(settings):
    """No test wakes a real bench by itself: one that wants it says so."""
    settings.ECOSCORE = settings.ECOSCORE | {"RUNNER": "tests.ecoscore.factories.no_runner"}
