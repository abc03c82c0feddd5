"""EcoIndex beside the écoscore, as a cross-check of each load; it enters no score (docs/ecoscore.md).

The published formula: 100 − 5 × (3 × DOM + 2 × requests + size) / 6, each being the place of the page among the
20-quantiles of those already measured.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from ecoscore.factors import Quantiles

_GRADES = ((80, "A"), (70, "B"), (55, "C"), (40, "D"), (25, "E"), (10, "F"))


@dataclass(frozen=True, slots=True)
class EcoIndex:
    """The index of one load, rounded once; `step` names it."""

    step: str
    score: int
    grade: str


def ecoindex(step: str, *, dom_nodes: int, requests: int, size_bytes: int, quantiles: Quantiles) -> EcoIndex:
    """The EcoIndex of a page: nodes of the DOM, requests, bytes transferred (1 kB = 1,000 bytes)."""
    weighted = (
        3 * place(Decimal(dom_nodes), quantiles.dom)
        + 2 * place(Decimal(requests), quantiles.requests)
        + place(Decimal(size_bytes) / 1000, quantiles.kilobytes)
    )
    score = 100 - 5 * weighted / 6
    grade = next((letter for above, letter in _GRADES if score > above), "G")
    return EcoIndex(step, int(score.quantize(Decimal(1), rounding=ROUND_HALF_UP)), grade)


def place(value: Decimal, quantiles: Sequence[Decimal]) -> Decimal:
    """Where a value stands among the quantiles, from 0 to 20, straight lines between them."""
    above = bisect_right(quantiles, value)
    if above == len(quantiles):
        return Decimal(above - 1)
    low, high = quantiles[above - 1], quantiles[above]
    return above - 1 + (value - low) / (high - low)
