from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q

from referencing.enrolment.models import PreListing
from referencing.listing.models.listing import Listing

if TYPE_CHECKING:
    from convergence.accounts.models import User


class ProducerReviewQuerySet(models.QuerySet["ProducerReview"]):
    def visible_to(self, user: User) -> ProducerReviewQuerySet:
        return self.filter(listing__in=Listing.objects.visible_to(user))

    def open(self) -> ProducerReviewQuerySet:
        return self.filter(closed_at__isnull=True)


class ProducerReview(models.Model):
    """A listed service whose frozen answers come from a solution that is no longer pre-listed: to review by a day (BR-203, A-23).

    The service stays listed meanwhile. `outcome` says what the listing team found, and what follows.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    listing = models.ForeignKey(
        Listing, verbose_name="référencement", on_delete=models.PROTECT, related_name="producer_reviews"
    )
    pre_listing = models.ForeignKey(
        PreListing, verbose_name="pré-référencement", on_delete=models.PROTECT, related_name="+"
    )
    opened_at = models.DateTimeField("ouverte le")
    due_on = models.DateField("à faire avant le")
    closed_at = models.DateTimeField("close le", null=True, blank=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    outcome = models.TextField("conclusion", max_length=4000, blank=True)

    objects = ProducerReviewQuerySet.as_manager()

    class Meta:
        verbose_name = "revue d’un service en marque blanche"
        verbose_name_plural = "revues de services en marque blanche"
        constraints = [
            models.UniqueConstraint(
                name="producer_review_one_open",
                fields=["listing", "pre_listing"],
                condition=Q(closed_at__isnull=True),
                violation_error_message="Une revue de ce service est déjà ouverte.",
            ),
            models.CheckConstraint(
                name="producer_review_closed_says_what",
                condition=Q(closed_at__isnull=True) | (Q(closed_by__isnull=False) & ~Q(outcome="")),
                violation_error_message="Une revue se clôt avec sa conclusion.",
            ),
        ]

    def __str__(self) -> str:
        return f"Revue avant le {self.due_on}"
