"""The admissibility checklist of a file, and of a dossier before anybody applies with it: the same checks (A-18)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils import timezone

from evidence.models import Blob
from questionnaires.core import Grid
from questionnaires.grids import compiled_grid
from referencing.candidature.core.checklist import (
    Answer,
    CheckedLine,
    EvidenceFact,
    Facts,
    Line,
    Result,
    parse_lines,
    run_checks,
)
from referencing.candidature.core.clock import day_of
from referencing.candidature.models import AdmissibilityCheck, Candidature
from referencing.convention.enums import ConventionState
from referencing.convention.models import Convention
from referencing.dossier.core import answer_to
from referencing.dossier.readers import frozen_evidence, read_payload
from referencing.enrolment.editors import is_editor_verified, name_editor
from referencing.enrolment.exchange import REQUIRED, list_pairs
from referencing.enrolment.models import Enrolment

if TYPE_CHECKING:
    from uuid import UUID

Payload = Mapping[str, Any]


def checklist_lines(enrolment: Enrolment) -> tuple[Line, ...]:
    """As the démarche words them; none when it has no checklist."""
    return parse_lines(enrolment.demarche.settings.get("instruction", {}).get("checklist", []))


def check_file(candidature: Candidature) -> tuple[CheckedLine, ...]:
    """The checklist of a file under instruction: what the platform finds now in the frozen dossier, what agents answered."""
    lines = checklist_lines(candidature.enrolment)
    if not lines:
        return ()
    facts = load_facts(candidature.enrolment, read_payload(candidature.dossier), today=day_of(timezone.now()))
    return run_checks(lines, facts, load_answers(candidature))


def check_before_applying(enrolment: Enrolment, content: Payload) -> tuple[CheckedLine, ...]:
    """What a verifier would see of a dossier, frozen or not yet (`dossier.payload.build_payload`)."""
    lines = checklist_lines(enrolment)
    return run_checks(lines, load_facts(enrolment, content, today=day_of(timezone.now()))) if lines else ()


def load_answers(candidature: Candidature) -> dict[str, Answer]:
    return {
        row.code: Answer(Result(row.result), row.note, row.version, str(row.by), row.at)
        for row in AdmissibilityCheck.objects.filter(candidature=candidature).select_related("by")
    }


def load_facts(enrolment: Enrolment, content: Payload, *, today: date) -> Facts:
    """From the payload of a dossier, and from what lives outside it: convention, organisation, antivirus."""
    grid = compiled_grid(enrolment.response.definition).grid
    convention = Convention.objects.filter(enrolment=enrolment).exclude(state=ConventionState.REVOKED).first()
    usable = enrolment.demarche.settings.get("usable_now", "")
    return Facts(
        today=today,
        convention_validated=convention is not None and convention.state == ConventionState.VALIDATED,
        convention_signed=convention is not None and convention.signed_at is not None,
        organisation=name_editor(enrolment),
        organisation_verified=is_editor_verified(enrolment),
        missing_questionnaires=_missing_questionnaires(grid, content),
        unreached=[
            (questionnaire, row["code"], row["title"])
            for questionnaire, row in _criteria(content)
            if row["nature"] == "obligation" and not row["recovered"] and not row["is_reached"]
        ],
        missing_values=[
            (questionnaire, row["code"], row["title"])
            for questionnaire, row in _criteria(content)
            if row["value_label"] and not row["recovered"] and not _has_value(row["answer"])
        ],
        usable_now=answer_to(content, usable) == "oui" if usable else None,
        evidence=_evidence(grid, content),
        has_exchange=bool(content["has_exchange"]),
        undescribed=_undescribed(enrolment, content) if content["has_exchange"] else (),
    )


def place_url(enrolment_id: UUID, place: str) -> str:
    """Address of the page that mends a problem; empty when no page does."""
    kind, _, detail = place.partition(":")
    match kind:
        case "convention":
            return reverse("convention:convention_detail", args=[enrolment_id])
        case "sheet":
            return reverse("enrolment:sheet_detail", args=[enrolment_id])
        case "orientation":
            return reverse("enrolment:orientation_detail", args=[enrolment_id])
        case "questionnaire":
            return reverse("enrolment:questionnaire_form", args=[enrolment_id, detail])
        case "exchange":
            return f"{reverse('enrolment:exchange_scope', args=[enrolment_id])}#{detail}"
    return ""


def _criteria(content: Payload) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for questionnaire in content["questionnaires"]:
        for row in questionnaire["criteria"]:
            yield questionnaire["code"], row


def _has_value(answer: Mapping[str, Any] | None) -> bool:
    """A measure or a text beside the level or the conformity."""
    return any(value not in (None, "") for key, value in (answer or {}).items() if key not in ("level", "compliance"))


def _missing_questionnaires(grid: Grid, content: Payload) -> list[tuple[str, str]]:
    known = {row["code"] for row in (*content["questionnaires"], *content["not_applicable"])}
    return [(each.code, each.title) for each in grid.questionnaires if each.code not in known]


def _evidence(grid: Grid, content: Payload) -> list[EvidenceFact]:
    """Each file of the dossier with the antivirus’ word of today and the age that its type allows."""
    items = [
        (questionnaire, row["code"], item) for questionnaire, row in _criteria(content) for item in frozen_evidence(row)
    ]
    hashes = {item["sha256"] for _, _, item in items}
    scans = dict(Blob.objects.filter(sha256__in=hashes).values_list("sha256", "state"))
    ages = {(code, kind.code): kind.max_age_days for code, each in grid.criteria.items() for kind in each.evidence}
    return [
        EvidenceFact(
            questionnaire=questionnaire,
            criterion=criterion,
            name=item["name"],
            scan=scans.get(item["sha256"], ""),
            deposited_on=day_of(datetime.fromisoformat(item["deposited_at"])) if item.get("deposited_at") else None,
            max_age_days=ages.get((criterion, item["type"])),
        )
        for questionnaire, criterion, item in items
    ]


def _undescribed(enrolment: Enrolment, content: Payload) -> list[tuple[str, str]]:
    chosen = {row["code"]: row["value"] for row in content["orientation"]["answers"]}
    described = {
        (row["api"], row["direction"])
        for row in content["exchange_scope"]
        if all(str(row[field]).strip() for field in REQUIRED)
    }
    return [
        (f"{api}-{direction}", f"{api.label} ({direction.label.lower()})")
        for api, direction in list_pairs(enrolment, chosen)
        if (api, direction) not in described
    ]
