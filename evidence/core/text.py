"""Searching as people do: accents, case, apostrophes and the width of spaces do not count."""

import unicodedata

_SAME = {"’": "'", "‘": "'", "–": "-", "—": "-", "‑": "-", "œ": "oe", "æ": "ae"}
#: What a PDF reader puts where a word was cut at the end of a line, and the soft hyphen itself.
_NOTHING = {"\u00ad", "\u0002", "\ufffe", "\u200b"}


def fold(text: str) -> str:
    return fold_with_places(text)[0]


def fold_with_places(text: str) -> tuple[str, list[int]]:
    """`text` folded, and for each folded character the index of the one that it comes from."""
    folded: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        if character in _NOTHING:
            continue
        if character.isspace():
            if folded and folded[-1] != " ":
                folded.append(" ")
                places.append(place)
            continue
        plain = unicodedata.normalize("NFKD", character).casefold()
        for part in _SAME.get(plain, plain):
            if not unicodedata.combining(part):
                folded.append(part)
                places.append(place)
    return "".join(folded), places


def find_all(text: str, query: str) -> list[tuple[int, int]]:
    """Where `query` stands in `text`: (index of the first character, number of characters), in order."""
    wanted = fold(query).strip()
    if not wanted:
        return []
    folded, places = fold_with_places(text)
    found = []
    start = folded.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        found.append((places[start], places[end - 1] + 1 - places[start]))
        start = folded.find(wanted, end)
    return found


def excerpt(text: str, start: int, length: int, *, around: int = 45) -> str:
    """The words around a place, on one line, cut at spaces."""
    left, right = max(0, start - around), min(len(text), start + length + around)
    before, after = text[left:start], text[start + length : right]
    if left > 0:
        before = "…" + before.partition(" ")[2]
    if right < len(text):
        after = after.rpartition(" ")[0] + "…"
    return " ".join(
        "".join(each for each in before + text[start : start + length] + after if each not in _NOTHING).split()
    )
