"""Files that change hands, several at once: what is wanted, what would change, as values that a page lists line by line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from convergence.kernel.errors import Blocker

#: The part of a file that its référent holds; the other parts are themes.
REFERENT = "referent"
#: Files of one batch: what a person can read before confirming.
MAX_MOVES = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """Give a part of a file to somebody, provided that it is still held by `before` (None: by nobody)."""

    candidature_id: UUID
    part: str
    after_id: UUID
    before_id: UUID | None = None

    def write(self) -> str:
        """One line of a form; `read_wanted` reads it back."""
        return f"{self.candidature_id}:{self.part}:{self.before_id or ''}:{self.after_id}"


def read_wanted(lines: Iterable[str]) -> list[Wanted]:
    """The lines that a confirmation page sent back, each part of a file once, what is not a line left out."""
    wanted: dict[tuple[UUID, str], Wanted] = {}
    for line in lines:
        try:
            candidature, part, before, after = line.split(":")
            each = Wanted(UUID(candidature), part, UUID(after), UUID(before) if before else None)
        except ValueError:
            continue
        wanted.setdefault((each.candidature_id, each.part), each)
    return list(wanted.values())[:MAX_MOVES]


@dataclass(frozen=True, slots=True)
class Move:
    """One line of a batch, in words; `note` says what else comes with it."""

    wanted: Wanted
    product: str
    organisation: str
    reference: str
    part: str
    before: str
    after: str
    blockers: Sequence[Blocker] = ()
    note: str = ""

    @property
    def is_same(self) -> bool:
        """The part is held by that person already."""
        return self.wanted.before_id == self.wanted.after_id

    @property
    def is_possible(self) -> bool:
        return not self.blockers and not self.is_same
