from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from convergence.accounts.models import Organisation
from convergence.audit.triggers import frozen
from convergence.interests.enums import Nature
from convergence.interests.querysets import DeclaredInterestQuerySet, InterestDeclarationQuerySet


class InterestDeclaration(models.Model):
    """What a person declared on one day, never changed: the newest one counts (L.1452-3 CSP, A-21)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="personne",
        on_delete=models.PROTECT,
        related_name="interest_declarations",
    )
    declared_at = models.DateTimeField("déclarée le")
    expires_on = models.DateField("valable jusqu’au")
    has_none = models.BooleanField("aucun lien d’intérêts")

    objects = InterestDeclarationQuerySet.as_manager()

    class Meta:
        verbose_name = "déclaration d’intérêts"
        verbose_name_plural = "déclarations d’intérêts"
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_on__gt=F("declared_at__date")),
                name="interest_declaration_expires_later",
                violation_error_message="Une déclaration expire après le jour où elle est faite.",
            ),
        ]
        indexes = [models.Index(fields=["person", "-declared_at"], name="interest_declaration_newest")]
        triggers = frozen("interest_declaration")

    def __str__(self) -> str:
        return f"{self.person} – {timezone.localtime(self.declared_at):%d/%m/%Y}"

    def is_current(self, *, at: datetime) -> bool:
        """Still valid at that instant; `expires_on` is its last day in Paris."""
        return self.expires_on >= timezone.localdate(at)


class DeclaredInterest(models.Model):
    """One link of a declaration; `name` is what the organisation was called that day."""

    declaration = models.ForeignKey(
        InterestDeclaration, verbose_name="déclaration", on_delete=models.PROTECT, related_name="interests"
    )
    organisation = models.ForeignKey(
        Organisation,
        verbose_name="structure inscrite",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    name = models.CharField("structure", max_length=200)
    nature = models.CharField("nature du lien", max_length=20, choices=Nature.choices)
    detail = models.CharField("précisions", max_length=500, blank=True)
    since = models.DateField("depuis le", null=True, blank=True)
    until = models.DateField("jusqu’au", null=True, blank=True)

    objects = DeclaredInterestQuerySet.as_manager()

    class Meta:
        verbose_name = "lien d’intérêts"
        verbose_name_plural = "liens d’intérêts"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(name=""),
                name="declared_interest_names_somebody",
                violation_error_message="Nommez la structure.",
            ),
            models.CheckConstraint(
                condition=Q(since__isnull=True) | Q(until__isnull=True) | Q(until__gte=F("since")),
                name="declared_interest_ends_after_start",
                violation_error_message="La fin du lien ne peut pas précéder son début.",
            ),
        ]
        triggers = frozen("declared_interest")

    def __str__(self) -> str:
        return f"{self.name} ({self.get_nature_display()})"


class InterestReminder(models.Model):
    """A reminder sent before a declaration expires, so that none is sent twice."""

    declaration = models.ForeignKey(InterestDeclaration, on_delete=models.CASCADE, related_name="reminders")
    days_before = models.PositiveSmallIntegerField("jours avant l’échéance")
    sent_at = models.DateTimeField("envoyé le")

    class Meta:
        verbose_name = "rappel de déclaration"
        verbose_name_plural = "rappels de déclaration"
        constraints = [
            models.UniqueConstraint(
                fields=["declaration", "days_before"],
                name="interest_reminder_once",
                violation_error_message="Ce rappel est déjà envoyé.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.declaration} – J-{self.days_before}"
