"""Answers as they come (JSON, forms) to typed answers: the table of types, every refusal at once."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from .findings import AnswerError
from .grid import Grid, Question, QuestionType
from .loader import parse_date
from .values import Answer


@dataclass(frozen=True, slots=True)
class ParsedAnswers:
    """Typed answers of the questions that hold one, and the refusals; use the answers only when there is no refusal."""

    answers: Mapping[str, Answer]
    errors: tuple[AnswerError, ...] = ()


class AnswerRefused(ValueError):
    """One value does not fit its question; `index` is its position when the value is a list."""

    def __init__(self, code: str, message: str, index: int | None = None) -> None:
        self.code, self.message, self.index = code, message, index


def parse_answers(grid: Grid, raw: object) -> ParsedAnswers:
    """Check raw answers, a mapping of question codes to JSON values, against the grid.

    Error codes: `not_an_object`, `unknown_question`, `unknown_choice`, `wrong_type`, `exclusive_choice`.
    """
    if not isinstance(raw, Mapping):
        message = "Les réponses forment un objet : un code de question, une valeur."
        return ParsedAnswers({}, (AnswerError("not_an_object", "", message),))
    answers: dict[str, Answer] = {}
    errors: list[AnswerError] = []
    for code, value in raw.items():
        question = grid.questions.get(code)
        if question is None:
            errors.append(
                AnswerError("unknown_question", str(code), f"La question « {code} » n’existe pas dans cette grille.")
            )
            continue
        try:
            answer = parse_answer(question, value)
        except AnswerRefused as refusal:
            place = code if refusal.index is None else f"{code}[{refusal.index}]"
            errors.append(AnswerError(refusal.code, place, refusal.message))
        else:
            if answer is not None:
                answers[code] = answer
    return ParsedAnswers(answers, tuple(errors))


def load_answers(grid: Grid, text: str) -> ParsedAnswers:
    """`parse_answers` on JSON text; numbers are read exactly, a code written twice is refused (`invalid_json`)."""
    try:
        raw = json.loads(
            text.removeprefix("\ufeff"),
            parse_float=Decimal,
            parse_int=Decimal,
            parse_constant=_no_constant,
            object_pairs_hook=_unique,
        )
    except (ValueError, RecursionError, ArithmeticError) as error:
        message = f"Ce fichier n’est pas un JSON lisible : {error}."
        return ParsedAnswers({}, (AnswerError("invalid_json", "", message),))
    return parse_answers(grid, raw)


def is_blank(value: object) -> bool:
    """`null`, an empty or blank string and `[]` are not answers."""
    return (
        value is None
        or (isinstance(value, str) and not value.strip())
        or (isinstance(value, list | tuple) and not value)
    )


def parse_answer(question: Question, value: object) -> Answer | None:
    """One typed answer, or None when nothing was answered. Raises AnswerRefused when the value does not fit the question."""
    if is_blank(value):
        return None
    match question.type:
        case QuestionType.BOOLEAN | QuestionType.SINGLE_CHOICE:
            if not isinstance(value, str):
                raise AnswerRefused("wrong_type", _expected(question))
            _check_choice(question, value)
            return value
        case QuestionType.MULTIPLE_CHOICE:
            return _multiple(question, value)
        case QuestionType.NUMBER:
            return _number(question, value)
        case QuestionType.DATE:
            day = parse_date(value) if isinstance(value, str) else None
            if day is None:
                raise AnswerRefused("wrong_type", _expected(question))
            return day
    if not isinstance(value, str):
        raise AnswerRefused("wrong_type", _expected(question))
    return value


def _number(question: Question, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise AnswerRefused("wrong_type", _expected(question))
    if not math.isfinite(value) if isinstance(value, float) else isinstance(value, Decimal) and not value.is_finite():
        raise AnswerRefused("wrong_type", _expected(question))
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _multiple(question: Question, value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise AnswerRefused("wrong_type", _expected(question))
    for index, item in enumerate(value):
        if not isinstance(item, str):
            raise AnswerRefused("wrong_type", "Un code de choix est attendu ici.", index)
        _check_choice(question, item, index)
    if question.exclusive in value and len(set(value)) > 1:
        message = f"« {question.label_of(question.exclusive or '')} » ne se coche pas avec un autre choix."
        raise AnswerRefused("exclusive_choice", message)
    return tuple(choice for choice in question.values if choice in value)


def _check_choice(question: Question, value: str, index: int | None = None) -> None:
    if value not in question.values:
        allowed = ", ".join(question.values)
        message = f"« {value} » n’est pas une réponse de cette question ; réponses possibles : {allowed}."
        raise AnswerRefused("unknown_choice", message, index)


def _expected(question: Question) -> str:
    match question.type:
        case QuestionType.BOOLEAN:
            return "« oui » ou « non » est attendu."
        case QuestionType.SINGLE_CHOICE:
            return "Un code de choix est attendu."
        case QuestionType.MULTIPLE_CHOICE:
            return "Une liste de codes de choix est attendue."
        case QuestionType.NUMBER:
            return "Un nombre est attendu."
        case QuestionType.DATE:
            return "Une date AAAA-MM-JJ est attendue."
    return "Un texte est attendu."


def _no_constant(name: str) -> None:
    raise ValueError(f"« {name} » n’est pas un nombre")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("une clé est écrite deux fois")
    return content
