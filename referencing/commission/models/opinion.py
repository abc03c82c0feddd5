from __future__ import annotations

import uuid
from datetime import datetime

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import ConcurrentTransitionMixin, FSMModelMixin, transition

from convergence.audit.triggers import frozen
from convergence.database.fields import StateField
from evidence.models import StoredFile
from referencing.candidature.models import Candidature
from referencing.commission.enums import (
    RESERVATION_TRANSITIONS,
    STANDING_RESERVATIONS,
    OpinionKind,
    ReservationState,
)
from referencing.commission.models.session import AgendaPoint
from referencing.commission.querysets import OpinionQuerySet, ReservationQuerySet
from referencing.commission.rules import can_answer_reservation, can_lift


class Opinion(models.Model):
    """What the commission said of a file: frozen with its reservations, and without any voice (BR-156, BR-162, T26)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    candidature = models.ForeignKey(Candidature, on_delete=models.PROTECT, related_name="opinions")
    point = models.OneToOneField(AgendaPoint, on_delete=models.PROTECT, related_name="opinion")
    kind = models.CharField("avis", max_length=20, choices=OpinionKind.choices)
    reasons = models.TextField("motifs", blank=True)
    payload = models.BinaryField("contenu (JSON canonique)")
    sha256 = models.CharField("empreinte", max_length=64)
    seal = models.BinaryField("cachet de la plateforme (CMS)")
    schema = models.PositiveSmallIntegerField("version du format")
    given_at = models.DateTimeField("rendu le")

    objects = OpinionQuerySet.as_manager()

    class Meta:
        verbose_name = "avis de la commission"
        verbose_name_plural = "avis de la commission"
        triggers = frozen("commission_opinion")

    def __str__(self) -> str:
        return str(self.get_kind_display())


class Reservation(ConcurrentTransitionMixin, FSMModelMixin, models.Model):
    """A commitment that the commission asks of the editor; a suspensive one bars the minister’s decision (BR-158)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    opinion = models.ForeignKey(Opinion, on_delete=models.PROTECT, related_name="reservations")
    candidature = models.ForeignKey(Candidature, on_delete=models.PROTECT, related_name="reservations")
    number = models.PositiveSmallIntegerField("numéro")
    state = StateField("état", choices=ReservationState.choices, default=ReservationState.OPEN)
    is_suspensive = models.BooleanField("suspensive")
    criterion = models.CharField("critère", max_length=60)
    text = models.TextField("réserve")
    expected = models.TextField("preuve attendue", blank=True)
    due_on = models.DateField("à lever avant le")
    answered_at = models.DateTimeField("répondue le", null=True, blank=True)
    decided_at = models.DateTimeField("examinée le", null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decision_note = models.TextField("appréciation", blank=True)
    reminded_at = models.DateTimeField("relancée le", null=True, blank=True)
    overdue_at = models.DateTimeField("dépassement constaté le", null=True, blank=True)

    objects = ReservationQuerySet.as_manager()

    class Meta:
        verbose_name = "réserve"
        constraints = [
            models.UniqueConstraint(name="reservation_number_once", fields=["opinion", "number"]),
            models.CheckConstraint(
                name="reservation_has_a_text",
                condition=~Q(text=""),
                violation_error_message="Rédigez la réserve.",
            ),
            models.CheckConstraint(
                name="reservation_has_a_criterion",
                condition=~Q(criterion=""),
                violation_error_message="Une réserve porte sur un critère.",
            ),
        ]
        indexes = [
            models.Index(fields=["due_on"], condition=Q(state__in=STANDING_RESERVATIONS), name="reservation_open_due")
        ]
        triggers = [
            pgtrigger.FSM(name="reservation_machine", field="state", transitions=RESERVATION_TRANSITIONS),
            pgtrigger.Protect(
                name="reservation_text_is_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__text__df=pgtrigger.F("new__text"))
                | pgtrigger.Q(old__is_suspensive__df=pgtrigger.F("new__is_suspensive"))
                | pgtrigger.Q(old__criterion__df=pgtrigger.F("new__criterion")),
            ),
        ]

    def __str__(self) -> str:
        return f"Réserve n° {self.number}"

    @transition(
        field=state,
        source=ReservationState.OPEN,
        target=ReservationState.ANSWERED,
        permission=can_answer_reservation,
        custom={"label": "Répondre à la réserve"},
    )
    def answer(self, *, at: datetime) -> None:
        self.answered_at = at

    @transition(
        field=state,
        source=ReservationState.ANSWERED,
        target=ReservationState.OPEN,
        permission=can_lift,
        custom={"label": "Demander une autre réponse"},
    )
    def send_back(self, *, note: str, at: datetime) -> None:
        self.decision_note, self.decided_at = note, at

    @transition(
        field=state,
        source=STANDING_RESERVATIONS,
        target=ReservationState.LIFTED,
        permission=can_lift,
        custom={"label": "Lever la réserve"},
    )
    def lift(self, *, note: str, at: datetime) -> None:
        self.decision_note, self.decided_at = note, at

    @transition(
        field=state, source=STANDING_RESERVATIONS, target=ReservationState.CLOSED, custom={"label": "Clore la réserve"}
    )
    def close(self, *, note: str, at: datetime) -> None:
        """The file goes another way: re-examined, refused or withdrawn (A-30)."""
        self.decision_note, self.decided_at = note, at


class ReservationAnswer(models.Model):
    """What the editor said to lift a reservation; never changed, a second one follows the first."""

    reservation = models.ForeignKey(Reservation, on_delete=models.PROTECT, related_name="answers")
    text = models.TextField("réponse")
    payload = models.BinaryField("contenu (JSON canonique)")
    sha256 = models.CharField("empreinte", max_length=64)
    seal = models.BinaryField("cachet de la plateforme (CMS)")
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField("répondu le")

    class Meta:
        verbose_name = "réponse à une réserve"
        verbose_name_plural = "réponses à des réserves"
        triggers = frozen("reservation_answer")

    def __str__(self) -> str:
        return f"{self.reservation_id} – {self.answered_at:%d/%m/%Y}"


class ReservationFile(models.Model):
    """A piece of evidence joined to an answer; to the reservation alone until it is sent."""

    reservation = models.ForeignKey(Reservation, on_delete=models.PROTECT, related_name="files")
    answer = models.ForeignKey(ReservationAnswer, null=True, blank=True, on_delete=models.PROTECT, related_name="files")
    file = models.ForeignKey(StoredFile, verbose_name="fichier", on_delete=models.PROTECT, related_name="+")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField("déposé le")

    class Meta:
        verbose_name = "preuve de levée"
        verbose_name_plural = "preuves de levée"
        triggers = [
            pgtrigger.Protect(
                name="reservation_file_frozen_once_sent",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__answer__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return str(self.file_id)


class ReservationComment(models.Model):
    """What an expert or the listing team says to colleagues of an answer, before the reservation is lifted (OQ-11)."""

    reservation = models.ForeignKey(Reservation, on_delete=models.PROTECT, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField("avis technique")
    at = models.DateTimeField("le")

    class Meta:
        verbose_name = "avis technique sur une réserve"
        verbose_name_plural = "avis techniques sur des réserves"
        triggers = frozen("reservation_comment")

    def __str__(self) -> str:
        return f"{self.author_id} – {self.reservation_id}"
