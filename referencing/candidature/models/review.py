from __future__ import annotations

from django.conf import settings
from django.db import models

from referencing.candidature.enums import Outcome
from referencing.candidature.models.candidature import Candidature


class Verdict(models.Model):
    """What the instruction thinks of one criterion; its history is in the journal.

    `text` reaches the editor with a request or the conclusion, `note` never. `content_sha256` is the hash of what was
    judged: criterion text, answer, evidence hashes.
    """

    candidature = models.ForeignKey(Candidature, on_delete=models.CASCADE, related_name="verdicts")
    theme = models.CharField("thème", max_length=60)
    criterion = models.CharField("critère", max_length=60)
    outcome = models.CharField("verdict", max_length=15, choices=Outcome.choices)
    text = models.TextField("motif, lu par l’éditeur", blank=True)
    note = models.TextField("note interne", blank=True)
    version = models.PositiveIntegerField(default=1)
    content_sha256 = models.CharField("empreinte de ce qui a été jugé", max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="par", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField("le")
    carried_from = models.DateField("déjà vérifié le", null=True, blank=True)
    needs_rereading = models.BooleanField("à relire", default=False)
    visa_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="visa de",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    visa_at = models.DateTimeField("visa le", null=True, blank=True)

    class Meta:
        verbose_name = "verdict"
        constraints = [
            models.UniqueConstraint(name="verdict_once_per_criterion", fields=["candidature", "criterion"]),
            models.CheckConstraint(
                name="verdict_visa_by_another",
                condition=models.Q(visa_by__isnull=True) | ~models.Q(visa_by=models.F("by")),
                violation_error_message="Le visa est donné par une autre personne que l’auteur du verdict.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.criterion} – {self.get_outcome_display()}"
