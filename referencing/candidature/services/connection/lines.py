"""Writing the cahier, line by line: the editor’s recette, the review of it, the final workbook of the tests team."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from evidence.services import examine, keep
from referencing.candidature.core.workbook import can_take
from referencing.candidature.core.workbook_sheet import LONGEST_COMMENT
from referencing.candidature.enums import (
    EDITOR_FILLS_STATES,
    FINAL_WORKBOOK_STATES,
    CampaignState,
    CandidatureState,
)
from referencing.candidature.models import TestCampaign, TestDispute, TestFile, TestLine
from referencing.candidature.rules import can_fill_tests, is_tests_team
from referencing.candidature.services.connection.campaigns import (
    VISUAL_FORMATS,
    VISUAL_MAX_MB,
    find_contribution_blockers,
    lock_campaign,
    move,
    require_evaluation,
)
from referencing.candidature.services.connection.facts import facts_of, line_anchor

if TYPE_CHECKING:
    from convergence.accounts.models import User

MAX_VISUALS = 10


class Mode(Enum):
    """Who writes what in the cahier; the value names the columns (a result first, when there is one)."""

    RECETTE = ("result", "comment")
    REVIEW = ("redo_reason",)
    FINAL = ("final_result", "final_remark")


RESULTS = ("result", "final_result")


def find_mode(campaign: TestCampaign, user: User) -> Mode | None:
    """What this person may write in the cahier now; None to read only (BR-135)."""
    if campaign.candidature.state != CandidatureState.EVALUATION:
        return None
    if campaign.state in EDITOR_FILLS_STATES and can_fill_tests(user, campaign):
        return Mode.RECETTE
    if is_tests_team(user, campaign):
        if campaign.state == CampaignState.ACCEPTANCE_SUBMITTED:
            return Mode.REVIEW
        if campaign.state in FINAL_WORKBOOK_STATES:
            return Mode.FINAL
    return None


def open_codes(campaign: TestCampaign, mode: Mode | None, lines: Sequence[TestLine]) -> set[str]:
    """Codes of the lines that may be written: those sent back (BR-134); not those whose dispute waits (X6)."""
    if mode is None:
        return set()
    if campaign.state == CampaignState.E2E_REDO:
        return {line.code for line in lines if line.is_to_redo}
    if campaign.state == CampaignState.REMARK_DISPUTED:
        disputed = TestDispute.objects.filter(line__campaign=campaign, judged_at__isnull=True)
        waiting = set(disputed.values_list("line__code", flat=True))
        return {line.code for line in lines if line.code not in waiting}
    return {line.code for line in lines}


@dataclass(frozen=True, slots=True)
class LineChange:
    """New values of some columns of a line, and the version that the person saw."""

    values: Mapping[str, str]
    version: int


@dataclass(frozen=True, slots=True)
class Stale:
    """A line that somebody else saved meanwhile: who, when, and both values of the columns that differ."""

    code: str
    by: str
    at: datetime | None
    theirs: Mapping[str, str]
    mine: Mapping[str, str]


@dataclass(slots=True)
class Saved:
    """What became of each line: `versions` as they are now, conflicts, refusals by code."""

    versions: dict[str, int] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    conflicts: list[Stale] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


@transaction.atomic
def save_lines(*, campaign_id: UUID, changes: Mapping[str, LineChange], actor: User) -> Saved:
    """Save what each line accepts; a stale or refused line keeps the others from nothing (A-13).

    Raises PermissionDenied, TransitionRefused when nothing at all may be written now, TestCampaign.DoesNotExist.
    """
    campaign, mode = _open(campaign_id, actor)
    return _save(campaign, mode, changes, actor)


def _open(campaign_id: UUID, actor: User) -> tuple[TestCampaign, Mode]:
    """The campaign locked for writing its lines; the first word of the editor begins the tests of end to end (X3)."""
    campaign = lock_campaign(campaign_id, actor)
    mode = find_mode(campaign, actor)
    if mode is None:
        if not (can_fill_tests(actor, campaign) or is_tests_team(actor, campaign)):
            raise PermissionDenied("save_lines")
        raise TransitionRefused(
            require_evaluation(campaign) or [Blocker("closed", "Le cahier de tests ne se remplit pas dans cet état.")]
        )
    if blockers := find_contribution_blockers(campaign, actor):
        raise TransitionRefused(blockers)
    if campaign.state == CampaignState.KEYS_SENT:
        move(campaign, "start_filling", actor=actor, event="tests_begun", at=timezone.now())
    return campaign, mode


def _save(campaign: TestCampaign, mode: Mode, changes: Mapping[str, LineChange], actor: User) -> Saved:
    lines = {line.code: line for line in campaign.lines.kept().with_visuals().select_related("saved_by")}
    writable = open_codes(campaign, mode, list(lines.values()))
    saved, now, touched = Saved(), timezone.now(), []
    for code, change in changes.items():
        line = lines.get(code)
        if line is None:
            continue
        saved.versions[code] = line.version
        values = {name: _clean(value) for name, value in change.values.items() if name in mode.value}
        differs = {name: value for name, value in values.items() if value != getattr(line, name)}
        if not differs:
            continue
        if code not in writable:
            saved.refused[code] = "Cette ligne n’est pas à remplir pour le moment."
        elif refusal := _refusal(line, differs):
            saved.refused[code] = refusal
        elif change.version != line.version:
            theirs = {name: getattr(line, name) for name in differs}
            saved.conflicts.append(Stale(code, str(line.saved_by or ""), line.saved_at, theirs, differs))
        else:
            _write(line, differs, actor, now)
            touched.append(line)
            saved.versions[code] = line.version
            saved.changed.append(code)
    if touched:
        TestLine.objects.bulk_update(touched, [*mode.value, "final_by", "version", "saved_at", "saved_by"])
    return saved


def _clean(value: str) -> str:
    return value.replace("\r\n", "\n").replace("\x00", "").strip()


def _refusal(line: TestLine, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        if name in RESULTS and not can_take(facts_of(line), value):
            return "Ce test est obligatoire : il ne peut pas être sans objet." if value == "na" else "Résultat inconnu."
        if len(value) > LONGEST_COMMENT:
            return f"Ce texte dépasse {LONGEST_COMMENT} caractères : raccourcissez-le."
    return ""


def _write(line: TestLine, values: Mapping[str, str], actor: User, at: datetime) -> None:
    before = line.final_result
    for name, value in values.items():
        setattr(line, name, value)
    line.version += 1
    line.saved_by, line.saved_at = actor, at
    if "final_result" in values or "final_remark" in values:
        line.final_by = actor
    if line.final_result != before:  # the final workbook is what the commission relies on: each change leaves a trace
        record(
            "testline.find",
            subject=line,
            actor=actor,
            data={"code": line.code, "from": before, "to": line.final_result},
        )


@transaction.atomic
def apply_import(*, campaign_id: UUID, changes: Mapping[str, LineChange], actor: User) -> list[str]:
    """Write every change of a file that was shown to its sender, or none: raises TransitionRefused naming each line."""
    campaign, mode = _open(campaign_id, actor)
    saved = _save(campaign, mode, changes, actor)
    blockers = [
        Blocker(
            "stale_line",
            f"{stale.code} a changé entre-temps : téléchargez de nouveau le cahier.",
            line_anchor(stale.code),
        )
        for stale in saved.conflicts
    ] + [Blocker("refused_line", f"{code} : {reason}", line_anchor(code)) for code, reason in saved.refused.items()]
    if blockers:
        raise TransitionRefused(blockers)
    return saved.changed


# -- visuals


def add_visual(*, campaign_id: UUID, code: str, upload: UploadedFile[Any], actor: User, anchor: str = "") -> TestFile:
    """Deposit a visual on a line. Raises UploadRefused, PermissionDenied, TransitionRefused, TestLine.DoesNotExist."""
    examined = examine(upload=upload, allowed_formats=VISUAL_FORMATS, max_size_mb=VISUAL_MAX_MB, anchor=anchor)
    with transaction.atomic():
        campaign, line = _open_line(campaign_id, code, actor)
        if line.files.filter(removed_at__isnull=True).count() >= MAX_VISUALS:
            raise TransitionRefused(
                [Blocker("too_many_files", f"{code} porte déjà {MAX_VISUALS} fichiers : retirez-en un.", anchor)]
            )
        return TestFile.objects.create(
            campaign=campaign,
            line=line,
            file=keep(examined=examined, actor=actor),
            added_by=actor,
            added_at=timezone.now(),
        )


@transaction.atomic
def remove_visual(*, file_id: UUID, campaign_id: UUID, actor: User) -> TestFile:
    """Take a visual off its line; it stays on record. Raises TestFile.DoesNotExist, TransitionRefused."""
    found = TestFile.objects.select_related("line", "file").get(pk=file_id, campaign=campaign_id, line__isnull=False)
    assert found.line is not None  # noqa: S101 - as filtered
    _open_line(campaign_id, found.line.code, actor)
    if found.removed_at is None:
        found.removed_at, found.removed_by = timezone.now(), actor
        found.save(update_fields=["removed_at", "removed_by"])
    return found


def _open_line(campaign_id: UUID, code: str, actor: User) -> tuple[TestCampaign, TestLine]:
    campaign, mode = _open(campaign_id, actor)
    if mode is not Mode.RECETTE:
        raise PermissionDenied("visuals")
    line = campaign.lines.kept().get(code=code)
    if code not in open_codes(campaign, mode, [line]):
        raise TransitionRefused([Blocker("closed", f"{code} n’est pas à refaire : ses visuels ne changent plus.")])
    return campaign, line
