"""The criteria of a file by theme: verdicts and progress for agents, threads for the editor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from convergence.accounts.requests import SignedInRequest
from convergence.ui.values import Badge
from referencing.candidature.core.criteria import EffectiveCriterion
from referencing.candidature.core.examination import TO_DO, find_gap, find_next
from referencing.candidature.enums import CandidatureState, DiscussionState
from referencing.candidature.models import Candidature, ThemeReview
from referencing.candidature.rules import can_give_visa, can_judge
from referencing.candidature.services.reviewing import needs_visa
from referencing.candidature.views.examined import (
    GAP_WORDS,
    Examined,
    criterion_url,
    load_examined,
    outcome_badge,
    progress_of,
    visible_threads,
    words_of,
)
from referencing.candidature.views.frame import file_frame
from referencing.dossier.readers import NATURES

KEYS = (
    ("n", "Continuer l’examen au premier critère qui reste"),
    ("↓", "Entrer dans la liste, puis critère suivant"),
    ("Entrée", "Ouvrir le critère"),
    ("?", "Cette aide"),
)


@dataclass(frozen=True, slots=True)
class Line:
    code: str
    title: str
    url: str
    answer: str
    is_reached: bool | None
    nature: str
    badge: Badge | None
    marks: Sequence[Badge]


@dataclass(frozen=True, slots=True)
class ThemeBlock:
    code: str
    title: str
    lines: Sequence[Line]
    done: int
    total: int
    who: str
    is_mine: bool
    badge: Badge | None
    summary: str
    acts: Sequence[tuple[str, str, bool]]
    """(label, address, whether it is the next thing to do)."""


@require_GET
@login_required
def examination(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Criteria by theme, with verdicts and progress for agents, threads for the editor."""
    examined = load_examined(request, pk)
    threads = _threads_by_criterion(request, examined)
    only_open = request.GET.get("reste") == "1" and examined.is_agent
    scope = examined.scope(request)
    judged = examined.judged
    following = find_next(scope, judged)
    mine = {each.theme for each in scope}
    blocks = [
        _theme_block(request, examined, theme, list(criteria), threads, only_open=only_open)
        for theme, criteria in groupby(examined.criteria, key=lambda each: each.theme)
    ]
    blocks.sort(key=lambda block: block.code not in mine)  # an expert’s own themes first, the others after
    return render(
        request,
        "candidature/examination.html",
        {
            **file_frame(request, examined.candidature, "examination"),
            "blocks": [block for block in blocks if block.lines or not only_open],
            "only_open": only_open,
            "keys": KEYS,
            "continue_url": criterion_url(examined.candidature, following) if following else "",
            "continue_code": following,
            "progress": progress_of(scope, judged) if examined.is_agent else None,
        },
    )


def _theme_block(
    request: SignedInRequest,
    examined: Examined,
    theme: str,
    criteria: Sequence[EffectiveCriterion],
    threads: Mapping[str, Sequence[Badge]],
    *,
    only_open: bool,
) -> ThemeBlock:
    candidature, review = examined.candidature, examined.reviews.get(theme)
    judged = examined.judged
    gaps = {each.code: find_gap(each, judged.get(each.code)) for each in criteria}
    return ThemeBlock(
        code=theme,
        title=criteria[0].theme_title,
        lines=[
            _line(examined, each, gaps[each.code], threads.get(each.code, ()))
            for each in criteria
            if not only_open or gaps[each.code]
        ],
        done=sum(gap not in TO_DO for gap in gaps.values()),
        total=len(criteria),
        who=_who(review) if examined.is_agent else "",
        is_mine=review is not None and review.expert_id == request.user.pk,
        badge=_theme_badge(candidature, review, is_agent=examined.is_agent),
        summary=review.summary if review and examined.is_agent else "",
        acts=_theme_acts(request, candidature, review, is_ready=not any(gaps.values())) if review else (),
    )


def _who(review: ThemeReview | None) -> str:
    if review is None or review.expert is None:
        return "Aucun expert désigné"
    return f"Expert : {review.expert.get_full_name()}"


def _theme_badge(candidature: Candidature, review: ThemeReview | None, *, is_agent: bool) -> Badge | None:
    if review is None:
        return None
    if review.visa_at and is_agent:
        return Badge(
            f"Conclu, visa de {review.visa_by.get_full_name()}" if review.visa_by else "Conclu, visé", "success"
        )
    if is_agent and needs_visa(candidature, review):
        return Badge("Conclu, visa attendu", "info")
    return Badge("Conclu", "success") if review.concluded_at else Badge("En cours d’examen", "new")


def _theme_acts(
    request: SignedInRequest, candidature: Candidature, review: ThemeReview, *, is_ready: bool
) -> list[tuple[str, str, bool]]:
    if candidature.state != CandidatureState.EVALUATION:
        return []

    def address(act: str) -> str:
        return reverse("candidature:theme_act", args=[candidature.pk, review.theme, act])

    acts = []
    if review.concluded_at is None:
        if can_judge(request.user, review):
            acts.append(("Conclure le thème", address("conclure"), is_ready))
        return acts
    if needs_visa(candidature, review) and can_give_visa(request.user, review):
        acts += [("Donner le visa", address("viser"), True), ("Renvoyer à l’expert", address("renvoyer"), False)]
    if can_judge(request.user, review):
        acts.append(("Rouvrir le thème", address("rouvrir"), False))
    return acts


def _line(examined: Examined, criterion: EffectiveCriterion, gap: str, threads: Sequence[Badge]) -> Line:
    verdict = examined.verdicts.get(criterion.code)
    marks = list(threads)
    if criterion.supplements:
        marks.insert(0, Badge("Complété", "info"))
    if gap in GAP_WORDS:
        marks.insert(0, Badge(GAP_WORDS[gap], "warning"))
    if verdict and verdict.carried_from:
        marks.append(Badge("Déjà vérifié", "neutral"))
    return Line(
        code=criterion.code,
        title=criterion.title,
        url=criterion_url(examined.candidature, criterion.code),
        answer=words_of(criterion),
        is_reached=criterion.is_reached,
        nature=NATURES[criterion.nature],
        badge=outcome_badge(verdict.outcome) if verdict else None,
        marks=marks,
    )


def _threads_by_criterion(request: SignedInRequest, examined: Examined) -> dict[str, list[Badge]]:
    """One query: open and unread threads of the file, as marks of their criteria."""
    marks: dict[str, list[Badge]] = {}
    for thread in visible_threads(examined.candidature, request.user).with_unread(request.user).order_by("opened_at"):
        if thread.is_unread:
            marks.setdefault(thread.criterion, []).append(Badge("Nouveau message", "new"))
        elif thread.state == DiscussionState.OPEN:
            marks.setdefault(thread.criterion, []).append(Badge("Discussion ouverte", "neutral"))
    return {code: list(dict.fromkeys(badges)) for code, badges in marks.items()}
