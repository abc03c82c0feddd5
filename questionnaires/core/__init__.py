"""The grid engine: pure functions from a grid and answers to what they decide. See `docs/grid.md`."""

from .answers import ParsedAnswers, load_answers, parse_answers
from .conditions import AllOf, AnyOf, Atom, Condition, Not, Operator
from .evaluator import Evaluation, Evaluator
from .findings import AnswerError, Finding, GridRefused, Severity
from .grid import (
    Choice,
    Criterion,
    EvidenceType,
    Grid,
    Kind,
    Level,
    Nature,
    Question,
    Questionnaire,
    QuestionType,
    Resource,
    Section,
    Value,
    ValueType,
)
from .lint import lint, require_orientable
from .loader import Loaded, load_plain, load_yaml
from .values import Answer

__all__ = [
    "AllOf",
    "Answer",
    "AnswerError",
    "AnyOf",
    "Atom",
    "Choice",
    "Condition",
    "Criterion",
    "Evaluation",
    "Evaluator",
    "EvidenceType",
    "Finding",
    "Grid",
    "GridRefused",
    "Kind",
    "Level",
    "Loaded",
    "Nature",
    "Not",
    "Operator",
    "ParsedAnswers",
    "Question",
    "QuestionType",
    "Questionnaire",
    "Resource",
    "Section",
    "Severity",
    "Value",
    "ValueType",
    "lint",
    "load_answers",
    "load_plain",
    "load_yaml",
    "parse_answers",
    "require_orientable",
]
