"""From voices to an opinion: pure arithmetic of one round (BR-155, BR-156, OQ-09).

The commission decides « à la majorité des voix des membres présents ou représentés » (CRPA R.133-11): an opinion needs more
than half of the voices in the room, so an abstention, or a voice that was not cast, weighs against every opinion. See
docs/commission.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

#: The four opinions, from the most to the least favourable (BR-156); `enums.OpinionKind` has their French names.
OPINIONS = ("favourable", "with_reservations", "with_suspensive", "unfavourable")
ABSTENTION = "abstention"


class Ending(Enum):
    """How a round ends."""

    DECIDED = "decided"
    """One opinion has more than half of the voices present or represented."""
    TIE = "tie"
    """Two opinions share the voices equally: whoever presides decides (BR-155)."""
    ANOTHER_ROUND = "another_round"
    """No opinion has the majority: the leading ones are put to the vote again, or the point is postponed."""


@dataclass(frozen=True, slots=True)
class Round:
    """Outcome of one round. `leaders`: what the next round is limited to, or the two that are level.

    `needed` is the smallest number of voices that is a majority of `voices`, those present or represented.
    """

    counts: Mapping[str, int]
    abstentions: int
    not_cast: int
    voices: int
    needed: int
    ending: Ending
    result: str
    leaders: tuple[str, ...]


def majority_of(voices: int) -> int:
    """More than half: 5 of 8, 5 of 9."""
    return voices // 2 + 1


def count_round(choices: Iterable[str], *, voices: int, options: Sequence[str] = OPINIONS) -> Round:
    """Count `choices` (opinions or abstentions) cast by some of the `voices` present or represented.

    `options`: the opinions that this round was limited to. Raises ValueError for a choice that was not offered, or for more
    choices than voices: neither can come from the ballots of one round.
    """
    given = Counter(choices)
    if strange := set(given) - {*options, ABSTENTION}:
        raise ValueError(f"not offered in this round: {sorted(strange)}")
    cast = sum(given.values())
    if cast > voices:
        raise ValueError(f"{cast} choices for {voices} voices")
    counts = {option: given[option] for option in options}
    needed = majority_of(voices)
    winner = next((option for option in options if counts[option] >= needed), "")
    leaders: tuple[str, ...]
    if winner:
        ending, leaders = Ending.DECIDED, (winner,)
    else:
        leaders = find_leaders(counts)
        ending = Ending.TIE if _is_level(counts, leaders) else Ending.ANOTHER_ROUND
    return Round(
        counts=counts,
        abstentions=given[ABSTENTION],
        not_cast=voices - cast,
        voices=voices,
        needed=needed,
        ending=ending,
        result=winner,
        leaders=leaders,
    )


def find_leaders(counts: Mapping[str, int]) -> tuple[str, ...]:
    """The two leading opinions, in their usual order; those level in second place all stay.

    With fewer than two opinions that somebody chose, everything stays on offer: there is nothing to choose between.
    """
    chosen = sorted((count for count in counts.values() if count), reverse=True)
    if len(chosen) < 2:
        return tuple(counts)
    return tuple(option for option, count in counts.items() if count >= chosen[1])


def _is_level(counts: Mapping[str, int], leaders: Sequence[str]) -> bool:
    """Two opinions, and only two, have voices, and as many: « partage égal des voix »."""
    if len(leaders) != 2 or sum(count > 0 for count in counts.values()) != 2:
        return False
    first, second = leaders
    return counts[first] == counts[second]
