"""« À valider »: what colleagues ask the valideurs to validate, with what changed since the last validation."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from convergence.accounts.requests import SignedInRequest
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import NBSP
from convergence.ui.values import Row
from questionnaires.core import Grid
from questionnaires.enums import Status
from questionnaires.models import ORIENTATION, QuestionnaireResponse
from referencing.enrolment.answering.pages import Place, page_values, state_badge
from referencing.teamwork.addresses import part_address
from referencing.teamwork.core import Difference, Scope
from referencing.teamwork.selectors import QUEUE_LIMIT, Awaiting, load_queue, read_differences
from referencing.teamwork.services import validate_awaiting
from referencing.teamwork.services.validating import fingerprint
from referencing.teamwork.views.frame import find_team_place, grid_of
from referencing.teamwork.wording import NO_ANSWER, question_words, value_words

TITLE = "À valider"
#: Where an answer comes from, or whom it is for (A-24, BR-202).
CHOICES = {
    "": "Réponse propre au produit",
    "recovered": "Réponse de l’éditeur producteur (confidentielle)",
    "specific": "Réponse spécifique à chaque distributeur",
    "common": "Réponse commune à tous les distributeurs",
}
COLUMNS = ["Produit", "Questionnaire", "Demandé", "Différences", "Dernière validation"]


@require_GET
@login_required
def validation_list(request: SignedInRequest) -> HttpResponse:
    """Every product of the organisations where the person may validate."""
    queue = load_queue(request.user)
    rows = [
        Row(
            [
                each.enrolment.label,
                each.title,
                each.row.drafted_at,
                differences_words(each),
                each.row.validation.at if each.row.validation else "Jamais validé",
            ],
            url=reverse("teamwork:validation_review", args=[each.enrolment.pk, each.row.code]),
        )
        for each in queue
    ]
    values = {"title": TITLE, "columns": COLUMNS, "rows": rows, "count": len(rows), "limit": QUEUE_LIMIT}
    return render(request, "teamwork/validation_list.html", values)


def differences_words(awaiting: Awaiting) -> str:
    """« 3 réponses, 1 preuve »: what there is to read."""
    answers = sum(each.changes_value or each.changes_comment or each.changes_choice for each in awaiting.differences)
    files = sum(len(each.added) + len(each.gone) for each in awaiting.differences)
    words = []
    if answers:
        words.append(f"{answers}{NBSP}réponse{'s' if answers > 1 else ''}")
    if files:
        words.append(f"{files}{NBSP}preuve{'s' if files > 1 else ''}")
    return ", ".join(words) or "Aucune"


@require_http_methods(["GET", "POST"])
@login_required
def validation_review(request: HttpRequest, pk: UUID, code: str) -> HttpResponse:
    """What changed since the last validation, then « Valider »: exactly that, or it is shown again."""
    place = find_team_place(request, pk)
    awaiting = find_awaiting(place, code)
    if request.method == "GET":
        return _render(request, place, awaiting)
    if code == ORIENTATION:  # its consequences are shown and confirmed on its own page
        return redirect("enrolment:orientation_detail", pk)
    try:
        validate_awaiting(
            enrolment=place.enrolment,
            questionnaire=code,
            seen=request.POST.get("seen", ""),
            actor=place.user,
            at=timezone.now(),
        )
    except TransitionRefused as refusal:
        return _render(request, place, find_awaiting(place, code), blockers=refusal.blockers, status=422)
    messages.success(request, f"Le questionnaire «{NBSP}{awaiting.title}{NBSP}» de {place.enrolment.label} est validé.")
    return redirect("teamwork:validation_list")


def find_awaiting(place: Place, code: str) -> Awaiting:
    """Four queries. Raises Http404 for a code that the grid does not have."""
    row = (
        QuestionnaireResponse.objects.select_related("validation__by")
        .filter(response=place.enrolment.response_id, code=code)
        .first()
    )
    if row is None:
        raise Http404
    return read_differences([row], {place.enrolment.response_id: place.enrolment})[0]


def _render(
    request: HttpRequest, place: Place, awaiting: Awaiting, *, blockers: Any = (), status: int = 200
) -> HttpResponse:
    row, grid = awaiting.row, grid_of(place)
    is_waiting = row.state == Status.VALIDATION_REQUESTED
    values = {
        **page_values(place, f"À valider{NBSP}: {awaiting.title}"),
        "page_title": awaiting.title,
        "state": state_badge(Status(row.state)),
        "is_waiting": is_waiting,
        "asked_at": row.drafted_at,
        "validation": row.validation,
        "differences": [show_difference(grid, row.code, each) for each in awaiting.differences],
        "can_validate": is_waiting and place.access.can_validate and row.code != ORIENTATION,
        "is_orientation": row.code == ORIENTATION,
        "seen": fingerprint(awaiting),
        "blockers": _anchored(place, row.code, blockers),
        "form_url": part_address(place.enrolment.pk, Scope(row.code)),
        "queue_url": reverse("teamwork:validation_list"),
    }
    return render(request, "teamwork/validation_review.html", values, status=status)


def _anchored(place: Place, code: str, blockers: Any) -> list[Blocker]:
    """Reasons lead to the page of the questionnaire, where they are mended."""
    page = part_address(place.enrolment.pk, Scope(code))
    return [Blocker(each.code, each.message, f"{page}{each.anchor}" if each.anchor else "") for each in blockers]


def show_difference(grid: Grid, questionnaire: str, difference: Difference) -> dict[str, Any]:
    """One difference in words, for the page."""
    code = difference.code
    if questionnaire == ORIENTATION:
        title = grid.questions[code].label if code in grid.questions else code
        before, after = (question_words(grid, code, kept) for kept in (difference.before, difference.after))
        labels: dict[str, str] = {}
    else:
        criterion = grid.criteria.get(code)
        title = criterion.title if criterion else ""
        before, after = (
            value_words(criterion, kept) if criterion else NO_ANSWER for kept in (difference.before, difference.after)
        )
        labels = {each.code: each.label for each in criterion.evidence} if criterion else {}
    return {
        "code": code,
        "title": title,
        "is_new": difference.is_new,
        "changes_value": difference.changes_value,
        "before": before,
        "after": after,
        "changes_choice": difference.changes_choice,
        "choice_before": CHOICES[difference.choice_before],
        "choice_after": CHOICES[difference.choice_after],
        "changes_comment": difference.changes_comment,
        "comment_before": difference.comment_before,
        "comment_after": difference.comment_after,
        "added": [(labels.get(kind, kind), name) for kind, name in difference.added],
        "gone": [(labels.get(kind, kind), name) for kind, name in difference.gone],
    }
