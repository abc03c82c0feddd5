from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from convergence.audit.triggers import frozen
from evidence.models import StoredFile
from referencing.commission.models.session import AgendaPoint, CommissionSession


class Minutes(models.Model):
    """The minutes of a session: drawn from what happened, completed by the secretary, signed by the chair (A-29)."""

    session = models.OneToOneField(CommissionSession, on_delete=models.PROTECT, related_name="minutes")
    texts = models.JSONField("compléments rédigés", default=dict)
    version = models.PositiveIntegerField(default=1)
    edited_at = models.DateTimeField("modifié le", null=True, blank=True)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    payload = models.BinaryField("contenu (JSON canonique)", default=b"")
    sha256 = models.CharField("empreinte", max_length=64, blank=True)
    document = models.ForeignKey(StoredFile, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    attendance_sheet = models.ForeignKey(StoredFile, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    signed_at = models.DateTimeField("signé le", null=True, blank=True)

    class Meta:
        verbose_name = "procès-verbal"
        verbose_name_plural = "procès-verbaux"
        constraints = [
            models.CheckConstraint(
                name="minutes_signed_have_their_document",
                condition=Q(signed_at__isnull=True)
                | (Q(document__isnull=False, signed_by__isnull=False) & ~Q(sha256="")),
                violation_error_message="Un procès-verbal signé porte son document et son signataire.",
            )
        ]
        triggers = [
            pgtrigger.Protect(
                name="minutes_frozen_once_signed",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__signed_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"Procès-verbal – {self.session_id}"


class Erratum(models.Model):
    """A correction of signed minutes, itself signed; the minutes stay as they are."""

    minutes = models.ForeignKey(Minutes, on_delete=models.PROTECT, related_name="errata")
    number = models.PositiveSmallIntegerField("numéro")
    point = models.ForeignKey(
        AgendaPoint, verbose_name="point", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    text = models.TextField("rectification")
    payload = models.BinaryField("contenu (JSON canonique)")
    document = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField("empreinte", max_length=64)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField("signé le")

    class Meta:
        verbose_name = "erratum"
        verbose_name_plural = "errata"
        constraints = [models.UniqueConstraint(name="erratum_number_once", fields=["minutes", "number"])]
        triggers = frozen("erratum")

    def __str__(self) -> str:
        return f"Erratum n° {self.number}"
