"""Forms (SC-13, SC-14, SC-16 to SC-18): what is asked, what is answered, why it is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from questionnaires.core import (
    Answer,
    Criterion,
    CriterionAnswer,
    Evaluation,
    EvidenceType,
    Grid,
    Kind,
    Missing,
    Progress,
    Question,
    QuestionType,
    Section,
    explain_display,
    is_below_recommended,
    is_reached,
    missing,
)
from questionnaires.core.scoring import anchor
from questionnaires.enums import Status
from questionnaires.facts import (
    draft_criteria,
    draft_orientation,
    progress_of,
    read_deposits,
    read_rows,
    read_specificities,
    restore_orientation,
    validated_evaluation,
)
from questionnaires.grids import CompiledGrid, compiled_grid
from questionnaires.models import ORIENTATION, Deposit, QuestionnaireResponse, Response
from questionnaires.models import Answer as AnswerRow


@dataclass(frozen=True, slots=True)
class QuestionView:
    """`value` is as kept; None for a secret, which is only said to be given since `updated_at`."""

    question: Question
    value: Any
    version: int
    updated_at: datetime | None
    is_visible: bool
    is_answered: bool

    @property
    def code(self) -> str:
        return self.question.code

    @property
    def anchor(self) -> str:
        return anchor(self.question.code)


def blank_view(question: Question) -> QuestionView:
    """The question alone, when a form only reads what was typed. No query."""
    return QuestionView(question, None, 0, None, is_visible=True, is_answered=False)


@dataclass(frozen=True, slots=True)
class QuestionSection:
    section: Section
    questions: tuple[QuestionView, ...]

    @property
    def is_visible(self) -> bool:
        return any(view.is_visible for view in self.questions)


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """One zone of a criterion: what is expected, what is there. `anchor` is its `id` on the page."""

    expected: EvidenceType
    deposits: tuple[Deposit, ...]
    anchor: str

    @property
    def is_definitive(self) -> bool:
        return any(deposit.confirmed_at for deposit in self.deposits)

    @property
    def waiting(self) -> Deposit | None:
        """The single deposit that waits for its confirmation."""
        return next((each for each in self.deposits if self.expected.single_deposit and not each.confirmed_at), None)

    @property
    def accepts_more(self) -> bool:
        return not (self.expected.single_deposit and self.deposits)


@dataclass(frozen=True, slots=True)
class CriterionView:
    """A shown criterion with its draft answer, why it is shown (BR-046, BR-080) and what it still lacks.

    `is_recovered`: its answer is taken from elsewhere; what is here is the former one, which counts for nothing (BR-194).
    `is_specific`: what a producer says, or what the grid proposes until then; None when nobody asks (BR-202).
    """

    criterion: Criterion
    kind: Kind
    answer: CriterionAnswer
    comment: str
    version: int
    updated_at: datetime | None
    because: str
    evidence: tuple[EvidenceView, ...]
    missing: tuple[Missing, ...]
    is_reached: bool
    is_below_recommended: bool
    is_recovered: bool = False
    is_specific: bool | None = None

    @property
    def code(self) -> str:
        return self.criterion.code

    @property
    def anchor(self) -> str:
        return anchor(self.criterion.code)

    @property
    def is_answered(self) -> bool:
        return self.is_recovered or not self.missing


@dataclass(frozen=True, slots=True)
class CriterionSection:
    section: Section
    criteria: tuple[CriterionView, ...]


@dataclass(frozen=True, slots=True)
class OrientationForm:
    """The whole orientation, hidden questions included, so that they appear without a new page."""

    title: str
    state: Status
    is_current: bool
    sections: tuple[QuestionSection, ...]
    progress: Progress
    evaluation: Evaluation
    validated_at: datetime | None
    drafted_at: datetime | None

    @property
    def questions(self) -> Iterable[QuestionView]:
        return (view for section in self.sections for view in section.questions)


@dataclass(frozen=True, slots=True)
class EvaluationForm:
    """The shown criteria of a questionnaire, sections without any left out."""

    code: str
    title: str
    kind: Kind
    state: Status
    is_current: bool
    is_reached: bool | None
    sections: tuple[CriterionSection, ...]
    progress: Progress
    validated_at: datetime | None
    drafted_at: datetime | None

    @property
    def criteria(self) -> Iterable[CriterionView]:
        return (view for section in self.sections for view in section.criteria)


def load_row(response: Response, questionnaire: str) -> QuestionnaireResponse:
    """One query: a questionnaire with its last validation, without its content. Raises DoesNotExist."""
    rows = QuestionnaireResponse.objects.select_related("validation").defer("validation__content")
    return rows.get(response=response, code=questionnaire)


def load_orientation(response: Response) -> OrientationForm:
    """Two queries; `response` comes `with_definition()`."""
    compiled = compiled_grid(response.definition)
    row = load_row(response, ORIENTATION)
    rows = read_rows(response, compiled.grid, ORIENTATION)
    return orientation_form(compiled, row, rows)


def orientation_form(
    compiled: CompiledGrid, row: QuestionnaireResponse, rows: Mapping[str, AnswerRow]
) -> OrientationForm:
    grid = compiled.grid
    answers = draft_orientation(grid, rows)
    evaluation = compiled.evaluator.evaluate(answers)
    visible = set(evaluation.visible)
    sections = tuple(
        QuestionSection(
            section,
            tuple(
                _question_view(
                    question,
                    rows.get(question.code),
                    is_visible=question.code in visible,
                    is_answered=question.code in answers,
                )
                for question in section.questions
            ),
        )
        for section in grid.orientation
    )
    return OrientationForm(
        title=grid.orientation_title,
        state=Status(row.state),
        is_current=row.is_current,
        sections=sections,
        progress=progress_of(compiled, ORIENTATION, evaluation, rows, ()),
        evaluation=evaluation,
        validated_at=row.validation.at if row.validation else None,
        drafted_at=row.drafted_at,
    )


def _question_view(question: Question, row: AnswerRow | None, *, is_visible: bool, is_answered: bool) -> QuestionView:
    is_secret = question.type is QuestionType.SECRET
    return QuestionView(
        question=question,
        value=None if row is None or is_secret else row.value,
        version=row.version if row else 0,
        updated_at=row.updated_at if row else None,
        is_visible=is_visible,
        is_answered=is_answered,
    )


def load_form(response: Response, questionnaire: str, *, asks_specificity: bool = False) -> EvaluationForm:
    """The page of an evaluation questionnaire. Three queries at most; `response` comes `with_definition()`.

    One more with `asks_specificity`, for a producer (BR-202).

    Raises QuestionnaireResponse.DoesNotExist; a questionnaire that is not open has no section.
    """
    compiled = compiled_grid(response.definition)
    row = load_row(response, questionnaire)
    rows = read_rows(response, compiled.grid, questionnaire)
    deposits = read_deposits(response, compiled.grid, questionnaire)
    specific = read_specificities(response, compiled.grid, questionnaire) if asks_specificity else None
    return evaluation_form(compiled, response, row, rows, deposits, specific)


def evaluation_form(
    compiled: CompiledGrid,
    response: Response,
    row: QuestionnaireResponse,
    rows: Mapping[str, AnswerRow],
    deposits: list[Deposit],
    specific: Mapping[str, bool] | None = None,
) -> EvaluationForm:
    grid = compiled.grid
    questionnaire = grid.questionnaire(row.code)
    evaluation = validated_evaluation(compiled, response)
    sections: list[CriterionSection] = []
    if evaluation is not None:
        answers = draft_criteria(grid, row.code, rows, deposits)
        orientation = restore_orientation(grid, response.orientation)
        zones: dict[tuple[str, str], list[Deposit]] = {}
        for deposit in deposits:
            zones.setdefault((deposit.criterion, deposit.evidence_type), []).append(deposit)
        shown = set(evaluation.criteria[row.code])
        asked = specific if questionnaire.inheritable else None
        for section in questionnaire.sections:
            views = tuple(
                _criterion_view(
                    grid,
                    criterion,
                    questionnaire.kind,
                    rows,
                    answers,
                    zones,
                    evaluation,
                    orientation,
                    is_recovered=criterion.code in response.recovered,
                    is_specific=asked.get(criterion.code, criterion.specific_by_default) if asked is not None else None,
                )
                for criterion in section.criteria
                if criterion.code in shown
            )
            if views:
                sections.append(CriterionSection(section, views))
    return EvaluationForm(
        code=row.code,
        title=questionnaire.title,
        kind=questionnaire.kind,
        state=Status(row.state),
        is_current=row.is_current,
        is_reached=row.is_reached,
        sections=tuple(sections),
        progress=progress_of(compiled, row.code, evaluation, rows, deposits, response.recovered)
        if evaluation
        else Progress(0, 0),
        validated_at=row.validation.at if row.validation else None,
        drafted_at=row.drafted_at,
    )


def _criterion_view(
    grid: Grid,
    criterion: Criterion,
    kind: Kind,
    rows: Mapping[str, AnswerRow],
    answers: Mapping[str, CriterionAnswer],
    zones: Mapping[tuple[str, str], list[Deposit]],
    evaluation: Evaluation,
    orientation: Mapping[str, Answer],
    *,
    is_recovered: bool,
    is_specific: bool | None,
) -> CriterionView:
    row = rows.get(criterion.code)
    answer = answers[criterion.code]
    return CriterionView(
        criterion=criterion,
        kind=kind,
        answer=answer,
        comment=row.comment if row else "",
        version=row.version if row else 0,
        updated_at=row.updated_at if row else None,
        because=explain_display(grid, criterion.visible_when, evaluation.because.get(criterion.code, ()), orientation),
        evidence=tuple(
            EvidenceView(
                expected,
                tuple(zones.get((criterion.code, expected.code), ())),
                anchor(criterion.code, "evidence", expected.code),
            )
            for expected in criterion.evidence
        ),
        missing=missing(criterion, kind, answer),
        is_reached=is_reached(criterion, kind, answer),
        is_below_recommended=is_below_recommended(criterion, answer),
        is_recovered=is_recovered,
        is_specific=is_specific,
    )


def load_archived(response: Response, criterion: str) -> list[Deposit]:
    """One query: the archived evidence of a criterion, last first (BR-072)."""
    deposits = Deposit.objects.with_file().select_related("archived_by")
    return list(
        deposits.filter(response=response, criterion=criterion, archived_at__isnull=False).order_by("-archived_at")
    )
