"""Which systems a product exists on, which answers differ on one of them, and how those enter a dossier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Prefetch

from questionnaires.core import Criterion, CriterionAnswer, Evaluation, Grid, Kind, QuestionType, is_reached
from questionnaires.facts import validated_evaluation
from questionnaires.grids import CompiledGrid, compiled_grid
from questionnaires.stored import restore_criterion
from referencing.enrolment.enums import ExceptionState
from referencing.enrolment.models import Enrolment, OsException, OsExceptionFile

if TYPE_CHECKING:
    from convergence.accounts.models import User

#: One answer for all: nothing can differ.
FEWEST_SYSTEMS = 2


@dataclass(frozen=True, slots=True)
class Ground:
    """On what exceptions stand: the systems of the validated orientation (label by code) and the criteria that it shows."""

    compiled: CompiledGrid
    systems: Mapping[str, str]
    evaluation: Evaluation | None

    @property
    def grid(self) -> Grid:
        return self.compiled.grid

    @property
    def is_open(self) -> bool:
        return self.evaluation is not None and len(self.systems) >= FEWEST_SYSTEMS

    def criteria(self) -> list[Criterion]:
        """Those that may differ, in the order of the grid: shown, and answered otherwise than by a single deposit or an
        encrypted container alone."""
        if self.evaluation is None:
            return []
        shown = {code for codes in self.evaluation.criteria.values() for code in codes}
        return [
            criterion
            for questionnaire in self.grid.questionnaires
            for criterion in questionnaire.criteria()
            if criterion.code in shown and (questionnaire.kind is not Kind.DOCUMENTS or open_evidence(criterion))
        ]

    def kind_of(self, criterion: str) -> Kind:
        return self.grid.questionnaire_of[criterion].kind


def open_evidence(criterion: Criterion) -> list[Any]:
    """Types of evidence that an exception may bring: neither sealed in the container nor deposited once for all."""
    return [each for each in criterion.evidence if not each.encrypted and not each.single_deposit]


def list_systems(enrolment: Enrolment, grid: Grid) -> dict[str, str]:
    """Label by code of the systems ticked in the validated orientation; the démarche says which question lists them."""
    code = enrolment.demarche.settings.get("systems", {}).get("question", "")
    question = grid.questions.get(code)
    if question is None or question.type is not QuestionType.MULTIPLE_CHOICE:
        return {}
    ticked = (enrolment.response.orientation or {}).get(code) or []
    return {each: question.label_of(each) for each in ticked if each != question.exclusive and each in question.values}


def name_system(exception: OsException, systems: Mapping[str, str]) -> str:
    """A system that the orientation no longer names keeps its code."""
    return systems.get(exception.system, exception.system)


def read_ground(enrolment: Enrolment) -> Ground:
    """`enrolment` with its démarche and its response with its definition; no query then."""
    compiled = compiled_grid(enrolment.response.definition)
    return Ground(compiled, list_systems(enrolment, compiled.grid), validated_evaluation(compiled, enrolment.response))


def list_exceptions(enrolment: Enrolment, user: User) -> list[OsException]:
    """Those that stand, by criterion and system, with their files: two queries."""
    rows = OsException.objects.visible_to(user).standing().filter(enrolment=enrolment)
    return list(
        rows.select_related("edited_by", "decided_by").prefetch_related(with_files()).order_by("criterion", "system")
    )


def with_files() -> Prefetch[str]:
    """The files of exceptions that were not archived, as `files_now`."""
    files = OsExceptionFile.objects.filter(archived_at__isnull=True).select_related("file__blob", "file__uploaded_by")
    return Prefetch("files", files.order_by("deposited_at", "pk"), to_attr="files_now")


def answer_of(exception: OsException, criterion: Criterion) -> CriterionAnswer:
    """`exception` read `with_files`."""
    return restore_criterion(criterion, exception.value, frozenset(each.evidence_type for each in files_of(exception)))


def files_of(exception: OsException) -> list[OsExceptionFile]:
    files: list[OsExceptionFile] = exception.files_now  # type: ignore[attr-defined]
    return files


def agreed_exceptions(enrolment: Enrolment) -> dict[str, list[OsException]]:
    """By criterion, those that the listing team agreed to, with their files: what a dossier freezes."""
    found: dict[str, list[OsException]] = {}
    rows = OsException.objects.filter(enrolment=enrolment, state=ExceptionState.AGREED)
    for each in rows.prefetch_related(with_files()).order_by("system"):
        found.setdefault(each.criterion, []).append(each)
    return found


def freeze_exception(exception: OsException, *, system: str, criterion: Criterion, kind: Kind) -> dict[str, Any]:
    """One exception as a dossier holds it, by value; files of evidence as those of `Validation.content`."""
    labels = {each.code: each.label for each in criterion.evidence}
    return {
        "system": exception.system,
        "system_text": system,
        "answer": exception.value,
        "comment": exception.comment,
        "is_reached": is_reached(criterion, kind, answer_of(exception, criterion)),
        "agreed_at": exception.decided_at,
        "evidence": [
            {
                "deposit": str(each.pk),
                "type": each.evidence_type,
                "label": labels.get(each.evidence_type, each.evidence_type),
                "name": each.file.name,
                "sha256": each.file.blob.sha256,
                "size": each.file.blob.size,
                "deposited_at": each.deposited_at.isoformat(),
            }
            for each in files_of(exception)
        ],
    }
