"""Verdicts on criteria, conclusion of themes, second reading."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from convergence.kernel.errors import Blocker, TransitionRefused
from referencing.candidature import notices
from referencing.candidature.content import load_criteria, may_open
from referencing.candidature.core.criteria import EffectiveCriterion, find_criterion
from referencing.candidature.core.examination import (
    CHANGED,
    NEEDS_REREADING,
    NO_VERDICT,
    TO_COMPLETE,
    Judged,
    find_gap,
)
from referencing.candidature.enums import CandidatureState, Outcome
from referencing.candidature.models import Candidature, ThemeReview, Verdict
from referencing.candidature.rules import can_give_visa, can_judge
from referencing.candidature.services import standing
from referencing.candidature.services.files import lock_file
from referencing.candidature.services.journal import tell

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from convergence.accounts.models import User

#: A favourable verdict speaks for itself; the others are read by somebody who must act on them.
EXPLAINED = (Outcome.NON_COMPLIANT, Outcome.TO_COMPLETE, Outcome.NOT_APPLICABLE)


#: What is said of a criterion that keeps its theme open.
GAPS = {
    NO_VERDICT: "n’a pas de verdict",
    TO_COMPLETE: "est encore « à compléter »",
    CHANGED: "a reçu un complément depuis son verdict",
    NEEDS_REREADING: "porte un verdict à relire",
}


class StaleVerdict(Exception):
    """Somebody judged the criterion meanwhile; `verdict` is theirs."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.pk)
        self.verdict = verdict


class UnknownCriterion(Exception):
    """The file has no such criterion (or no longer: scope reduction)."""


@transaction.atomic
def give_verdict(
    *,
    candidature_id: UUID,
    criterion: str,
    outcome: str,
    text: str,
    note: str,
    base_version: int,
    actor: User,
) -> Verdict:
    """Judge one criterion (BR-112: experts on their own themes only). `text` is for the editor, `note` never is.

    `base_version` is the version that the author had before the eyes, 0 for none. Raises Candidature.DoesNotExist,
    UnknownCriterion, PermissionDenied, StaleVerdict, or TransitionRefused with every reason.
    """
    candidature = lock_file(candidature_id, actor)
    judged = find_criterion(load_criteria(candidature, opened=True), criterion)
    review = ThemeReview.objects.filter(candidature=candidature, theme=judged.theme).first() if judged else None
    if judged is None or review is None:
        raise UnknownCriterion(criterion)
    review.candidature = candidature
    if not can_judge(actor, review):
        raise PermissionDenied("give_verdict")
    verdict = Verdict.objects.filter(candidature=candidature, criterion=criterion).select_related("by").first()
    if verdict and verdict.version != base_version:
        raise StaleVerdict(verdict)
    blockers = _find_verdict_blockers(candidature, review, outcome, text.strip())
    if judged.recovered is not None and not may_open(actor, candidature):
        blockers.append(
            Blocker("tied", "Un lien d’intérêts vous lie à l’éditeur producteur : un autre agent juge sa réponse.")
        )
    if blockers:
        raise TransitionRefused(blockers)
    if verdict is None:
        verdict = Verdict(candidature=candidature, theme=judged.theme, criterion=criterion, version=0)
    former = verdict.outcome
    verdict.outcome, verdict.text, verdict.note = outcome, text.strip(), note.strip()
    verdict.version += 1
    verdict.content_sha256 = judged.content_sha256
    verdict.by, verdict.at = actor, timezone.now()
    verdict.carried_from, verdict.needs_rereading, verdict.visa_by, verdict.visa_at = None, False, None, None
    verdict.save()
    data = {
        "outcome": outcome,
        "former": former,
        "version": verdict.version,
        "text": verdict.text,
        "note": verdict.note,
    }
    tell(candidature, "verdict_given", actor=actor, internal=True, subject=verdict, criterion=criterion, data=data)
    standing.refresh(candidature)
    return verdict


def _find_verdict_blockers(candidature: Candidature, review: ThemeReview, outcome: str, text: str) -> list[Blocker]:
    blockers = []
    if candidature.state != CandidatureState.EVALUATION:
        blockers.append(
            Blocker("wrong_state", "Ce dossier n’est pas en cours d’évaluation : aucun verdict n’y est rendu.")
        )
    if review.concluded_at is not None:
        blockers.append(
            Blocker(
                "theme_concluded",
                "Ce thème est conclu : rouvrez-le avant de changer un verdict.",
                reverse("candidature:examination", args=[candidature.pk]) + f"#{review.theme}",
            )
        )
    if outcome not in Outcome.values:
        blockers.append(Blocker("outcome", "Choisissez un verdict.", "#id_outcome_0"))
    elif outcome in EXPLAINED and not text:
        blockers.append(Blocker("text", "Indiquez le motif de ce verdict : l’éditeur doit comprendre.", "#id_text"))
    return blockers


def find_theme_blockers(
    candidature: Candidature, criteria: Sequence[EffectiveCriterion], verdicts: dict[str, Verdict]
) -> list[Blocker]:
    """What keeps a theme from being concluded, criterion by criterion, each linked to its page. `criteria`: the theme’s."""
    blockers = []
    for criterion in criteria:
        verdict = verdicts.get(criterion.code)
        if gap := find_gap(criterion, judged_of(verdict)):
            page = reverse("candidature:criterion_review", args=[candidature.pk, criterion.code])
            blockers.append(Blocker(gap, f"{criterion.code} {criterion.title} {GAPS[gap]}.", page))
    return blockers


def judged_of(verdict: Verdict | None) -> Judged | None:
    return Judged(verdict.outcome, verdict.content_sha256, verdict.needs_rereading) if verdict else None


@transaction.atomic
def conclude_theme(*, candidature_id: UUID, theme: str, summary: str, actor: User) -> ThemeReview:
    """The assigned expert, or the listing team, has judged every criterion of the theme.

    Raises Candidature.DoesNotExist, ThemeReview.DoesNotExist, PermissionDenied or TransitionRefused.
    """
    candidature, review = _lock_theme(candidature_id, theme, actor)
    if not can_judge(actor, review):
        raise PermissionDenied("conclude_theme")
    blockers = _closed(candidature)
    if review.concluded_at is not None:
        blockers.append(Blocker("theme_concluded", "Ce thème est déjà conclu."))
    criteria = [each for each in load_criteria(candidature, opened=True) if each.theme == theme]
    verdicts = {each.criterion: each for each in Verdict.objects.filter(candidature=candidature, theme=theme)}
    if blockers := blockers + find_theme_blockers(candidature, criteria, verdicts):
        raise TransitionRefused(blockers)
    review.summary = summary.strip()
    review.concluded_at, review.concluded_by = timezone.now(), actor
    review.visa_at, review.visa_by = None, None
    review.save()
    tell(candidature, "theme_concluded", actor=actor, subject=review, data={"theme": theme})
    standing.refresh(candidature)
    transaction.on_commit(partial(notices.theme_concluded, candidature, review))
    return review


@transaction.atomic
def reopen_theme(*, candidature_id: UUID, theme: str, reason: str, actor: User) -> ThemeReview:
    """Verdicts may change again; a visa given falls. Raises as `conclude_theme`."""
    candidature, review = _lock_theme(candidature_id, theme, actor)
    if not can_judge(actor, review):
        raise PermissionDenied("reopen_theme")
    return _reopen(candidature, review, kind="theme_reopened", reason=reason, actor=actor)


@transaction.atomic
def give_visa(*, candidature_id: UUID, theme: str, actor: User) -> ThemeReview:
    """A second agent, never the author, has read the theme and agrees. Raises as `conclude_theme`."""
    candidature, review = _lock_theme(candidature_id, theme, actor)
    if blockers := _find_visa_blockers(candidature, review, actor):
        raise TransitionRefused(blockers)
    review.visa_by, review.visa_at = actor, timezone.now()
    review.save(update_fields=["visa_by", "visa_at"])
    tell(candidature, "visa_given", actor=actor, internal=True, subject=review, data={"theme": theme})
    standing.refresh(candidature)
    return review


@transaction.atomic
def send_back_theme(*, candidature_id: UUID, theme: str, reason: str, actor: User) -> ThemeReview:
    """The second reader does not agree: the theme is reopened and its expert told why. Raises as `conclude_theme`."""
    candidature, review = _lock_theme(candidature_id, theme, actor)
    if blockers := _find_visa_blockers(candidature, review, actor):
        raise TransitionRefused(blockers)
    author = review.concluded_by
    _reopen(candidature, review, kind="visa_refused", reason=reason, actor=actor)
    if author is not None:
        transaction.on_commit(partial(notices.theme_sent_back, candidature, review, author, reason.strip()))
    return review


def needs_visa(candidature: Candidature, review: ThemeReview) -> bool:
    """The démarche wants a second reading of this theme, which is concluded and not read yet."""
    asked = candidature.enrolment.demarche.settings.get("instruction", {}).get("second_reading", [])
    return review.theme in asked and review.concluded_at is not None and review.visa_at is None


def _find_visa_blockers(candidature: Candidature, review: ThemeReview, actor: User) -> list[Blocker]:
    """Raises PermissionDenied for whoever may not read in second; one of its authors is told why instead."""
    blockers = _closed(candidature)
    if not needs_visa(candidature, review):
        blockers.append(Blocker("no_visa", "Aucun visa n’est attendu sur ce thème."))
    is_author = (
        review.concluded_by_id == actor.pk
        or Verdict.objects.filter(candidature=candidature, theme=review.theme, by=actor).exists()
    )
    if is_author:
        blockers.append(Blocker("own_visa", "Vous avez évalué ce thème : son visa revient à une autre personne."))
    elif not can_give_visa(actor, review):
        raise PermissionDenied("give_visa")
    return blockers


def _reopen(candidature: Candidature, review: ThemeReview, *, kind: str, reason: str, actor: User) -> ThemeReview:
    blockers = _closed(candidature)
    if review.concluded_at is None:
        blockers.append(Blocker("theme_open", "Ce thème n’est pas conclu."))
    if not reason.strip():
        blockers.append(Blocker("reason", "Indiquez le motif de la réouverture.", "#id_reason"))
    if blockers:
        raise TransitionRefused(blockers)
    review.concluded_at, review.concluded_by, review.visa_at, review.visa_by = None, None, None, None
    review.save(update_fields=["concluded_at", "concluded_by", "visa_at", "visa_by"])
    tell(
        candidature,
        kind,
        actor=actor,
        internal=kind != "theme_reopened",
        subject=review,
        reason=reason.strip(),
        data={"theme": review.theme},
    )
    standing.refresh(candidature)
    return review


def _closed(candidature: Candidature) -> list[Blocker]:
    if candidature.state == CandidatureState.EVALUATION:
        return []
    return [Blocker("wrong_state", "Ce dossier n’est pas en cours d’évaluation.")]


def _lock_theme(candidature_id: UUID, theme: str, actor: User) -> tuple[Candidature, ThemeReview]:
    candidature = lock_file(candidature_id, actor)
    review = (
        ThemeReview.objects.select_for_update(of=("self",))
        .select_related("expert", "concluded_by")
        .get(candidature=candidature, theme=theme)
    )
    review.candidature = candidature
    return candidature, review
