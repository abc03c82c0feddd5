"""Taking over the verdicts of an earlier candidature where nothing changed: « déjà vérifié le … »."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from convergence.accounts.models import User
from convergence.audit.services import record
from convergence.interests.selectors import without_conflict
from convergence.kernel.errors import Blocker, TransitionRefused
from referencing.candidature.content import load_criteria, recovers
from referencing.candidature.core.comparison import is_expired
from referencing.candidature.core.criteria import EffectiveCriterion
from referencing.candidature.enums import CandidatureState, NonConformityState, Outcome, ProducerQuestionState
from referencing.candidature.models import (
    Candidature,
    ComplementItem,
    NonConformity,
    ProducerQuestion,
    ThemeReview,
    Verdict,
)
from referencing.candidature.rules import can_judge
from referencing.candidature.services import standing
from referencing.candidature.services.files import lock_file
from referencing.candidature.services.journal import tell
from referencing.candidature.versions import ages_of

if TYPE_CHECKING:
    from uuid import UUID

#: Only what was settled in the editor’s favour; the rest is looked at again.
CARRIED = (Outcome.COMPLIANT, Outcome.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True)
class Carriable:
    """A criterion whose former verdict still holds; `verified_on`: the day on which somebody really looked."""

    criterion: EffectiveCriterion
    former: Verdict
    verified_on: date


def find_carriable(candidature: Candidature, *, on: date) -> list[Carriable]:
    """The criteria without verdict that were judged in the product’s last evaluated candidature, and have the same text,
    answer and files, none of them too old on that day; not when whoever gave it has declared a link with the organisation
    since, or has joined it (A-21). Six queries, seven when a former verdict was itself taken over; the dossier is loaded.
    """
    former = {verdict.criterion: verdict for verdict in _untied(candidature, _former_verdicts(candidature))}
    if not former:
        return []
    taken = set(Verdict.objects.filter(candidature=candidature).values_list("criterion", flat=True))
    taken |= set(
        ComplementItem.objects.filter(
            candidature=candidature, answered_at__isnull=True, closed_at__isnull=True
        ).values_list("code", flat=True)
    )
    taken |= set(
        NonConformity.objects.filter(candidature=candidature)
        .exclude(state=NonConformityState.LIFTED)
        .values_list("criterion", flat=True)
    )
    taken |= set(
        ProducerQuestion.objects.filter(
            candidature=candidature,
            state__in=[ProducerQuestionState.OPEN, ProducerQuestionState.LAPSED, ProducerQuestionState.MAINTAINED],
        ).values_list("criterion", flat=True)
        if recovers(candidature.dossier)
        else ()
    )
    ages = ages_of(candidature)
    return [
        Carriable(criterion, verdict, verdict.carried_from or timezone.localdate(verdict.at))
        for criterion in load_criteria(candidature, opened=True)
        if criterion.code not in taken
        and (verdict := former.get(criterion.code)) is not None
        and verdict.content_sha256 == criterion.content_sha256
        and not any(is_expired(file, criterion=criterion.code, on=on, ages=ages) for file in criterion.evidence)
    ]


def _former_verdicts(candidature: Candidature) -> list[Verdict]:
    """Those of the last candidature of the product, before this one, that has verdicts."""
    verdicts = Verdict.objects.filter(
        candidature__enrolment__product=candidature.enrolment.product_id,
        candidature__applied_at__lt=candidature.applied_at,
    ).exclude(candidature=candidature)
    last = verdicts.order_by("-candidature__applied_at").values("candidature")[:1]
    return list(verdicts.filter(candidature__in=last, outcome__in=CARRIED, needs_rereading=False).select_related("by"))


def _untied(candidature: Candidature, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Those whose authors no link ties to the organisation today: who signed them, and who really looked."""
    givers = {verdict.pk: {verdict.by_id} | seen for verdict, seen in _who_looked(candidature, verdicts)}
    people = User.objects.filter(pk__in=set().union(*givers.values()))
    free = set(without_conflict(people, candidature.enrolment.product.organisation).values_list("pk", flat=True))
    return [verdict for verdict in verdicts if givers[verdict.pk] <= free]


def _who_looked(candidature: Candidature, verdicts: Sequence[Verdict]) -> Iterator[tuple[Verdict, set[UUID]]]:
    """Each verdict with those who gave it in the first place, when it was taken over from an earlier candidature."""
    taken_over = {verdict.criterion for verdict in verdicts if verdict.carried_from}
    first: dict[tuple[str, str], set[UUID]] = {}
    if taken_over:
        given = Verdict.objects.filter(
            candidature__enrolment__product=candidature.enrolment.product_id,
            criterion__in=taken_over,
            carried_from__isnull=True,
        )
        for criterion, content, person in given.values_list("criterion", "content_sha256", "by"):
            first.setdefault((criterion, content), set()).add(person)
    for verdict in verdicts:
        yield verdict, first.get((verdict.criterion, verdict.content_sha256), set()) if verdict.carried_from else set()


@transaction.atomic
def carry_verdicts(*, candidature_id: UUID, theme: str, criteria: Iterable[str], actor: User) -> list[Verdict]:
    """Take over the former verdicts of these criteria of a theme (BR-112: experts on their own themes only).

    Each new verdict says since when it holds (`carried_from`). Raises Candidature.DoesNotExist, ThemeReview.DoesNotExist,
    PermissionDenied, or TransitionRefused with every reason.
    """
    candidature = lock_file(candidature_id, actor)
    review = ThemeReview.objects.get(candidature=candidature, theme=theme)
    review.candidature = candidature
    if not can_judge(actor, review):
        raise PermissionDenied("carry_verdicts")
    now = timezone.now()
    wanted = list(dict.fromkeys(criteria))
    found = {each.criterion.code: each for each in find_carriable(candidature, on=timezone.localdate(now))}
    if blockers := _find_blockers(candidature, review, wanted, found):
        raise TransitionRefused(blockers)
    carried = []
    for code in wanted:
        former = found[code].former
        verdict = Verdict.objects.create(
            candidature=candidature,
            theme=theme,
            criterion=code,
            outcome=former.outcome,
            text=former.text,
            content_sha256=former.content_sha256,
            by=actor,
            at=now,
            carried_from=found[code].verified_on,
        )
        record(
            "verdict.carry",
            subject=verdict,
            actor=actor,
            data={"from": former.pk, "verified_on": found[code].verified_on.isoformat()},
        )
        carried.append(verdict)
    tell(candidature, "verdicts_carried", actor=actor, internal=True, data={"theme": theme, "criteria": wanted})
    standing.refresh(candidature)
    return carried


def _find_blockers(
    candidature: Candidature, review: ThemeReview, wanted: list[str], found: dict[str, Carriable]
) -> list[Blocker]:
    blockers = []
    if candidature.state != CandidatureState.EVALUATION:
        blockers.append(
            Blocker("wrong_state", "Ce dossier n’est pas en cours d’évaluation : aucun verdict n’y est rendu.")
        )
    if review.concluded_at is not None:
        blockers.append(Blocker("theme_concluded", "Ce thème est conclu : rouvrez-le avant de reprendre un verdict."))
    if not wanted:
        blockers.append(Blocker("criteria", "Choisissez au moins un critère.", f"#reprise-{review.theme}"))
    blockers += [
        Blocker(
            "not_carriable",
            f"Le verdict du critère {code} ne peut pas être repris : le critère a changé ou a déjà été jugé, "
            "ou son verdict doit être rendu de nouveau.",
            f"#reprise-{review.theme}",
        )
        for code in wanted
        if code not in found or found[code].criterion.theme != review.theme
    ]
    return blockers
