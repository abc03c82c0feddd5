"""Keeps what queues filter and sort on (`waiting_for`, `due_on`) equal to what the children of a file say."""

from __future__ import annotations

from collections import Counter
from datetime import date

from django.utils import timezone

from referencing.candidature.content import load_criteria
from referencing.candidature.core.clock import Clock
from referencing.candidature.core.criteria import EffectiveCriterion
from referencing.candidature.core.standing import Asked, FileFacts, FileStanding, ThemeFacts, find_standing
from referencing.candidature.enums import (
    CONCLUDED_STATES,
    CandidatureState,
    Holder,
    NonConformityState,
    Outcome,
    RequestState,
    Severity,
    StopReason,
)
from referencing.candidature.models import Candidature, ComplementItem, NonConformity, ThemeReview, Verdict
from referencing.candidature.services.clocks import internal_clock, turn
from referencing.candidature.services.connection.standing import campaign_holder


def load_facts(candidature: Candidature) -> FileFacts:
    """What decides who holds the ball, in a few queries while the file is evaluated."""
    items = ComplementItem.objects.filter(
        candidature=candidature, request__state=RequestState.OPEN, answered_at__isnull=True, closed_at__isnull=True
    ).values_list("theme", "request__due_on", "code")
    gaps = (
        NonConformity.objects.filter(candidature=candidature, state=NonConformityState.OPEN, closed_at__isnull=True)
        .exclude(severity=Severity.OBSERVATION)
        .values_list("theme", "due_on", "criterion")
    )
    asked = [*items, *gaps]
    return FileFacts(
        state=candidature.state,
        themes=_theme_facts(candidature, {code for _, _, code in asked}),
        asked=[Asked(theme, is_with_editor=True, due_on=due_on) for theme, due_on, _ in asked],
        tests=campaign_holder(candidature),
    )


def _theme_facts(candidature: Candidature, with_editor: set[str]) -> list[ThemeFacts]:
    reviews = list(ThemeReview.objects.filter(candidature=candidature).order_by("position"))
    if not reviews:
        return []
    judged = Verdict.objects.filter(candidature=candidature, needs_rereading=False).exclude(outcome=Outcome.TO_COMPLETE)
    verdicts = dict(judged.values_list("criterion", "content_sha256"))
    remaining = Counter(
        each.theme
        for each in load_criteria(candidature)
        if each.code not in with_editor and not _is_settled(each, verdicts)
    )
    second_reading = candidature.enrolment.demarche.settings.get("instruction", {}).get("second_reading", [])
    return [
        ThemeFacts(
            theme=review.theme,
            has_expert=review.expert_id is not None,
            is_concluded=review.concluded_at is not None,
            needs_visa=review.theme in second_reading and review.visa_at is None,
            remaining=remaining[review.theme],
        )
        for review in reviews
    ]


def _is_settled(criterion: EffectiveCriterion, verdicts: dict[str, str]) -> bool:
    """Judged, and nothing was added to it since; `verdicts`: hash of what was judged, by criterion."""
    judged = verdicts.get(criterion.code)
    return judged is not None and (not criterion.supplements or judged == criterion.content_sha256)


def load_standing(candidature: Candidature) -> FileStanding:
    """Who holds the ball now, as a whole and per theme."""
    return find_standing(load_facts(candidature))


def refresh(candidature: Candidature) -> FileStanding:
    """Recompute who holds the ball and until when; call it last in every service that changes the file or a child.

    The candidature is locked by the caller, with its enrolment, démarche and dossier loaded. The clock stops or runs
    accordingly, and the due day is that of whoever holds the ball: the editor’s, or the internal one (A-17, A-19).
    """
    standing = load_standing(candidature)
    stops = turn(candidature, _reason_to_stop(candidature, standing), at=timezone.now())
    is_concluded = candidature.state in CONCLUDED_STATES
    due_on = None if is_concluded else _due_on(standing, internal_clock(candidature, stops))
    candidature.waiting_for, candidature.due_on = standing.holder, due_on
    Candidature.objects.filter(pk=candidature.pk).update(waiting_for=standing.holder, due_on=due_on)
    return standing


def hand_to(candidature: Candidature, holder: Holder, *, due_on: date | None) -> None:
    """Say who holds the ball of a concluded file, and until when: the stages above know (reservations, decision).

    The candidature is locked by the caller.
    """
    if candidature.state not in CONCLUDED_STATES:
        raise ValueError("before its conclusion, the instruction computes who holds a file")
    candidature.waiting_for, candidature.due_on = holder, due_on
    Candidature.objects.filter(pk=candidature.pk).update(waiting_for=holder, due_on=due_on)


def _due_on(standing: FileStanding, clock: Clock | None) -> date | None:
    if standing.holder == Holder.EDITOR:
        return standing.editor_due_on
    if clock is None:
        return None
    return clock.due_on


def _reason_to_stop(candidature: Candidature, standing: FileStanding) -> StopReason | None:
    if candidature.state in CONCLUDED_STATES:
        return StopReason.CONCLUDED
    if not standing.is_stopped:
        return None
    return StopReason.PIECES if candidature.state == CandidatureState.ADMISSIBILITY else StopReason.ANSWERS
