"""Answers and constants with the type of their question: what a condition compares."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from .conditions import Atom, Operator
from .grid import Question, QuestionType
from .loader import parse_date

Answer = str | Decimal | date | tuple[str, ...]
"""One answer that holds something: a choice or text, an exact number, a day, the chosen codes in the order of the grid."""

OPERATORS: dict[QuestionType, frozenset[Operator]] = {
    QuestionType.BOOLEAN: frozenset({Operator.EQUALS, Operator.IN, Operator.ANSWERED}),
    QuestionType.SINGLE_CHOICE: frozenset({Operator.EQUALS, Operator.IN, Operator.ANSWERED}),
    QuestionType.MULTIPLE_CHOICE: frozenset({Operator.CONTAINS, Operator.ANSWERED}),
    QuestionType.NUMBER: frozenset(set(Operator) - {Operator.CONTAINS}),
    QuestionType.DATE: frozenset({Operator.GREATER_THAN, Operator.LESS_THAN, Operator.ANSWERED}),
    QuestionType.TEXT: frozenset({Operator.ANSWERED}),
    QuestionType.URL: frozenset({Operator.ANSWERED}),
    QuestionType.EMAIL: frozenset({Operator.ANSWERED}),
    QuestionType.SECRET: frozenset({Operator.ANSWERED}),
}

_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,20})?")


def parse_number(text: str) -> Decimal | None:
    """An exact number in plain digits, twenty on each side of the point (`1_0`, `1,5`, `1e3` are not numbers), or None."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def parse_constant(question: Question, text: str) -> str | Decimal | date | None:
    """The constant of a condition with the type of its question; None when it does not fit."""
    match question.type:
        case QuestionType.NUMBER:
            return parse_number(text)
        case QuestionType.DATE:
            return parse_date(text)
        case _:
            return text if text in question.values else None


def predicate(atom: Atom, question: Question) -> Callable[[Answer], bool]:
    """How an atom judges an answer that is there; the grid has passed G001 and G007."""
    constants = tuple(parse_constant(question, value) for value in atom.values)
    match atom.operator:
        case Operator.ANSWERED:
            return lambda answer: True
        case Operator.EQUALS | Operator.IN:
            return lambda answer: answer in constants
        case Operator.CONTAINS:
            return lambda answer: isinstance(answer, tuple) and atom.values[0] in answer
        case Operator.GREATER_THAN:
            return lambda answer: answer > constants[0]  # type: ignore[operator]  # both have the type of the question
        case Operator.LESS_THAN:
            return lambda answer: answer < constants[0]  # type: ignore[operator]
