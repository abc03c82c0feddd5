"""« Vouliez-vous écrire… ? »: the command that a wrong name meant, quickly enough for a file full of wrong names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from ecoscore.gdsl.commands import COMMANDS

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")

#: What people write who come from other tools.
_SYNONYMS = {
    "back": "pressBack",
    "click": "clickByText",
    "goto": "browserGoToUrl",
    "home": "pressHome",
    "input": "enterText",
    "open": "browserGoToUrl",
    "scroll": "scrollDownward",
    "sleep": "pause",
    "swipe": "swipeDownward",
    "tap": "clickByText",
    "type": "enterText",
    "wait": "waitUntilText",
    "waitfor": "waitUntilText",
}

#: A comparison letter by letter costs 1 ms: it serves the first wrong names of a check, not thousands.
PATIENCE = 5
_LONGEST = 40


def _without_letters(word: str, count: int) -> Iterator[str]:
    """`word`, and what is left of it without up to `count` letters."""
    yield word
    if count:
        for place in range(len(word)):
            yield from _without_letters(word[:place] + word[place + 1 :], count - 1)


def _bag_of_words(name: str) -> str:
    return " ".join(sorted(word.lower() for word in _WORDS.findall(name)))


def _index() -> tuple[dict[str, str], dict[str, str]]:
    by_letters: dict[str, str] = {}
    for count in range(3):  # the closest spelling wins
        for name in COMMANDS:
            for rest in _without_letters(name.lower(), count):
                by_letters.setdefault(rest, name)
    return by_letters, {_bag_of_words(name): name for name in COMMANDS}


_BY_LETTERS, _BY_WORDS = _index()


class Guesser:
    """Guesses for one check: remembers what it was asked, and loses patience with comparisons."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._patience = PATIENCE

    def guess(self, name: str) -> str:
        """The command meant by `name`, empty when none is near."""
        if (known := self._known.get(name)) is None:
            known = self._known[name] = self._find(name)
        return known

    def _find(self, name: str) -> str:
        if len(name) > _LONGEST:
            return ""
        lower = name.lower()
        if found := _SYNONYMS.get(lower):
            return found
        for rest in _without_letters(lower, 1):
            if found := _BY_LETTERS.get(rest):
                return found
        if found := _BY_WORDS.get(_bag_of_words(name)):
            return found
        if not self._patience:
            return ""
        self._patience -= 1
        close = get_close_matches(name, COMMANDS, n=1, cutoff=0.72)
        return close[0] if close else ""
