from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import ConcurrentTransitionMixin, FSMModelMixin, transition

from convergence.audit.triggers import frozen
from convergence.database.fields import StateField
from referencing.candidature.models import Candidature
from referencing.decision.models import Decision
from referencing.listing.enums import OPEN_RENEWALS, RENEWAL_TRANSITIONS, RenewalState
from referencing.listing.models.listing import Listing
from referencing.listing.rules import can_commit

if TYPE_CHECKING:
    from convergence.accounts.models import User
    from referencing.enrolment.models import Enrolment


class ListingReminder(models.Model):
    """A reminder that the end comes: once per term, for the end that was then ahead (A-35)."""

    listing = models.ForeignKey(Listing, on_delete=models.PROTECT, related_name="reminders")
    ends_on = models.DateField("fin rappelée")
    days_before = models.PositiveSmallIntegerField("jours avant la fin")
    sent_at = models.DateTimeField("envoyé le")

    class Meta:
        verbose_name = "rappel de fin de référencement"
        verbose_name_plural = "rappels de fin de référencement"
        constraints = [
            models.UniqueConstraint(fields=["listing", "ends_on", "days_before"], name="listing_reminder_once")
        ]
        triggers = frozen("listing_reminder")

    def __str__(self) -> str:
        return f"J-{self.days_before} – {self.listing_id}"


class RenewalQuerySet(models.QuerySet["Renewal"]):
    def visible_to(self, user: User) -> RenewalQuerySet:
        return self.filter(listing__in=Listing.objects.visible_to(user))

    def open(self) -> RenewalQuerySet:
        return self.filter(state__in=OPEN_RENEWALS)

    def locked(self) -> RenewalQuerySet:
        return self.select_for_update(of=("self",))


class Renewal(ConcurrentTransitionMixin, FSMModelMixin, models.Model):
    """The renewal of a listing, once in its life (L1, L2, BR-171). State moves only through `workflow.fire`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    listing = models.ForeignKey(
        Listing, verbose_name="référencement", on_delete=models.PROTECT, related_name="renewals"
    )
    state = StateField("état", choices=RenewalState.choices, default=RenewalState.OPEN)
    opened_at = models.DateTimeField("ouvert le")
    started_at = models.DateTimeField("commencé le", null=True, blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    candidature = models.ForeignKey(
        Candidature, null=True, blank=True, on_delete=models.PROTECT, related_name="renewals"
    )
    decision = models.ForeignKey(Decision, null=True, blank=True, on_delete=models.PROTECT, related_name="renewals")
    ended_at = models.DateTimeField("terminé le", null=True, blank=True)
    reason = models.TextField("motif", blank=True)

    objects = RenewalQuerySet.as_manager()

    class Meta:
        verbose_name = "renouvellement"
        constraints = [
            models.UniqueConstraint(
                name="renewal_one_open_per_listing",
                fields=["listing"],
                condition=Q(state__in=OPEN_RENEWALS),
                violation_error_message="Un renouvellement est déjà ouvert pour ce référencement.",
            ),
            models.UniqueConstraint(
                name="renewal_granted_once",
                fields=["listing"],
                condition=Q(state=RenewalState.GRANTED),
                violation_error_message="Un référencement se renouvelle une seule fois.",
            ),
            models.CheckConstraint(
                name="renewal_review_has_a_candidature",
                condition=~Q(
                    state__in=[
                        RenewalState.IN_REVIEW,
                        RenewalState.TO_REPUBLISH,
                        RenewalState.GRANTED,
                        RenewalState.REFUSED,
                    ]
                )
                | Q(candidature__isnull=False),
                violation_error_message="Un renouvellement s’examine avec une candidature.",
            ),
        ]
        triggers = [pgtrigger.FSM(name="renewal_machine", field="state", transitions=RENEWAL_TRANSITIONS)]

    def __str__(self) -> str:
        return f"Renouvellement – {self.listing_id}"

    @property
    def enrolment(self) -> Enrolment:
        """For the predicates of products; needs the listing loaded."""
        enrolment: Enrolment = self.listing.enrolment
        return enrolment

    @transition(
        field=state,
        source=RenewalState.OPEN,
        target=RenewalState.STARTED,
        permission=can_commit,
        custom={"label": "Commencer le renouvellement"},
    )
    def start(self, *, by: User, at: datetime) -> None:
        self.started_by, self.started_at = by, at

    @transition(field=state, source=RenewalState.STARTED, target=RenewalState.IN_REVIEW)
    def review(self, *, candidature: Candidature) -> None:
        """The editor applied: the file follows the usual street (OQ-12)."""
        self.candidature = candidature

    @transition(field=state, source=RenewalState.IN_REVIEW, target=RenewalState.STARTED)
    def step_back(self) -> None:
        """The candidature ended without a decision: the editor may apply again."""

    @transition(field=state, source=[RenewalState.IN_REVIEW, RenewalState.TO_REPUBLISH], target=RenewalState.GRANTED)
    def grant(self, *, decision: Decision, at: datetime) -> None:
        """Decided before the end, or published again after it (L2, A-35)."""
        self.decision, self.ended_at = decision, at

    @transition(field=state, source=RenewalState.IN_REVIEW, target=RenewalState.TO_REPUBLISH)
    def await_republication(self, *, decision: Decision) -> None:
        """Decided after the end: two years will run from the day of republication (A-35)."""
        self.decision = decision

    @transition(field=state, source=RenewalState.IN_REVIEW, target=RenewalState.REFUSED)
    def refuse(self, *, decision: Decision, at: datetime) -> None:
        self.decision, self.ended_at = decision, at

    @transition(field=state, source=[RenewalState.REFUSED, RenewalState.LAPSED], target=RenewalState.IN_REVIEW)
    def take_up(self) -> None:
        """A remedy or a court sends the file back: refused or annulled, it is examined again (A-33)."""
        self.decision, self.ended_at, self.reason = None, None, ""

    @transition(
        field=state,
        source=[*OPEN_RENEWALS, RenewalState.GRANTED],
        target=RenewalState.LAPSED,
        custom={"label": "Clore le renouvellement"},
    )
    def lapse(self, *, why: str, at: datetime) -> None:
        """The listing ended before the editor applied, or the decision of renewal fell (A-33)."""
        self.ended_at, self.reason = at, why
