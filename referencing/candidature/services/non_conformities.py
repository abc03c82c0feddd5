"""Gaps found on criteria: opened, answered, lifted, maintained, reopened (T21, T22); a blocking one bars a favourable
conclusion only (BR-115, A-20)."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from convergence.audit import workflow
from convergence.kernel.errors import Blocker, TransitionRefused
from referencing.candidature import request_notices as notices
from referencing.candidature.content import load_criteria, recovers
from referencing.candidature.core.criteria import find_criterion
from referencing.candidature.delays import instruction_settings
from referencing.candidature.enums import (
    CandidatureState,
    NonConformityState,
    ProducerQuestionKind,
    ProducerQuestionState,
    Severity,
)
from referencing.candidature.models import Candidature, NonConformity, ProducerQuestion
from referencing.candidature.rules import can_instruct, can_judge
from referencing.candidature.services import standing
from referencing.candidature.services.answering import lock_non_conformity
from referencing.candidature.services.asking import asks_the_producer
from referencing.candidature.services.files import lock_file
from referencing.candidature.services.journal import tell

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User

DEFAULT_BLOCKING = [Severity.MAJOR]


@transaction.atomic
def open_non_conformity(
    *, candidature_id: UUID, criterion: str, severity: str, rationale: str, due_on: date | None, actor: User
) -> NonConformity:
    """Record a gap on a criterion: the editor is told, and answers before `due_on` unless it is an observation (T21).

    Raises Candidature.DoesNotExist, PermissionDenied (BR-112), or TransitionRefused with every reason.
    """
    candidature = lock_file(candidature_id, actor)
    now = timezone.now()
    if not can_instruct(actor, candidature):
        raise PermissionDenied("open_non_conformity")
    judged = find_criterion(load_criteria(candidature), criterion)
    if judged is None:
        raise TransitionRefused([Blocker("unknown", f"« {criterion} » n’est pas un critère de cette candidature.")])
    gap = NonConformity(
        candidature=candidature,
        number=NonConformity.objects.filter(candidature=candidature).count() + 1,
        theme=judged.theme,
        criterion=judged.code,
        title=judged.title,
        severity=severity,
        rationale=rationale.strip(),
        due_on=None if severity == Severity.OBSERVATION else due_on,
        opened_by=actor,
        opened_at=now,
    )
    if not can_judge(actor, gap):
        raise PermissionDenied("open_non_conformity")
    blockers = _find_wrong_state(candidature)
    if judged.recovered is not None:
        blockers.append(asks_the_producer(candidature, judged.code))
    if severity not in Severity.values:
        blockers.append(Blocker("severity", "Choisissez la gravité.", "#id_severity_0"))
    if not gap.rationale:
        blockers.append(Blocker("rationale", "Indiquez ce que vous avez constaté.", "#id_rationale"))
    if severity != Severity.OBSERVATION:
        blockers += _find_bad_day(due_on)
    if blockers:
        raise TransitionRefused(blockers)
    gap.save()
    tell(
        candidature,
        "non_conformity_opened",
        actor=actor,
        subject=gap,
        criterion=gap.criterion,
        data={"number": gap.number, "severity": severity, "due_on": str(gap.due_on or "")},
    )
    standing.refresh(candidature)
    transaction.on_commit(partial(notices.non_conformity_opened, gap))
    return gap


@transaction.atomic
def lift_non_conformity(*, non_conformity_id: UUID, note: str, actor: User) -> NonConformity:
    """The gap is closed; before any answer too, when it was an error (T22)."""
    return _decide(non_conformity_id, "lift", "non_conformity_lifted", note=note, actor=actor)


@transaction.atomic
def maintain_non_conformity(*, non_conformity_id: UUID, note: str, actor: User) -> NonConformity:
    """The answer does not close the gap; the reason reaches the editor (T22)."""
    return _decide(non_conformity_id, "maintain", "non_conformity_maintained", note=note, actor=actor)


def _decide(non_conformity_id: UUID, step: str, event: str, *, note: str, actor: User) -> NonConformity:
    gap = lock_non_conformity(non_conformity_id, actor)
    why = note.strip()

    def guard() -> list[Blocker]:
        blockers = _find_wrong_state(gap.candidature)
        if not why:
            blockers.append(Blocker("note", "Indiquez le motif de la décision : l’éditeur le lira.", "#id_note"))
        return blockers

    workflow.fire(gap, step, actor=actor, guard=guard, reason=why, by=actor, note=why, at=timezone.now())
    tell(gap.candidature, event, actor=actor, criterion=gap.criterion, reason=why, data={"number": gap.number})
    standing.refresh(gap.candidature)
    transaction.on_commit(partial(notices.non_conformity_decided, gap))
    return gap


@transaction.atomic
def reopen_non_conformity(*, non_conformity_id: UUID, reason: str, due_on: date | None, actor: User) -> NonConformity:
    """Ask again about a gap that was lifted or maintained; what was answered stays in its addendum (A-19)."""
    gap = lock_non_conformity(non_conformity_id, actor)
    why = reason.strip()
    day = None if gap.severity == Severity.OBSERVATION else due_on

    def guard() -> list[Blocker]:
        blockers = _find_wrong_state(gap.candidature)
        if not why:
            blockers.append(Blocker("note", "Indiquez pourquoi elle est rouverte : l’éditeur le lira.", "#id_note"))
        if gap.severity != Severity.OBSERVATION:
            blockers += _find_bad_day(day)
        return blockers

    workflow.fire(gap, "reopen", actor=actor, guard=guard, reason=why, at=timezone.now(), due_on=day)
    gap.decision_note = why
    gap.save(update_fields=["decision_note"])
    tell(
        gap.candidature,
        "non_conformity_reopened",
        actor=actor,
        criterion=gap.criterion,
        reason=why,
        data={"number": gap.number, "due_on": str(day or "")},
    )
    standing.refresh(gap.candidature)
    transaction.on_commit(partial(notices.non_conformity_decided, gap))
    return gap


def find_blocking(candidature: Candidature) -> list[Blocker]:
    """Non-conformities that bar a favourable conclusion: of a severity that the démarche names, and not lifted (BR-115)."""
    severities = instruction_settings(candidature).get("blocking_severities", DEFAULT_BLOCKING)
    gaps = NonConformity.objects.filter(candidature=candidature, severity__in=severities)
    questions = (
        ProducerQuestion.objects.filter(
            candidature=candidature, kind=ProducerQuestionKind.NON_CONFORMITY, severity__in=severities
        )
        .exclude(state__in=[ProducerQuestionState.LIFTED, ProducerQuestionState.TAKEN_OVER])
        .exclude(state=ProducerQuestionState.WITHDRAWN)
        .defer("text")
        .order_by("number")
        if recovers(candidature.dossier)
        else ()
    )
    return [
        *(
            Blocker(
                "blocking_non_conformity",
                f"La non-conformité n° {each.number} adressée à l’éditeur producteur "
                f"({each.get_severity_display().lower()}, critère {each.criterion}) n’est pas levée.",
                reverse("candidature:producer_question_detail", args=[candidature.pk, each.number]),
            )
            for each in questions
        ),
        *_find_own_blocking(candidature, gaps),
    ]


def _find_own_blocking(candidature: Candidature, gaps: QuerySet[NonConformity]) -> list[Blocker]:
    return [
        Blocker(
            "blocking_non_conformity",
            f"La non-conformité n° {gap.number} ({gap.get_severity_display().lower()}, critère {gap.criterion}) n’est pas "
            "levée.",
            reverse("candidature:non_conformity_detail", args=[candidature.pk, gap.number]),
        )
        for gap in gaps.exclude(state=NonConformityState.LIFTED).order_by("number")
    ]


def _find_wrong_state(candidature: Candidature) -> list[Blocker]:
    if candidature.state == CandidatureState.EVALUATION:
        return []
    return [Blocker("wrong_state", "Cette candidature n’est pas en cours d’évaluation.")]


def _find_bad_day(due_on: date | None) -> list[Blocker]:
    if due_on is not None and due_on > timezone.localdate():
        return []
    return [Blocker("due_on", "Indiquez une date à venir.", "#id_due_on")]
