"""What the pages of answers share: the enrolment with its rights, states in words, panels, refusals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import NoReverseMatch, reverse

from convergence.accounts.models import User
from convergence.kernel.errors import Blocker
from convergence.ui.typography import NBSP, join_words
from convergence.ui.values import Badge, Link, Progress, Tone
from questionnaires.access import AccessPolicy
from questionnaires.core import Progress as Counter
from questionnaires.enums import Status
from referencing.enrolment.answering.policy import policy_for
from referencing.enrolment.frame import frame
from referencing.enrolment.models import Enrolment

TONES: dict[Status, Tone] = {
    Status.UNAVAILABLE: "neutral",
    Status.NOT_APPLICABLE: "neutral",
    Status.TO_COMPLETE: "new",
    Status.DRAFT: "new",
    Status.VALIDATION_REQUESTED: "info",
    Status.DONE: "success",
}
CONTRIBUTOR = (
    "Vous pouvez répondre et demander la validation. Seuls un mandataire, un représentant, le responsable du produit ou "
    "un valideur de votre structure peuvent valider."
)
LABEL_MAX = 90


@dataclass(frozen=True, slots=True)
class Place:
    """An enrolment, the person who looks at it, and what that person may do there."""

    enrolment: Enrolment
    user: User
    access: AccessPolicy


def find_place(request: HttpRequest, pk: UUID, *, for_page: bool = True) -> Place:
    """One query; 404 for strangers and for those who may not read answers.

    `for_page`: with what title and breadcrumb name; an autosave shows neither and reads less.
    """
    user: User = request.user  # type: ignore[assignment]
    enrolments = Enrolment.objects.visible_to(user).select_related("product", "response__definition")
    if for_page:
        enrolments = enrolments.with_product().select_related("sheet")
    enrolment = get_object_or_404(enrolments.defer("response__definition__source", "product__description"), pk=pk)
    access = policy_for(enrolment, user)
    if not access.may_read:
        raise Http404
    return Place(enrolment, user, access)


def page_values(place: Place, page: str, *, is_open: bool = True) -> dict[str, Any]:
    """Title, breadcrumb, steps and rights. `page`: last crumb; `is_open`: the convention is validated."""
    return {
        **frame(place.enrolment, current=3 if is_open else 2, convention_done=is_open, page=page),
        "access": place.access,
        "list_url": reverse("enrolment:questionnaire_list", args=[place.enrolment.pk]),
        "contributor_note": CONTRIBUTOR if place.access.can_write and not place.access.may_validate else "",
    }


def state_badge(state: Status) -> Badge:
    return Badge(state.label, tone=TONES[state])


def panel(title: str, counter: Counter, *, unit: str, numbered: bool = False, remaining_title: str = "") -> Progress:
    """The side panel of a form; `numbered` says the number of each question rather than its code."""
    links = [
        Link(f"{number_of(each.code)}. {shorten(each.label)}" if numbered else shorten(each.label), f"#{each.anchor}")
        for each in counter.remaining
    ]
    return Progress(
        title=title,
        percent=counter.percent,
        done=counter.answered,
        total=counter.total,
        unit=unit,
        remaining=links,
        remaining_title=remaining_title or f"Questions restantes{NBSP}:",
    )


def conflict_title(stale: Sequence[Mapping[str, Any]]) -> str:
    """Who answered meanwhile: « Camille Durand et Jo Martin ont répondu entre-temps »."""
    people = list(dict.fromkeys(each["actor"] for each in stale if each["actor"])) or ["Un collègue"]
    return f"{join_words(people)} {'ont' if len(people) > 1 else 'a'} répondu entre-temps"


def number_of(code: str) -> str:
    """`12` for `Q12`."""
    return code[1:] if code[:1] == "Q" and code[1:].isdecimal() else code


def shorten(text: str) -> str:
    return text if len(text) <= LABEL_MAX else f"{text[: LABEL_MAX - 1].rstrip()}…"


def address(name: str, *arguments: object) -> str:
    """The address of a page of a later stage, empty while that stage is not installed."""
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return ""


def refused(request: HttpRequest, place: Place, reason: Blocker, *, page: str) -> HttpResponse:
    """A page that cannot be opened yet: why, and the way back (BR-028, BR-040)."""
    is_open = reason.code != "convention_first"
    values = page_values(place, page, is_open=is_open)
    values["back_url"] = values["list_url"] if is_open else reverse("pages:enrolment_detail", args=[place.enrolment.pk])
    return render(request, "enrolment/answering/refused.html", {**values, "reason": reason, "page": page}, status=403)
