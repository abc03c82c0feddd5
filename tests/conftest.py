"""What every test shares: the embedded PostgreSQL of this checkout, and templates that forgive no unknown variable."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = str(ROOT / "templates")

pytest_plugins = ["tests.plugins.browser"]


def pytest_configure(config: pytest.Config) -> None:
    """Have PostgreSQL running before the first test; parallel workers find the one of their controller."""
    if os.environ.get("DATABASE_URL") or hasattr(config, "workerinput"):
        return
    from convergence.embedded.postgres import Cluster

    stack = contextlib.ExitStack()
    stack.enter_context(Cluster(ROOT / "var", "test").lease())
    config.add_cleanup(stack.close)


class StrictVariable(str):
    """Stands for an undefined template variable: fails in our own templates, is empty in those of libraries."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return self._origin().startswith(TEMPLATES)

    def __contains__(self, item: object) -> bool:
        return item == "%s"

    def __mod__(self, variable: object) -> str:
        pytest.fail(f"Undefined template variable « {variable} » in {self._origin().removeprefix(TEMPLATES)}")

    @staticmethod
    def _origin() -> str:
        """The file that wrote the tag being rendered: the nearest template node on the stack."""
        frame = sys._getframe(2)
        while frame is not None:
            if frame.f_code.co_name in ("render", "render_annotated"):
                origin = getattr(frame.f_locals.get("self"), "origin", None)
                if origin is not None:
                    return str(origin.name)
            frame = frame.f_back
        return ""


@pytest.fixture(autouse=True)
def _strict_template_variables() -> None:
    """Before each test: one that changes DEBUG or the templates’ settings leaves a new engine behind."""
    from django.template import engines

    engines["django"].engine.string_if_invalid = StrictVariable()


@pytest.fixture(autouse=True, scope="session")
def _frozen_tables_can_be_emptied_between_transactional_tests() -> Iterator[None]:
    """The flush after a transactional test is the only code that may go past the triggers."""
    import pgtrigger
    from django.core.management.base import CommandError
    from django.test import TransactionTestCase

    teardown = TransactionTestCase._fixture_teardown

    def teardown_past_triggers(self: TransactionTestCase) -> None:
        for patience in (0.5, 1, 2, 0):
            try:
                with pgtrigger.ignore():
                    return teardown(self)
            except CommandError:  # the last request of a browser still holds its locks
                if not patience:
                    raise
                time.sleep(patience)

    TransactionTestCase._fixture_teardown = teardown_past_triggers
    yield
    TransactionTestCase._fixture_teardown = teardown
