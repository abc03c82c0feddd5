from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from convergence.accounts.models import Organisation
from convergence.audit.triggers import frozen
from evidence.models import StoredFile
from questionnaires.models import Deposit
from referencing.enrolment.models import Enrolment
from referencing.teamwork.core import Scope
from referencing.teamwork.enums import DelegationState, LinkState, ProposalState

if TYPE_CHECKING:
    from convergence.accounts.models import User


class DelegationQuerySet(models.QuerySet["Delegation"]):
    def visible_to(self, user: User) -> DelegationQuerySet:
        """Members of the organisation that owns the product; no agent."""
        return self.filter(enrolment__product__organisation__in=user.access.organisation_ids)

    def standing(self) -> DelegationQuerySet:
        return self.filter(ended_at__isnull=True)

    def to_remind(self, *, today: date, soon: date, oldest: date) -> DelegationQuerySet:
        """Due until `soon` and not told yet, or past since `oldest` at the earliest and not told yet."""
        coming = Q(due_on__gte=today, due_on__lte=soon, soon_reminded_at__isnull=True)
        past = Q(due_on__lt=today, due_on__gte=oldest, late_reminded_at__isnull=True)
        return self.standing().filter(coming | past)


class Delegation(models.Model):
    """Who is to answer a questionnaire, one of its sections or one criterion, and until when.

    It says who is expected, and forbids nothing: every member may still answer. One standing person for each thing.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="delegations")
    questionnaire = models.CharField("questionnaire", max_length=60)
    section = models.CharField("section", max_length=60, blank=True)
    criterion = models.CharField("critère", max_length=60, blank=True)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="confié à", on_delete=models.PROTECT, related_name="+"
    )
    due_on = models.DateField("attendu le", null=True, blank=True)
    message = models.TextField("message", max_length=2000, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("confié le")
    soon_reminded_at = models.DateTimeField("rappelé avant l’échéance le", null=True, blank=True)
    late_reminded_at = models.DateTimeField("rappelé après l’échéance le", null=True, blank=True)
    ended_at = models.DateTimeField("retiré le", null=True, blank=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    objects = DelegationQuerySet.as_manager()

    class Meta:
        verbose_name = "délégation"
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "questionnaire", "section", "criterion"],
                condition=Q(ended_at__isnull=True),
                name="delegation_one_person_per_thing",
                violation_error_message="Une personne répond déjà de cette partie.",
            ),
            models.CheckConstraint(
                condition=Q(section="") | Q(criterion=""),
                name="delegation_of_one_thing",
                violation_error_message="Confiez une section ou un critère, pas les deux.",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="delegation_end_has_its_author",
                violation_error_message="Une délégation retirée dit par qui.",
            ),
        ]
        indexes = [
            models.Index(fields=["due_on"], condition=Q(ended_at__isnull=True), name="delegation_by_day"),
            models.Index(fields=["assignee"], condition=Q(ended_at__isnull=True), name="delegation_by_person"),
        ]

    def __str__(self) -> str:
        return f"{self.criterion or self.section or self.questionnaire} – {self.assignee_id}"

    @property
    def scope(self) -> Scope:
        return Scope(self.questionnaire, self.section, self.criterion)

    def state_at(self, today: date, *, is_answered: bool) -> DelegationState:
        if is_answered:
            return DelegationState.ANSWERED
        is_late = self.due_on is not None and self.due_on < today
        return DelegationState.LATE if is_late else DelegationState.TO_ANSWER


class ProposalLinkQuerySet(models.QuerySet["ProposalLink"]):
    def visible_to(self, user: User) -> ProposalLinkQuerySet:
        """Members of the organisation that owns the product; no agent."""
        return self.filter(enrolment__product__organisation__in=user.access.organisation_ids)

    def locked(self) -> ProposalLinkQuerySet:
        return self.select_for_update(of=("self",))


class ProposalLink(models.Model):
    """The link by which somebody without an account proposes an answer to one criterion; only the hash of its token is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="proposal_links")
    criterion = models.CharField("critère", max_length=60)
    email = models.EmailField("adresse e-mail")
    message = models.TextField("message", max_length=2000, blank=True)
    token_hash = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="envoyé par", on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField("envoyé le")
    expires_at = models.DateTimeField("expire le")
    opened_at = models.DateTimeField("ouvert le", null=True, blank=True)
    revoked_at = models.DateTimeField("annulé le", null=True, blank=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    objects = ProposalLinkQuerySet.as_manager()

    class Meta:
        verbose_name = "lien de proposition"
        verbose_name_plural = "liens de proposition"
        indexes = [models.Index(fields=["enrolment", "criterion"], name="proposal_link_by_criterion")]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=models.F("created_at")),
                name="proposal_link_expires_later",
                violation_error_message="Un lien expire après son envoi.",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by__isnull=True)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="proposal_link_revocation_has_its_author",
                violation_error_message="Un lien annulé dit par qui.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} – {self.criterion}"

    def state_at(self, at: datetime) -> LinkState:
        """A link revoked in time stays « annulé » after its date."""
        if self.revoked_at is not None:
            return LinkState.REVOKED
        return LinkState.EXPIRED if at >= self.expires_at else LinkState.OPEN


class ProposalQuerySet(models.QuerySet["Proposal"]):
    def visible_to(self, user: User) -> ProposalQuerySet:
        """Members of the organisation that owns the product; no agent."""
        return self.filter(link__enrolment__product__organisation__in=user.access.organisation_ids)

    def pending(self) -> ProposalQuerySet:
        return self.filter(decided_at__isnull=True)

    def locked(self) -> ProposalQuerySet:
        return self.select_for_update(of=("self",))


class Proposal(models.Model):
    """What somebody proposed for a criterion; nothing of it counts before a member takes it over.

    `value`: as an answer keeps it (`{"level": "2"}`…), None when only files or a comment are proposed. `answer_version`: the
    version of the answer that taking it over wrote; as long as it is the current one, that answer shows its author.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    link = models.ForeignKey(ProposalLink, on_delete=models.CASCADE, related_name="proposals")
    author_name = models.CharField("nom", max_length=150)
    author_organisation = models.CharField("structure", max_length=200, blank=True)
    value = models.JSONField("réponse proposée", null=True)
    comment = models.TextField("commentaire", blank=True)
    sent_at = models.DateTimeField("reçue le")
    is_accepted = models.BooleanField("acceptée", null=True)
    decided_at = models.DateTimeField("examinée le", null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="examinée par", null=True, on_delete=models.PROTECT, related_name="+"
    )
    decision_reason = models.TextField("motif du refus", max_length=2000, blank=True)
    answer_version = models.PositiveIntegerField("version de la réponse écrite", null=True)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        verbose_name = "proposition"
        constraints = [
            models.UniqueConstraint(
                fields=["link"],
                condition=Q(decided_at__isnull=True),
                name="proposal_one_pending_per_link",
                violation_error_message="Une proposition attend déjà d’être examinée.",
            ),
            models.CheckConstraint(
                condition=Q(is_accepted__isnull=True, decided_at__isnull=True, decided_by__isnull=True)
                | Q(is_accepted__isnull=False, decided_at__isnull=False, decided_by__isnull=False),
                name="proposal_decision_is_whole",
                violation_error_message="Une décision dit ce qui est décidé, par qui et quand.",
            ),
            models.CheckConstraint(
                condition=~Q(is_accepted=False) | ~Q(decision_reason=""),
                name="proposal_refusal_has_a_reason",
                violation_error_message="Un refus donne son motif.",
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="proposal_content_is_fixed",
                fields=["link", "author_name", "author_organisation", "value", "comment", "sent_at"],
            ),
            pgtrigger.Protect(
                name="proposal_decided_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__decided_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.link.criterion} – {self.author}"

    @property
    def author(self) -> str:
        """« Jo Martin (Hébergeur du Nord) »."""
        return f"{self.author_name} ({self.author_organisation})" if self.author_organisation else self.author_name

    @property
    def state(self) -> ProposalState:
        """What was decided; it moves once, and the database refuses a second time."""
        if self.is_accepted is None:
            return ProposalState.PENDING
        return ProposalState.ACCEPTED if self.is_accepted else ProposalState.REJECTED


class ProposedFile(models.Model):
    """A file of a proposal; `deposit` once it was taken over as evidence."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="files")
    evidence_type = models.CharField("type de preuve", max_length=60)
    file = models.ForeignKey(StoredFile, verbose_name="fichier", on_delete=models.PROTECT, related_name="+")
    deposit = models.OneToOneField(Deposit, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "fichier proposé"
        verbose_name_plural = "fichiers proposés"
        triggers = [
            pgtrigger.ReadOnly(name="proposed_file_is_fixed", fields=["proposal", "evidence_type", "file"]),
        ]

    def __str__(self) -> str:
        return f"{self.evidence_type} – {self.file_id}"


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def visible_to(self, user: User) -> ConversationQuerySet:
        """Members of the organisation in which it was held: no agent, and no successor of that organisation."""
        return self.filter(organisation__in=user.access.organisation_ids)

    def locked(self) -> ConversationQuerySet:
        return self.select_for_update(of=("self",))

    def open(self) -> ConversationQuerySet:
        return self.filter(resolved_at__isnull=True)


class Conversation(models.Model):
    """What colleagues say to each other about one criterion; it stays in their organisation, whoever owns the product later."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="conversations")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    criterion = models.CharField("critère", max_length=60)
    opened_at = models.DateTimeField("ouverte le")
    resolved_at = models.DateTimeField("résolue le", null=True, blank=True)
    resolved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    objects = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = "conversation"
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "organisation", "criterion"], name="conversation_once_per_criterion"
            ),
            models.CheckConstraint(
                condition=Q(resolved_at__isnull=True, resolved_by__isnull=True)
                | Q(resolved_at__isnull=False, resolved_by__isnull=False),
                name="conversation_resolution_has_its_author",
                violation_error_message="Une conversation résolue dit par qui.",
            ),
        ]

    def __str__(self) -> str:
        return self.criterion


class Message(models.Model):
    """One message of a conversation: said once, never changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField("écrit le")
    text = models.TextField("message", max_length=4000)
    mentioned = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", verbose_name="personnes prévenues")

    class Meta:
        verbose_name = "message"
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(text=""), name="message_is_written", violation_error_message="Écrivez un message."
            )
        ]
        triggers = frozen("teamwork_message")

    def __str__(self) -> str:
        return self.text[:60]


class Presence(models.Model):
    """Who has which questionnaire of an enrolment open, a moment ago; overwritten, of no value afterwards."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    questionnaire = models.CharField("questionnaire", max_length=60)
    seen_at = models.DateTimeField("vu le")

    class Meta:
        verbose_name = "présence"
        constraints = [models.UniqueConstraint(fields=["enrolment", "user"], name="answering_presence_once_per_person")]

    def __str__(self) -> str:
        return f"{self.user_id} – {self.questionnaire}"
