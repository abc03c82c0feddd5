"""Threads about a criterion: between agents, or with the editor."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.kernel.errors import Blocker, TransitionRefused
from referencing.candidature import notices
from referencing.candidature.content import load_criteria
from referencing.candidature.core.criteria import find_criterion
from referencing.candidature.enums import OPEN_STATES, DiscussionState
from referencing.candidature.models import Candidature, Discussion, DiscussionMessage, DiscussionRead
from referencing.candidature.rules import can_discuss, can_instruct, is_instructor
from referencing.candidature.services.files import lock_file
from referencing.candidature.services.journal import tell
from referencing.candidature.services.reviewing import UnknownCriterion

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from convergence.accounts.models import User

#: What one does to a thread, by the name of its transition.
MOVES = ("resolve", "close", "resume", "reopen")


@transaction.atomic
def open_discussion(*, candidature_id: UUID, criterion: str, is_internal: bool, text: str, actor: User) -> Discussion:
    """Start a thread on a criterion. The editor starts shared ones only; agents start none about
    an answer that was recovered, which the editor of the file must know nothing of (A-25).

    Raises Candidature.DoesNotExist, UnknownCriterion, PermissionDenied or TransitionRefused.
    """
    candidature = lock_file(candidature_id, actor)
    about = find_criterion(load_criteria(candidature), criterion)
    if about is None:
        raise UnknownCriterion(criterion)
    now = timezone.now()
    discussion = Discussion(
        candidature=candidature,
        theme=about.theme,
        criterion=criterion,
        is_internal=is_internal,
        opened_by=actor,
        opened_at=now,
        last_message_at=now,
    )
    if not can_discuss(actor, discussion):
        raise PermissionDenied("open_discussion")
    blockers = _find_blockers(candidature, text)
    if about.recovered is not None and not is_internal and is_instructor(actor, candidature):
        blockers.append(
            Blocker(
                "recovered",
                "Cette réponse est celle de l’éditeur producteur : interrogez-le, ou ouvrez une discussion entre agents.",
                "#id_audience_0",
            )
        )
    if blockers:
        raise TransitionRefused(blockers)
    discussion.save()
    _add_message(candidature, discussion, text, actor)
    tell(
        candidature,
        "discussion_opened",
        actor=actor,
        internal=is_internal,
        subject=discussion,
        criterion=criterion,
    )
    return discussion


@transaction.atomic
def reply(*, candidature_id: UUID, discussion_id: UUID, text: str, actor: User) -> DiscussionMessage:
    """Add a message; a resolved thread is open again. Raises Discussion.DoesNotExist too."""
    candidature, discussion = _lock(candidature_id, discussion_id, actor)
    if not can_discuss(actor, discussion):
        raise PermissionDenied("reply")
    blockers = _find_blockers(candidature, text)
    if discussion.state == DiscussionState.CLOSED:
        blockers.append(Blocker("closed", "Cette discussion est close. Ouvrez-en une autre."))
    if blockers:
        raise TransitionRefused(blockers)
    if discussion.state == DiscussionState.RESOLVED:
        workflow.fire(discussion, "resume", actor=actor)
    message = _add_message(candidature, discussion, text, actor)
    tell(
        candidature,
        "discussion_answered",
        actor=actor,
        internal=discussion.is_internal,
        subject=discussion,
        criterion=discussion.criterion,
    )
    return message


@transaction.atomic
def move_discussion(*, candidature_id: UUID, discussion_id: UUID, move: str, actor: User) -> Discussion:
    """`resolve`, `close`, `resume` or `reopen` a thread."""
    candidature, discussion = _lock(candidature_id, discussion_id, actor)
    if move not in MOVES:
        raise TransitionRefused([Blocker("move", "Cette action n’existe pas.")])
    if move in ("resolve", "close"):
        workflow.fire(discussion, move, actor=actor, at=timezone.now())
    else:
        workflow.fire(discussion, move, actor=actor)
    tell(
        candidature,
        f"discussion_{move}",
        actor=actor,
        internal=discussion.is_internal,
        criterion=discussion.criterion,
    )
    return discussion


def mark_read(*, discussions: Iterable[Discussion], user: User) -> None:
    """One statement, none without threads."""
    now = timezone.now()
    rows = [DiscussionRead(discussion=each, user=user, at=now) for each in discussions]
    if rows:
        DiscussionRead.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["discussion", "user"], update_fields=["at"]
        )


def _add_message(candidature: Candidature, discussion: Discussion, text: str, actor: User) -> DiscussionMessage:
    now = timezone.now()
    message = DiscussionMessage.objects.create(
        discussion=discussion,
        author=actor,
        from_editor=not can_instruct(actor, discussion),
        text=text.strip(),
        at=now,
    )
    Discussion.objects.filter(pk=discussion.pk).update(last_message_at=now)
    mark_read(discussions=[discussion], user=actor)
    transaction.on_commit(partial(notices.discussion_message, candidature, discussion, message))
    return message


def _find_blockers(candidature: Candidature, text: str) -> list[Blocker]:
    blockers = []
    if candidature.state not in OPEN_STATES:
        blockers.append(Blocker("wrong_state", "Cette candidature est close : on n’y écrit plus."))
    if not text.strip():
        blockers.append(Blocker("text", "Écrivez votre message.", "#id_message"))
    return blockers


def _lock(candidature_id: UUID, discussion_id: UUID, actor: User) -> tuple[Candidature, Discussion]:
    """The editor knows nothing of internal threads: for them they do not exist."""
    candidature = lock_file(candidature_id, actor)
    threads = Discussion.objects.select_for_update(of=("self",)).filter(candidature=candidature)
    if not actor.access.is_agent:
        threads = threads.filter(is_internal=False)
    discussion = threads.get(pk=discussion_id)
    discussion.candidature = candidature
    return candidature, discussion
