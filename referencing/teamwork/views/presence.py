"""Who is on the same page now: the page says that it is open, and learns who else is there."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from convergence.accounts.presence import be_present
from convergence.ui.typography import join_words
from questionnaires.models import ORIENTATION
from referencing.teamwork.models import Presence
from referencing.teamwork.views.frame import find_team_place, grid_of


@require_POST
@login_required
def presence_say(request: HttpRequest, pk: UUID, code: str) -> HttpResponse:
    """Two queries: the enrolment, then the presence said and read in one. Plain text, empty when one is alone."""
    place = find_team_place(request, pk, for_page=False)
    titles = {ORIENTATION: grid_of(place).orientation_title}
    titles |= {each.code: each.title for each in grid_of(place).questionnaires}
    if code not in titles:
        return HttpResponse(status=404)
    others = be_present(
        Presence, subject=place.enrolment, on="questionnaire", place=code, user=place.user, at=timezone.now()
    )
    response = HttpResponse(_words(code, others, titles), content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "no-store"
    return response


def _words(code: str, others: list[tuple[str, str]], titles: dict[str, str]) -> str:
    here = [name for name, where in others if where == code]
    sentences = []
    if here:
        sentences.append(f"{join_words(here)} {'est' if len(here) == 1 else 'sont'} aussi sur cette page.")
    sentences += [f"{name} est sur « {titles[where]} »." for name, where in others if where != code and where in titles]
    return " ".join(sentences)
