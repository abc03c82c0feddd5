"""Browsers for the walks over a running demo; without DEMO_URL the walks are skipped, and the run says so loudly."""

import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

DEMO_URL = os.environ.get("DEMO_URL", "").rstrip("/")
SCREENSHOTS = os.environ.get("SCREENSHOTS", "")
_MISSING = "DEMO_URL n’est pas donné : les parcours de bout en bout n’ont PAS été lancés (make walk)."
_SKIPPED: pytest.StashKey[int] = pytest.StashKey()
PATIENCE = 30_000  # milliseconds: a demo on a busy machine renders PDFs between two pages


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    walks = [item for item in items if item.get_closest_marker("demo")]
    if walks and not DEMO_URL:
        config.stash[_SKIPPED] = len(walks)
        for item in walks:
            item.add_marker(pytest.mark.skip(reason=_MISSING))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if skipped := config.stash.get(_SKIPPED, 0):
        terminalreporter.section("DÉMONSTRATION ABSENTE", sep="!", red=True, bold=True)
        terminalreporter.line(f"{skipped} test(s) : {_MISSING}", red=True, bold=True)


@dataclass(slots=True)
class Album:
    """One picture per step, `<walk>/<rank>-<step>.png` under SCREENSHOTS; nothing when it is not given."""

    name: str
    ranks: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __call__(self, page: Page, step: str) -> None:
        if SCREENSHOTS:
            page.evaluate("scrollTo(0, 0)")
            path = Path(SCREENSHOTS) / self.name / f"{next(self.ranks):02}-{step}.png"
            page.screenshot(path=path, full_page=True)


@dataclass(slots=True)
class Browsers:
    """A browser of its own for each person: nobody inherits another’s session."""

    browser: Browser
    options: dict[str, Any]
    faults: list[str] = field(default_factory=list)

    def open(self) -> Page:
        context = self.browser.new_context(base_url=DEMO_URL, accept_downloads=True, **self.options)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("console", lambda said: self.faults.append(f"{page.url}: {said.text}") if _is_fault(said) else None)
        page.on("response", lambda got: self.faults.append(f"{got.url}: {got.status}") if got.status >= 500 else None)
        return page


def _is_fault(message: Any) -> bool:
    """Broken scripts and refusals of the security policy; a refused form (422, 409) is an answer like another."""
    return message.type == "error" and not message.text.startswith("Failed to load resource")


@pytest.fixture
def open_browsers(browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Callable[..., Browsers]]:
    """`open_browsers(width=390, java_script_enabled=False)`; fails the test if any page broke (500, script, CSP)."""
    opened: list[Browsers] = []

    def make(*, width: int, **options: Any) -> Browsers:
        viewport = {"width": width, "height": 900}
        opened.append(Browsers(browser, {**browser_context_args, "viewport": viewport, **options}))
        return opened[-1]

    yield make
    for context in browser.contexts:
        context.close()
    assert [fault for browsers in opened for fault in browsers.faults] == []
