"""Conditions in words: a short notation for those who write grids, whole sentences for those who answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from .conditions import AllOf, AnyOf, Atom, Condition, Not, Operator, is_written
from .grid import Grid, Question, QuestionType
from .values import Answer

_SIGNS = {
    Operator.EQUALS: "=",
    Operator.CONTAINS: "contient",
    Operator.IN: "parmi",
    Operator.GREATER_THAN: ">",
    Operator.LESS_THAN: "<",
}


def notation(condition: Condition, *, nested: bool = False) -> str:
    """A condition on one line, for findings: `Q1 = oui et (Q3 contient mesures ou non (Q4 est répondue))`."""
    match condition:
        case Atom(Operator.ANSWERED, question):
            return f"{question} est répondue"
        case Atom(Operator.IN, question, values):
            return f"{question} parmi ({', '.join(values)})"
        case Atom(operator, question, values):
            return f"{question} {_SIGNS[operator]} {values[0]}"
        case Not(part):
            return f"non ({notation(part)})"
        case AllOf(()):
            return "toujours"
        case AnyOf(()):
            return "jamais (any: [])"
        case AllOf(parts) | AnyOf(parts):
            word = " et " if isinstance(condition, AllOf) else " ou "
            text = word.join(notation(part, nested=True) for part in parts)
            return f"({text})" if nested and len(parts) > 1 else text


def explain_display(
    grid: Grid,
    condition: Condition | None,
    because: Sequence[str],
    answers: Mapping[str, Answer],
    *,
    subject: str = "Affiché",
) -> str:
    """Why something is shown, for people: « Affiché parce que vous avez répondu « Oui » à la question 10 « … ». ».

    `because` is the entry of `Evaluation.because`; `answers` are those that were evaluated. The content of texts, addresses
    and secrets is never repeated.
    """
    if not is_written(condition) or not because:
        return f"{subject} pour tous les services."
    reasons = [_reason(grid.questions[code], answers.get(code)) for code in because]
    return f"{subject} parce que {_enumerate(reasons)}."


def explain_condition(grid: Grid, condition: Condition | None) -> str:
    """When something is shown, for people, whatever the answers: « si la réponse à la question 10 « … » est « Oui » »."""
    if not is_written(condition) or condition is None:
        return "dans tous les cas"
    return f"si {_when(grid, condition)}"


def question_name(question: Question) -> str:
    """« la question 10 « Le service… » »: the number without its letter."""
    number = question.code.removeprefix("Q") if question.code[1:].isdecimal() else question.code
    return f"la question {number} « {question.label} »"


def answer_words(question: Question, answer: Answer) -> str:
    """An answer as people read it, between quotes; nothing for free texts and secrets."""
    match answer:
        case tuple():
            return _enumerate([f"« {question.label_of(code)} »" for code in answer])
        case Decimal():
            return f"« {_number(answer)} »"
        case date():
            return f"« {answer:%d/%m/%Y} »"
    return f"« {question.label_of(answer)} »" if question.values else ""


def _reason(question: Question, answer: Answer | None) -> str:
    where = question_name(question)
    if answer is None:
        return f"vous n’avez pas répondu à {where}"
    words = answer_words(question, answer)
    return f"vous avez répondu {words} à {where}" if words else f"vous avez répondu à {where}"


def _when(grid: Grid, condition: Condition, *, nested: bool = False) -> str:
    match condition:
        case Atom():
            return _atom(grid.questions[condition.question], condition)
        case Not(Atom(Operator.ANSWERED, code)):
            return f"{question_name(grid.questions[code])} n’a pas de réponse"
        case Not(part):
            return f"il est faux que {_when(grid, part, nested=True)}"
        case AllOf(parts) | AnyOf(parts):
            word = " et " if isinstance(condition, AllOf) else " ou "
            text = word.join(_when(grid, part, nested=True) for part in parts)
            return f"({text})" if nested and len(parts) > 1 else text


def _atom(question: Question, atom: Atom) -> str:
    where = question_name(question)
    values = [f"« {_constant(question, value)} »" for value in atom.values]
    match atom.operator:
        case Operator.ANSWERED:
            return f"{where} a une réponse"
        case Operator.CONTAINS:
            return f"la réponse à {where} contient {values[0]}"
        case Operator.GREATER_THAN:
            word = "après le" if question.type is QuestionType.DATE else "supérieure à"
            return f"la réponse à {where} est {word} {values[0]}"
        case Operator.LESS_THAN:
            word = "avant le" if question.type is QuestionType.DATE else "inférieure à"
            return f"la réponse à {where} est {word} {values[0]}"
    return f"la réponse à {where} est {' ou '.join(values)}"


def _constant(question: Question, value: str) -> str:
    match question.type:
        case QuestionType.NUMBER:
            return _number(Decimal(value))
        case QuestionType.DATE:
            return f"{date.fromisoformat(value):%d/%m/%Y}"
    return question.label_of(value)


def _number(value: Decimal) -> str:
    return f"{value:f}".replace(".", ",") if abs(value.adjusted()) < 30 else str(value)


def _enumerate(words: Sequence[str]) -> str:
    return " et ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
