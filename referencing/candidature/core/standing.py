"""Who holds the ball of a file under instruction, per theme and as a whole: computed from plain facts (A-19)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

EDITOR, PRODUCER, LISTING_TEAM, EXPERTS, TESTS, COMMISSION, MINISTRY, NOBODY = (
    "editor",
    "producer",
    "listing_team",
    "experts",
    "tests",
    "commission",
    "ministry",
    "nobody",
)
#: Who acts once the instruction is concluded. Reservations wait for the editor, whose answer the commission’s stage tells.
_AFTER_CONCLUSION = {
    "ready_commission": COMMISSION,
    "scheduled": COMMISSION,
    "opinion": COMMISSION,
    "reservations": EDITOR,
    "minister": MINISTRY,
    "approved": LISTING_TEAM,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Something open before the editor or answered by it: an item of a request, or a non-conformity.

    `theme` is empty for pieces of the admissibility. `due_on` is the day given to the editor. `is_with_producer`: on the
    editor’s side, but it is the producer of the solution who answers, about what was recovered from it (A-25).
    """

    theme: str
    is_with_editor: bool
    due_on: date | None = None
    is_with_producer: bool = False


@dataclass(frozen=True, slots=True)
class ThemeFacts:
    theme: str
    has_expert: bool
    is_concluded: bool
    needs_visa: bool = False
    remaining: int = 0
    """Criteria that still wait for a verdict and are not with the editor."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """State code of the file and what its children say. `tests` is the holder of the test campaign, empty if none runs."""

    state: str
    themes: Sequence[ThemeFacts] = ()
    asked: Sequence[Asked] = ()
    tests: str = ""


@dataclass(frozen=True, slots=True)
class FileStanding:
    """Holder of the whole file, holder per theme, the editor’s nearest day, and whether the clock stops (A-17, A-19)."""

    holder: str
    by_theme: dict[str, str]
    editor_due_on: date | None
    is_stopped: bool


def find_standing(facts: FileFacts) -> FileStanding:
    """Agents hold a file as long as one theme can advance without the editor; else the editor does and the clock stops.

    The producer of a white-label solution stands on the editor’s side: it holds the file when nothing waits for the editor.
    """
    with_editor = [each for each in facts.asked if each.is_with_editor]
    own = [each for each in with_editor if not each.is_with_producer] or with_editor
    days = [each.due_on for each in own if each.due_on]
    due = min(days) if days else None
    if facts.state == "applied":
        return FileStanding(LISTING_TEAM, {}, None, is_stopped=False)
    if facts.state == "admissibility":
        asked = EDITOR if with_editor else LISTING_TEAM
        return FileStanding(asked, {}, due, is_stopped=bool(with_editor))
    if holder := _AFTER_CONCLUSION.get(facts.state):
        return FileStanding(holder, {}, None, is_stopped=False)
    if facts.state != "evaluation":
        return FileStanding(NOBODY, {}, None, is_stopped=False)
    by_theme = {each.theme: _theme_holder(each, with_editor) for each in facts.themes}
    holders = [holder for holder in by_theme.values() if holder != NOBODY]
    if facts.tests:
        holders.append(facts.tests)
    for first in (EXPERTS, LISTING_TEAM, TESTS, EDITOR, PRODUCER):
        if first in holders:
            return FileStanding(first, by_theme, due, is_stopped=first in (EDITOR, PRODUCER))
    return FileStanding(LISTING_TEAM, by_theme, due, is_stopped=False)


def _theme_holder(theme: ThemeFacts, with_editor: Sequence[Asked]) -> str:
    if theme.is_concluded:
        return LISTING_TEAM if theme.needs_visa else NOBODY
    waits = [each for each in with_editor if each.theme == theme.theme]
    if waits and not theme.remaining:
        return PRODUCER if all(each.is_with_producer for each in waits) else EDITOR
    return EXPERTS if theme.has_expert else LISTING_TEAM
