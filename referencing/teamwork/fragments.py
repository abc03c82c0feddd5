"""What a team shows on the pages of answers: who answers what, open conversations, proposals, who is there now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from convergence.accounts.presence import POLL_SECONDS
from convergence.products import rules as product_rules
from convergence.ui.addresses import address_of_each
from convergence.ui.typography import NBSP
from convergence.ui.values import Link
from questionnaires.core import Criterion
from questionnaires.grids import compiled_grid
from referencing.enrolment.answering.pages import Place
from referencing.teamwork.core import Scope, nearest
from referencing.teamwork.selectors import Marks, load_marks
from referencing.teamwork.wording import due_words, part_title

NOTHING = SafeString("")


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands under one criterion, whose heading says which. `author`: of the proposal that the current answer comes from."""

    url: str
    who: str
    messages: int
    proposals: int
    author: str


def render_mark(mark: Mark) -> SafeString:
    """Most criteria of a page have none of this: their line is kept, which holds nothing that a person wrote."""
    return _render(mark) if mark.who or mark.author else _render_bare(mark)


def _render(mark: Mark) -> SafeString:
    return render_to_string("teamwork/_mark.html", {"mark": mark})


_render_bare = lru_cache(maxsize=2048)(_render)


class TeamExtra:
    """Members only; one query for a page."""

    def on_form(self, place: Place, questionnaire: str) -> tuple[SafeString, Callable[[Criterion, int], SafeString]]:
        if not product_rules.is_member(place.user, place.enrolment):
            return NOTHING, lambda criterion, version: NOTHING
        marks = load_marks(place.enrolment, place.user)
        grid = compiled_grid(place.enrolment.response.definition).grid
        address = address_of_each("teamwork:criterion_team", place.enrolment.pk, like="critere")
        sections = {
            criterion.code: section.code
            for each in grid.questionnaires
            if each.code == questionnaire
            for section in each.sections
            for criterion in section.criteria
        }

        def beside(criterion: Criterion, version: int) -> SafeString:
            code = criterion.code
            found = nearest(
                marks.delegations, questionnaire=questionnaire, section=sections.get(code, ""), criterion=code
            )
            author, written = marks.accepted.get(code, ("", 0))
            return render_mark(
                Mark(
                    url=address(code),
                    who=_who(found[1]) if found else "",
                    messages=marks.messages.get(code, 0),
                    proposals=marks.proposals.get(code, 0),
                    author=author if written == version else "",
                )
            )

        whole = [
            f"{part_title(grid, scope)}{NBSP}: confié à {_who(given)}"
            for scope, given in marks.delegations
            if scope.questionnaire == questionnaire and not scope.criterion
        ]
        values = {
            "whole": whole,
            "presence_url": reverse("teamwork:presence_say", args=[place.enrolment.pk, questionnaire]),
            "poll_seconds": POLL_SECONDS,
            "team_url": reverse("teamwork:delegation_list", args=[place.enrolment.pk]),
        }
        return render_to_string("teamwork/_banner.html", values), beside

    def on_list(self, place: Place) -> tuple[Sequence[Link], Callable[[str], list[str]]]:
        if not product_rules.is_member(place.user, place.enrolment):
            return (), lambda code: []
        marks = load_marks(place.enrolment, place.user)
        grid = compiled_grid(place.enrolment.response.definition).grid
        home = {code: each.code for code, each in grid.questionnaire_of.items()}
        key = place.enrolment.pk
        waiting = sum(marks.proposals.values())
        links = [
            Link("Qui répond à quoi", reverse("teamwork:delegation_list", args=[key])),
            Link(
                f"Propositions ({waiting} à examiner)" if waiting else "Propositions",
                reverse("teamwork:proposal_list", args=[key]),
            ),
        ]
        return links, lambda code: list(_tile_lines(marks, home, code))


TEAM = TeamExtra()


def _who(given: tuple[str, object]) -> str:
    """« Camille Durand pour le 12 décembre 2026 »."""
    name, day = given
    return f"{name} {due_words(day)}".strip()


def _tile_lines(marks: Marks, home: dict[str, str], code: str) -> list[str]:
    """At most three short lines on a tile."""
    lines = [f"Confié à {_who(given)}" for scope, given in marks.delegations if scope == Scope(code)]
    parts = sum(scope.questionnaire == code and scope != Scope(code) for scope, _ in marks.delegations)
    if parts:
        lines.append(f"{parts}{NBSP}partie{'s confiées' if parts > 1 else ' confiée'} à des collègues")
    said = sum(home.get(criterion) == code for criterion in marks.messages)
    if said:
        lines.append(f"{said}{NBSP}conversation{'s' if said > 1 else ''} en cours")
    proposed = sum(count for criterion, count in marks.proposals.items() if home.get(criterion) == code)
    if proposed:
        lines.append(f"{proposed}{NBSP}proposition{'s' if proposed > 1 else ''} à examiner")
    return lines
