"""What follows when a producer’s answers move: which distributors, which criteria, what each must do (A-23, A-25, OQ-20, BR-200).

Values in, values out; sentences are the page’s.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from referencing.candidature.core.comparison import Ages, is_expired
from referencing.candidature.core.criteria import EffectiveCriterion


class Stage(StrEnum):
    """How far a distributor has gone with what it recovered."""

    ANSWERING = "answering"
    FROZEN = "frozen"
    APPLIED = "applied"
    LISTED = "listed"


class Cause(StrEnum):
    """Why a criterion calls for somebody."""

    ASKED = "asked"  # the producer was asked during the instruction, and has not answered
    LAPSED = "lapsed"  # it did not answer in time
    MAINTAINED = "maintained"  # its answer did not close the gap
    EXPIRED = "expired"  # a piece of its evidence is older than the grid allows
    CHANGED = "changed"  # its newer pre-listed dossier answers otherwise
    GONE = "gone"  # its newer pre-listed dossier does not offer it any more
    ENDED = "ended"  # the pre-listing ended
    NOT_OFFERED = "not_offered"  # applies to the distributor, did not apply to the producer


class Duty(StrEnum):
    """Who must do what about it."""

    PRODUCER_ANSWERS = "producer_answers"
    PRODUCER_RENEWS = "producer_renews"  # evidence to be deposited anew, in a new dossier
    DISTRIBUTOR_ANSWERS = "distributor_answers"
    DISTRIBUTOR_REFREEZES = "distributor_refreezes"  # a new dossier takes the new answer
    VERIFIER_WARNED = "verifier_warned"  # a running file goes on with its frozen values
    REVIEW_DUE = "review_due"  # a listed service is examined again


@dataclass(frozen=True, slots=True)
class Held:
    """What one distributor holds of the solution. `recovered`: codes that it recovers today, in its answers or its dossier;
    `applicable`: codes of the inheritable questionnaires that apply to it; `questions`: cause by code of what was asked."""

    stage: Stage
    recovered: Collection[str]
    applicable: Collection[str] = ()
    questions: Mapping[str, Cause] | None = None


@dataclass(frozen=True, slots=True)
class Solution:
    """The producer’s side: criteria that its pre-listing froze, those that stand today when a newer one replaced it, whether
    the pre-listing still stands, and how long evidence holds."""

    frozen: Mapping[str, EffectiveCriterion]
    offered: Collection[str]
    specific: Collection[str]
    is_standing: bool
    newer: Mapping[str, EffectiveCriterion] | None = None
    newer_offered: Collection[str] = ()
    ages: Ages | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """One criterion of one distributor that calls for somebody."""

    code: str
    cause: Cause
    duty: Duty


def find_effects(held: Held, solution: Solution, *, on: date) -> list[Effect]:
    """Every effect on one distributor, in the order of its criteria; nothing for what stands as it was frozen."""
    found = [effect for code in sorted(held.recovered) for effect in _effects_of(code, held, solution, on=on)]
    missing = sorted(set(held.applicable) - set(solution.offered) - set(solution.specific) - set(held.recovered))
    if held.stage is Stage.ANSWERING:
        found += [Effect(code, Cause.NOT_OFFERED, Duty.DISTRIBUTOR_ANSWERS) for code in missing]
    return found


def _effects_of(code: str, held: Held, solution: Solution, *, on: date) -> Iterable[Effect]:
    if cause := (held.questions or {}).get(code):
        duty = Duty.PRODUCER_ANSWERS if cause is Cause.ASKED else Duty.DISTRIBUTOR_ANSWERS
        yield Effect(code, cause, duty)
    criterion = solution.frozen.get(code)
    if criterion is not None and solution.ages:
        old = [each for each in criterion.evidence if is_expired(each, criterion=code, on=on, ages=solution.ages)]
        if old:
            yield Effect(code, Cause.EXPIRED, Duty.PRODUCER_RENEWS)
    if solution.is_standing:
        return
    if solution.newer is None:
        yield Effect(code, Cause.ENDED, _after_an_end(held.stage))
    elif code not in solution.newer_offered:
        yield Effect(code, Cause.GONE, _after_an_end(held.stage))
    elif criterion is None or solution.newer[code].content_sha256 != criterion.content_sha256:
        yield Effect(code, Cause.CHANGED, _after_a_change(held.stage))


def _after_an_end(stage: Stage) -> Duty:
    """A-23: the unfrozen answer themselves; a running file goes on, its verifier is warned; a listed one is reviewed."""
    return {
        Stage.ANSWERING: Duty.DISTRIBUTOR_ANSWERS,
        Stage.FROZEN: Duty.DISTRIBUTOR_ANSWERS,
        Stage.APPLIED: Duty.VERIFIER_WARNED,
        Stage.LISTED: Duty.REVIEW_DUE,
    }[stage]


def _after_a_change(stage: Stage) -> Duty:
    """OQ-20: frozen dossiers are untouched; a new one takes the new answer."""
    return {
        Stage.ANSWERING: Duty.DISTRIBUTOR_REFREEZES,
        Stage.FROZEN: Duty.DISTRIBUTOR_REFREEZES,
        Stage.APPLIED: Duty.VERIFIER_WARNED,
        Stage.LISTED: Duty.REVIEW_DUE,
    }[stage]


def count_duties(effects: Sequence[Effect]) -> dict[Duty, int]:
    """How many criteria each duty is about, those with none left out."""
    found: dict[Duty, set[str]] = {}
    for each in effects:
        found.setdefault(each.duty, set()).add(each.code)
    return {duty: len(codes) for duty, codes in found.items()}
