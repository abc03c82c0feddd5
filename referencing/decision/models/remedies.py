"""Remedies before the administration and suits before the courts (T36, T37, A-33)."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import ConcurrentTransitionMixin, FSMModelMixin, transition

from convergence.database.fields import StateField
from evidence.models import StoredFile
from referencing.decision.enums import (
    ANSWERABLE_STATES,
    APPEAL_TRANSITIONS,
    OPEN_SUITS,
    SUIT_TRANSITIONS,
    AppealKind,
    AppealState,
    Outcome,
    SuitState,
)
from referencing.decision.models.decision import Decision
from referencing.decision.rules import can_commit, can_decide

if TYPE_CHECKING:
    from convergence.accounts.models import User
    from referencing.enrolment.models import Enrolment


class AppealQuerySet(models.QuerySet["Appeal"]):
    def visible_to(self, user: User) -> AppealQuerySet:
        """With the act that it is lodged against."""
        return self.filter(decision__in=Decision.objects.visible_to(user).values("pk"))

    def open(self) -> AppealQuerySet:
        return self.filter(state=AppealState.LODGED)

    def silent(self, *, on: date) -> AppealQuerySet:
        """Two months without an answer."""
        return self.open().filter(silence_on__lte=on)

    def locked(self) -> AppealQuerySet:
        return self.select_for_update(of=("self",))


class Appeal(ConcurrentTransitionMixin, FSMModelMixin, models.Model):
    """A remedy before the administration, always receivable (A-33). State moves only through `workflow.fire`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="appeals")
    kind = models.CharField("nature", max_length=15, choices=AppealKind.choices)
    state = StateField("état", choices=AppealState.choices, default=AppealState.NEW)
    text = models.TextField("motifs du recours")
    document = models.ForeignKey(
        StoredFile, verbose_name="pièce jointe", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    lodged_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    is_by_letter = models.BooleanField("reçu par courrier", default=False)
    author_name = models.CharField("auteur", max_length=200)
    lodged_on = models.DateField("reçu le")
    recorded_at = models.DateTimeField("enregistré le")
    is_interrupting = models.BooleanField("interrompt le délai de recours contentieux")
    silence_on = models.DateField("rejet par silence le")
    outcome = models.CharField("suite", max_length=15, choices=Outcome.choices, blank=True)
    answer = models.TextField("réponse", blank=True)
    ended_on = models.DateField("terminé le", null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField("répondu le", null=True, blank=True)

    objects = AppealQuerySet.as_manager()

    class Meta:
        verbose_name = "recours"
        verbose_name_plural = "recours"
        constraints = [
            models.UniqueConstraint(
                name="appeal_one_open_of_a_kind",
                fields=["decision", "kind"],
                condition=Q(state=AppealState.LODGED),
                violation_error_message="Un recours de cette nature est déjà en cours d’examen.",
            ),
            models.CheckConstraint(
                name="appeal_answered_is_complete",
                condition=~Q(state__in=[AppealState.REJECTED, AppealState.GRANTED])
                | (Q(decided_at__isnull=False, ended_on__isnull=False) & ~Q(outcome="") & ~Q(answer="")),
                violation_error_message="Une réponse à un recours porte sa date, sa suite et ses motifs.",
            ),
        ]
        indexes = [
            models.Index(fields=["silence_on"], condition=Q(state=AppealState.LODGED), name="appeal_open_by_silence")
        ]
        triggers = [
            pgtrigger.FSM(name="appeal_machine", field="state", transitions=APPEAL_TRANSITIONS),
            pgtrigger.Protect(
                name="appeal_text_is_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__text__df=pgtrigger.F("new__text"))
                | pgtrigger.Q(old__lodged_on__df=pgtrigger.F("new__lodged_on"))
                | pgtrigger.Q(old__decision__df=pgtrigger.F("new__decision")),
            ),
            pgtrigger.Protect(name="appeal_is_never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} – {self.decision_id}"

    @property
    def enrolment(self) -> Enrolment:
        """For the predicates of the product; needs `decision` loaded."""
        return self.decision.enrolment

    @transition(field=state, source=AppealState.NEW, target=AppealState.LODGED, custom={"label": "Déposer un recours"})
    def lodge(self) -> None:
        """By the editor on the page, or recorded by the ministry (T36)."""

    @transition(
        field=state,
        source=ANSWERABLE_STATES,
        target=AppealState.REJECTED,
        permission=can_decide,
        custom={"label": "Rejeter le recours"},
    )
    def reject(self, *, by: User, at: datetime, on: date, answer: str) -> None:
        self.decided_by, self.decided_at, self.ended_on = by, at, on
        self.outcome, self.answer = Outcome.REJECTED, answer

    @transition(
        field=state,
        source=ANSWERABLE_STATES,
        target=AppealState.GRANTED,
        permission=can_decide,
        custom={"label": "Accueillir le recours"},
    )
    def grant(self, *, outcome: str, by: User, at: datetime, on: date, answer: str) -> None:
        self.decided_by, self.decided_at, self.ended_on = by, at, on
        self.outcome, self.answer = outcome, answer

    @transition(
        field=state,
        source=AppealState.LODGED,
        target=AppealState.SILENTLY_REJECTED,
        custom={"label": "Constater le silence"},
    )
    def reject_silently(self, *, on: date) -> None:
        """Two months without an answer (A-33)."""
        self.ended_on = on

    @transition(
        field=state,
        source=AppealState.LODGED,
        target=AppealState.WITHDRAWN,
        permission=can_commit,
        custom={"label": "Retirer le recours"},
    )
    def withdraw(self, *, on: date) -> None:
        self.ended_on = on


class SuitQuerySet(models.QuerySet["Suit"]):
    def visible_to(self, user: User) -> SuitQuerySet:
        return self.filter(decision__in=Decision.objects.visible_to(user).values("pk"))

    def open(self) -> SuitQuerySet:
        return self.filter(state__in=OPEN_SUITS)

    def with_open_injunction(self) -> SuitQuerySet:
        """A judge ordered something by a date, and it is not done."""
        return self.filter(injunction_due_on__isnull=False, injunction_executed_on__isnull=True)

    def to_remind(self, *, on: date, days: int) -> SuitQuerySet:
        """Injunctions of which nobody was told yet that their day is near, or past."""
        near = Q(injunction_reminded_at__isnull=True, injunction_due_on__lte=on + timedelta(days=days))
        late = Q(injunction_overdue_at__isnull=True, injunction_due_on__lt=on)
        return self.with_open_injunction().filter(near | late)

    def locked(self) -> SuitQuerySet:
        return self.select_for_update(of=("self",))


class Suit(ConcurrentTransitionMixin, FSMModelMixin, models.Model):
    """What a court was asked about an act, and what it said (A-33). State moves only through `workflow.fire`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="suits")
    state = StateField("état", choices=SuitState.choices, default=SuitState.PENDING)
    court = models.CharField("juridiction", max_length=200)
    case_number = models.CharField("numéro d’affaire", max_length=60)
    claimant = models.CharField("requérant", max_length=200)
    lodged_on = models.DateField("requête enregistrée le")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField("enregistrée dans la plateforme le")
    ruling = models.TextField("sens de la décision de justice", blank=True)
    ruled_on = models.DateField("décision de justice du", null=True, blank=True)
    injunction = models.TextField("injonction", blank=True)
    injunction_due_on = models.DateField("à exécuter avant le", null=True, blank=True)
    injunction_executed_on = models.DateField("exécutée le", null=True, blank=True)
    injunction_reminded_at = models.DateTimeField("échéance rappelée le", null=True, blank=True)
    injunction_overdue_at = models.DateTimeField("retard signalé le", null=True, blank=True)

    objects = SuitQuerySet.as_manager()

    class Meta:
        verbose_name = "requête devant le juge"
        verbose_name_plural = "requêtes devant le juge"
        constraints = [
            models.UniqueConstraint(
                name="suit_recorded_once",
                fields=["court", "case_number"],
                violation_error_message="Cette affaire est déjà enregistrée.",
            ),
            models.CheckConstraint(
                name="suit_injunction_has_a_date",
                condition=(Q(injunction="") & Q(injunction_due_on__isnull=True))
                | (~Q(injunction="") & Q(injunction_due_on__isnull=False)),
                violation_error_message="Une injonction porte une date d’exécution.",
            ),
        ]
        triggers = [
            pgtrigger.FSM(name="suit_machine", field="state", transitions=SUIT_TRANSITIONS),
            pgtrigger.Protect(name="suit_is_never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.court}, n° {self.case_number}"

    @transition(
        field=state,
        source=SuitState.PENDING,
        target=SuitState.SUSPENDED,
        permission=can_decide,
        custom={"label": "Enregistrer la suspension en référé"},
    )
    def suspend(self, *, ruling: str, on: date) -> None:
        self.ruling, self.ruled_on = ruling, on

    @transition(
        field=state,
        source=OPEN_SUITS,
        target=SuitState.REJECTED,
        permission=can_decide,
        custom={"label": "Enregistrer le rejet"},
    )
    def reject(self, *, ruling: str, on: date) -> None:
        self.ruling, self.ruled_on = ruling, on

    @transition(
        field=state,
        source=OPEN_SUITS,
        target=SuitState.ANNULLED,
        permission=can_decide,
        custom={"label": "Enregistrer l’annulation"},
    )
    def annul(self, *, ruling: str, on: date) -> None:
        self.ruling, self.ruled_on = ruling, on

    @transition(
        field=state,
        source=OPEN_SUITS,
        target=SuitState.ENDED,
        permission=can_decide,
        custom={"label": "Enregistrer le désistement ou le non-lieu"},
    )
    def end(self, *, ruling: str, on: date) -> None:
        self.ruling, self.ruled_on = ruling, on
