from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import F, Q

from referencing.candidature.enums import ReminderKind, StopReason
from referencing.candidature.models.candidature import Candidature


class ClockStop(models.Model):
    """While nobody on the platform’s side can advance a file, its delays do not run (A-19).

    Opened and closed by `services.standing.refresh` alone.
    """

    candidature = models.ForeignKey(Candidature, on_delete=models.PROTECT, related_name="clock_stops")
    started_at = models.DateTimeField("depuis le")
    ended_at = models.DateTimeField("jusqu’au", null=True, blank=True)
    reason = models.CharField("motif", max_length=15, choices=StopReason.choices)

    class Meta:
        verbose_name = "suspension de délai"
        verbose_name_plural = "suspensions de délai"
        ordering = ["started_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="clock_stop_one_open_per_candidature",
                fields=["candidature"],
                condition=Q(ended_at__isnull=True),
                violation_error_message="Le délai de cette candidature est déjà suspendu.",
            ),
            models.CheckConstraint(
                name="clock_stop_ends_after_start",
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                violation_error_message="Une suspension finit après son début.",
            ),
        ]
        indexes = [models.Index(fields=["candidature", "started_at"], name="clock_stop_of_candidature")]
        triggers = [
            pgtrigger.Protect(
                name="clock_stop_frozen_once_closed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__ended_at__isnull=False),
            ),
            pgtrigger.Protect(name="clock_stop_never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} – {self.candidature_id}"


class DeadlineReminder(models.Model):
    """A reminder that was sent: once per kind, subject and due day, so that a new day brings a new reminder (BR-116)."""

    candidature = models.ForeignKey(Candidature, on_delete=models.CASCADE, related_name="deadline_reminders")
    kind = models.CharField("nature", max_length=15, choices=ReminderKind.choices)
    subject_id = models.UUIDField("candidature, demande ou non-conformité")
    due_on = models.DateField("échéance")
    sent_at = models.DateTimeField("envoyé le")

    class Meta:
        verbose_name = "rappel d’échéance"
        verbose_name_plural = "rappels d’échéance"
        constraints = [
            models.UniqueConstraint(
                name="deadline_reminder_once",
                fields=["subject_id", "kind", "due_on"],
                violation_error_message="Ce rappel est déjà envoyé.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} – {self.due_on:%d/%m/%Y}"
