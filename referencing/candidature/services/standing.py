"""Keeps what queues filter and sort on (`waiting_for`, `due_on`) equal to what the children of a file say."""

from __future__ import annotations

from collections import Counter

from referencing.candidature.core.standing import Asked, FileFacts, FileStanding, ThemeFacts, find_standing
from referencing.candidature.enums import NonConformityState, Outcome, RequestState, Severity
from referencing.candidature.models import Candidature, ComplementItem, NonConformity, ThemeReview, Verdict
from referencing.candidature.services.connection.standing import campaign_holder
from referencing.dossier.readers import read_payload


def load_facts(candidature: Candidature) -> FileFacts:
    """What decides who holds the ball, in four queries while the file is evaluated."""
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
    settled = set(judged.values_list("criterion", flat=True)) | with_editor
    remaining = Counter(
        questionnaire["code"]
        for questionnaire in read_payload(candidature.dossier)["questionnaires"]
        for criterion in questionnaire["criteria"]
        if criterion["code"] not in settled
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


def refresh(candidature: Candidature) -> FileStanding:
    """Recompute who holds the ball and until when; call it last in every service that changes the file or a child.

    The candidature is locked by the caller, with its enrolment, démarche and dossier loaded.
    """
    standing = find_standing(load_facts(candidature))
    candidature.waiting_for, candidature.due_on = standing.holder, standing.editor_due_on
    Candidature.objects.filter(pk=candidature.pk).update(waiting_for=standing.holder, due_on=standing.editor_due_on)
    return standing
