"""Discussions about a criterion as its page shows them, with the forms that go on with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import Exists
from django.urls import reverse

from convergence.accounts.requests import SignedInRequest
from convergence.drafts.services import Drafts
from convergence.ui.values import Badge, Tone
from referencing.candidature.core.criteria import EffectiveCriterion
from referencing.candidature.enums import OPEN_STATES, DiscussionState
from referencing.candidature.forms.review import DiscussionForm, MessageForm
from referencing.candidature.models import Candidature, Discussion, DiscussionMessage
from referencing.candidature.models.discussion import reads_up_to
from referencing.candidature.rules import can_discuss, can_instruct
from referencing.candidature.services.discussing import mark_read
from referencing.candidature.views.examined import Examined, visible_threads

TONES: dict[str, Tone] = {
    DiscussionState.OPEN: "info",
    DiscussionState.RESOLVED: "success",
    DiscussionState.CLOSED: "neutral",
}
#: Buttons of a thread: transition, words, states that show it, whether the editor’s side has it too.
MOVES = (
    ("resolve", "Marquer comme résolue", DiscussionState.OPEN, True),
    ("close", "Clore la discussion", DiscussionState.RESOLVED, False),
    ("reopen", "Rouvrir la discussion", DiscussionState.CLOSED, False),
)


@dataclass(frozen=True, slots=True)
class Thread:
    discussion: Discussion
    messages: Sequence[DiscussionMessage]


def load_threads(request: SignedInRequest, examined: Examined, about: EffectiveCriterion) -> list[Thread]:
    """The threads of a criterion with their messages (each has one at least), in one query; reading them marks them."""
    visible = visible_threads(examined.candidature, request.user).filter(criterion=about.code)
    rows = (
        DiscussionMessage.objects.filter(discussion__in=visible)
        .select_related("author", "discussion")
        .annotate(is_unread=~Exists(reads_up_to(request.user, "discussion")))
        .order_by("discussion__opened_at", "discussion_id", "at", "pk")
    )
    threads, unread = [], []
    for _, found in groupby(rows, key=lambda message: message.discussion_id):
        messages = list(found)
        discussion = messages[0].discussion
        discussion.candidature = examined.candidature
        threads.append(Thread(discussion, messages))
        if messages[0].is_unread:
            unread.append(discussion)
    mark_read(discussions=unread, user=request.user)
    return threads


def present_threads(
    request: SignedInRequest,
    examined: Examined,
    threads: Sequence[Thread],
    typed: Drafts,
    *,
    refused: tuple[UUID, MessageForm] | None = None,
) -> list[dict[str, Any]]:
    """Each thread with its messages, the form that goes on with it, and its buttons. `refused`: a reply sent back."""
    is_open = examined.candidature.state in OPEN_STATES
    shown = []
    for each in threads:
        thread = each.discussion
        form: MessageForm | None = None
        if is_open and thread.state != DiscussionState.CLOSED and can_discuss(request.user, thread):
            form = MessageForm(initial=typed.over(reply_key(thread), {"message": ""}).values, auto_id=_ids(thread))
            if refused and refused[0] == thread.pk:
                form = refused[1]
        shown.append(
            {
                "thread": thread,
                "badge": Badge(thread.get_state_display(), TONES[thread.state]),
                "messages": [_message(message, examined) for message in each.messages],
                "form": form,
                "key": reply_key(thread),
                "moves": _moves(request, thread) if is_open else [],
            }
        )
    return shown


def reply_form(thread: Discussion, values: Any) -> MessageForm:
    """The reply as it was sent, under the ids that it has on the page."""
    return MessageForm(values, auto_id=_ids(thread))


def _ids(thread: Discussion) -> str:
    return f"id_{thread.pk.hex[:8]}_%s"


def reply_key(thread: Discussion) -> str:
    return f"reply:{thread.pk}"


def discussion_key(candidature: Candidature, criterion: str) -> str:
    return f"discussion:{candidature.pk}:{criterion}"


def new_discussion(
    request: SignedInRequest,
    examined: Examined,
    about: EffectiveCriterion,
    typed: Drafts,
    *,
    form: DiscussionForm | None,
) -> dict[str, Any] | None:
    """The form that opens a thread, None for whoever may not."""
    probe = Discussion(candidature=examined.candidature, theme=about.theme, criterion=about.code, is_internal=False)
    if examined.candidature.state not in OPEN_STATES or not can_discuss(request.user, probe):
        return None
    key = discussion_key(examined.candidature, about.code)
    if form is None:
        form = DiscussionForm(initial=typed.over(key, {"message": ""}).values)
    return {"form": form, "key": key, "is_refused": form.is_bound}


def _message(message: DiscussionMessage, examined: Examined) -> dict[str, Any]:
    """The editor reads that the listing team answers, not which agent; agents read names."""
    author = message.author.get_full_name()
    if message.from_editor and examined.is_agent:
        author = f"{author}, {examined.candidature.enrolment.product.organisation.name}"
    elif not message.from_editor and not examined.is_agent:
        author = "Équipe de référencement"
    return {"author": author, "at": message.at, "text": message.text, "from_editor": message.from_editor}


def _moves(request: SignedInRequest, thread: Discussion) -> list[tuple[str, str]]:
    may_instruct = bool(can_instruct(request.user, thread))
    return [
        (label, reverse("candidature:discussion_move", args=[thread.candidature_id, thread.pk, name]))
        for name, label, state, for_both in MOVES
        if thread.state == state and (may_instruct or (for_both and can_discuss(request.user, thread)))
    ]
