"""What a service says when it refuses: every reason at once, in French, each linked to what mends it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Blocker:
    """One reason for a refusal.

    `code` is stable and in English (tests, API); `message` is a French sentence for people; `anchor` is the address or
    the fragment (`#id_siret`) of what mends it, empty when nothing on a page can.
    """

    code: str
    message: str
    anchor: str = ""


class TransitionRefused(Exception):
    """A use-case was refused. `blockers` holds every reason, in the order in which people should read them."""

    def __init__(self, blockers: Iterable[Blocker]) -> None:
        self.blockers: tuple[Blocker, ...] = tuple(blockers)
        if not self.blockers:
            raise ValueError("a refusal needs at least one blocker")
        super().__init__(self.blockers)

    def __str__(self) -> str:
        return " ".join(blocker.message for blocker in self.blockers)
