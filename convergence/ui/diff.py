"""Word differences between two texts, for a reader who compares an old answer with a new one."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_LONGEST = 4_000  # words; beyond, matching would cost seconds, so whole texts are shown as changed


@dataclass(frozen=True, slots=True)
class Piece:
    text: str
    is_changed: bool


def compare(before: str, after: str) -> tuple[list[Piece], list[Piece]]:
    """Both texts cut in pieces; changed pieces are marked on the side that holds them. Joining gives the texts back."""
    if before == after:
        pieces = [Piece(before, False)] if before else []
        return pieces, list(pieces)
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if len(old) > _LONGEST or len(new) > _LONGEST:
        return [Piece(before, True)], [Piece(after, True)]
    left: list[Piece] = []
    right: list[Piece] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if i2 > i1:
            left.append(Piece("".join(old[i1:i2]), tag != "equal"))
        if j2 > j1:
            right.append(Piece("".join(new[j1:j2]), tag != "equal"))
    return left, right
