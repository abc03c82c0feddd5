from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django_fsm import FSMModelMixin, transition

from convergence.database.fields import StateField
from referencing.candidature.enums import DISCUSSION_TRANSITIONS, DiscussionState
from referencing.candidature.models.candidature import Candidature
from referencing.candidature.rules import can_discuss, can_instruct

if TYPE_CHECKING:
    from convergence.accounts.models import User


def reads_up_to(user: User, thread: str = "") -> models.QuerySet[DiscussionRead]:
    """Readings of the outer row’s thread by `user` that no message followed; `thread` leads from that row to its thread."""
    prefix = f"{thread}__" if thread else ""
    return DiscussionRead.objects.filter(
        discussion=OuterRef(f"{prefix}pk"), user=user, at__gte=OuterRef(f"{prefix}last_message_at")
    )


class DiscussionQuerySet(models.QuerySet["Discussion"]):
    def with_unread(self, user: User) -> DiscussionQuerySet:
        """`is_unread`: something was said since the person last opened the thread."""
        return self.annotate(is_unread=~Exists(reads_up_to(user)))


class Discussion(FSMModelMixin, models.Model):
    """A thread about one criterion: between agents (`is_internal`), or with the editor."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    candidature = models.ForeignKey(Candidature, on_delete=models.PROTECT, related_name="discussions")
    theme = models.CharField("thème", max_length=60)
    criterion = models.CharField("critère", max_length=60)
    is_internal = models.BooleanField("entre agents")
    state = StateField("état", choices=DiscussionState.choices, default=DiscussionState.OPEN)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField("ouverte le")
    last_message_at = models.DateTimeField("dernier message le")
    settled_at = models.DateTimeField("résolue ou close le", null=True, blank=True)

    objects = DiscussionQuerySet.as_manager()

    #: Only on rows read `with_unread`.
    is_unread: bool

    class Meta:
        verbose_name = "discussion"
        indexes = [models.Index(fields=["candidature", "criterion"], name="discussion_of_criterion")]
        triggers = [pgtrigger.FSM(name="discussion_machine", field="state", transitions=DISCUSSION_TRANSITIONS)]

    def __str__(self) -> str:
        return f"{self.criterion} – {self.get_state_display()}"

    @transition(
        field=state,
        source=DiscussionState.OPEN,
        target=DiscussionState.RESOLVED,
        permission=can_discuss,
        custom={"label": "Marquer comme résolue"},
    )
    def resolve(self, *, at: datetime) -> None:
        self.settled_at = at

    @transition(
        field=state,
        source=[DiscussionState.OPEN, DiscussionState.RESOLVED],
        target=DiscussionState.CLOSED,
        permission=can_instruct,
        custom={"label": "Clore la discussion"},
    )
    def close(self, *, at: datetime) -> None:
        self.settled_at = at

    @transition(
        field=state,
        source=DiscussionState.RESOLVED,
        target=DiscussionState.OPEN,
        permission=can_discuss,
        custom={"label": "Rouvrir"},
    )
    def resume(self) -> None:
        """Somebody has more to say."""
        self.settled_at = None

    @transition(
        field=state,
        source=DiscussionState.CLOSED,
        target=DiscussionState.OPEN,
        permission=can_instruct,
        custom={"label": "Rouvrir"},
    )
    def reopen(self) -> None:
        self.settled_at = None


class DiscussionMessage(models.Model):
    """One message, never changed: what was said to the other side stays said."""

    discussion = models.ForeignKey(Discussion, on_delete=models.PROTECT, related_name="messages")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    from_editor = models.BooleanField("de l’éditeur")
    text = models.TextField("message")
    at = models.DateTimeField("le")

    class Meta:
        verbose_name = "message"
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(text=""),
                name="discussion_message_says_something",
                violation_error_message="Un message ne peut pas être vide.",
            )
        ]
        triggers = [pgtrigger.Protect(name="discussion_message_fixed", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.discussion_id} – {self.author_id}"


class DiscussionRead(models.Model):
    """How far one person has read a thread."""

    discussion = models.ForeignKey(Discussion, on_delete=models.CASCADE, related_name="reads")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField("lue le")

    class Meta:
        verbose_name = "lecture de discussion"
        constraints = [models.UniqueConstraint(fields=["discussion", "user"], name="discussion_read_once")]

    def __str__(self) -> str:
        return f"{self.discussion_id} – {self.user_id}"
