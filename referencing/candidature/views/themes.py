"""Concluding a theme, reopening it, its second reading: each asks first on a page of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from convergence.accounts.requests import SignedInRequest
from convergence.drafts import services as drafts
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.forms import DsfrForm
from referencing.candidature.forms.review import ThemeReasonForm, ThemeSummaryForm
from referencing.candidature.models import Candidature, ThemeReview
from referencing.candidature.rules import can_give_visa, can_judge
from referencing.candidature.services.reviewing import (
    conclude_theme,
    find_theme_blockers,
    give_visa,
    reopen_theme,
    send_back_theme,
)
from referencing.candidature.views.examined import Examined, load_examined
from referencing.candidature.views.frame import file_frame


@dataclass(frozen=True, slots=True)
class Act:
    """What one may do to a theme: words, who may, the form that goes with it, the service and its word for the text."""

    title: str
    button: str
    text: str
    done: str
    may: Callable[[Any, ThemeReview], bool]
    run: Callable[..., ThemeReview]
    form: type[DsfrForm] | None = None
    argument: str = ""


ACTS = {
    "conclure": Act(
        "Conclure le thème",
        "Conclure le thème",
        "Les verdicts de ce thème ne changeront plus, sauf si vous le rouvrez avec un motif.",
        "Le thème est conclu.",
        can_judge,
        conclude_theme,
        ThemeSummaryForm,
        "summary",
    ),
    "rouvrir": Act(
        "Rouvrir le thème",
        "Rouvrir le thème",
        "Les verdicts de ce thème pourront changer de nouveau ; un visa déjà donné tombe.",
        "Le thème est rouvert.",
        can_judge,
        reopen_theme,
        ThemeReasonForm,
        "reason",
    ),
    "viser": Act(
        "Donner le visa",
        "Donner le visa",
        "Vous avez relu ce thème et en approuvez les verdicts. Votre nom figurera dans le rapport.",
        "Le visa est donné.",
        can_give_visa,
        give_visa,
    ),
    "renvoyer": Act(
        "Renvoyer le thème à l’expert",
        "Renvoyer le thème",
        "Le thème est rouvert et son auteur reçoit votre motif.",
        "Le thème est renvoyé à l’expert.",
        can_give_visa,
        send_back_theme,
        ThemeReasonForm,
        "reason",
    ),
}


@require_http_methods(["GET", "POST"])
@login_required
def theme_act(request: SignedInRequest, pk: UUID, theme: str, act: str) -> HttpResponse:
    """One page for the four acts: what will happen, what stands in the way, then the act."""
    examined = load_examined(request, pk)
    review = examined.reviews.get(theme)
    asked = ACTS.get(act)
    if review is None or asked is None:
        raise Http404(theme)
    if not examined.is_agent or not (asked.may(request.user, review) or review.concluded_by_id == request.user.pk):
        raise PermissionDenied(act)
    key = f"theme:{review.pk}:{act}"
    if request.method == "GET":
        typed = drafts.restore(user=request.user, form=key, values={"text": ""}) if asked.form else None
        form = asked.form(initial=typed.values) if asked.form and typed else None
        blockers = _foresee(examined, theme) if act == "conclure" and review.concluded_at is None else []
        return _render(request, examined, review, asked, form=form, key=key, blockers=blockers)
    form = asked.form(request.POST) if asked.form else None
    if form is not None and not form.is_valid():
        return _render(request, examined, review, asked, form=form, key=key, status=422)
    more = {asked.argument: form.cleaned_data["text"]} if form is not None else {}
    try:
        asked.run(candidature_id=pk, theme=theme, actor=request.user, **more)
    except TransitionRefused as refusal:
        return _render(request, examined, review, asked, form=form, key=key, blockers=refusal.blockers, status=422)
    drafts.discard(user=request.user, form=key)
    messages.success(request, asked.done)
    return redirect(_home(examined.candidature, theme))


def _foresee(examined: Examined, theme: str) -> list[Blocker]:
    criteria = [each for each in examined.criteria if each.theme == theme]
    return find_theme_blockers(examined.candidature, criteria, dict(examined.verdicts))


def _home(candidature: Candidature, theme: str) -> str:
    return reverse("candidature:examination", args=[candidature.pk]) + f"#{theme}"


def _render(
    request: SignedInRequest,
    examined: Examined,
    review: ThemeReview,
    act: Act,
    *,
    form: DsfrForm | None,
    key: str,
    blockers: Any = (),
    status: int = 200,
) -> HttpResponse:
    title = next((each.theme_title for each in examined.criteria if each.theme == review.theme), review.theme)
    return render(
        request,
        "candidature/theme_act.html",
        {
            **file_frame(request, examined.candidature, "examination"),
            "act": act,
            "theme_title": title,
            "form": form,
            "draft_key": key,
            "blockers": blockers,
            "back_url": _home(examined.candidature, review.theme),
        },
        status=status,
    )
