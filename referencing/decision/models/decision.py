from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import ConcurrentTransitionMixin, FSMModelMixin, transition

from convergence.database.fields import StateField
from convergence.interests.selectors import conflicting_organisations
from evidence.models import StoredFile
from referencing.candidature.models import Candidature
from referencing.commission.models import Opinion
from referencing.commission.selectors.conflicts import recused_on
from referencing.decision.enums import (
    CANDIDATURE_KINDS,
    DECISION_TRANSITIONS,
    DRAFT_STATES,
    IN_FORCE_STATES,
    DecisionKind,
    DecisionState,
)
from referencing.decision.rules import can_decide, reads_decisions
from referencing.enrolment.models import Enrolment

if TYPE_CHECKING:
    from convergence.accounts.models import User


class DecisionQuerySet(models.QuerySet["Decision"]):
    def visible_to(self, user: User) -> DecisionQuerySet:
        """Members see what was signed about their organisations’ products; the ministry and those who carry decisions out
        see all but what a link of interest or a recusal bars (A-21, A-28)."""
        mine = Q(enrolment__product__organisation__in=user.access.organisation_ids) & ~Q(state__in=UNSIGNED_STATES)
        if not reads_decisions(user):
            return self.filter(mine)
        barred = Q(enrolment__product__organisation__in=conflicting_organisations(user)) | Q(recused_on(user))
        drafts = Q() if can_decide(user) else ~Q(state__in=UNSIGNED_STATES)
        return self.filter(mine | (drafts & ~barred))

    def with_names(self) -> DecisionQuerySet:
        """What every page and notice of an act names."""
        return self.select_related(
            "enrolment__product__organisation", "enrolment__demarche", "candidature__dossier", "opinion", "about"
        )

    def in_force(self) -> DecisionQuerySet:
        return self.filter(state__in=IN_FORCE_STATES)

    def drafts(self) -> DecisionQuerySet:
        return self.filter(state__in=DRAFT_STATES)

    def locked(self) -> DecisionQuerySet:
        return self.select_for_update(of=("self",))


#: What only the ministry sees.
UNSIGNED_STATES = [*DRAFT_STATES, DecisionState.DROPPED]


class DecisionSeries(models.Model):
    """The last number drawn in a year; the row is locked until the act that bears it is committed (ADR 0011)."""

    year = models.PositiveSmallIntegerField("année", primary_key=True)
    last = models.PositiveIntegerField("dernier rang", default=0)

    class Meta:
        verbose_name = "série de numéros"
        verbose_name_plural = "séries de numéros"

    def __str__(self) -> str:
        return f"{self.year} – {self.last}"


class Decision(ConcurrentTransitionMixin, FSMModelMixin, models.Model):
    """An act of the minister about one service, from its draft to its remedies. State moves only through `workflow.fire`.

    `number` is given at the signature. Once signed, what it says never changes: it is annulled or abrogated.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField("nature", max_length=15, choices=DecisionKind.choices)
    state = StateField("état", choices=DecisionState.choices, default=DecisionState.DRAFT)
    enrolment = models.ForeignKey(
        Enrolment, verbose_name="rattachement", on_delete=models.PROTECT, related_name="decisions"
    )
    candidature = models.ForeignKey(
        Candidature, null=True, blank=True, on_delete=models.PROTECT, related_name="decisions"
    )
    opinion = models.ForeignKey(
        Opinion, verbose_name="avis", null=True, blank=True, on_delete=models.PROTECT, related_name="decisions"
    )
    about = models.ForeignKey(
        "self",
        verbose_name="décision concernée",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="followed_by",
    )
    number = models.CharField("numéro", max_length=40, unique=True, null=True, blank=True)
    reasons = models.TextField("motifs", blank=True)
    scope = models.JSONField("échanges autorisés", default=list, blank=True)
    terms = models.JSONField("dispositions", default=dict, blank=True)
    remedies = models.TextField("voies et délais de recours", blank=True)
    signatory_name = models.CharField("signataire", max_length=200, blank=True)
    signatory_quality = models.CharField("qualité du signataire", max_length=300, blank=True)
    delegation = models.CharField("délégation de signature", max_length=300, blank=True)
    delegation_from = models.DateField("délégation valable du", null=True, blank=True)
    delegation_until = models.DateField("délégation valable jusqu’au", null=True, blank=True)
    is_signed_elsewhere = models.BooleanField("acte signé hors de la plateforme", default=False)
    drafted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField("préparée le", auto_now_add=True)
    endorsed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    endorsed_at = models.DateTimeField("visée le", null=True, blank=True)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    signed_at = models.DateTimeField("signée le", null=True, blank=True)
    signed_on = models.DateField("date de l’acte", null=True, blank=True)
    payload = models.BinaryField("contenu (JSON canonique)", default=b"", blank=True)
    sha256 = models.CharField("empreinte", max_length=64, blank=True)
    document = models.ForeignKey(
        StoredFile, verbose_name="acte cacheté", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    original = models.ForeignKey(
        StoredFile,
        verbose_name="acte signé hors de la plateforme",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    notified_at = models.DateTimeField("notifiée le", null=True, blank=True)
    ended_at = models.DateTimeField("n’est plus en vigueur depuis le", null=True, blank=True)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        verbose_name = "décision"
        constraints = [
            models.UniqueConstraint(
                name="decision_one_draft_per_candidature",
                fields=["candidature"],
                condition=Q(state__in=DRAFT_STATES),
                violation_error_message="Un projet de décision existe déjà pour ce dossier.",
            ),
            models.CheckConstraint(
                name="decision_on_a_candidature",
                condition=~Q(kind__in=CANDIDATURE_KINDS) | Q(candidature__isnull=False),
                violation_error_message="Cette décision porte sur une candidature.",
            ),
            models.CheckConstraint(
                name="decision_signed_is_complete",
                condition=Q(state__in=[*DRAFT_STATES, DecisionState.DROPPED])
                | (
                    Q(
                        number__isnull=False,
                        signed_at__isnull=False,
                        signed_on__isnull=False,
                        document__isnull=False,
                    )
                    & ~Q(signatory_name="")
                    & ~Q(sha256="")
                ),
                violation_error_message="Une décision signée porte son numéro, sa date et son signataire.",
            ),
            models.CheckConstraint(
                name="decision_notified_is_dated",
                condition=~Q(state=DecisionState.NOTIFIED) | Q(notified_at__isnull=False),
                violation_error_message="Une décision notifiée porte la date de sa notification.",
            ),
            models.CheckConstraint(
                name="decision_within_its_delegation",
                condition=Q(signed_on__isnull=True)
                | Q(delegation_from__isnull=True, delegation_until__isnull=True)
                | Q(delegation_from__lte=models.F("signed_on"), delegation_until__gte=models.F("signed_on")),
                violation_error_message="La date de l’acte est celle d’une délégation en cours.",
            ),
            models.CheckConstraint(
                name="decision_signed_elsewhere_keeps_its_original",
                condition=Q(is_signed_elsewhere=False) | Q(original__isnull=False),
                violation_error_message="Un acte signé hors de la plateforme garde son fichier d’origine.",
            ),
            models.CheckConstraint(
                name="decision_abrogation_names_its_act",
                condition=~Q(kind=DecisionKind.ABROGATION) | Q(about__isnull=False),
                violation_error_message="Une abrogation dit quelle décision elle abroge.",
            ),
        ]
        indexes = [
            models.Index(fields=["enrolment", "-signed_at"], name="decision_of_enrolment"),
            models.Index(fields=["state", "-drafted_at"], name="decision_by_state"),
            models.Index(fields=["sha256"], name="decision_by_hash"),
        ]
        triggers = [
            pgtrigger.FSM(name="decision_machine", field="state", transitions=DECISION_TRANSITIONS),
            pgtrigger.Protect(
                name="decision_signed_is_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__signed_at__isnull=False)
                & (
                    pgtrigger.Q(old__number__df=pgtrigger.F("new__number"))
                    | pgtrigger.Q(old__kind__df=pgtrigger.F("new__kind"))
                    | pgtrigger.Q(old__reasons__df=pgtrigger.F("new__reasons"))
                    | pgtrigger.Q(old__scope__df=pgtrigger.F("new__scope"))
                    | pgtrigger.Q(old__terms__df=pgtrigger.F("new__terms"))
                    | pgtrigger.Q(old__remedies__df=pgtrigger.F("new__remedies"))
                    | pgtrigger.Q(old__payload__df=pgtrigger.F("new__payload"))
                    | pgtrigger.Q(old__sha256__df=pgtrigger.F("new__sha256"))
                    | pgtrigger.Q(old__signed_at__df=pgtrigger.F("new__signed_at"))
                    | pgtrigger.Q(old__signatory_name__df=pgtrigger.F("new__signatory_name"))
                    | pgtrigger.Q(old__signatory_quality__df=pgtrigger.F("new__signatory_quality"))
                    | pgtrigger.Q(old__delegation__df=pgtrigger.F("new__delegation"))
                    | pgtrigger.Q(old__document__df=pgtrigger.F("new__document"))
                    | pgtrigger.Q(old__original__df=pgtrigger.F("new__original"))
                    | pgtrigger.Q(old__about__df=pgtrigger.F("new__about"))
                    | pgtrigger.Q(old__enrolment__df=pgtrigger.F("new__enrolment"))
                    | pgtrigger.Q(old__candidature__df=pgtrigger.F("new__candidature"))
                ),
            ),
            pgtrigger.Protect(name="decision_is_never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number or '(projet)'}"

    @transition(
        field=state,
        source=DecisionState.DRAFT,
        target=DecisionState.ENDORSED,
        permission=can_decide,
        custom={"label": "Viser le projet"},
    )
    def endorse(self, *, by: User, at: datetime) -> None:
        self.endorsed_by, self.endorsed_at = by, at

    @transition(
        field=state,
        source=DecisionState.ENDORSED,
        target=DecisionState.DRAFT,
        permission=can_decide,
        custom={"label": "Reprendre le projet"},
    )
    def rework(self) -> None:
        self.endorsed_by, self.endorsed_at = None, None

    @transition(
        field=state,
        source=DRAFT_STATES,
        target=DecisionState.SIGNED,
        permission=can_decide,
        custom={"label": "Signer la décision"},
    )
    def sign(self, *, by: User, at: datetime) -> None:
        """Number, content and signatory were put on the row by the service (BR-160)."""
        self.signed_by, self.signed_at = by, at

    @transition(
        field=state,
        source=DecisionState.SIGNED,
        target=DecisionState.NOTIFIED,
        custom={"label": "Constater la notification"},
    )
    def notify(self, *, at: datetime) -> None:
        """At the first consultation, or 15 days after the letter (A-32)."""
        self.notified_at = at

    @transition(
        field=state,
        source=DRAFT_STATES,
        target=DecisionState.DROPPED,
        permission=can_decide,
        custom={"label": "Abandonner le projet"},
    )
    def drop(self, *, at: datetime) -> None:
        self.ended_at = at

    @transition(
        field=state,
        source=DecisionState.NOTIFIED,
        target=DecisionState.COURT_SUSPENDED,
        permission=can_decide,
        custom={"label": "Enregistrer la suspension par le juge"},
    )
    def court_suspend(self) -> None:
        """Ordered in summary proceedings, until the judgment (A-33)."""

    @transition(
        field=state,
        source=DecisionState.COURT_SUSPENDED,
        target=DecisionState.NOTIFIED,
        permission=can_decide,
        custom={"label": "Enregistrer la fin de la suspension"},
    )
    def court_resume(self) -> None:
        """The suit was rejected, or the order lifted."""

    @transition(
        field=state,
        source=[DecisionState.SIGNED, DecisionState.NOTIFIED, DecisionState.COURT_SUSPENDED],
        target=DecisionState.ANNULLED,
        permission=can_decide,
        custom={"label": "Enregistrer l’annulation"},
    )
    def annul(self, *, at: datetime) -> None:
        """By a court, or by the minister on a remedy (A-33)."""
        self.ended_at = at

    @transition(
        field=state,
        source=IN_FORCE_STATES,
        target=DecisionState.ABROGATED,
        permission=can_decide,
        custom={"label": "Abroger la décision"},
    )
    def abrogate(self, *, at: datetime) -> None:
        """For the future only: never published (A-36)."""
        self.ended_at = at
