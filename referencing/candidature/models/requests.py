from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import FSMModelMixin, transition

from convergence.database.fields import StateField
from referencing.candidature.enums import (
    NON_CONFORMITY_TRANSITIONS,
    REQUEST_TRANSITIONS,
    NonConformityState,
    RequestKind,
    RequestState,
    Severity,
)
from referencing.candidature.models.candidature import Candidature
from referencing.candidature.rules import can_answer, can_instruct, can_judge
from referencing.dossier.models import Addendum

if TYPE_CHECKING:
    from convergence.accounts.models import User


class ComplementRequest(FSMModelMixin, models.Model):
    """What the instruction asks of the editor, with a day: missing pieces (A-18) or complements on criteria (T19).

    A child of the file, which stays in its own state meanwhile (A-19).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    candidature = models.ForeignKey(Candidature, on_delete=models.PROTECT, related_name="requests")
    number = models.PositiveSmallIntegerField("numéro")
    kind = models.CharField("nature", max_length=10, choices=RequestKind.choices)
    state = StateField("état", choices=RequestState.choices, default=RequestState.OPEN)
    text = models.TextField("message", blank=True)
    due_on = models.DateField("à répondre avant le")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField("demandée le")
    answered_at = models.DateTimeField("répondue le", null=True, blank=True)
    closed_at = models.DateTimeField("close le", null=True, blank=True)
    close_reason = models.TextField("motif du retrait", blank=True)
    reminded_at = models.DateTimeField("relancée le", null=True, blank=True)
    formal_reminder_at = models.DateTimeField("mise en demeure le", null=True, blank=True)
    formal_reminder_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    grace_until = models.DateField("délai de grâce", null=True, blank=True)

    class Meta:
        verbose_name = "demande de compléments"
        verbose_name_plural = "demandes de compléments"
        constraints = [
            models.UniqueConstraint(name="complement_request_number_once", fields=["candidature", "number"]),
            models.CheckConstraint(
                name="complement_request_grace_after_formal_reminder",
                condition=Q(formal_reminder_at__isnull=True) | Q(grace_until__isnull=False),
                violation_error_message="Une mise en demeure fixe un dernier délai.",
            ),
        ]
        indexes = [
            models.Index(fields=["due_on"], condition=Q(state=RequestState.OPEN), name="complement_request_open_due")
        ]
        triggers = [pgtrigger.FSM(name="complement_request_machine", field="state", transitions=REQUEST_TRANSITIONS)]

    def __str__(self) -> str:
        return f"Demande n° {self.number}"

    @transition(
        field=state,
        source=RequestState.OPEN,
        target=RequestState.ANSWERED,
        permission=can_answer,
        custom={"label": "Envoyer les réponses"},
    )
    def answer(self, *, at: datetime) -> None:
        self.answered_at = at

    @transition(
        field=state,
        source=RequestState.OPEN,
        target=RequestState.WITHDRAWN,
        permission=can_instruct,
        custom={"label": "Retirer la demande"},
    )
    def withdraw(self, *, why: str, at: datetime) -> None:
        self.close_reason, self.closed_at = why, at

    @transition(field=state, source=RequestState.OPEN, target=RequestState.ENDED, custom={"label": "Clore"})
    def end(self, *, at: datetime) -> None:
        """The file itself ended."""
        self.closed_at = at


class ComplementItem(models.Model):
    """One thing asked: a criterion, or a line of the admissibility checklist. Until sent, the answer is a buffer of the
    editor (BR-113, BR-114)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(ComplementRequest, on_delete=models.CASCADE, related_name="items")
    candidature = models.ForeignKey(Candidature, on_delete=models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField("rang")
    code = models.CharField("critère ou pièce", max_length=60)
    theme = models.CharField("thème", max_length=60, blank=True)
    title = models.CharField("intitulé", max_length=300)
    question = models.TextField("ce qui est demandé")
    answer = models.JSONField("réponse", default=dict, blank=True)
    comment = models.TextField("commentaire", blank=True)
    version = models.PositiveIntegerField(default=1)
    edited_at = models.DateTimeField("modifié le", null=True, blank=True)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    answered_at = models.DateTimeField("répondu le", null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    addendum = models.ForeignKey(Addendum, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField("clos sans réponse le", null=True, blank=True)

    class Meta:
        verbose_name = "point demandé"
        verbose_name_plural = "points demandés"
        constraints = [
            models.UniqueConstraint(
                name="complement_item_one_open_per_code",
                fields=["candidature", "code"],
                condition=Q(answered_at__isnull=True, closed_at__isnull=True),
                violation_error_message="Un complément est déjà demandé sur ce point.",
            ),
            models.CheckConstraint(
                name="complement_item_answer_is_frozen_in_an_addendum",
                condition=Q(answered_at__isnull=True) | Q(addendum__isnull=False, answered_by__isnull=False),
                violation_error_message="Une réponse envoyée est gelée dans un additif.",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="complement_item_frozen_once_sent",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__answered_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} – {self.title}"

    @property
    def is_open(self) -> bool:
        """Waits for the editor’s answer."""
        return self.answered_at is None and self.closed_at is None


class Extension(models.Model):
    """More time asked by the editor, granted (perhaps for another day) or refused."""

    request = models.ForeignKey(ComplementRequest, on_delete=models.CASCADE, related_name="extensions")
    wanted_on = models.DateField("nouvelle date souhaitée")
    reason = models.TextField("motif")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField("demandée le")
    granted_on = models.DateField("accordée jusqu’au", null=True, blank=True)
    answer = models.TextField("réponse", blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField("examinée le", null=True, blank=True)

    class Meta:
        verbose_name = "demande de délai"
        verbose_name_plural = "demandes de délai"
        constraints = [
            models.UniqueConstraint(
                name="extension_one_pending",
                fields=["request"],
                condition=Q(decided_at__isnull=True),
                violation_error_message="Une demande de délai attend déjà une réponse.",
            )
        ]

    def __str__(self) -> str:
        return f"Délai jusqu’au {self.wanted_on}"


class NonConformity(FSMModelMixin, models.Model):
    """A gap found on a criterion; a blocking one bars only a favourable conclusion (BR-115, A-20)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    candidature = models.ForeignKey(Candidature, on_delete=models.PROTECT, related_name="non_conformities")
    number = models.PositiveSmallIntegerField("numéro")
    theme = models.CharField("thème", max_length=60)
    criterion = models.CharField("critère", max_length=60)
    title = models.CharField("intitulé", max_length=300)
    severity = models.CharField("gravité", max_length=12, choices=Severity.choices)
    state = StateField("état", choices=NonConformityState.choices, default=NonConformityState.OPEN)
    rationale = models.TextField("constat")
    due_on = models.DateField("à traiter avant le", null=True, blank=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField("ouverte le")
    version = models.PositiveIntegerField(default=1)
    reply = models.TextField("réponse de l’éditeur", blank=True)
    edited_at = models.DateTimeField("modifiée le", null=True, blank=True)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    replied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    replied_at = models.DateTimeField("répondue le", null=True, blank=True)
    addendum = models.ForeignKey(Addendum, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decision_note = models.TextField("motif de la décision", blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField("décidée le", null=True, blank=True)
    closed_at = models.DateTimeField("close avec la candidature le", null=True, blank=True)

    class Meta:
        verbose_name = "non-conformité"
        verbose_name_plural = "non-conformités"
        constraints = [
            models.UniqueConstraint(name="non_conformity_number_once", fields=["candidature", "number"]),
        ]
        triggers = [pgtrigger.FSM(name="non_conformity_machine", field="state", transitions=NON_CONFORMITY_TRANSITIONS)]

    def __str__(self) -> str:
        return f"Non-conformité n° {self.number}"

    @property
    def sent_reply(self) -> str:
        """The reply as agents read it: while the gap is open, what the editor writes is a buffer of its own."""
        return "" if self.state == NonConformityState.OPEN else self.reply

    @transition(
        field=state,
        source=NonConformityState.OPEN,
        target=NonConformityState.ANSWERED,
        permission=can_answer,
        custom={"label": "Répondre"},
    )
    def respond(self, *, by: User, at: datetime) -> None:
        self.replied_by, self.replied_at = by, at

    @transition(
        field=state,
        source=[NonConformityState.OPEN, NonConformityState.ANSWERED],
        target=NonConformityState.LIFTED,
        permission=can_judge,
        custom={"label": "Lever"},
    )
    def lift(self, *, by: User, note: str, at: datetime) -> None:
        self.decided_by, self.decision_note, self.decided_at = by, note, at

    @transition(
        field=state,
        source=[NonConformityState.OPEN, NonConformityState.ANSWERED],
        target=NonConformityState.MAINTAINED,
        permission=can_judge,
        custom={"label": "Maintenir"},
    )
    def maintain(self, *, by: User, note: str, at: datetime) -> None:
        self.decided_by, self.decision_note, self.decided_at = by, note, at

    @transition(
        field=state,
        source=[NonConformityState.LIFTED, NonConformityState.MAINTAINED],
        target=NonConformityState.OPEN,
        permission=can_judge,
        custom={"label": "Rouvrir"},
    )
    def reopen(self, *, at: datetime, due_on: date | None) -> None:
        """The former reply stays in its addendum; the editor writes a new one."""
        self.opened_at, self.due_on = at, due_on
        self.reply, self.replied_by, self.replied_at, self.addendum = "", None, None, None
        self.decided_by, self.decision_note, self.decided_at = None, "", None
        self.version += 1
