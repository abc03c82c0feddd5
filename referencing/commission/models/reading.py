from __future__ import annotations

from django.conf import settings
from django.db import models

from referencing.commission.enums import OpinionKind
from referencing.commission.models.session import AgendaPoint


class Note(models.Model):
    """What a member writes for nobody else while reading a file."""

    point = models.ForeignKey(AgendaPoint, on_delete=models.CASCADE, related_name="notes")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    text = models.TextField("note")
    edited_at = models.DateTimeField("modifiée le")

    class Meta:
        verbose_name = "note personnelle"
        verbose_name_plural = "notes personnelles"
        constraints = [models.UniqueConstraint(name="commission_note_once", fields=["point", "person"])]

    def __str__(self) -> str:
        return f"{self.person_id} – {self.point_id}"


class PreparedOpinion(models.Model):
    """What a member means to say before the session; others read it once the point is being examined."""

    point = models.ForeignKey(AgendaPoint, on_delete=models.CASCADE, related_name="prepared_opinions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField("avis", max_length=20, choices=OpinionKind.choices, blank=True)
    text = models.TextField("observations", blank=True)
    edited_at = models.DateTimeField("modifié le")

    class Meta:
        verbose_name = "avis préparé"
        verbose_name_plural = "avis préparés"
        constraints = [models.UniqueConstraint(name="prepared_opinion_once", fields=["point", "person"])]

    def __str__(self) -> str:
        return f"{self.person_id} – {self.point_id}"
