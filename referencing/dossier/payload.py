"""From live rows to the payload of a dossier, by value: texts, answers, hashes — never a pointer to a live row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from evidence.enums import ScanState
from questionnaires.core import Criterion, Evaluation, Grid, is_questionnaire_reached, is_reached
from questionnaires.facts import restore_orientation, validated_criteria
from questionnaires.grids import compiled_grid
from questionnaires.models import ORIENTATION, Deposit, QuestionnaireResponse
from referencing.dossier.core import SCHEMA, Standing
from referencing.enrolment.editors import identify_editor
from referencing.enrolment.enums import Cycle
from referencing.enrolment.models import Enrolment, OsException, SheetVersion
from referencing.enrolment.systems.selectors import agreed_exceptions, files_of, freeze_exception, list_systems


@dataclass(frozen=True, slots=True)
class Live:
    """Everything that a dossier reads, loaded once in six queries, two more for a product on several systems.

    `exceptions`: by criterion, those agreed to for a system that the validated orientation still names (label by code).
    """

    enrolment: Enrolment
    grid: Grid
    definition: Any
    evaluation: Evaluation
    rows: Mapping[str, QuestionnaireResponse]
    scans: Mapping[str, str]  # what the antivirus says of each deposit
    sheet: SheetVersion | None
    systems: Mapping[str, str]
    exceptions: Mapping[str, Sequence[OsException]]

    @property
    def orientation(self) -> QuestionnaireResponse:
        return self.rows[ORIENTATION]

    def form_url(self, criterion: str) -> str:
        """The page that mends a criterion."""
        questionnaire = self.grid.questionnaire_of[criterion].code
        return reverse("enrolment:questionnaire_form", args=[self.enrolment.pk, questionnaire])


def load_live(enrolment: Enrolment) -> Live | None:
    """None before the first validation of the orientation."""
    response = enrolment.response
    compiled = compiled_grid(response.definition)
    rows = {
        row.code: row
        for row in QuestionnaireResponse.objects.filter(response=response).select_related("validation__by")
    }
    if response.orientation is None:
        return None
    systems = list_systems(enrolment, compiled.grid)
    return Live(
        enrolment=enrolment,
        grid=compiled.grid,
        definition=response.definition,
        evaluation=compiled.evaluator.evaluate(restore_orientation(compiled.grid, response.orientation)),
        rows=rows,
        scans={
            str(deposit): state
            for deposit, state in Deposit.objects.filter(response=response).values_list("pk", "file__blob__state")
        },
        sheet=SheetVersion.objects.filter(sheet__enrolment=enrolment).order_by("-number").first(),
        systems=systems,
        exceptions={
            code: [each for each in found if each.system in systems]
            for code, found in (agreed_exceptions(enrolment) if len(systems) > 1 else {}).items()
        },
    )


def list_standings(live: Live) -> list[Standing]:
    """One standing per evaluation questionnaire, in the order of the grid."""
    standings = []
    since = validated_since(live.enrolment)
    for questionnaire in live.grid.questionnaires:
        row = live.rows[questionnaire.code]
        shown = live.evaluation.criteria.get(questionnaire.code) or ()
        validation = row.validation
        is_current = validation is not None and row.is_current and (since is None or validation.at >= since)
        standings.append(
            Standing(
                code=questionnaire.code,
                title=questionnaire.title,
                is_core=questionnaire.core,
                is_applicable=bool(shown),
                was_validated=validation is not None,
                is_current=is_current,
                unsafe=tuple(
                    item["name"]
                    for item in (_evidence(validation.content, shown) if validation else ())
                    if live.scans[item["deposit"]] != ScanState.CLEAN
                )
                + tuple(_unsafe_exceptions(live, shown)),
                has_newer_draft=bool(validation and row.drafted_at and row.drafted_at > validation.at and shown),
            )
        )
    return standings


def validated_since(enrolment: Enrolment) -> datetime | None:
    """From when validations count: a renewal, or a new application after a listing, asks for each one again (OQ-12); a new
    exchange only for the orientation (A-31). None: whenever they were made."""
    return None if enrolment.cycle == Cycle.EXTENSION else enrolment.cycle_started_at


def _evidence(content: Mapping[str, Any], shown: Any) -> list[Mapping[str, Any]]:
    return [item for code in shown for item in content["answers"].get(code, {}).get("evidence", [])]


def _unsafe_exceptions(live: Live, shown: Iterable[str]) -> Iterator[str]:
    for code in shown:
        for exception in live.exceptions.get(code, ()):
            for each in files_of(exception):
                if each.file.blob.state != ScanState.CLEAN:
                    yield each.file.name


def build_payload(
    live: Live, *, reference: str, at: datetime, author: str, recovered: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """The whole dossier as plain values, ready for `canonical_json`. Secret answers never enter (A-10).

    `recovered`: by criterion, what is said of an answer that is taken from a producer – never what it says (A-24).
    """
    enrolment = live.enrolment
    product = enrolment.product
    current = {standing.code for standing in list_standings(live) if standing.is_applicable and standing.is_current}
    return {
        "schema": SCHEMA,
        "reference": reference,
        "frozen_at": at,
        "created_by": author,
        "product": {
            "number": product.number,
            "name": product.name,
            "version": product.version,
            "type": product.type,
            "nil": product.nil,
            "description": product.description,
            "certifications": product.certifications,
        },
        "organisation": identify_editor(enrolment, live.sheet.values if live.sheet else None),
        # who acts for a third party, which is the editor of record; other dossiers have no such key
        **({"distributor": {"name": product.organisation.name}} if enrolment.is_on_behalf else {}),
        "enrolment": {
            "number": enrolment.number,
            "label": enrolment.label,
            "demarche": enrolment.demarche.slug,
            "demarche_title": enrolment.demarche.title,
            "white_label": enrolment.white_label,
        },
        "sheet": {"number": live.sheet.number, "at": live.sheet.at, "values": live.sheet.values}
        if live.sheet
        else None,
        "grid": {"version": live.definition.version, "sha256": live.definition.sha256, "title": live.grid.title},
        "has_exchange": bool(live.evaluation.exchange),
        "exchange_scope": [
            {
                "api": scope.api,
                "api_text": scope.get_api_display(),
                "direction": scope.direction,
                "direction_text": scope.get_direction_display(),
                "purpose": scope.purpose,
                "purpose_text": scope.get_purpose_display(),
                "necessity": scope.necessity,
                "access": scope.access,
                "retention": scope.retention,
                "security": scope.security,
                "consent_text": scope.consent_text,
            }
            for scope in (enrolment.exchange_scopes.all() if live.evaluation.exchange else [])
        ],
        "orientation": _orientation(live),
        "questionnaires": [
            _questionnaire(live, questionnaire.code, recovered)
            for questionnaire in live.grid.questionnaires
            if questionnaire.code in current
        ],
        "not_applicable": [
            {"code": questionnaire.code, "title": questionnaire.title}
            for questionnaire in live.grid.questionnaires
            if not live.evaluation.criteria.get(questionnaire.code)
        ],
    }


def _orientation(live: Live) -> dict[str, Any]:
    validation = live.orientation.validation
    kept: Mapping[str, Any] = live.enrolment.response.orientation or {}
    answers = []
    for code in live.evaluation.visible:
        question = live.grid.questions[code]
        if question.type.value == "secret" or code not in kept:
            continue
        value = kept[code]
        texts = (
            [question.label_of(item) for item in value] if isinstance(value, list) else question.label_of(str(value))
        )
        answers.append({"code": code, "label": question.label, "value": value, "text": texts})
    return {
        "title": live.grid.orientation_title,
        "validated_at": validation.at if validation else None,
        "validated_by": str(validation.by) if validation else "",
        "answers": answers,
    }


def _questionnaire(live: Live, code: str, recovered: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    questionnaire = live.grid.questionnaire(code)
    validation = live.rows[code].validation
    if validation is None:
        raise ValueError(f"{code} has no validation")
    answers = validated_criteria(live.grid, code, validation.content)
    sections = {criterion.code: section for section in questionnaire.sections for criterion in section.criteria}
    return {
        "code": code,
        "title": questionnaire.title,
        "kind": questionnaire.kind.value,
        "validation": validation.number,
        "validated_at": validation.at,
        "validated_by": str(validation.by),
        "is_reached": is_questionnaire_reached(live.grid, live.evaluation, code, answers, recovered),
        "criteria": [
            _criterion(
                live,
                live.grid.criteria[each],
                content=validation.content["answers"][each],
                section=f"{sections[each].code} {sections[each].title}",
                reached=None
                if each in recovered
                else is_reached(live.grid.criteria[each], questionnaire.kind, answers[each]),
                recovered=recovered.get(each),
            )
            for each in live.evaluation.criteria[code]
        ],
    }


def _criterion(
    live: Live,
    criterion: Criterion,
    *,
    content: Mapping[str, Any],
    section: str,
    reached: bool | None,
    recovered: Mapping[str, str] | None,
) -> dict[str, Any]:
    labels = {evidence.code: evidence.label for evidence in criterion.evidence}
    return {
        "code": criterion.code,
        "title": criterion.title,
        "section": section,
        "objective": criterion.objective,
        "nature": criterion.nature.value,
        "official": criterion.official,
        "levels": [{"level": level.level, "text": level.text} for level in criterion.levels],
        "acceptable": list(criterion.acceptable),
        "because": list(live.evaluation.because.get(criterion.code, ())),
        "value_label": criterion.value.label if criterion.value else "",
        "answer": content["value"],
        "comment": content["comment"],
        "is_reached": reached,
        "evidence": [{**item, "label": labels.get(item["type"], item["type"])} for item in content["evidence"]],
        "exceptions": [
            freeze_exception(
                each,
                system=live.systems[each.system],
                criterion=criterion,
                kind=live.grid.questionnaire_of[criterion.code].kind,
            )
            for each in (live.exceptions.get(criterion.code, ()) if recovered is None else ())
        ],
        "recovered": dict(recovered) if recovered is not None else None,
        "specific": content.get("specific"),
    }
