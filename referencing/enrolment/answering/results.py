"""What the results of a questionnaire say: pure functions from `Results` to figures, sentences and rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from convergence.documents.xlsx import Column, Sheet
from convergence.ui.typography import NBSP
from convergence.ui.values import Series
from questionnaires.core import Compliance, Criterion, CriterionAnswer, Grid, Kind
from questionnaires.facts import validated_criteria
from questionnaires.models import Validation
from questionnaires.selectors import CriterionResult, Results
from referencing.enrolment.answering.wording import (
    COMPLIANCES,
    LEVELS,
    answer_words,
    expected_words,
    nature_badge,
)
from referencing.enrolment.inheritance import CONFIDENTIAL

VALIDATED, DRAFT = "Dernière réponse validée", "Dernier brouillon"
#: The radar goes by mean level, or by share of criteria that conform.
MAXIMA = {Kind.LEVELS: 3, Kind.COMPLIANCE: 100, Kind.DOCUMENTS: 100}
UNITS = {Kind.LEVELS: "", Kind.COMPLIANCE: f"{NBSP}%", Kind.DOCUMENTS: f"{NBSP}%"}


def has_newer_draft(results: Results) -> bool:
    """Whether the draft says something else than the last validation (BR-067)."""
    return any(
        each.is_recovered != each.was_recovered
        or (each.draft != each.validated if each.validated else each.draft != CriterionAnswer())
        for each in criteria(results)
    )


def criteria(results: Results) -> Iterator[CriterionResult]:
    return (each for section in results.sections for each in section.criteria)


def radar_series(results: Results) -> list[Series]:
    """One value per section for the last validation and, when it differs, for the draft; none where nothing is known."""
    series = []
    if results.validated_at:
        values = [_score(results.kind, [each.validated for each in section.criteria]) for section in results.sections]
        series.append(Series(VALIDATED, values))
    if has_newer_draft(results) or not series:
        values = [_score(results.kind, [each.draft for each in section.criteria]) for section in results.sections]
        series.append(Series(DRAFT, values))
    return series


def _score(kind: Kind, answers: Iterable[CriterionAnswer | None]) -> float | None:
    match kind:
        case Kind.LEVELS:
            figures = [float(each.level) for each in answers if each and each.level and each.level != "na"]
        case Kind.COMPLIANCE:
            figures = [100.0 * (each.compliance is Compliance.CONFORME) for each in answers if each and each.compliance]
        case _:
            figures = []
    return round(fmean(figures), 1) if figures else None


def not_reached(results: Results) -> list[Criterion]:
    """Obligations of the last validation below what is asked (BR-060, BR-062)."""
    return [each.criterion for each in criteria(results) if each.is_reached is False]


def recommended(results: Results) -> list[tuple[Criterion, str]]:
    """Recommendations for levels below the recommended one (BR-212)."""
    return [
        (each.criterion, each.criterion.recommendation)
        for each in criteria(results)
        if each.shows_recommendation and each.criterion.recommendation
    ]


def reached_word(is_reached: bool | None) -> str:
    return {True: "Atteint", False: "Non atteint", None: ""}[is_reached]


def criterion_reached(result: CriterionResult) -> str:
    """« Atteint » or « Non atteint » for an obligation; an option has no minimum."""
    if result.is_recovered or result.was_recovered:
        return ""
    return reached_word(result.is_reached) if result.criterion.is_obligation else "Sans minimum"


def validated_words(result: CriterionResult) -> str:
    """The validated answer in words; of a recovered one, only that it is (BR-197)."""
    if result.is_recovered or result.was_recovered:
        return CONFIDENTIAL.capitalize()
    return answer_words(result.criterion, result.validated)


def draft_words(result: CriterionResult) -> str:
    """What the draft says, where it differs from the last validation."""
    if result.is_recovered:
        return "Inchangé" if result.was_recovered else CONFIDENTIAL.capitalize()
    return answer_words(result.criterion, result.draft) if result.draft != result.validated else "Inchangé"


# -- history (BR-068)


@dataclass(frozen=True, slots=True)
class Difference:
    """One criterion whose answer, comment or evidence changed between two validations; empty text: not asked then."""

    code: str
    title: str
    before: str
    after: str


def compare_validations(grid: Grid, questionnaire: str, before: Validation, after: Validation) -> list[Difference]:
    """Every criterion that differs, in the order of the newer validation, those that disappeared last."""
    old, new = describe_validation(grid, questionnaire, before), describe_validation(grid, questionnaire, after)
    return [
        Difference(code, _title(grid, code), old.get(code, ""), new.get(code, ""))
        for code in dict.fromkeys([*new, *old])
        if old.get(code) != new.get(code)
    ]


def describe_validation(grid: Grid, questionnaire: str, validation: Validation) -> dict[str, str]:
    """The content of a validation by criterion, in words: answer, comment, names of the files."""
    answers: Mapping[str, Any] = validation.content["answers"]
    typed = validated_criteria(grid, questionnaire, validation.content)
    return {code: _describe(grid.criteria.get(code), typed.get(code), kept) for code, kept in answers.items()}


def _describe(criterion: Criterion | None, answer: CriterionAnswer | None, kept: Mapping[str, Any]) -> str:
    if kept.get("recovered"):
        return CONFIDENTIAL.capitalize()
    lines = [answer_words(criterion, answer)] if criterion else []
    if kept["comment"]:
        lines.append(f"Commentaire{NBSP}: {kept['comment']}")
    if kept["evidence"]:
        lines.append(f"Preuves{NBSP}: {', '.join(item['name'] for item in kept['evidence'])}")
    return "\n".join(line for line in lines if line) or "(sans réponse)"


def _title(grid: Grid, code: str) -> str:
    return grid.criteria[code].title if code in grid.criteria else code


# -- workbook (BR-069)

COLUMNS = (
    Column("Section", 28),
    Column("Critère", 14),
    Column("Intitulé", 50),
    Column("Nature", 12),
    Column("Niveau", 26),
    Column("Niveaux acceptés", 40),
    Column("Résultat", 14),
    Column("Commentaire", 60),
    Column("Validé le", 18),
)


def workbook_sheet(results: Results) -> Sheet:
    """The last validated answers, one row per criterion shown today."""
    return Sheet(results.title, COLUMNS, list(_rows(results)))


def _rows(results: Results) -> Iterator[tuple[Any, ...]]:
    for section in results.sections:
        for each in section.criteria:
            criterion = each.criterion
            yield (
                section.section.title,
                criterion.code,
                criterion.title,
                nature_badge(criterion).label,
                validated_words(each),
                acceptable_words(criterion, results.kind),
                criterion_reached(each),
                each.validated_comment,
                results.validated_at,
            )


def acceptable_words(criterion: Criterion, kind: Kind) -> str:
    """The acceptable answers of an obligation, separated by commas; the sentence of an option."""
    if not criterion.is_obligation or kind is Kind.DOCUMENTS:
        return expected_words(criterion, kind)
    if kind is Kind.COMPLIANCE:
        return COMPLIANCES[Compliance.CONFORME]
    return ", ".join(LEVELS[level] for level in criterion.acceptable)
