"""Tiles (SC-12): one row per questionnaire, no answer read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from questionnaires.core import (
    Kind,
    Progress,
)
from questionnaires.enums import Status
from questionnaires.facts import validated_evaluation
from questionnaires.grids import CompiledGrid, compiled_grid
from questionnaires.models import ORIENTATION, QuestionnaireResponse, Response


@dataclass(frozen=True, slots=True)
class QuestionnaireTile:
    """One tile. `is_reached` belongs to the last validation; `is_current` says whether that validation still holds.

    `recovered`: how many of the shown criteria are answered elsewhere; they count as given (A-23).
    """

    code: str
    title: str
    kind: Kind | None  # None: the orientation
    core: bool
    state: Status
    progress: Progress
    is_reached: bool | None
    is_current: bool
    validated_at: datetime | None
    drafted_at: datetime | None
    recovered: int = 0

    @property
    def is_orientation(self) -> bool:
        return self.kind is None

    @property
    def is_open(self) -> bool:
        return self.state not in (Status.UNAVAILABLE, Status.NOT_APPLICABLE)

    @property
    def is_validated(self) -> bool:
        """A validation holds: it enters the next dossier, whatever the draft says since (BR-093)."""
        return self.is_current

    @property
    def has_newer_draft(self) -> bool:
        return self.is_current and self.state in (Status.DRAFT, Status.VALIDATION_REQUESTED)


@dataclass(frozen=True, slots=True)
class Overview:
    orientation: QuestionnaireTile
    questionnaires: tuple[QuestionnaireTile, ...]

    @property
    def is_open(self) -> bool:
        """Whether the convention opened the questionnaires (BR-031)."""
        return self.orientation.state != Status.UNAVAILABLE

    @property
    def missing_core(self) -> tuple[QuestionnaireTile, ...]:
        """What still forbids generating a dossier (BR-090, BR-091); a questionnaire that does not apply never does (A-12)."""
        return tuple(tile for tile in self._expected if tile.core and not tile.is_validated)

    @property
    def missing(self) -> tuple[QuestionnaireTile, ...]:
        """What a full dossier still lacks (BR-095), the orientation first."""
        return tuple(tile for tile in (self.orientation, *self._expected) if not tile.is_validated)

    @property
    def is_complete(self) -> bool:
        """Every questionnaire is validated (SC-19)."""
        return not self.missing

    @property
    def newer_drafts(self) -> tuple[QuestionnaireTile, ...]:
        """Announced before a dossier is generated: these drafts do not enter it (A-08)."""
        return tuple(tile for tile in (self.orientation, *self.questionnaires) if tile.has_newer_draft)

    @property
    def _expected(self) -> tuple[QuestionnaireTile, ...]:
        return tuple(tile for tile in self.questionnaires if tile.state != Status.NOT_APPLICABLE)


def load_overview(response: Response) -> Overview:
    """The tiles of a response, in the order of its grid. Two queries at most; `response` may come `with_definition()`."""
    compiled = compiled_grid(response.definition)
    rows = {
        row.code: row
        for row in QuestionnaireResponse.objects.filter(response=response)
        .select_related("validation")
        .defer("validation__content")
    }
    counts = _count_recovered(compiled, response)
    return Overview(
        orientation=_tile(rows[ORIENTATION], compiled.grid.orientation_title, None, core=False),
        questionnaires=tuple(
            _tile(rows[each.code], each.title, each.kind, core=each.core, recovered=counts.get(each.code, 0))
            for each in compiled.grid.questionnaires
        ),
    )


def _count_recovered(compiled: CompiledGrid, response: Response) -> dict[str, int]:
    """By questionnaire; no query, and nothing to work out where nothing is recovered."""
    evaluation = validated_evaluation(compiled, response) if response.recovered else None
    if evaluation is None:
        return {}
    return {code: sum(each in response.recovered for each in shown) for code, shown in evaluation.criteria.items()}


def _tile(
    row: QuestionnaireResponse, title: str, kind: Kind | None, *, core: bool, recovered: int = 0
) -> QuestionnaireTile:
    return QuestionnaireTile(
        code=row.code,
        title=title,
        kind=kind,
        core=core,
        state=Status(row.state),
        progress=Progress(row.answered, row.total),
        is_reached=row.is_reached,
        is_current=row.is_current,
        validated_at=row.validation.at if row.validation else None,
        drafted_at=row.drafted_at,
        recovered=recovered,
    )
