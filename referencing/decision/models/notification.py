"""The proof that an act reached its addressee (A-32, BR-160)."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from convergence.audit.triggers import frozen
from referencing.decision.enums import Way
from referencing.decision.models.decision import Decision


class RegisteredLetterQuerySet(models.QuerySet["RegisteredLetter"]):
    def awaiting(self) -> RegisteredLetterQuerySet:
        """Sent, and the act is not notified yet."""
        return self.filter(decision__state="signed")


class RegisteredLetter(models.Model):
    """A registered letter that brought an act, as the ministry records it; a second one may follow the first."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="letters")
    sent_on = models.DateField("envoyée le")
    tracking = models.CharField("numéro de suivi", max_length=60)
    received_on = models.DateField("reçue le", null=True, blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField("enregistrée le")

    objects = RegisteredLetterQuerySet.as_manager()

    class Meta:
        verbose_name = "lettre recommandée"
        verbose_name_plural = "lettres recommandées"
        constraints = [
            models.CheckConstraint(
                name="registered_letter_received_after_sending",
                condition=Q(received_on__isnull=True) | Q(received_on__gte=models.F("sent_on")),
                violation_error_message="Une lettre est reçue après son envoi.",
            )
        ]
        indexes = [models.Index(fields=["sent_on"], name="registered_letter_by_day")]
        triggers = frozen("registered_letter")

    def __str__(self) -> str:
        return self.tracking


class NotificationProof(models.Model):
    """How, when and to whom one act was notified: written once, with the transition (A-32). It keeps no IP address."""

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="proof")
    way = models.CharField("moyen", max_length=15, choices=Way.choices)
    at = models.DateTimeField("notifiée le")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    person_name = models.CharField("personne", max_length=200, blank=True)
    person_quality = models.CharField("qualité", max_length=100, blank=True)
    letter = models.ForeignKey(RegisteredLetter, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField("empreinte de l’acte", max_length=64)
    recorded_at = models.DateTimeField("constatée le")

    class Meta:
        verbose_name = "preuve de notification"
        verbose_name_plural = "preuves de notification"
        constraints = [
            models.CheckConstraint(
                name="notification_proof_by_somebody_or_a_letter",
                condition=(Q(way=Way.CONSULTATION, person__isnull=False) & ~Q(person_name=""))
                | (~Q(way=Way.CONSULTATION) & Q(letter__isnull=False)),
                violation_error_message="Une notification se prouve par une personne ou par une lettre.",
            )
        ]
        triggers = frozen("notification_proof")

    def __str__(self) -> str:
        return f"{self.get_way_display()} – {self.decision_id}"
