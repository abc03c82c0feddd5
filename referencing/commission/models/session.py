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
from convergence.database.sequences import NextNumber
from evidence.models import StoredFile
from referencing.candidature.models import Candidature
from referencing.commission.enums import (
    SESSION_TRANSITIONS,
    Channel,
    ConvocationKind,
    Mode,
    PointOutcome,
    SessionState,
)
from referencing.commission.models.members import Seat
from referencing.commission.querysets import (
    AgendaPointQuerySet,
    CommissionSessionQuerySet,
    ConvocationQuerySet,
    ConvocationReceiptQuerySet,
)
from referencing.commission.rules import can_chair, can_run

if TYPE_CHECKING:
    from convergence.accounts.models import User


class CommissionSession(ConcurrentTransitionMixin, FSMModelMixin, models.Model):
    """One session of the commission. State moves only through `workflow.fire`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.BigIntegerField(
        "numéro", unique=True, editable=False, db_default=NextNumber("commission_session_number")
    )
    state = StateField("état", choices=SessionState.choices, default=SessionState.PLANNED)
    held_at = models.DateTimeField("date et heure")
    place = models.CharField("lieu", max_length=300, blank=True)
    remote_url = models.URLField("lien de visioconférence", blank=True)
    chair = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="présidée par",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("planifiée le", auto_now_add=True)
    opened_at = models.DateTimeField("ouverte le", null=True, blank=True)
    closed_at = models.DateTimeField("close le", null=True, blank=True)
    end_reason = models.TextField("motif", blank=True)
    calendar_sequence = models.PositiveSmallIntegerField("version du rendez-vous", default=0, editable=False)

    objects = CommissionSessionQuerySet.as_manager()

    class Meta:
        verbose_name = "séance de la commission"
        verbose_name_plural = "séances de la commission"
        constraints = [
            models.CheckConstraint(
                name="commission_session_has_a_place",
                condition=~Q(place="") | ~Q(remote_url=""),
                violation_error_message="Indiquez un lieu, ou un lien de visioconférence.",
            ),
            models.CheckConstraint(
                name="commission_session_open_is_chaired",
                condition=~Q(state__in=[SessionState.OPEN, SessionState.CLOSED, SessionState.MINUTES_APPROVED])
                | Q(chair__isnull=False, opened_at__isnull=False),
                violation_error_message="Une séance ouverte est présidée.",
            ),
        ]
        indexes = [models.Index(fields=["-held_at"], name="commission_session_by_day")]
        triggers = [pgtrigger.FSM(name="commission_session_machine", field="state", transitions=SESSION_TRANSITIONS)]

    def __str__(self) -> str:
        return f"Séance n° {self.number}"

    @transition(
        field=state,
        source=SessionState.PLANNED,
        target=SessionState.CONVOKED,
        permission=can_run,
        custom={"label": "Convoquer la commission"},
    )
    def convoke(self) -> None:
        """Convocation sent with the agenda (BR-150)."""

    @transition(
        field=state,
        source=[SessionState.CONVOKED, SessionState.RECONVOKED],
        target=SessionState.OPEN,
        permission=can_chair,
        custom={"label": "Ouvrir la séance"},
    )
    def open(self, *, chair: User, at: datetime) -> None:
        """One of the two co-presidents chairs, and has the casting vote (OQ-09)."""
        self.chair, self.opened_at = chair, at

    @transition(
        field=state,
        source=SessionState.OPEN,
        target=SessionState.WITHOUT_QUORUM,
        permission=can_chair,
        custom={"label": "Constater l’absence de quorum"},
    )
    def note_lack_of_quorum(self, *, at: datetime) -> None:
        """No point could be voted: a second convocation may follow on the same agenda (BR-152)."""
        self.closed_at = at

    @transition(
        field=state,
        source=SessionState.WITHOUT_QUORUM,
        target=SessionState.RECONVOKED,
        permission=can_run,
        custom={"label": "Convoquer une seconde fois"},
    )
    def convoke_again(self, *, held_at: datetime) -> None:
        self.held_at, self.closed_at = held_at, None

    @transition(
        field=state,
        source=SessionState.OPEN,
        target=SessionState.CLOSED,
        permission=can_chair,
        custom={"label": "Clore la séance"},
    )
    def close(self, *, at: datetime) -> None:
        self.closed_at = at

    @transition(
        field=state,
        source=SessionState.CLOSED,
        target=SessionState.MINUTES_APPROVED,
        permission=can_chair,
        custom={"label": "Approuver le procès-verbal"},
    )
    def approve_minutes(self) -> None:
        """Signed by the chair; corrected afterwards by an erratum only (A-29)."""

    @transition(
        field=state,
        source=[
            SessionState.PLANNED,
            SessionState.CONVOKED,
            SessionState.WITHOUT_QUORUM,
            SessionState.RECONVOKED,
        ],
        target=SessionState.CANCELLED,
        permission=can_run,
        custom={"label": "Annuler la séance"},
    )
    def cancel(self, *, at: datetime) -> None:
        self.closed_at = at


class AgendaPoint(models.Model):
    """One file on the agenda of one session. Names are those of the day it was added: a masked point shows none (A-28)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(CommissionSession, on_delete=models.PROTECT, related_name="points")
    candidature = models.ForeignKey(Candidature, on_delete=models.PROTECT, related_name="agenda_points")
    position = models.PositiveSmallIntegerField("rang")
    product_name = models.CharField("produit", max_length=200)
    organisation_name = models.CharField("éditeur", max_length=200)
    rapporteur = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="rapporteur",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    is_second_convocation = models.BooleanField("délibère sans condition de quorum", default=False)
    outcome = models.CharField("issue", max_length=10, choices=PointOutcome.choices, default=PointOutcome.PENDING)
    outcome_reason = models.TextField("motif", blank=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField("ajouté le")
    examined_at = models.DateTimeField("examen commencé le", null=True, blank=True)
    deliberated_at = models.DateTimeField("délibéré à partir de", null=True, blank=True)
    ended_at = models.DateTimeField("examen terminé le", null=True, blank=True)

    objects = AgendaPointQuerySet.as_manager()

    class Meta:
        verbose_name = "point de l’ordre du jour"
        verbose_name_plural = "points de l’ordre du jour"
        constraints = [
            models.UniqueConstraint(
                name="agenda_point_once_per_session",
                fields=["session", "candidature"],
                violation_error_message="Ce dossier est déjà à l’ordre du jour de cette séance.",
            ),
            models.UniqueConstraint(
                name="agenda_point_one_pending_per_file",
                fields=["candidature"],
                condition=Q(outcome=PointOutcome.PENDING),
                violation_error_message="Ce dossier est déjà à l’ordre du jour d’une séance.",
            ),
            models.CheckConstraint(
                name="agenda_point_ended_is_dated",
                condition=Q(outcome=PointOutcome.PENDING) | Q(ended_at__isnull=False),
                violation_error_message="Un point terminé porte sa date.",
            ),
        ]
        indexes = [models.Index(fields=["session", "position"], name="agenda_point_in_order")]

    def __str__(self) -> str:
        return f"{self.position}. {self.product_name}"


class Convocation(models.Model):
    """What was sent to the members, with the agenda as it stood; never changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(CommissionSession, on_delete=models.PROTECT, related_name="convocations")
    kind = models.CharField("nature", max_length=10, choices=ConvocationKind.choices)
    held_at = models.DateTimeField("séance du")
    place = models.CharField("lieu", max_length=300, blank=True)
    remote_url = models.URLField("lien de visioconférence", blank=True)
    agenda = models.JSONField("ordre du jour")
    urgency_reason = models.TextField("motif d’urgence", blank=True)
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField("envoyée le")

    objects = ConvocationQuerySet.as_manager()

    class Meta:
        verbose_name = "convocation"
        triggers = frozen("commission_convocation")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} – {self.session_id}"


class ConvocationDocument(models.Model):
    """The sealed PDF of a convocation, one per set of points that its readers may not know (A-28)."""

    convocation = models.ForeignKey(Convocation, on_delete=models.PROTECT, related_name="documents")
    mask = models.CharField("points masqués", max_length=64, blank=True)
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField("établi le")

    class Meta:
        verbose_name = "document d’une convocation"
        verbose_name_plural = "documents de convocations"
        constraints = [models.UniqueConstraint(name="convocation_document_once", fields=["convocation", "mask"])]
        triggers = frozen("commission_convocation_document")

    def __str__(self) -> str:
        return f"{self.convocation_id} {self.mask}"


class AgendaReminder(models.Model):
    """That a member was reminded to declare on an announced agenda, so that nobody hears twice of the same days."""

    session = models.ForeignKey(CommissionSession, on_delete=models.PROTECT, related_name="reminders")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    days_before = models.PositiveSmallIntegerField("jours avant la séance")
    sent_at = models.DateTimeField("envoyé le")

    class Meta:
        verbose_name = "rappel avant une séance"
        verbose_name_plural = "rappels avant une séance"
        constraints = [
            models.UniqueConstraint(name="agenda_reminder_once", fields=["session", "person", "days_before"])
        ]

    def __str__(self) -> str:
        return f"{self.person} – {self.session_id}"


class ConvocationReceipt(models.Model):
    """That one member received one convocation, when and how: five days run from there (A-27).

    On the platform it is received when the mail leaves; a letter, on the day that its proof says. Consulting it is one
    more proof, kept beside.
    """

    convocation = models.ForeignKey(Convocation, on_delete=models.PROTECT, related_name="receipts")
    seat = models.ForeignKey(Seat, verbose_name="siège", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    channel = models.CharField("moyen", max_length=10, choices=Channel.choices, default=Channel.PLATFORM)
    received_at = models.DateTimeField("reçue le", null=True, blank=True)
    consulted_at = models.DateTimeField("consultée le", null=True, blank=True)
    proof = models.CharField("preuve de la remise", max_length=200, blank=True)

    objects = ConvocationReceiptQuerySet.as_manager()

    class Meta:
        verbose_name = "réception d’une convocation"
        verbose_name_plural = "réceptions de convocations"
        constraints = [models.UniqueConstraint(name="convocation_receipt_once", fields=["convocation", "person"])]

    def __str__(self) -> str:
        return f"{self.person} – {self.convocation_id}"


class Attendance(models.Model):
    """Somebody in the room, or at the other end of the line, from one instant to another."""

    session = models.ForeignKey(CommissionSession, on_delete=models.PROTECT, related_name="attendances")
    seat = models.ForeignKey(Seat, verbose_name="siège", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    mode = models.CharField("présence", max_length=10, choices=Mode.choices)
    arrived_at = models.DateTimeField("arrivée")
    left_at = models.DateTimeField("départ", null=True, blank=True)

    class Meta:
        verbose_name = "présence"
        constraints = [
            models.UniqueConstraint(
                name="attendance_one_person_per_seat_at_once",
                fields=["session", "seat"],
                condition=Q(left_at__isnull=True),
                violation_error_message="Ce siège est déjà occupé dans cette séance.",
            ),
            models.CheckConstraint(
                name="attendance_leaves_after_arriving",
                condition=Q(left_at__isnull=True) | Q(left_at__gte=models.F("arrived_at")),
                violation_error_message="Un départ suit l’arrivée.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} – {self.session_id}"

    def covers(self, at: datetime) -> bool:
        """Arrived, and not left yet."""
        return self.arrived_at <= at and (self.left_at is None or self.left_at > at)


class Mandate(models.Model):
    """A power given by an absent seat to a present one; one at most for each (BR-154)."""

    session = models.ForeignKey(CommissionSession, on_delete=models.PROTECT, related_name="mandates")
    giver = models.ForeignKey(Seat, verbose_name="mandant", on_delete=models.PROTECT, related_name="+")
    holder = models.ForeignKey(Seat, verbose_name="mandataire", on_delete=models.PROTECT, related_name="+")
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField("donné le")
    revoked_at = models.DateTimeField("révoqué le", null=True, blank=True)

    class Meta:
        verbose_name = "mandat"
        constraints = [
            models.UniqueConstraint(
                name="mandate_one_per_giver",
                fields=["session", "giver"],
                condition=Q(revoked_at__isnull=True),
                violation_error_message="Ce membre a déjà donné mandat pour cette séance.",
            ),
            models.UniqueConstraint(
                name="mandate_one_per_holder",
                fields=["session", "holder"],
                condition=Q(revoked_at__isnull=True),
                violation_error_message="Ce membre porte déjà un mandat : il ne peut pas en recevoir un second.",
            ),
            models.CheckConstraint(
                name="mandate_to_another",
                condition=~Q(giver=models.F("holder")),
                violation_error_message="Un mandat se donne à un autre membre.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.giver_id} → {self.holder_id}"

    def covers(self, at: datetime) -> bool:
        """Given, and not revoked yet."""
        return self.given_at <= at and (self.revoked_at is None or self.revoked_at > at)


class Guest(models.Model):
    """Somebody heard without a voice, out of the room before the vote (A-29)."""

    session = models.ForeignKey(CommissionSession, on_delete=models.PROTECT, related_name="guests")
    point = models.ForeignKey(AgendaPoint, null=True, blank=True, on_delete=models.PROTECT, related_name="guests")
    name = models.CharField("nom", max_length=200)
    quality = models.CharField("qualité", max_length=200)
    entered_at = models.DateTimeField("entrée", null=True, blank=True)
    left_at = models.DateTimeField("sortie", null=True, blank=True)

    class Meta:
        verbose_name = "personne invitée"
        verbose_name_plural = "personnes invitées"

    def __str__(self) -> str:
        return self.name
