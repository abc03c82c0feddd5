"""Conditions: a small closed syntax tree, the same for questions, criteria, questionnaires and the exchange scope.

The tree holds what was written and nothing else. Constants stay strings: `values.py` gives them the type of the question
that they are compared with.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Operator(StrEnum):
    EQUALS = "equals"
    CONTAINS = "contains"
    IN = "in"
    ANSWERED = "answered"
    GREATER_THAN = "greater_than"
    LESS_THAN = "less_than"


@dataclass(frozen=True, slots=True)
class Atom:
    """One comparison: `values` is empty for `answered`, one constant otherwise, any number for `in`."""

    operator: Operator
    question: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition


Condition = Atom | AllOf | AnyOf | Not

ALWAYS = AllOf()


def is_written(condition: Condition | None) -> bool:
    """Whether the condition restricts anything by intention: absent and `all: []` both mean « always »."""
    return condition is not None and condition != ALWAYS


def atoms(condition: Condition, path: str = "") -> Iterator[tuple[Atom, str]]:
    """Every atom in the order it was written, with its path relative to the condition."""
    match condition:
        case Atom():
            yield condition, f"{path}.{condition.operator.value}"
        case Not(part):
            yield from atoms(part, f"{path}.not")
        case AllOf(parts):
            for index, part in enumerate(parts):
                yield from atoms(part, f"{path}.all[{index}]")
        case AnyOf(parts):
            for index, part in enumerate(parts):
                yield from atoms(part, f"{path}.any[{index}]")


def questions_named(condition: Condition | None) -> tuple[str, ...]:
    """Codes of the questions that the condition names, once each, in the order it was written."""
    if condition is None:
        return ()
    return tuple(dict.fromkeys(atom.question for atom, _ in atoms(condition)))


def as_plain(condition: Condition) -> dict[str, object]:
    """The condition as it is written in YAML or JSON."""
    match condition:
        case Atom(Operator.ANSWERED, question):
            return {"answered": question}
        case Atom(Operator.IN, question, values):
            return {"in": [question, list(values)]}
        case Atom(operator, question, values):
            return {operator.value: [question, values[0]]}
        case AllOf(parts):
            return {"all": [as_plain(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [as_plain(part) for part in parts]}
        case Not(part):
            return {"not": as_plain(part)}
