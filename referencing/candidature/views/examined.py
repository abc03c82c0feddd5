"""What every page of the review workspace reads of a file, and how it words it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Prefetch, prefetch_related_objects
from django.urls import reverse

from convergence.accounts.requests import SignedInRequest
from convergence.ui.values import Badge, Progress, Tone
from referencing.candidature.content import load_content, may_open
from referencing.candidature.core.criteria import EffectiveCriterion
from referencing.candidature.core.examination import CHANGED, NEEDS_REREADING, TO_DO, Judged, find_gap
from referencing.candidature.enums import Outcome
from referencing.candidature.models import Candidature, Discussion, ThemeReview, Verdict
from referencing.candidature.models.discussion import DiscussionQuerySet
from referencing.candidature.rules import is_any_expert, is_instructor
from referencing.candidature.views.frame import get_file
from referencing.dossier.readers import answer_text
from referencing.enrolment.inheritance import CONFIDENTIAL

if TYPE_CHECKING:
    from convergence.accounts.models import User

TONES: dict[str, Tone] = {
    Outcome.COMPLIANT: "success",
    Outcome.NON_COMPLIANT: "error",
    Outcome.TO_COMPLETE: "warning",
    Outcome.NOT_APPLICABLE: "neutral",
}
GAP_WORDS = {CHANGED: "Complété depuis le verdict", NEEDS_REREADING: "Verdict à relire"}


@dataclass(frozen=True, slots=True)
class Examined:
    """What every page of the workspace reads of a file: its criteria, their verdicts, its themes."""

    candidature: Candidature
    payload: Mapping[str, Any]
    criteria: tuple[EffectiveCriterion, ...]
    verdicts: Mapping[str, Verdict]
    reviews: Mapping[str, ThemeReview]
    is_agent: bool

    @property
    def judged(self) -> dict[str, Judged]:
        return {
            code: Judged(each.outcome, each.content_sha256, each.needs_rereading)
            for code, each in self.verdicts.items()
        }

    def scope(self, request: SignedInRequest) -> list[EffectiveCriterion]:
        """The criteria that the person examines: an expert’s own themes, everybody else’s all of them."""
        if not self.is_agent or not is_any_expert(request.user, self.candidature):
            return list(self.criteria)
        own = {theme for theme, review in self.reviews.items() if review.expert_id == request.user.pk}
        return [each for each in self.criteria if each.theme in own]


def load_examined(request: SignedInRequest, pk: UUID) -> Examined:
    """Three queries (four with addenda, two more for agents when answers were recovered), whatever the number of criteria.
    Verdicts and recovered answers are the agents’: the editor’s page has none."""
    candidature = get_file(request, pk)
    reviews = ThemeReview.objects.select_related("expert", "concluded_by", "visa_by").order_by("position")
    prefetch_related_objects([candidature], Prefetch("reviews", reviews))
    is_agent = is_instructor(request.user, candidature)
    verdicts = Verdict.objects.filter(candidature=candidature).select_related("by") if is_agent else ()
    content = load_content(candidature, opened=may_open(request.user, candidature))
    return Examined(
        candidature=candidature,
        payload=content.payload,
        criteria=content.criteria,
        verdicts={each.criterion: each for each in verdicts},
        reviews={each.theme: each for each in candidature.reviews.all()},
        is_agent=is_agent,
    )


def outcome_badge(outcome: str) -> Badge:
    return Badge(str(Outcome(outcome).label), tone=TONES[outcome])


def words_of(criterion: EffectiveCriterion, answer: Mapping[str, Any] | None = None) -> str:
    """The answer (or another one) in words; of a recovered one, nothing but that it is."""
    if criterion.recovered is not None and criterion.answer is None and not answer:
        return CONFIDENTIAL.capitalize()
    return answer_text(
        {"answer": answer or criterion.answer, "levels": criterion.levels, "value_label": criterion.value_label}
    )


def criterion_url(candidature: Candidature, code: str) -> str:
    return reverse("candidature:criterion_review", args=[candidature.pk, code])


def progress_of(scope: Sequence[EffectiveCriterion], judged: Mapping[str, Judged]) -> Progress:
    done = sum(find_gap(each, judged.get(each.code)) not in TO_DO for each in scope)
    return Progress(
        title="Examen des critères",
        percent=100 * done // len(scope) if scope else 0,
        done=done,
        total=len(scope),
        unit="critères examinés",
    )


def visible_threads(candidature: Candidature, user: User) -> DiscussionQuerySet:
    """The editor knows nothing of internal threads."""
    threads: DiscussionQuerySet = Discussion.objects.filter(candidature=candidature)
    return threads if is_instructor(user, candidature) else threads.filter(is_internal=False)
