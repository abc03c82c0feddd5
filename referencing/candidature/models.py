from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import ConcurrentTransitionMixin, FSMField, FSMModelMixin, transition

from convergence.accounts.rules import is_listing_team
from convergence.products import rules as product_rules
from referencing.candidature.enums import OPEN_STATES, TRANSITIONS, CandidatureState
from referencing.dossier.models import Dossier
from referencing.enrolment.models import Enrolment

if TYPE_CHECKING:
    from convergence.accounts.models import User


class CandidatureQuerySet(models.QuerySet["Candidature"]):
    def visible_to(self, user: User) -> CandidatureQuerySet:
        """Members see those of their organisations; the listing team and support see all."""
        if user.access.reads_every_file:
            return self
        return self.filter(enrolment__product__organisation__in=user.access.organisation_ids)

    def locked(self) -> CandidatureQuerySet:
        return self.select_for_update(of=("self",))

    def open(self) -> CandidatureQuerySet:
        """Those that keep the enrolment from applying again."""
        return self.filter(state__in=OPEN_STATES)


class Candidature(ConcurrentTransitionMixin, FSMModelMixin, models.Model):
    """One frozen dossier going through instruction. State moves only through `workflow.fire`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    enrolment = models.ForeignKey(
        Enrolment, verbose_name="rattachement", on_delete=models.PROTECT, related_name="candidatures"
    )
    dossier = models.ForeignKey(Dossier, verbose_name="dossier", on_delete=models.PROTECT, related_name="candidatures")
    state = FSMField("état", choices=CandidatureState.choices, default=CandidatureState.NEW, protected=True)
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="déposée par", on_delete=models.PROTECT, related_name="+"
    )
    applied_at = models.DateTimeField("déposée le", null=True, blank=True)
    referent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="référent",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    taken_at = models.DateTimeField("prise en charge le", null=True, blank=True)
    closed_at = models.DateTimeField("close le", null=True, blank=True)
    acknowledgement = models.JSONField("accusé de réception", default=dict, blank=True)

    objects = CandidatureQuerySet.as_manager()

    class Meta:
        verbose_name = "candidature"
        constraints = [
            models.UniqueConstraint(
                name="candidature_one_open_per_enrolment",
                fields=["enrolment"],
                condition=Q(state__in=OPEN_STATES),
                violation_error_message="Une candidature est déjà en cours pour ce produit.",
            ),
        ]
        indexes = [models.Index(fields=["state", "-applied_at", "id"], name="candidature_queue")]
        triggers = [pgtrigger.FSM(name="candidature_machine", field="state", transitions=TRANSITIONS)]

    def __str__(self) -> str:
        return f"Candidature – {self.dossier_id}"

    @transition(
        field=state,
        source=CandidatureState.NEW,
        target=CandidatureState.APPLIED,
        permission=product_rules.can_commit,
        custom={"label": "Candidater"},
    )
    def apply(self, *, at: datetime) -> None:
        self.applied_at = at

    @transition(
        field=state,
        source=CandidatureState.APPLIED,
        target=CandidatureState.CANCELLED,
        permission=product_rules.can_commit,
        custom={"label": "Annuler le dossier candidat"},
    )
    def cancel(self, *, at: datetime) -> None:
        self.closed_at = at

    @transition(
        field=state,
        source=CandidatureState.APPLIED,
        target=CandidatureState.ADMISSIBILITY,
        permission=is_listing_team,
        custom={"label": "Prendre en charge"},
    )
    def take_charge(self, *, by: User, at: datetime) -> None:
        self.referent = by
        self.taken_at = at

    @transition(
        field=state,
        source=CandidatureState.ADMISSIBILITY,
        target=CandidatureState.WITHDRAWN,
        permission=product_rules.can_commit,
        custom={"label": "Retirer la candidature"},
    )
    def withdraw(self, *, at: datetime) -> None:
        self.closed_at = at
