from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django_fsm import ConcurrentTransitionMixin, FSMModelMixin, transition

from convergence.accounts.enums import Role
from convergence.accounts.rules import is_listing_team, is_ministry, is_secretary
from convergence.audit.triggers import frozen
from convergence.database.fields import StateField
from convergence.database.statements import Slot
from convergence.interests.selectors import barred_organisations
from convergence.products import rules as product_rules
from referencing.candidature import ordering
from referencing.candidature.enums import (
    ADMISSIBLE_STATES,
    CONCLUDED_STATES,
    OPEN_STATES,
    TRANSITIONS,
    UNTAKEN_STATES,
    WITHDRAWABLE_STATES,
    CandidatureState,
    Holder,
    Proposal,
)
from referencing.candidature.rules import may_send_back, runs_commission
from referencing.dossier.models import Dossier
from referencing.enrolment.enums import Cycle
from referencing.enrolment.models import Enrolment

if TYPE_CHECKING:
    from convergence.accounts.access import Access
    from convergence.accounts.models import User

#: States in which the tests team works on a file that exchanges data.
TESTED_STATES = [CandidatureState.EVALUATION, CandidatureState.READY_COMMISSION]


def _entrusted_to(access: Access, person: UUID | Slot) -> Q:
    """The files that the roles of an agent open, links of interest aside."""
    if access.reads_every_file:
        return Q()
    entrusted = Q(pk__in=[])
    if access.has(Role.EXPERT):
        entrusted |= Q(Exists(ThemeReview.objects.filter(candidature=OuterRef("pk"), expert=person)))
    if access.has(Role.TESTS, Role.TESTS_LEAD):
        entrusted |= Q(has_exchange=True, state__in=TESTED_STATES)
    return entrusted


class CandidatureQuerySet(models.QuerySet["Candidature"]):
    def visible_to(self, user: User) -> CandidatureQuerySet:
        """Listing team and support see all; members their organisations’; experts those that they were given (BR-110);
        the tests team the admissible ones that exchange data; no agent those of an organisation to which a link of
        interest ties them (A-21)."""
        barred = barred_organisations(user) if user.access.is_agent else frozenset()
        return self.reached_by(user.access, person=user.pk, barred=barred)

    def reached_by(self, access: Access, *, person: UUID | Slot, barred: frozenset[UUID]) -> CandidatureQuerySet:
        """`visible_to` for statements that are written once: `person` may stay open, the rest decides their text."""
        # agents belong to no organisation as a rule: without the condition, their queries join no other table
        mine = Q(enrolment__product__organisation__in=access.organisation_ids) if access.memberships else Q(pk__in=[])
        if not access.is_agent:
            return self.filter(mine)
        entrusted = _entrusted_to(access, person)
        if barred:
            tied = Candidature.objects.filter(enrolment__product__organisation__in=sorted(barred)).values("pk")
            entrusted &= ~Q(pk__in=tied)
        # Q() is every file; joined by OR to something else it would vanish
        return self.filter(mine | entrusted) if entrusted else self

    def locked(self) -> CandidatureQuerySet:
        return self.select_for_update(of=("self",))

    def open(self) -> CandidatureQuerySet:
        """Those that keep the enrolment from applying again."""
        return self.filter(state__in=OPEN_STATES)

    def late(self, *, on: date) -> CandidatureQuerySet:
        """Open, and whoever holds the ball is past the day."""
        return self.open().filter(due_on__lt=on)


class Candidature(ConcurrentTransitionMixin, FSMModelMixin, models.Model):
    """One frozen dossier going through instruction. State moves only through `workflow.fire`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    enrolment = models.ForeignKey(
        Enrolment, verbose_name="rattachement", on_delete=models.PROTECT, related_name="candidatures"
    )
    dossier = models.ForeignKey(Dossier, verbose_name="dossier", on_delete=models.PROTECT, related_name="candidatures")
    state = StateField("état", choices=CandidatureState.choices, default=CandidatureState.NEW)
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
    admissible_at = models.DateTimeField("recevable le", null=True, blank=True)
    concluded_at = models.DateTimeField("instruction conclue le", null=True, blank=True)
    proposal = models.CharField("proposition", max_length=15, choices=Proposal.choices, blank=True)
    closed_at = models.DateTimeField("close le", null=True, blank=True)
    cycle = models.CharField("cycle", max_length=10, choices=Cycle.choices, default=Cycle.FIRST)
    has_exchange = models.BooleanField("échange des données", default=False)
    waiting_for = models.CharField("en attente de", max_length=15, choices=Holder.choices, default=Holder.NOBODY)
    due_on = models.DateField("échéance", null=True, blank=True)
    last_event_at = models.DateTimeField("dernier événement", null=True, blank=True)
    searchable = models.TextField("texte cherché", blank=True, editable=False)
    organisation_name = models.CharField("structure", max_length=200, blank=True, editable=False)
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
            models.CheckConstraint(
                # Its référent may have left it since: a link of interest, declared later, withdraws the file.
                name="candidature_examined_once_taken",
                condition=Q(state__in=UNTAKEN_STATES) | Q(taken_at__isnull=False),
                violation_error_message="Une candidature s’examine après avoir été prise en charge.",
            ),
            models.CheckConstraint(
                name="candidature_evaluated_once_admissible",
                condition=~Q(state__in=ADMISSIBLE_STATES) | Q(admissible_at__isnull=False),
                violation_error_message="Une candidature s’évalue après avoir été déclarée recevable.",
            ),
            models.CheckConstraint(
                name="candidature_concluded_with_a_proposal",
                condition=~Q(state__in=CONCLUDED_STATES) | (Q(concluded_at__isnull=False) & ~Q(proposal="")),
                violation_error_message="Une conclusion porte une proposition.",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-applied_at", "id"], name="candidature_queue"),
            models.Index(fields=["due_on"], condition=Q(state__in=OPEN_STATES), name="candidature_open_due"),
            # one per order of the work queue, then one per filter that leaves few rows, in the order that people keep
            models.Index(ordering.due_key(), ordering.applied_key(), "id", name="candidature_by_due"),
            models.Index(ordering.applied_key(), "id", name="candidature_by_applied"),
            # the oldest files are closed ones: the queue, which shows open ones, would read them all before the first
            models.Index(
                ordering.applied_key(), "id", condition=Q(state__in=OPEN_STATES), name="candidature_open_by_applied"
            ),
            models.Index(ordering.activity_key(), "id", name="candidature_by_activity"),
            models.Index(ordering.product_key(), "id", name="candidature_by_product"),
            models.Index(ordering.organisation_key(), ordering.product_key(), "id", name="candidature_by_organisation"),
            models.Index(
                ordering.state_rank(), ordering.due_key(), ordering.applied_key(), "id", name="candidature_by_state"
            ),
            models.Index("referent", ordering.due_key(), ordering.applied_key(), "id", name="candidature_of_referent"),
            models.Index("referent", ordering.state_rank(), name="candidature_held"),
            models.Index("waiting_for", ordering.due_key(), ordering.applied_key(), "id", name="candidature_by_holder"),
            GinIndex(ordering.search_vector(), name="candidature_search"),
        ]
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
        target=CandidatureState.EVALUATION,
        permission=is_listing_team,
        custom={"label": "Déclarer recevable"},
    )
    def declare_admissible(self, *, at: datetime) -> None:
        self.admissible_at = at

    @transition(
        field=state,
        source=CandidatureState.ADMISSIBILITY,
        target=CandidatureState.INADMISSIBLE,
        permission=is_listing_team,
        custom={"label": "Déclarer irrecevable"},
    )
    def declare_inadmissible(self, *, at: datetime) -> None:
        self.closed_at = at

    @transition(
        field=state,
        source=WITHDRAWABLE_STATES,
        target=CandidatureState.WITHDRAWN,
        permission=product_rules.can_commit,
        custom={"label": "Retirer la candidature"},
    )
    def withdraw(self, *, at: datetime) -> None:
        self.closed_at = at

    @transition(
        field=state,
        source=[CandidatureState.ADMISSIBILITY, CandidatureState.EVALUATION],
        target=CandidatureState.ABANDONED,
        permission=is_listing_team,
        custom={"label": "Constater l’abandon"},
    )
    def lapse(self, *, at: datetime) -> None:
        """Declared by the listing team after a formal reminder, never by a timer alone (A-16)."""
        self.closed_at = at

    @transition(
        field=state,
        source=CandidatureState.EVALUATION,
        target=CandidatureState.PRE_LISTED,
        permission=is_listing_team,
        custom={"label": "Pré-référencer"},
    )
    def pre_list(self, *, at: datetime) -> None:
        self.closed_at = at

    @transition(
        field=state,
        source=CandidatureState.EVALUATION,
        target=CandidatureState.READY_COMMISSION,
        permission=is_listing_team,
        custom={"label": "Conclure l’évaluation"},
    )
    def conclude(self, *, proposal: str, at: datetime) -> None:
        self.proposal, self.concluded_at = proposal, at

    @transition(
        field=state,
        source=CandidatureState.READY_COMMISSION,
        target=CandidatureState.EVALUATION,
        permission=is_listing_team,
        custom={"label": "Rouvrir l’évaluation"},
    )
    def reopen(self) -> None:
        """Back to the experts, with a reason (T24c)."""
        self.proposal, self.concluded_at = "", None

    @transition(
        field=state,
        source=CandidatureState.READY_COMMISSION,
        target=CandidatureState.SCHEDULED,
        permission=is_secretary,
        custom={"label": "Inscrire à l’ordre du jour"},
    )
    def schedule(self) -> None:
        """On the agenda of a session (T25); the commission keeps which one."""

    @transition(
        field=state,
        source=CandidatureState.SCHEDULED,
        target=CandidatureState.READY_COMMISSION,
        permission=runs_commission,
        custom={"label": "Reporter l’examen"},
    )
    def postpone(self) -> None:
        """To a later session, with a reason (T27)."""

    @transition(
        field=state,
        source=CandidatureState.SCHEDULED,
        target=CandidatureState.EVALUATION,
        permission=runs_commission,
        custom={"label": "Surseoir à statuer"},
    )
    def adjourn(self) -> None:
        """The commission asks for documents before it gives its opinion (T26b, A-30, R.1111-39)."""
        self.proposal, self.concluded_at = "", None

    @transition(
        field=state,
        source=CandidatureState.SCHEDULED,
        target=CandidatureState.OPINION,
        permission=runs_commission,
        custom={"label": "Rendre l’avis"},
    )
    def give_opinion(self) -> None:
        """What the commission said is kept with its vote (T26)."""

    @transition(field=state, source=CandidatureState.OPINION, target=CandidatureState.RESERVATIONS)
    def open_reservations(self) -> None:
        """Suspensive reservations wait for the editor (T28)."""

    @transition(field=state, source=CandidatureState.RESERVATIONS, target=CandidatureState.OPINION)
    def lift_reservations(self) -> None:
        """The last suspensive reservation was lifted (T29)."""

    @transition(
        field=state,
        source=[
            CandidatureState.OPINION,
            CandidatureState.RESERVATIONS,
            CandidatureState.REFUSED,
            CandidatureState.RESCINDED,
        ],
        target=CandidatureState.READY_COMMISSION,
        permission=may_send_back,
        custom={"label": "Représenter à la commission"},
    )
    def re_examine(self) -> None:
        """The commission looks again: reservation overdue (T29b, A-30), or a remedy says so (A-33)."""
        self.closed_at = None

    @transition(
        field=state,
        source=[CandidatureState.OPINION, CandidatureState.RESERVATIONS],
        target=CandidatureState.MINISTER,
        permission=is_secretary,
        custom={"label": "Transmettre au ministre"},
    )
    def transmit(self) -> None:
        """Whatever the opinion, the minister decides (T30, A-01); with reservations left open, only refuses (A-30)."""

    @transition(
        field=state,
        source=CandidatureState.MINISTER,
        target=CandidatureState.APPROVED,
        permission=is_ministry,
        custom={"label": "Décider le référencement"},
    )
    def approve(self) -> None:
        """The decision of the minister is signed (T32)."""

    @transition(
        field=state,
        source=CandidatureState.MINISTER,
        target=CandidatureState.REFUSED,
        permission=is_ministry,
        custom={"label": "Refuser le référencement"},
    )
    def refuse(self, *, at: datetime) -> None:
        """The refusal of the minister is signed (T33)."""
        self.closed_at = at

    @transition(
        field=state,
        source=CandidatureState.APPROVED,
        target=CandidatureState.LISTED,
        permission=is_listing_team,
        custom={"label": "Publier au catalogue"},
    )
    def publish(self, *, at: datetime) -> None:
        """The three conditions are met and the service stands in the catalogue (T34)."""
        self.closed_at = at

    @transition(
        field=state,
        source=[CandidatureState.APPROVED, CandidatureState.LISTED],
        target=CandidatureState.RESCINDED,
        permission=is_ministry,
        custom={"label": "Annuler ou abroger la décision"},
    )
    def rescind(self, *, at: datetime) -> None:
        """A favourable decision fell: annulled by a court (A-33), or abrogated before publication (A-36)."""
        self.closed_at = at

    @transition(
        field=state,
        source=[CandidatureState.REFUSED, CandidatureState.RESCINDED],
        target=CandidatureState.EVALUATION,
        permission=is_ministry,
        custom={"label": "Renvoyer à l’instruction"},
    )
    def resume(self) -> None:
        """A remedy sends the file back to the experts (A-33)."""
        self.proposal, self.concluded_at, self.closed_at = "", None, None

    @transition(
        field=state,
        source=[CandidatureState.REFUSED, CandidatureState.RESCINDED],
        target=CandidatureState.MINISTER,
        permission=is_ministry,
        custom={"label": "Décider de nouveau"},
    )
    def reconsider(self) -> None:
        """The minister decides again: remedy upheld, or ordered by a court (T37, A-33)."""
        self.closed_at = None


class ThemeReview(models.Model):
    """The evaluation of one theme of a file: who is in charge, whether it is concluded, and its second reading."""

    candidature = models.ForeignKey(Candidature, on_delete=models.CASCADE, related_name="reviews")
    theme = models.CharField("thème", max_length=60)
    position = models.PositiveSmallIntegerField("rang", default=0)
    expert = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="expert",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="theme_reviews",
    )
    assigned_at = models.DateTimeField("confié le", null=True, blank=True)
    summary = models.TextField("synthèse", blank=True)
    concluded_at = models.DateTimeField("conclu le", null=True, blank=True)
    concluded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    visa_at = models.DateTimeField("visa le", null=True, blank=True)
    visa_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = "évaluation d’un thème"
        verbose_name_plural = "évaluations de thèmes"
        constraints = [
            models.UniqueConstraint(name="theme_review_once", fields=["candidature", "theme"]),
            models.CheckConstraint(
                name="theme_review_visa_by_another",
                condition=Q(visa_by__isnull=True) | ~Q(visa_by=F("concluded_by")),
                violation_error_message="Le visa est donné par une autre personne.",
            ),
            models.CheckConstraint(
                name="theme_review_visa_after_conclusion",
                condition=Q(visa_at__isnull=True) | Q(concluded_at__isnull=False),
                violation_error_message="Le visa suit la conclusion du thème.",
            ),
        ]
        indexes = [models.Index(fields=["expert", "candidature"], name="theme_review_of_expert")]

    def __str__(self) -> str:
        return f"{self.candidature_id} – {self.theme}"


class CandidatureEvent(models.Model):
    """One line of the file’s timeline, for both sides; internal ones are read by agents only.

    Written by `services.journal.tell` alone; wording per audience is in `wording.py`.
    """

    candidature = models.ForeignKey(Candidature, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField("le")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField("événement", max_length=60)
    is_internal = models.BooleanField("interne", default=False)
    criterion = models.CharField("critère", max_length=60, blank=True)
    data = models.JSONField("détails", default=dict, blank=True)

    class Meta:
        verbose_name = "événement d’une candidature"
        verbose_name_plural = "événements de candidatures"
        indexes = [models.Index(fields=["candidature", "-at", "-id"], name="candidature_timeline")]
        triggers = frozen("candidature_event")

    def __str__(self) -> str:
        return f"{self.kind} – {self.candidature_id}"
