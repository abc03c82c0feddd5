from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from evidence.models import StoredFile
from referencing.candidature.enums import LetterKind
from referencing.candidature.models.candidature import Candidature
from referencing.candidature.models.requests import ComplementItem, NonConformity


class Letter(models.Model):
    """One piece of the file’s correspondence: message, note of a call or meeting, filed mail (A-22)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    candidature = models.ForeignKey(Candidature, on_delete=models.PROTECT, related_name="letters")
    kind = models.CharField("nature", max_length=15, choices=LetterKind.choices)
    is_internal = models.BooleanField("interne", default=False)
    from_editor = models.BooleanField("de l’éditeur", default=False)
    subject = models.CharField("objet", max_length=200)
    text = models.TextField("texte", blank=True)
    happened_at = models.DateTimeField("date")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField("écrite le", auto_now_add=True)
    waits_for_answer = models.BooleanField("attend une réponse", default=False)
    answered_at = models.DateTimeField("réponse reçue le", null=True, blank=True)

    class Meta:
        verbose_name = "échange"
        constraints = [
            models.CheckConstraint(
                name="letter_of_the_editor_is_not_internal",
                condition=Q(from_editor=False) | Q(is_internal=False),
                violation_error_message="L’éditeur n’écrit pas de note interne.",
            )
        ]
        indexes = [models.Index(fields=["candidature", "-happened_at"], name="letter_newest")]

    def __str__(self) -> str:
        return self.subject


class Attachment(models.Model):
    """A file joined to a letter, an asked item or the answer to a non-conformity; its visibility is its parent’s."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    candidature = models.ForeignKey(Candidature, on_delete=models.PROTECT, related_name="attachments")
    file = models.ForeignKey(StoredFile, verbose_name="fichier", on_delete=models.PROTECT, related_name="+")
    letter = models.ForeignKey(Letter, null=True, blank=True, on_delete=models.PROTECT, related_name="attachments")
    item = models.ForeignKey(
        ComplementItem, null=True, blank=True, on_delete=models.PROTECT, related_name="attachments"
    )
    non_conformity = models.ForeignKey(
        NonConformity, null=True, blank=True, on_delete=models.PROTECT, related_name="attachments"
    )
    evidence_type = models.CharField("type de preuve", max_length=60, blank=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField("jointe le", auto_now_add=True)

    class Meta:
        verbose_name = "pièce jointe"
        verbose_name_plural = "pièces jointes"
        constraints = [
            models.CheckConstraint(
                name="attachment_has_one_parent",
                condition=Q(letter__isnull=False, item__isnull=True, non_conformity__isnull=True)
                | Q(letter__isnull=True, item__isnull=False, non_conformity__isnull=True)
                | Q(letter__isnull=True, item__isnull=True, non_conformity__isnull=False),
                violation_error_message="Une pièce est jointe à une seule chose.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.file_id}"
