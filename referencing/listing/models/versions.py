from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import ConcurrentTransitionMixin, FSMModelMixin, transition

from convergence.accounts.rules import is_listing_team
from convergence.database.fields import StateField
from referencing.listing.enums import OPEN_VERSIONS, VERSION_TRANSITIONS, VersionState
from referencing.listing.models.listing import Listing
from referencing.listing.rules import can_commit

if TYPE_CHECKING:
    from convergence.accounts.models import User
    from referencing.enrolment.models import Enrolment


class VersionUpdateQuerySet(models.QuerySet["VersionUpdate"]):
    def visible_to(self, user: User) -> VersionUpdateQuerySet:
        return self.filter(listing__in=Listing.objects.visible_to(user))

    def open(self) -> VersionUpdateQuerySet:
        return self.filter(state__in=OPEN_VERSIONS)

    def overdue(self, *, on: date) -> VersionUpdateQuerySet:
        """Nothing acceptable was sent, and the day is past (A-34)."""
        return self.filter(state__in=[VersionState.UPDATE_DUE, VersionState.REFUSED], due_on__lt=on)

    def locked(self) -> VersionUpdateQuerySet:
        return self.select_for_update(of=("self",))


class VersionUpdate(ConcurrentTransitionMixin, FSMModelMixin, models.Model):
    """A version of a listed service as its editor declares it, and the update that a major one calls for (L4, BR-173).

    `changes`: codes of `VersionChange`; `confirmed`: codes of the criteria that the editor confirmed with the update.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    listing = models.ForeignKey(
        Listing, verbose_name="référencement", on_delete=models.PROTECT, related_name="version_updates"
    )
    state = StateField("état", choices=VersionState.choices, default=VersionState.DECLARED)
    version = models.CharField("version", max_length=30)
    previous = models.CharField("version précédente", max_length=30, blank=True)
    released_on = models.DateField("mise en service le")
    summary = models.TextField("nouveautés", max_length=4000)
    changes = models.JSONField("changements", default=list, blank=True)
    is_major = models.BooleanField("version majeure", default=False)
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    declared_at = models.DateTimeField("déclarée le")
    due_on = models.DateField("mise à jour attendue avant le", null=True, blank=True)
    statement = models.TextField("mise à jour de la déclaration", blank=True)
    confirmed = models.JSONField("critères confirmés", default=list, blank=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    submitted_at = models.DateTimeField("transmise le", null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField("examinée le", null=True, blank=True)
    note = models.TextField("motif", blank=True)
    reminded_at = models.DateTimeField("retard signalé le", null=True, blank=True)

    objects = VersionUpdateQuerySet.as_manager()

    class Meta:
        verbose_name = "version déclarée"
        verbose_name_plural = "versions déclarées"
        ordering = ["-declared_at"]
        constraints = [
            models.UniqueConstraint(
                name="version_declared_once",
                fields=["listing", "version"],
                violation_error_message="Cette version est déjà déclarée.",
            ),
            models.CheckConstraint(
                name="version_major_has_a_due_day",
                condition=~Q(state__in=OPEN_VERSIONS) | Q(is_major=True, due_on__isnull=False),
                violation_error_message="Une version majeure a une date de mise à jour.",
            ),
            models.CheckConstraint(
                name="version_submitted_says_something",
                condition=~Q(state__in=[VersionState.SUBMITTED, VersionState.ACCEPTED, VersionState.REFUSED])
                | (Q(submitted_at__isnull=False) & ~Q(statement="")),
                violation_error_message="Une mise à jour transmise a un texte.",
            ),
        ]
        indexes = [
            models.Index(fields=["due_on"], condition=Q(state__in=OPEN_VERSIONS), name="version_by_due_day"),
        ]
        triggers = [pgtrigger.FSM(name="version_machine", field="state", transitions=VERSION_TRANSITIONS)]

    def __str__(self) -> str:
        return f"Version {self.version}"

    @property
    def enrolment(self) -> Enrolment:
        """For the predicates of products; needs the listing loaded."""
        enrolment: Enrolment = self.listing.enrolment
        return enrolment

    @transition(field=state, source=VersionState.DECLARED, target=VersionState.RECORDED)
    def record_minor(self) -> None:
        """A minor version calls for nothing (BR-173)."""

    @transition(field=state, source=VersionState.DECLARED, target=VersionState.UPDATE_DUE)
    def require_update(self, *, due_on: date) -> None:
        self.due_on = due_on

    @transition(
        field=state,
        source=[VersionState.UPDATE_DUE, VersionState.REFUSED],
        target=VersionState.SUBMITTED,
        permission=can_commit,
        custom={"label": "Transmettre la mise à jour"},
    )
    def submit(self, *, by: User, at: datetime) -> None:
        self.submitted_by, self.submitted_at = by, at

    @transition(
        field=state,
        source=VersionState.SUBMITTED,
        target=VersionState.ACCEPTED,
        permission=is_listing_team,
        custom={"label": "Accepter la mise à jour"},
    )
    def accept(self, *, by: User, at: datetime) -> None:
        self.decided_by, self.decided_at = by, at

    @transition(
        field=state,
        source=VersionState.SUBMITTED,
        target=VersionState.REFUSED,
        permission=is_listing_team,
        custom={"label": "Refuser la mise à jour"},
    )
    def refuse(self, *, by: User, why: str, at: datetime) -> None:
        """Formal notice is then proposed to the ministry (A-34); the editor may still send a better one."""
        self.decided_by, self.decided_at, self.note = by, at, why

    @transition(field=state, source=OPEN_VERSIONS, target=VersionState.CLOSED)
    def close(self) -> None:
        """The service left the catalogue."""
