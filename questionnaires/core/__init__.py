"""The grid engine: pure functions from a grid and answers to what they decide. See `docs/grid.md`."""

from .answers import ParsedAnswers, load_answers, parse_answers
from .canonical import canonical, to_yaml
from .changes import Change, ChangeKind, Consequences, compare_evaluations, compare_grids
from .conditions import AllOf, AnyOf, Atom, Condition, Not, Operator
from .evaluator import Evaluation, Evaluator
from .excel import WorkbookRefused, load_sheets, load_xlsx, read_xlsx, write_xlsx
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
from .progress import Progress, Remaining, orientation_progress, questionnaire_progress
from .scoring import (
    Compliance,
    CriterionAnswer,
    Missing,
    anchor,
    is_below_recommended,
    is_questionnaire_reached,
    is_reached,
    missing,
    missing_core,
    parse_criterion_answer,
)
from .sentences import explain_condition, explain_display, question_name
from .values import Answer

__all__ = [
    "AllOf",
    "Answer",
    "AnswerError",
    "AnyOf",
    "Atom",
    "Change",
    "ChangeKind",
    "Choice",
    "Compliance",
    "Condition",
    "Consequences",
    "Criterion",
    "CriterionAnswer",
    "Evaluation",
    "Evaluator",
    "EvidenceType",
    "Finding",
    "Grid",
    "GridRefused",
    "Kind",
    "Level",
    "Loaded",
    "Missing",
    "Nature",
    "Not",
    "Operator",
    "ParsedAnswers",
    "Progress",
    "Question",
    "QuestionType",
    "Questionnaire",
    "Remaining",
    "Resource",
    "Section",
    "Severity",
    "Value",
    "ValueType",
    "WorkbookRefused",
    "anchor",
    "canonical",
    "compare_evaluations",
    "compare_grids",
    "explain_condition",
    "explain_display",
    "is_below_recommended",
    "is_questionnaire_reached",
    "is_reached",
    "lint",
    "load_answers",
    "load_plain",
    "load_sheets",
    "load_xlsx",
    "load_yaml",
    "missing",
    "missing_core",
    "orientation_progress",
    "parse_answers",
    "parse_criterion_answer",
    "question_name",
    "questionnaire_progress",
    "read_xlsx",
    "require_orientable",
    "to_yaml",
    "write_xlsx",
]
