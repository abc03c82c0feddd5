from __future__ import annotations

from django.conf import settings
from django.db import models


class TextDraft(models.Model):
    """What one person has typed in one field of one form and not sent yet; nobody else reads it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    form = models.CharField("formulaire", max_length=200)
    field = models.CharField("champ", max_length=100)
    text = models.TextField("texte", blank=True)
    updated_at = models.DateTimeField("modifié le")

    class Meta:
        verbose_name = "brouillon"
        constraints = [models.UniqueConstraint(fields=["user", "form", "field"], name="text_draft_once_per_field")]

    def __str__(self) -> str:
        return f"{self.form} – {self.field}"
