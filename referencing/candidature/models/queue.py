from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q

from referencing.candidature.models.candidature import Candidature

if TYPE_CHECKING:
    from convergence.accounts.models import User
    from convergence.database.statements import Slot


class QueueViewQuerySet(models.QuerySet["QueueView"]):
    def visible_to(self, user: User | Slot) -> QueueViewQuerySet:
        """One’s own, and those that colleagues share."""
        return self.filter(Q(owner=user) | Q(is_shared=True))


class QueueView(models.Model):
    """A named set of filters, columns and order of the work queue; it filters what its reader may see, nothing more."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="auteur", on_delete=models.CASCADE, related_name="queue_views"
    )
    name = models.CharField("nom", max_length=60)
    query = models.TextField("filtres", blank=True, max_length=4000)
    is_shared = models.BooleanField("partagée avec l’équipe", default=False)
    created_at = models.DateTimeField("créée le", auto_now_add=True)

    objects = QueueViewQuerySet.as_manager()

    class Meta:
        verbose_name = "vue de la file de travail"
        verbose_name_plural = "vues de la file de travail"
        constraints = [
            models.UniqueConstraint(
                name="queue_view_one_per_name",
                fields=["owner", "name"],
                violation_error_message="Vous avez déjà une vue de ce nom.",
            )
        ]
        indexes = [models.Index(fields=["is_shared", "name"], name="queue_view_shared")]

    def __str__(self) -> str:
        return self.name


class QueueHabit(models.Model):
    """How one person reads the queue: the view on which it opens, and since when what happens is unread."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, verbose_name="personne", on_delete=models.CASCADE, related_name="queue_habit"
    )
    default_view = models.ForeignKey(
        QueueView, verbose_name="vue à l’ouverture", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    read_before = models.DateTimeField("tout est lu jusqu’au", null=True, blank=True)

    class Meta:
        verbose_name = "habitude de lecture"
        verbose_name_plural = "habitudes de lecture"

    def __str__(self) -> str:
        return str(self.person)


class Reading(models.Model):
    """When a person last opened a file; what happened since is unread."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="personne", on_delete=models.CASCADE, related_name="+"
    )
    candidature = models.ForeignKey(Candidature, on_delete=models.CASCADE, related_name="readings")
    read_at = models.DateTimeField("lue le")

    class Meta:
        verbose_name = "lecture"
        constraints = [models.UniqueConstraint(fields=["user", "candidature"], name="reading_one_per_person")]

    def __str__(self) -> str:
        return f"{self.user_id} – {self.candidature_id}"


class CalendarFeed(models.Model):
    """The right to read one’s own deadlines without logging in; the address is signed from `id`, a new row is a new address."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, verbose_name="personne", on_delete=models.CASCADE, related_name="calendar_feed"
    )
    created_at = models.DateTimeField("créé le", auto_now_add=True)

    class Meta:
        verbose_name = "calendrier des échéances"
        verbose_name_plural = "calendriers des échéances"

    def __str__(self) -> str:
        return str(self.person)
