from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q

from convergence.interests.selectors import conflicting_organisations
from referencing.commission.selectors.conflicts import recused_on
from referencing.listing.enums import ReportKind, ReportOutcome
from referencing.listing.models.listing import Listing
from referencing.listing.rules import reads_reports

if TYPE_CHECKING:
    from convergence.accounts.models import User


class UserReportQuerySet(models.QuerySet["UserReport"]):
    def visible_to(self, user: User) -> UserReportQuerySet:
        """The listing team, the ministry and the auditors, links of interest aside; never the editor (L5)."""
        if not reads_reports(user):
            return self.none()
        seen = self.exclude(listing__enrolment__product__organisation__in=conflicting_organisations(user))
        return seen.exclude(recused_on(user, "listing__enrolment"))

    def to_triage(self) -> UserReportQuerySet:
        return self.filter(outcome="")


class UserReport(models.Model):
    """What a visitor reports about a listed service (« signalement »). Whoever wrote it, its editor never knows."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    listing = models.ForeignKey(Listing, verbose_name="service", on_delete=models.PROTECT, related_name="user_reports")
    kind = models.CharField("objet", max_length=10, choices=ReportKind.choices)
    text = models.TextField("description")
    email = models.EmailField("adresse e-mail", blank=True)
    token_hash = models.CharField("empreinte du lien de confirmation", max_length=64, blank=True)
    confirmed_at = models.DateTimeField("adresse confirmée le", null=True, blank=True)
    sent_at = models.DateTimeField("reçu le")
    outcome = models.CharField("suite", max_length=10, choices=ReportOutcome.choices, blank=True)
    note = models.TextField("motif", blank=True)
    triaged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    triaged_at = models.DateTimeField("traité le", null=True, blank=True)

    objects = UserReportQuerySet.as_manager()

    class Meta:
        verbose_name = "signalement"
        ordering = ["-sent_at"]
        constraints = [
            models.CheckConstraint(
                name="user_report_triaged_by_somebody",
                condition=Q(outcome="") | (Q(triaged_by__isnull=False, triaged_at__isnull=False) & ~Q(note="")),
                violation_error_message="Un signalement traité porte un motif, une date et un auteur.",
            ),
            models.CheckConstraint(
                name="user_report_confirmed_has_an_address",
                condition=Q(confirmed_at__isnull=True) | ~Q(token_hash=""),
                violation_error_message="Une adresse se confirme par le lien qui lui a été envoyé.",
            ),
        ]
        indexes = [
            models.Index(fields=["-sent_at"], name="user_report_newest"),
            models.Index(fields=["sent_at"], condition=Q(outcome=""), name="user_report_to_triage"),
        ]

    def __str__(self) -> str:
        return f"Signalement du {self.sent_at:%d/%m/%Y}"
