from __future__ import annotations

import uuid
from datetime import datetime
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django_fsm import ConcurrentTransitionMixin, FSMModelMixin, transition

from convergence.audit.triggers import frozen
from convergence.database.fields import StateField
from convergence.interests.selectors import conflicting_organisations
from evidence.models import StoredFile
from referencing.commission.selectors.conflicts import recused_on
from referencing.enrolment.models import Enrolment
from referencing.listing.core.sheet import LONG_LENGTH, NAME_LENGTH, PRICE_LENGTH, SHORT_LENGTH
from referencing.listing.enums import (
    PUBLICATION_TRANSITIONS,
    WRITABLE_SHEETS,
    AccessibilityLevel,
    Category,
    Platform,
    Price,
    PublicationState,
)
from referencing.listing.models.listing import Listing
from referencing.listing.rules import can_commit, can_publish, reads_listings

if TYPE_CHECKING:
    from convergence.accounts.models import User

#: What the editor writes, in the order of the page.
SHEET_FIELDS = (
    "public_name",
    "short_text",
    "long_text",
    "categories",
    "price",
    "price_note",
    "platforms",
    "web_url",
    "android_url",
    "ios_url",
    "accessibility",
    "accessibility_url",
    "support_email",
    "support_url",
)


#: Pages that the public will open.
ADDRESS_NAMES = ("web_url", "android_url", "ios_url", "accessibility_url", "support_url")


class PublicationSheetQuerySet(models.QuerySet["PublicationSheet"]):
    def visible_to(self, user: User) -> PublicationSheetQuerySet:
        """Members see their organisations’; those who work on listings all but what a link of interest or a recusal bars."""
        mine = Q(enrolment__product__organisation__in=user.access.organisation_ids)
        if not reads_listings(user):
            return self.filter(mine)
        barred = Q(enrolment__product__organisation__in=conflicting_organisations(user)) | Q(recused_on(user))
        return self.filter(mine | ~barred)

    def locked(self) -> PublicationSheetQuerySet:
        return self.select_for_update(of=("self",))


class PublicationSheet(ConcurrentTransitionMixin, FSMModelMixin, models.Model):
    """What the catalogue will say of a service (BO-09): one for an enrolment, frozen in a version at each publication.

    Exchanges and écoscore are not typed: they are read from the frozen dossier and the decision (A-31).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    enrolment = models.OneToOneField(
        Enrolment, verbose_name="rattachement", on_delete=models.PROTECT, related_name="publication_sheet"
    )
    state = StateField("état", choices=PublicationState.choices, default=PublicationState.DRAFT)
    version = models.PositiveIntegerField(default=1)  # optimistic lock between two colleagues
    public_name = models.CharField("nom du service", max_length=NAME_LENGTH, blank=True)
    short_text = models.CharField("présentation courte", max_length=SHORT_LENGTH, blank=True)
    long_text = models.TextField("présentation détaillée", max_length=LONG_LENGTH, blank=True)
    categories = ArrayField(
        models.CharField(max_length=40, choices=Category.choices), verbose_name="catégories", default=list, blank=True
    )
    price = models.CharField("prix", max_length=10, choices=Price.choices, blank=True)
    price_note = models.CharField("détail du prix", max_length=PRICE_LENGTH, blank=True)
    platforms = ArrayField(
        models.CharField(max_length=10, choices=Platform.choices), verbose_name="supports", default=list, blank=True
    )
    web_url = models.URLField("adresse du site", max_length=300, blank=True)
    android_url = models.URLField("page Android", max_length=300, blank=True)
    ios_url = models.URLField("page App Store", max_length=300, blank=True)
    accessibility = models.CharField(
        "accessibilité du service", max_length=15, choices=AccessibilityLevel.choices, blank=True
    )
    accessibility_url = models.URLField("déclaration d’accessibilité", max_length=300, blank=True)
    support_email = models.EmailField("adresse e-mail d’aide", blank=True)
    support_url = models.URLField("page d’aide", max_length=300, blank=True)
    #: As the platform re-encoded it; the original is not kept.
    logo = models.ForeignKey(
        StoredFile, verbose_name="logo", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField("modifiée le", auto_now=True)
    submitted_at = models.DateTimeField("soumise le", null=True, blank=True)
    decided_at = models.DateTimeField("vérifiée le", null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decision_reason = models.TextField("correction demandée", blank=True)

    objects = PublicationSheetQuerySet.as_manager()

    class Meta:
        verbose_name = "fiche de publication"
        verbose_name_plural = "fiches de publication"
        constraints = [
            models.CheckConstraint(
                name="publication_submitted_is_complete",
                condition=Q(state__in=WRITABLE_SHEETS)
                | (
                    Q(submitted_at__isnull=False, logo__isnull=False)
                    & ~Q(public_name="")
                    & ~Q(short_text="")
                    & ~Q(long_text="")
                    & ~Q(categories=[])
                    & ~Q(platforms=[])
                    & ~Q(price="")
                ),
                violation_error_message="Une fiche soumise est complète.",
            ),
            models.CheckConstraint(
                name="publication_addresses_are_https",
                condition=reduce(
                    and_, (Q(**{name: ""}) | Q(**{f"{name}__startswith": "https://"}) for name in ADDRESS_NAMES)
                ),
                violation_error_message="Une adresse publique commence par https://.",
            ),
            models.CheckConstraint(
                name="publication_changes_have_a_reason",
                condition=~Q(state=PublicationState.CHANGES_REQUESTED) | ~Q(decision_reason=""),
                violation_error_message="Dites ce qu’il faut corriger.",
            ),
        ]
        indexes = [models.Index(fields=["state", "submitted_at"], name="publication_by_state")]
        triggers = [pgtrigger.FSM(name="publication_machine", field="state", transitions=PUBLICATION_TRANSITIONS)]

    def __str__(self) -> str:
        return f"Fiche de publication – {self.public_name or self.enrolment_id}"

    @property
    def values(self) -> dict[str, Any]:
        return {field: getattr(self, field) for field in SHEET_FIELDS}

    @transition(
        field=state,
        source=WRITABLE_SHEETS,
        target=PublicationState.SUBMITTED,
        permission=can_commit,
        custom={"label": "Soumettre la fiche de publication"},
    )
    def submit(self, *, at: datetime) -> None:
        self.submitted_at, self.decided_at, self.decided_by, self.decision_reason = at, None, None, ""

    @transition(
        field=state,
        source=[PublicationState.SUBMITTED, PublicationState.ACCEPTED],
        target=PublicationState.DRAFT,
        permission=can_commit,
        custom={"label": "Modifier la fiche"},
    )
    def revise(self) -> None:
        """The editor writes again; what is published stays as it was frozen until the next acceptance."""
        self.decided_at, self.decided_by = None, None

    @transition(
        field=state,
        source=PublicationState.SUBMITTED,
        target=PublicationState.ACCEPTED,
        permission=can_publish,
        custom={"label": "Accepter la fiche"},
    )
    def accept(self, *, by: User, at: datetime) -> None:
        self.decided_by, self.decided_at = by, at

    @transition(
        field=state,
        source=[PublicationState.SUBMITTED, PublicationState.ACCEPTED],
        target=PublicationState.CHANGES_REQUESTED,
        permission=can_publish,
        custom={"label": "Demander une correction"},
    )
    def request_changes(self, *, decision_reason: str, by: User, at: datetime) -> None:
        self.decision_reason, self.decided_by, self.decided_at = decision_reason, by, at


class PublicationVersion(models.Model):
    """What the catalogue says of a service from an instant on: canonical JSON, never changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    listing = models.ForeignKey(Listing, on_delete=models.PROTECT, related_name="publications")
    number = models.PositiveIntegerField("n°")
    payload = models.BinaryField("contenu (JSON canonique)")
    sha256 = models.CharField("empreinte", max_length=64)
    logo = models.ForeignKey(StoredFile, null=True, on_delete=models.PROTECT, related_name="+")
    frozen_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    frozen_at = models.DateTimeField("figée le")

    class Meta:
        verbose_name = "version publiée"
        verbose_name_plural = "versions publiées"
        constraints = [models.UniqueConstraint(name="publication_version_once", fields=["listing", "number"])]
        triggers = frozen("publication_version")

    def __str__(self) -> str:
        return f"{self.listing_id} n° {self.number}"
