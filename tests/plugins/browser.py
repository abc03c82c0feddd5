"""Chromium for tests marked `browser`: Debian's own when it is there, else the one that playwright installed.

Without any, these tests are skipped and the end of the run says so loudly.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, Page, expect, sync_playwright

# Of what a page must come to show: a green test waits for none of it, a busy machine may need it.
expect.set_options(timeout=30_000)

_MISSING = "Chromium introuvable : les tests de navigateur n’ont PAS été lancés (apt-get install chromium)."


def chromium_path() -> str | None:
    """Debian's or another system Chromium."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def _is_there() -> bool:
    if chromium_path():
        return True
    try:
        with sync_playwright() as playwright:
            return Path(playwright.chromium.executable_path).exists()
    except Error:
        return False


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # Last: playwright leaves its event loop running, in which `async_to_sync` of other tests would refuse to start.
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
    wanted = [item for item in items if item.get_closest_marker("browser")]
    if not wanted:
        return
    # playwright's synchronous API runs an event loop in this thread, in which Django would refuse to touch the database
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    if not _is_there():
        config.stash[_SKIPPED] = len(wanted)
        for item in wanted:
            item.add_marker(pytest.mark.skip(reason=_MISSING))


_SKIPPED: pytest.StashKey[int] = pytest.StashKey()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if skipped := config.stash.get(_SKIPPED, 0):
        terminalreporter.section("NAVIGATEUR ABSENT", sep="!", red=True, bold=True)
        terminalreporter.line(f"{skipped} test(s) : {_MISSING}", red=True, bold=True)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Options of pytest-playwright: the system's Chromium; root cannot use the sandbox."""
    args = [*browser_type_launch_args.get("args", []), "--disable-dev-shm-usage"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        args.append("--no-sandbox")
    options = {**browser_type_launch_args, "args": args}
    if path := chromium_path():
        options["executable_path"] = path
    return options


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "locale": "fr-FR", "timezone_id": "Europe/Paris", "reduced_motion": "reduce"}


@pytest.fixture
def console_errors(page: Page) -> Iterator[list[str]]:
    """What the page complains about (broken scripts, refused by the security policy); fails the test when not empty."""
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield errors
    assert not errors


def login(page: Page, live_server: Any, user: Any) -> None:
    """Give the browser a session of the person without walking through the login pages."""
    from django.test import Client

    client = Client()
    client.force_login(user)
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )


def axe_violations(page: Page) -> list[str]:
    """What axe-core finds on the page as it stands, one line each; what a script is still changing is looked at again."""
    found = Axe().run(page).response["violations"]
    if found:
        page.wait_for_timeout(1000)
        found = Axe().run(page).response["violations"]
    return [
        f"{violation['id']} ({violation['impact']}): {node['target']} — {node.get('failureSummary', '')[:300]}"
        for violation in found
        for node in violation["nodes"]
    ]
