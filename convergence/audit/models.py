from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def about(self, *subjects: models.Model) -> AuditEntryQuerySet:
        """Entries on any of the rows, oldest first."""
        return self.filter(subject_id__in=[str(subject.pk) for subject in subjects]).order_by("pk")


class AuditEntry(models.Model):
    """One line of the journal: who did what to which row, from which state to which, why (BR-117).

    The database refuses update, delete and truncate.
    """

    at = models.DateTimeField("le", db_default=Now())
    action = models.CharField("action", max_length=100)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="par", null=True, on_delete=models.PROTECT, related_name="+"
    )
    actor_label = models.CharField("nom de l’auteur", max_length=254, blank=True)
    subject_type = models.CharField("type d’objet", max_length=60)
    subject_id = models.CharField("objet", max_length=40)
    source = models.CharField("de l’état", max_length=40, blank=True)
    target = models.CharField("à l’état", max_length=40, blank=True)
    reason = models.TextField("motif", blank=True)
    data = models.JSONField("détails", default=dict, blank=True)
    request_id = models.CharField("requête", max_length=64, blank=True)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        verbose_name = "ligne du journal"
        verbose_name_plural = "journal"
        indexes = [models.Index(fields=["subject_id", "id"], name="audit_by_subject")]
        triggers = [
            pgtrigger.Protect(
                name="append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
            ),
            # `Protect` knows no statement-level TRUNCATE.
            pgtrigger.Trigger(
                name="no_truncate",
                operation=pgtrigger.Truncate,
                level=pgtrigger.Statement,
                when=pgtrigger.Before,
                func="RAISE EXCEPTION 'Cannot truncate % table', TG_TABLE_NAME;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_id}"
