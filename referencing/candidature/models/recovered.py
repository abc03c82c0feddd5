from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import FSMModelMixin, transition

from convergence.accounts.enums import Role
from convergence.accounts.rules import is_listing_team
from convergence.audit.triggers import frozen
from convergence.database.fields import StateField
from convergence.interests.selectors import barred_organisations
from evidence.models import StoredFile
from referencing.candidature.enums import (
    PRODUCER_QUESTION_TRANSITIONS,
    CandidatureState,
    ProducerQuestionKind,
    ProducerQuestionState,
    Severity,
)
from referencing.candidature.models.candidature import Candidature
from referencing.candidature.models.requests import ComplementRequest
from referencing.candidature.rules import answers_as_producer, can_answer, can_instruct, can_judge
from referencing.dossier.models import Addendum
from referencing.enrolment.models import PreListing

if TYPE_CHECKING:
    from datetime import date

    from convergence.accounts.models import User


class ProducerAnswer(models.Model):
    """What a producer writes about one criterion of a pre-listed solution: a buffer until sent, then frozen (A-25).

    One answer serves every file whose question it replies to; each then has its own `RecoveredSupplement`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    pre_listing = models.ForeignKey(PreListing, on_delete=models.PROTECT, related_name="producer_answers")
    criterion = models.CharField("critère", max_length=60)
    answer = models.JSONField("réponse", default=dict, blank=True)
    comment = models.TextField("commentaire", blank=True)
    version = models.PositiveIntegerField(default=1)
    edited_at = models.DateTimeField("modifiée le", null=True, blank=True)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    sent_at = models.DateTimeField("envoyée le", null=True, blank=True)
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = "réponse d’un éditeur producteur"
        verbose_name_plural = "réponses d’éditeurs producteurs"
        constraints = [
            models.UniqueConstraint(
                name="producer_answer_one_buffer",
                fields=["pre_listing", "criterion"],
                condition=Q(sent_at__isnull=True),
            )
        ]
        triggers = [
            pgtrigger.Protect(
                name="producer_answer_frozen_once_sent",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__sent_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.criterion} – {self.pre_listing_id}"


class ProducerFile(models.Model):
    """A file joined to a producer’s answer; no distributor ever sees its name, its hash or its bytes (BR-197)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    answer = models.ForeignKey(ProducerAnswer, on_delete=models.PROTECT, related_name="files")
    file = models.ForeignKey(StoredFile, verbose_name="fichier", on_delete=models.PROTECT, related_name="+")
    evidence_type = models.CharField("type de preuve", max_length=60, blank=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField("jointe le", auto_now_add=True)

    class Meta:
        verbose_name = "pièce jointe d’un éditeur producteur"
        verbose_name_plural = "pièces jointes d’éditeurs producteurs"

    def __str__(self) -> str:
        return str(self.pk)


class ProducerQuestionQuerySet(models.QuerySet["ProducerQuestion"]):
    def visible_to(self, user: User) -> ProducerQuestionQuerySet:
        """Agents who examine the file and whom no link of interest ties to the producer (A-21), and the members of the producer;
        never, as such, those of the distributor (A-25)."""
        access = user.access
        seen = Q(pre_listing__enrolment__product__organisation__in=access.organisation_ids)
        if access.reads_every_file or access.has(Role.EXPERT):
            foreign = ~Q(candidature__enrolment__product__organisation__in=access.organisation_ids)
            if barred := barred_organisations(user):
                foreign &= ~Q(pre_listing__enrolment__product__organisation__in=sorted(barred))
            seen |= Q(candidature__in=Candidature.objects.visible_to(user).values("pk")) & foreign
        return self.filter(seen)

    def waiting(self) -> ProducerQuestionQuerySet:
        """The producer is expected to answer: while the file is evaluated, and not to an observation."""
        rows = self.filter(state=ProducerQuestionState.OPEN, candidature__state=CandidatureState.EVALUATION)
        return rows.exclude(severity=Severity.OBSERVATION)


class ProducerQuestion(FSMModelMixin, models.Model):
    """A complement or a non-conformity about a criterion that a distributor recovered: its producer answers (A-25).

    A child of the distributor’s file, which stays in its own state. `told_*`: what the producer reads of the distributor, by
    value, since it may not see its file. The distributor reads neither `text` nor `decision_note`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    candidature = models.ForeignKey(Candidature, on_delete=models.PROTECT, related_name="producer_questions")
    number = models.PositiveSmallIntegerField("numéro")
    pre_listing = models.ForeignKey(PreListing, on_delete=models.PROTECT, related_name="producer_questions")
    kind = models.CharField("nature", max_length=15, choices=ProducerQuestionKind.choices)
    severity = models.CharField("gravité", max_length=12, choices=Severity.choices, blank=True)
    state = StateField("état", choices=ProducerQuestionState.choices, default=ProducerQuestionState.OPEN)
    theme = models.CharField("thème", max_length=60)
    criterion = models.CharField("critère", max_length=60)
    title = models.CharField("intitulé", max_length=300)
    text = models.TextField("ce qui est demandé ou constaté")
    due_on = models.DateField("à traiter avant le", null=True, blank=True)
    told_organisation = models.CharField("éditeur distributeur", max_length=200)
    told_product = models.CharField("produit", max_length=200)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField("demandée le")
    answer_given = models.ForeignKey(
        ProducerAnswer, null=True, blank=True, on_delete=models.PROTECT, related_name="questions"
    )
    addendum = models.ForeignKey(Addendum, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField("répondue le", null=True, blank=True)
    reminded_at = models.DateTimeField("relancée le", null=True, blank=True)
    wanted_on = models.DateField("nouvelle date souhaitée", null=True, blank=True)
    wanted_why = models.TextField("motif du délai", blank=True)
    wanted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    delay_note = models.TextField("réponse à la demande de délai", blank=True)
    own_request = models.ForeignKey(
        ComplementRequest,
        verbose_name="demande que le distributeur traite lui-même",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    decision_note = models.TextField("motif de la décision", blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField("décidée le", null=True, blank=True)
    closed_at = models.DateTimeField("close le", null=True, blank=True)

    objects = ProducerQuestionQuerySet.as_manager()

    class Meta:
        verbose_name = "demande à un éditeur producteur"
        verbose_name_plural = "demandes à des éditeurs producteurs"
        constraints = [
            models.UniqueConstraint(name="producer_question_number_once", fields=["candidature", "number"]),
            models.UniqueConstraint(
                name="producer_question_one_open_per_criterion",
                fields=["candidature", "criterion"],
                condition=Q(state=ProducerQuestionState.OPEN),
                violation_error_message="L’éditeur producteur est déjà interrogé sur ce critère.",
            ),
            models.CheckConstraint(
                name="producer_question_severity_of_a_gap",
                condition=Q(kind=ProducerQuestionKind.COMPLEMENT, severity="")
                | (Q(kind=ProducerQuestionKind.NON_CONFORMITY) & ~Q(severity="")),
                violation_error_message="Une non-conformité a une gravité.",
            ),
        ]
        indexes = [
            models.Index(fields=["pre_listing", "state"], name="producer_question_of_solution"),
            models.Index(
                fields=["due_on"], condition=Q(state=ProducerQuestionState.OPEN), name="producer_question_open_due"
            ),
        ]
        triggers = [
            pgtrigger.FSM(name="producer_question_machine", field="state", transitions=PRODUCER_QUESTION_TRANSITIONS)
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} n° {self.number}"

    @property
    def is_gap(self) -> bool:
        return self.kind == ProducerQuestionKind.NON_CONFORMITY

    @property
    def waits(self) -> bool:
        """The producer is expected to answer."""
        return self.state == ProducerQuestionState.OPEN and self.severity != Severity.OBSERVATION

    @transition(
        field=state,
        source=ProducerQuestionState.OPEN,
        target=ProducerQuestionState.ANSWERED,
        permission=answers_as_producer,
        custom={"label": "Répondre"},
    )
    def answer(self, *, given: ProducerAnswer, addendum: Addendum, at: datetime) -> None:
        self.answer_given, self.addendum, self.answered_at = given, addendum, at
        self.wanted_on = None

    @transition(
        field=state,
        source=ProducerQuestionState.OPEN,
        target=ProducerQuestionState.WITHDRAWN,
        permission=can_instruct,
        custom={"label": "Retirer la demande"},
    )
    def withdraw(self, *, note: str, at: datetime) -> None:
        self.decision_note, self.closed_at = note, at

    @transition(
        field=state,
        source=ProducerQuestionState.OPEN,
        target=ProducerQuestionState.LAPSED,
        permission=is_listing_team,
        custom={"label": "Constater l’absence de réponse"},
    )
    def lapse(self, *, note: str, at: datetime) -> None:
        """The producer’s silence costs the distributor nothing but its recovered answer: it answers itself."""
        self.decision_note, self.decided_at = note, at

    @transition(
        field=state,
        source=[ProducerQuestionState.OPEN, ProducerQuestionState.LAPSED, ProducerQuestionState.MAINTAINED],
        target=ProducerQuestionState.TAKEN_OVER,
        permission=can_answer,
        custom={"label": "Répondre soi-même"},
    )
    def take_over(self, *, request: ComplementRequest, at: datetime) -> None:
        """The distributor answers in place of the producer, in its own file alone (A-25)."""
        self.own_request, self.closed_at = request, at

    @transition(
        field=state,
        source=[ProducerQuestionState.OPEN, ProducerQuestionState.ANSWERED],
        target=ProducerQuestionState.LIFTED,
        permission=can_judge,
        custom={"label": "Lever"},
    )
    def lift(self, *, by: User, note: str, at: datetime) -> None:
        self.decided_by, self.decision_note, self.decided_at = by, note, at

    @transition(
        field=state,
        source=[ProducerQuestionState.OPEN, ProducerQuestionState.ANSWERED],
        target=ProducerQuestionState.MAINTAINED,
        permission=can_judge,
        custom={"label": "Maintenir"},
    )
    def maintain(self, *, by: User, note: str, at: datetime) -> None:
        self.decided_by, self.decision_note, self.decided_at = by, note, at

    @transition(
        field=state,
        source=[ProducerQuestionState.LIFTED, ProducerQuestionState.MAINTAINED],
        target=ProducerQuestionState.OPEN,
        permission=can_judge,
        custom={"label": "Rouvrir"},
    )
    def reopen(self, *, note: str, due_on: date | None, at: datetime) -> None:
        """What was answered stays in its addendum; the producer writes a new answer."""
        self.decision_note, self.due_on, self.asked_at = note, due_on, at
        self.answer_given, self.addendum, self.answered_at = None, None, None
        self.decided_by, self.decided_at, self.reminded_at = None, None, None

    @transition(
        field=state,
        source=[ProducerQuestionState.OPEN, ProducerQuestionState.LAPSED],
        target=ProducerQuestionState.ENDED,
        custom={"label": "Clore"},
    )
    def end(self, *, at: datetime) -> None:
        """The file itself ended."""
        self.closed_at = at


class RecoveredSupplement(models.Model):
    """The verifier’s part of an addendum that a producer’s answer made: `content` by value, bound by its commitment (A-24).

    The addendum itself, which is the distributor’s, carries `commitment` alone.
    """

    addendum = models.ForeignKey(Addendum, on_delete=models.PROTECT, related_name="recovered_supplements")
    criterion = models.CharField("critère", max_length=60)
    given = models.ForeignKey(ProducerAnswer, on_delete=models.PROTECT, related_name="supplements")
    content = models.BinaryField("contenu (JSON canonique)")
    key = models.BinaryField("clé de l’engagement")
    commitment = models.CharField("engagement", max_length=64)

    class Meta:
        verbose_name = "complément d’une réponse récupérée"
        verbose_name_plural = "compléments de réponses récupérées"
        constraints = [models.UniqueConstraint(fields=["addendum", "criterion"], name="recovered_supplement_once")]
        triggers = frozen("recovered_supplement")

    def __str__(self) -> str:
        return self.criterion
