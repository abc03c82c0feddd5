from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from evidence.models import StoredFile
from referencing.candidature.enums import LetterKind, Side
from referencing.candidature.models.candidature import Candidature
from referencing.candidature.models.requests import ComplementItem, NonConformity

if TYPE_CHECKING:
    from convergence.accounts.models import User


class LetterQuerySet(models.QuerySet["Letter"]):
    def of(self, candidature: Candidature, *, is_instructor: bool) -> LetterQuerySet:
        """The correspondence of a file that its reader may see: internal notes are for agents."""
        rows = self.filter(candidature=candidature)
        return rows if is_instructor else rows.filter(is_internal=False)

    def waiting(self) -> LetterQuerySet:
        """An answer is expected and did not come."""
        return self.filter(waits_for_answer=True, answered_at__isnull=True)

    def unread_by(self, user: User) -> LetterQuerySet:
        """Written by somebody else since this person last read the file’s correspondence."""
        last = LetterRead.objects.filter(
            candidature=models.OuterRef("candidature"), user=user, at__gte=models.OuterRef("written_at")
        )
        return self.exclude(author=user).filter(~models.Exists(last))


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
    sender = models.CharField("expéditeur du courrier", max_length=300, blank=True)
    waits_for_answer = models.BooleanField("attend une réponse", default=False)
    answer_by = models.CharField("réponse attendue de", max_length=10, choices=Side.choices, blank=True)
    answered_at = models.DateTimeField("réponse reçue le", null=True, blank=True)

    objects = LetterQuerySet.as_manager()

    class Meta:
        verbose_name = "échange"
        constraints = [
            models.CheckConstraint(
                name="letter_of_the_editor_is_not_internal",
                condition=Q(from_editor=False) | Q(is_internal=False),
                violation_error_message="L’éditeur n’écrit pas de note interne.",
            ),
            models.CheckConstraint(
                name="letter_says_who_answers",
                condition=Q(waits_for_answer=True) ^ Q(answer_by=""),
                violation_error_message="Indiquez qui doit répondre.",
            ),
            models.CheckConstraint(
                name="letter_internal_waits_for_no_editor",
                condition=Q(is_internal=False) | ~Q(answer_by=Side.EDITOR),
                violation_error_message="L’éditeur ne lit pas une note interne : il ne peut pas y répondre.",
            ),
            models.CheckConstraint(
                name="letter_mail_has_a_sender",
                condition=~Q(kind=LetterKind.INCOMING_MAIL) | ~Q(sender=""),
                violation_error_message="Un courrier reçu porte le nom de son expéditeur.",
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(name="letter_said_stays_said", exclude=["waits_for_answer", "answer_by", "answered_at"]),
            pgtrigger.Protect(name="letter_kept", operation=pgtrigger.Delete),
        ]
        indexes = [models.Index(fields=["candidature", "-happened_at"], name="letter_newest")]

    def __str__(self) -> str:
        return self.subject


class LetterRead(models.Model):
    """How far one person has read the correspondence of a file."""

    candidature = models.ForeignKey(Candidature, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField("lue le")

    class Meta:
        verbose_name = "lecture de la correspondance"
        constraints = [models.UniqueConstraint(fields=["candidature", "user"], name="letter_read_once_per_person")]

    def __str__(self) -> str:
        return f"{self.candidature_id} – {self.user_id}"


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
