"""Everything that a team has in hand about one criterion: who answers, what is said, what was proposed."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from convergence.accounts.models import User
from convergence.kernel.errors import TransitionRefused
from convergence.ui.values import Item
from referencing.enrolment.answering.pages import Place, page_values
from referencing.teamwork.addresses import part_address
from referencing.teamwork.core import nearest
from referencing.teamwork.forms import MessageForm
from referencing.teamwork.models import Conversation, Delegation, Message
from referencing.teamwork.services import post_message, settle
from referencing.teamwork.views.delegation import scope_of
from referencing.teamwork.views.frame import colleagues_of, find_criterion, find_team_place, grid_of
from referencing.teamwork.views.proposals import (
    LINK_COLUMNS,
    PROPOSAL_COLUMNS,
    link_rows,
    list_links,
    list_proposals,
    proposal_rows,
)
from referencing.teamwork.wording import due_words, part_title

MESSAGE_LIMIT = 200


@require_GET
@login_required
def criterion_team(request: HttpRequest, pk: UUID, criterion: str) -> HttpResponse:
    place = find_team_place(request, pk)
    find_criterion(place, criterion)
    return _render(request, place, criterion, MessageForm(_others(place)))


def _others(place: Place) -> list[User]:
    return [person for person in colleagues_of(place) if person != place.user]


def _render(request: HttpRequest, place: Place, code: str, form: MessageForm, *, status: int = 200) -> HttpResponse:
    grid, key = grid_of(place), place.enrolment.pk
    criterion, scope = grid.criteria[code], scope_of(place, code)
    section = next(each for each in grid.questionnaire(scope.questionnaire).sections if criterion in each.criteria)
    delegations = (
        Delegation.objects.visible_to(place.user)
        .standing()
        .filter(enrolment=place.enrolment, questionnaire=scope.questionnaire)
        .select_related("assignee")
    )
    found = nearest(
        [(each.scope, each) for each in delegations],
        questionnaire=scope.questionnaire,
        section=section.code,
        criterion=code,
    )
    conversation = (
        Conversation.objects.visible_to(place.user)
        .filter(enrolment=place.enrolment, organisation=place.enrolment.product.organisation_id, criterion=code)
        .select_related("resolved_by")
        .prefetch_related(
            Prefetch(
                "messages",
                Message.objects.select_related("author")
                .prefetch_related("mentioned")
                .order_by("-at", "-pk")[:MESSAGE_LIMIT],
                to_attr="last_messages",
            )
        )
        .first()
    )
    said = list(reversed(conversation.last_messages)) if conversation else []  # type: ignore[attr-defined]
    title = f"{code} {criterion.title}"
    delegation_url = reverse("teamwork:delegation_list", args=[key])
    values = {
        **page_values(place, f"À plusieurs sur {code}"),
        "page_title": title,
        "criterion": criterion,
        "form_url": part_address(key, scope),
        "who": _who(place, found) if found else [],
        "delegate_url": f"{delegation_url}?{urlencode({'partie': scope.write()})}#id_part",
        "conversation": conversation,
        "said": said,
        "form": form,
        "post_url": reverse("teamwork:message_post", args=[key, code]),
        "settle_url": reverse("teamwork:conversation_settle", args=[key, code]),
        "proposal_columns": PROPOSAL_COLUMNS,
        "link_columns": LINK_COLUMNS,
        "proposals": proposal_rows(place, list_proposals(place, code)),
        "links": link_rows(place, list_links(place, code)),
        "invite_url": reverse("teamwork:proposal_link_create", args=[key, code]),
        "can_write": place.access.can_write,
    }
    return render(request, "teamwork/criterion_team.html", values, status=status)


def _who(place: Place, found: tuple[object, Delegation]) -> list[Item]:
    delegation = found[1]
    return [
        Item("Confié à", f"{delegation.assignee} {due_words(delegation.due_on)}".strip()),
        Item("Avec", part_title(grid_of(place), delegation.scope)),
    ]


@require_POST
@login_required
def message_post(request: HttpRequest, pk: UUID, criterion: str) -> HttpResponse:
    place = find_team_place(request, pk)
    find_criterion(place, criterion)
    form = MessageForm(_others(place), request.POST)
    if not form.is_valid():
        return _render(request, place, criterion, form, status=422)
    try:
        post_message(
            enrolment_id=pk,
            criterion=criterion,
            text=form.cleaned_data["text"],
            mentioned=[UUID(person) for person in form.cleaned_data.get("mentioned", ())],
            actor=place.user,
            at=timezone.now(),
        )
    except TransitionRefused as refusal:
        form.add_blockers(refusal.blockers)
        return _render(request, place, criterion, form, status=422)
    messages.success(request, "Votre message est publié pour vos collègues.")
    return redirect(f"{reverse('teamwork:criterion_team', args=[pk, criterion])}#conversation")


@require_POST
@login_required
def conversation_settle(request: HttpRequest, pk: UUID, criterion: str) -> HttpResponse:
    """« Marquer comme résolue », « Rouvrir »."""
    place = find_team_place(request, pk)
    find_criterion(place, criterion)
    is_resolved = request.POST.get("action") != "reopen"
    try:
        settle(enrolment_id=pk, criterion=criterion, is_resolved=is_resolved, actor=place.user, at=timezone.now())
    except Conversation.DoesNotExist as nothing:
        raise Http404 from nothing
    word = "résolue" if is_resolved else "rouverte"
    messages.success(request, f"La conversation sur {criterion} est {word}.")
    return redirect(f"{reverse('teamwork:criterion_team', args=[pk, criterion])}#conversation")
