"""What colleagues say to each other about one criterion: never shown to an agent, never to another organisation."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from convergence.accounts.models import User
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from referencing.teamwork import notices
from referencing.teamwork.models import Conversation, Message
from referencing.teamwork.services.locking import find_criterion, find_enrolment

if TYPE_CHECKING:
    from referencing.enrolment.models import Enrolment

TEXT_MAX = 4000


@transaction.atomic
def post_message(
    *, enrolment_id: UUID, criterion: str, text: str, mentioned: Collection[UUID], actor: User, at: datetime
) -> Message:
    """Say something about a criterion; it opens the conversation again. Mentioned colleagues get a mail, the others who
    spoke there a notification. The journal says that somebody spoke, not what.

    Raises DoesNotExist, KeyError for an unknown criterion, PermissionDenied, TransitionRefused with every reason.
    """
    enrolment = find_enrolment(enrolment_id, actor)
    find_criterion(enrolment, criterion)
    said = text.replace("\r\n", "\n").strip()
    colleagues = list(User.objects.in_organisation(enrolment.product.organisation).filter(pk__in=set(mentioned)))
    blockers = []
    if not said:
        blockers.append(Blocker("empty", "Écrivez un message.", "#id_text"))
    if len(said) > TEXT_MAX:
        blockers.append(Blocker("too_long", f"Raccourcissez votre message à {TEXT_MAX} caractères.", "#id_text"))
    if len(colleagues) < len(set(mentioned)):
        why = "Une des personnes à prévenir ne fait pas partie de votre structure."
        blockers.append(Blocker("stranger", why, "#id_mentioned"))
    if blockers:
        raise TransitionRefused(blockers)
    conversation = _lock_or_open(enrolment, criterion, at=at)
    if conversation.resolved_at is not None:
        conversation.resolved_at = conversation.resolved_by = None
        conversation.save(update_fields=["resolved_at", "resolved_by"])
    message = Message.objects.create(conversation=conversation, author=actor, at=at, text=said)
    message.mentioned.set(colleagues)
    record("conversation.post", subject=conversation, actor=actor, data={"criterion": criterion})
    transaction.on_commit(partial(notices.message_posted, message, enrolment, criterion=criterion))
    return message


@transaction.atomic
def settle(*, enrolment_id: UUID, criterion: str, is_resolved: bool, actor: User, at: datetime) -> Conversation:
    """Resolve a conversation, or open it again; the same twice changes nothing. Raises DoesNotExist, PermissionDenied."""
    enrolment = find_enrolment(enrolment_id, actor, is_locked=False)
    conversation = (
        Conversation.objects.visible_to(actor)
        .locked()
        .get(enrolment=enrolment, organisation=enrolment.product.organisation, criterion=criterion)
    )
    if is_resolved != (conversation.resolved_at is not None):
        conversation.resolved_at, conversation.resolved_by = (at, actor) if is_resolved else (None, None)
        conversation.save(update_fields=["resolved_at", "resolved_by"])
        name = "resolve" if is_resolved else "reopen"
        record(f"conversation.{name}", subject=conversation, actor=actor, data={"criterion": criterion})
    return conversation


def _lock_or_open(enrolment: Enrolment, criterion: str, *, at: datetime) -> Conversation:
    """The enrolment is locked: two first messages at once make one conversation."""
    key = {"enrolment": enrolment, "organisation": enrolment.product.organisation, "criterion": criterion}
    return Conversation.objects.locked().filter(**key).first() or Conversation.objects.create(**key, opened_at=at)
