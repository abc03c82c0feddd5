"""What is written of a questionnaire, and what still forbids validating it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from convergence.kernel.errors import Blocker
from evidence.enums import ScanState
from questionnaires.core import Evaluation, Grid, anchor, missing, question_name
from questionnaires.core.scoring import Part
from questionnaires.facts import (
    Rows,
    draft_criteria,
    draft_orientation,
    is_given,
    read_deposits,
    read_rows,
    validated_evaluation,
)
from questionnaires.grids import CompiledGrid
from questionnaires.models import ORIENTATION, Deposit, QuestionnaireResponse


@dataclass(frozen=True, slots=True)
class Draft:
    """What is written of one questionnaire, before it is judged. `recovered`: as `Response.recovered`."""

    grid: Grid
    questionnaire: str
    evaluation: Evaluation
    rows: Rows
    deposits: Sequence[Deposit]
    recovered: Mapping[str, str]


def read_draft(compiled: CompiledGrid, row: QuestionnaireResponse) -> Draft:
    """Answers, deposits and what the orientation decides; `row` is open."""
    rows = read_rows(row.response, compiled.grid, row.code)
    if row.code == ORIENTATION:
        evaluation = compiled.evaluator.evaluate(draft_orientation(compiled.grid, rows))
        return Draft(compiled.grid, row.code, evaluation, rows, (), {})
    decided = validated_evaluation(compiled, row.response)
    if decided is None:
        raise ValueError(f"{row.code} is open without a validated orientation")
    deposits = read_deposits(row.response, compiled.grid, row.code)
    return Draft(compiled.grid, row.code, decided, rows, deposits, row.response.recovered)


def find_blockers(draft: Draft) -> Iterator[Blocker]:
    """Every reason why the draft cannot be validated, in the order of the grid, each with the anchor that mends it."""
    grid = draft.grid
    if draft.questionnaire == ORIENTATION:
        for code in draft.evaluation.remaining:
            question = grid.questions[code]
            yield Blocker("missing_answer", f"Répondez à {question_name(question)}.", f"#{anchor(code)}")
        return
    kind = grid.questionnaire(draft.questionnaire).kind
    answers = draft_criteria(grid, draft.questionnaire, draft.rows, draft.deposits)
    waiting = {(deposit.criterion, deposit.evidence_type) for deposit in draft.deposits if not is_given(grid, deposit)}
    for code in draft.evaluation.criteria[draft.questionnaire]:
        if code in draft.recovered:
            continue
        for lack in missing(grid.criteria[code], kind, answers[code]):
            message = f"{code}\u00a0: {lack.message}"
            if (code, lack.evidence) in waiting:
                message = f"{code}\u00a0: confirmez le dépôt du fichier chargé, ou retirez-le."
            yield Blocker(f"missing_{lack.part.value}", message, f"#{lack.anchor}")
        for deposit in draft.deposits:
            if deposit.criterion == code and deposit.file.blob.state == ScanState.INFECTED:
                message = f"{code}\u00a0: l’antivirus a trouvé un contenu dangereux dans « {deposit.file.name} ». Archivez-le."
                yield Blocker("infected_evidence", message, f"#{anchor(code, Part.EVIDENCE, deposit.evidence_type)}")


def find_unspecified(draft: Draft, specific: Mapping[str, bool] | None) -> Iterator[Blocker]:
    """The shown criteria of which a producer has not said whether they are specific to each distributor (BR-202).

    `specific`: what it said; None when nobody asks.
    """
    if specific is None or not draft.grid.questionnaire(draft.questionnaire).inheritable:
        return
    for code in draft.evaluation.criteria[draft.questionnaire]:
        if code not in specific:
            message = f"{code}\u00a0: indiquez si ce critère est spécifique à chaque éditeur distributeur."
            yield Blocker("missing_specificity", message, f"#{anchor(code, 'specific')}")
