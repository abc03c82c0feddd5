"""Where the examination of a file stands: what each criterion waits for, and which one comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from referencing.candidature.core.criteria import EffectiveCriterion

#: Why a criterion keeps its theme from being concluded; `TO_DO` are those that wait for the examiner.
NO_VERDICT, TO_COMPLETE, CHANGED, NEEDS_REREADING = "no_verdict", "to_complete", "changed", "needs_rereading"
TO_DO = (NO_VERDICT, CHANGED, NEEDS_REREADING)


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict that a criterion has: its outcome, and the hash of what was judged."""

    outcome: str
    content_sha256: str
    needs_rereading: bool = False


def find_gap(criterion: EffectiveCriterion, judged: Judged | None) -> str:
    """Why the criterion is not settled, empty when it is."""
    if judged is None:
        return NO_VERDICT
    if judged.content_sha256 != criterion.content_sha256:
        return CHANGED
    if judged.needs_rereading:
        return NEEDS_REREADING
    return TO_COMPLETE if judged.outcome == TO_COMPLETE else ""


def find_next(criteria: Sequence[EffectiveCriterion], judged: Mapping[str, Judged], *, after: str = "") -> str:
    """Code of the next criterion that waits for the examiner, from the one after `after` round to it; empty when none does."""
    codes = [each.code for each in criteria]
    start = codes.index(after) + 1 if after in codes else 0
    turned = [*criteria[start:], *criteria[:start]]
    return next(
        (each.code for each in turned if each.code != after and find_gap(each, judged.get(each.code)) in TO_DO), ""
    )


def neighbours(criteria: Sequence[EffectiveCriterion], code: str) -> tuple[str, str]:
    """Codes of the criteria before and after `code`, empty at the ends."""
    codes = [each.code for each in criteria]
    place = codes.index(code)
    return codes[place - 1] if place else "", codes[place + 1] if place + 1 < len(codes) else ""
