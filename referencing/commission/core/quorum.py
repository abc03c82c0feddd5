"""Who counts and who votes on one file (CRPA R.133-3 and following; A-27, BR-151 to BR-154, BR-159)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

#: The seats of the commission: vacant and recused ones stay in the denominator (A-27).
SEATS = 9
#: Half of nine, rounded up (BR-151).
NEEDED = 5
#: A second convocation on the same agenda asks for no quorum (BR-152): somebody to deliberate is enough.
NEEDED_AFTER_SECOND_CONVOCATION = 1


@dataclass(frozen=True, slots=True)
class SeatFacts:
    """What is known of one seat, on one file, at one instant."""

    seat: str
    #: who sits for this seat now, in the room or at a distance; None when absent or vacant
    holder: UUID | None
    #: recused on this file, or without a term or a valid declaration of interests on that day (BR-153, BR-159)
    is_barred: bool
    #: the seat that holds the mandate of this absent one
    mandate_to: str = ""
    #: the absent member is recused on this file: the mandate does not count either
    giver_is_barred: bool = False


@dataclass(frozen=True, slots=True)
class Quorum:
    """The count, with the codes of the seats that make it, in the order of the seats."""

    present: tuple[str, ...]
    represented: tuple[str, ...]
    needed: int
    denominator: int
    is_met: bool

    @property
    def counted(self) -> int:
        return len(self.present) + len(self.represented)

    @property
    def missing(self) -> int:
        """How many voices are wanting for the quorum."""
        return max(0, self.needed - self.counted)


@dataclass(frozen=True, slots=True)
class Voice:
    """Who casts the voice of a seat: its own holder, or the holder of `cast_from`, by mandate."""

    person: UUID
    cast_from: str
    is_by_mandate: bool


def count_quorum(seats: Sequence[SeatFacts], *, is_second_convocation: bool) -> Quorum:
    """Count present and represented seats against half of nine; nobody barred is counted, on either end of a mandate."""
    voices = list_voices(seats)
    present = tuple(seat for seat, voice in voices.items() if not voice.is_by_mandate)
    represented = tuple(seat for seat, voice in voices.items() if voice.is_by_mandate)
    needed = NEEDED_AFTER_SECOND_CONVOCATION if is_second_convocation else NEEDED
    return Quorum(present, represented, needed, SEATS, is_met=len(voices) >= needed)


def list_voices(seats: Sequence[SeatFacts]) -> dict[str, Voice]:
    """The seats that may vote, in order, each with whoever casts its voice; one mandate at most for each (BR-154)."""
    sitting = {facts.seat: facts.holder for facts in seats if facts.holder is not None and not facts.is_barred}
    voices: dict[str, Voice] = {}
    burdened: set[str] = set()
    for facts in seats:
        if (own := sitting.get(facts.seat)) is not None:
            voices[facts.seat] = Voice(own, facts.seat, is_by_mandate=False)
        elif _gives(facts) and facts.mandate_to in sitting and facts.mandate_to not in burdened:
            burdened.add(facts.mandate_to)
            voices[facts.seat] = Voice(sitting[facts.mandate_to], facts.mandate_to, is_by_mandate=True)
    return voices


def _gives(facts: SeatFacts) -> bool:
    """A mandate speaks for an absent member who could have voted; one who came votes in person."""
    return facts.holder is None and not facts.is_barred and not facts.giver_is_barred and bool(facts.mandate_to)
