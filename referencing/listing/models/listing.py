from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django_fsm import ConcurrentTransitionMixin, FSMModelMixin, transition

from convergence.database.fields import StateField
from convergence.interests.selectors import conflicting_organisations
from referencing.commission.selectors.conflicts import recused_on
from referencing.decision.models import Decision
from referencing.enrolment.models import Enrolment
from referencing.listing.enums import LISTING_TRANSITIONS, STANDING_LISTINGS, ListingState
from referencing.listing.rules import can_commit, reads_listings

if TYPE_CHECKING:
    from convergence.accounts.models import User


class ListingQuerySet(models.QuerySet["Listing"]):
    def visible_to(self, user: User) -> ListingQuerySet:
        """Members see their organisations’; those who work on listings all but what a link of interest or a recusal bars."""
        mine = Q(enrolment__product__organisation__in=user.access.organisation_ids)
        if not reads_listings(user):
            return self.filter(mine)
        barred = Q(enrolment__product__organisation__in=conflicting_organisations(user)) | Q(recused_on(user))
        return self.filter(mine | ~barred)

    def published(self, *, on: date) -> ListingQuerySet:
        """What anybody may see: LISTED and not past its end (BR-172, BR-177, A-34)."""
        return self.filter(state=ListingState.LISTED, ends_on__gte=on)

    def standing(self) -> ListingQuerySet:
        return self.filter(state__in=STANDING_LISTINGS)

    def locked(self) -> ListingQuerySet:
        return self.select_for_update(of=("self",))


class Listing(ConcurrentTransitionMixin, FSMModelMixin, models.Model):
    """One service in the catalogue, from its publication to its end. State moves only through `workflow.fire`.

    `ends_on` is the last day: it leaves the catalogue the day after (BR-170 to BR-172).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    enrolment = models.ForeignKey(
        Enrolment, verbose_name="rattachement", on_delete=models.PROTECT, related_name="listings"
    )
    decision = models.ForeignKey(Decision, verbose_name="décision", on_delete=models.PROTECT, related_name="listings")
    state = StateField("état", choices=ListingState.choices, default=ListingState.LISTED)
    published_on = models.DateField("publié le")
    ends_on = models.DateField("jusqu’au")
    renewed_on = models.DateField("renouvelé le", null=True, blank=True)
    state_reason = models.TextField("motif", blank=True)
    state_changed_at = models.DateTimeField("état depuis le", null=True, blank=True)
    cause = models.ForeignKey(
        Decision,
        verbose_name="décision à l’origine de l’état",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    suspended_at = models.DateTimeField("suspendu depuis le", null=True, blank=True)

    objects = ListingQuerySet.as_manager()

    class Meta:
        verbose_name = "référencement"
        constraints = [
            models.UniqueConstraint(
                name="listing_one_standing_per_enrolment",
                fields=["enrolment"],
                condition=Q(state__in=STANDING_LISTINGS),
                violation_error_message="Ce service est déjà référencé.",
            ),
            models.CheckConstraint(
                name="listing_ends_after_publication",
                condition=Q(ends_on__gt=F("published_on")),
                violation_error_message="Un référencement finit après sa publication.",
            ),
        ]
        indexes = [models.Index(fields=["ends_on"], condition=Q(state__in=STANDING_LISTINGS), name="listing_by_end")]
        triggers = [pgtrigger.FSM(name="listing_machine", field="state", transitions=LISTING_TRANSITIONS)]

    def __str__(self) -> str:
        return f"Référencement – {self.enrolment_id}"

    @transition(field=state, source=ListingState.LISTED, target=ListingState.SUSPENDED, custom={"label": "Suspendre"})
    def suspend(self, *, why: str, at: datetime, cause: Decision | None = None) -> None:
        """By a decision of the ministry, or of a court (L8, BR-176, A-33)."""
        self.state_reason, self.state_changed_at, self.suspended_at, self.cause = why, at, at, cause

    @transition(field=state, source=ListingState.SUSPENDED, target=ListingState.LISTED, custom={"label": "Rétablir"})
    def reinstate(self, *, at: datetime) -> None:
        """Corrective proof accepted, or the sanction fell (L10, A-33)."""
        self.state_reason, self.state_changed_at, self.suspended_at, self.cause = "", at, None, None

    @transition(
        field=state, source=STANDING_LISTINGS, target=ListingState.EXPIRED, custom={"label": "Constater la fin"}
    )
    def expire(self, *, at: datetime) -> None:
        """The end has passed without renewal (L3, BR-172); a suspension that stood then still stands (`suspended_at`)."""
        self.state_changed_at = at

    @transition(field=state, source=STANDING_LISTINGS, target=ListingState.WITHDRAWN, custom={"label": "Retirer"})
    def withdraw(self, *, why: str, at: datetime, cause: Decision | None = None) -> None:
        """By a decision of the ministry, or because its decision was annulled (L9, A-33)."""
        self.state_reason, self.state_changed_at, self.cause = why, at, cause

    @transition(
        field=state,
        source=STANDING_LISTINGS,
        target=ListingState.WITHDRAWN_BY_EDITOR,
        permission=can_commit,
        custom={"label": "Retirer mon service du catalogue"},
    )
    def withdraw_by_editor(self, *, why: str, at: datetime) -> None:
        self.state_reason, self.state_changed_at = why, at

    @transition(
        field=state,
        source=[ListingState.EXPIRED, ListingState.WITHDRAWN],
        target=ListingState.LISTED,
        custom={"label": "Publier de nouveau"},
    )
    def republish(self, *, ends_on: date, at: datetime) -> None:
        """Renewed after its end (A-35), or a withdrawal that fell before its end (A-33)."""
        self.ends_on, self.state_reason, self.state_changed_at = ends_on, "", at
        self.suspended_at, self.cause = None, None
