"""Keeps what queues filter and sort on (`waiting_for`, `due_on`) equal to what the children of a file say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject
from django.utils import timezone

from referencing.candidature.content import load_criteria, recovers
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
from referencing.candidature.models import (
    Candidature,
    ComplementItem,
    ComplementRequest,
    NonConformity,
    ProducerQuestion,
    ThemeReview,
    Verdict,
)
from referencing.candidature.services.clocks import internal_clock, turn
from referencing.candidature.services.connection.standing import campaign_holder


@dataclass(frozen=True, slots=True)
class Children:
    """The rows of a file that say where it stands: open requests with their pending points (`pending`: theme, code),
    non-conformities that are not decided, verdicts, themes, and what is asked of the producer of recovered answers."""

    requests: Sequence[ComplementRequest]
    gaps: Sequence[NonConformity]
    verdicts: Sequence[Verdict]
    reviews: Sequence[ThemeReview]
    producer: Sequence[ProducerQuestion] = ()


def load_children(candidature: Candidature, *, with_verdicts: bool = True) -> Children:
    """Four queries, whatever the number of rows, five for a file that recovered answers; verdicts are for agents alone."""
    verdicts = Verdict.objects.filter(candidature=candidature).only(
        "candidature", "theme", "criterion", "outcome", "content_sha256", "needs_rereading"
    )
    pending = ComplementItem.objects.filter(request=OuterRef("pk"), answered_at__isnull=True, closed_at__isnull=True)
    points = pending.order_by("position").values(data=JSONObject(theme="theme", code="code"))
    return Children(
        requests=list(
            ComplementRequest.objects.filter(candidature=candidature, state=RequestState.OPEN)
            .annotate(pending=ArraySubquery(points))
            .order_by("due_on", "number")
        ),
        gaps=list(
            NonConformity.objects.filter(
                candidature=candidature,
                state__in=[NonConformityState.OPEN, NonConformityState.ANSWERED],
                closed_at__isnull=True,
            ).order_by("number")
        ),
        verdicts=list(verdicts) if with_verdicts else [],
        reviews=list(ThemeReview.objects.filter(candidature=candidature).select_related("expert").order_by("position")),
        producer=load_producer_questions(candidature),
    )


def load_producer_questions(candidature: Candidature) -> list[ProducerQuestion]:
    """Those that wait for the producer, the nearest day first; no query for a file that recovered nothing."""
    if not recovers(candidature.dossier):
        return []
    rows = ProducerQuestion.objects.filter(candidature=candidature).waiting().defer("text")
    return list(rows.order_by("due_on", "number"))


def is_with_editor(gap: NonConformity) -> bool:
    """An observation calls for no answer."""
    return gap.state == NonConformityState.OPEN and gap.severity != Severity.OBSERVATION


def load_facts(candidature: Candidature, children: Children | None = None) -> FileFacts:
    """What decides who holds the ball, in a few queries while the file is evaluated; fewer with its children at hand."""
    children = children or load_children(candidature)
    asked = [
        *((point["theme"], each.due_on, point["code"]) for each in children.requests for point in each.pending),  # type: ignore[attr-defined]
        *((gap.theme, gap.due_on, gap.criterion) for gap in children.gaps if is_with_editor(gap)),
    ]
    waiting = {code for _, _, code in asked} | {each.criterion for each in children.producer}
    return FileFacts(
        state=candidature.state,
        themes=_theme_facts(candidature, children, waiting),
        asked=[
            *(Asked(theme, is_with_editor=True, due_on=due_on) for theme, due_on, _ in asked),
            *(
                Asked(each.theme, is_with_editor=True, due_on=each.due_on, is_with_producer=True)
                for each in children.producer
            ),
        ],
        tests=campaign_holder(candidature),
    )


def _theme_facts(candidature: Candidature, children: Children, with_editor: set[str]) -> list[ThemeFacts]:
    if not children.reviews:
        return []
    verdicts = {
        each.criterion: each.content_sha256
        for each in children.verdicts
        if not each.needs_rereading and each.outcome != Outcome.TO_COMPLETE
    }
    remaining = Counter(
        each.theme
        for each in load_criteria(candidature, opened=True)
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
        for review in children.reviews
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
    if standing.holder in (Holder.EDITOR, Holder.PRODUCER):
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
