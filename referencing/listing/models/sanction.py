from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from evidence.models import StoredFile
from referencing.decision.enums import DecisionKind
from referencing.decision.models import Decision
from referencing.listing.enums import Condition
from referencing.listing.models.listing import Listing

if TYPE_CHECKING:
    from datetime import date

    from convergence.accounts.models import User
    from convergence.products.models import Product

#: Acts that the editor is heard about before they are signed, urgency excepted (A-02, L.121-1 CRPA).
CONTRADICTORY_KINDS = [
    DecisionKind.FORMAL_NOTICE,
    DecisionKind.SUSPENSION,
    DecisionKind.WITHDRAWAL,
    DecisionKind.ABROGATION,
]


class ProcedureQuerySet(models.QuerySet["Procedure"]):
    def visible_to(self, user: User) -> ProcedureQuerySet:
        """Whoever sees the service; its editor, once the procedure was opened."""
        enrolments = Listing.objects.visible_to(user).values("enrolment")
        seen = Q(listing__isnull=False) & Q(enrolment__in=enrolments)
        # a file that was approved and never published has no listing yet: its members and the ministry see it
        seen |= Q(listing__isnull=True) & Q(enrolment__in=_enrolments_of(user))
        own = Q(enrolment__product__organisation__in=user.access.organisation_ids)
        return self.filter(seen).exclude(own & Q(opened_at__isnull=True))

    def open(self) -> ProcedureQuerySet:
        return self.filter(closed_at__isnull=True)

    def locked(self) -> ProcedureQuerySet:
        return self.select_for_update(of=("self",))


def _enrolments_of(user: User) -> models.QuerySet[Decision, dict[str, object]]:
    return Decision.objects.visible_to(user).values("enrolment")


class Procedure(models.Model):
    """A contradictory procedure of the ministry against a service: proposed, opened, the editor heard, decided (A-02).

    Its state is told by its dates: proposed only (`opened_at` empty), open, observations given, decided (`decision`),
    dropped (`closed_at` without decision).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    enrolment = models.ForeignKey(
        "enrolment.Enrolment", verbose_name="rattachement", on_delete=models.PROTECT, related_name="procedures"
    )
    listing = models.ForeignKey(
        Listing, verbose_name="référencement", null=True, on_delete=models.PROTECT, related_name="procedures"
    )
    kind = models.CharField(
        "mesure envisagée",
        max_length=15,
        choices=[(kind.value, kind.label) for kind in CONTRADICTORY_KINDS],
    )
    condition = models.CharField("condition qui n’est plus remplie", max_length=15, choices=Condition.choices)
    facts = models.TextField("faits reprochés")
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    proposed_at = models.DateTimeField("proposée le")
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    opened_at = models.DateTimeField("ouverte le", null=True, blank=True)
    urgency = models.TextField("motif de l’urgence", blank=True)
    observations_due_on = models.DateField("observations attendues avant le", null=True, blank=True)
    observations = models.TextField("observations de l’éditeur", blank=True)
    observed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    observed_at = models.DateTimeField("observations reçues le", null=True, blank=True)
    attachment = models.ForeignKey(StoredFile, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decision = models.OneToOneField(Decision, null=True, blank=True, on_delete=models.PROTECT, related_name="procedure")
    closed_at = models.DateTimeField("close le", null=True, blank=True)
    outcome = models.TextField("suite donnée", blank=True)

    objects = ProcedureQuerySet.as_manager()

    class Meta:
        verbose_name = "procédure contradictoire"
        verbose_name_plural = "procédures contradictoires"
        ordering = ["-proposed_at"]
        constraints = [
            models.UniqueConstraint(
                name="procedure_one_open_per_kind",
                fields=["enrolment", "kind"],
                condition=Q(closed_at__isnull=True),
                violation_error_message="Une procédure est déjà en cours pour cette mesure.",
            ),
            models.CheckConstraint(
                name="procedure_opened_hears_the_editor",
                condition=Q(opened_at__isnull=True) | Q(observations_due_on__isnull=False) | ~Q(urgency=""),
                violation_error_message="L’éditeur a un délai pour répondre, sauf urgence motivée.",
            ),
            models.CheckConstraint(
                name="procedure_decided_after_its_opening",
                condition=Q(decision__isnull=True) | Q(opened_at__isnull=False),
                violation_error_message="Une sanction se décide après l’ouverture de la procédure.",
            ),
            models.CheckConstraint(
                name="procedure_observed_once_open",
                condition=Q(observed_at__isnull=True) | (Q(opened_at__isnull=False) & ~Q(observations="")),
                violation_error_message="L’éditeur répond à une procédure ouverte.",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="procedure_observations_are_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__observed_at__isnull=False)
                & (
                    pgtrigger.Q(old__observations__df=pgtrigger.F("new__observations"))
                    | pgtrigger.Q(old__observed_at__df=pgtrigger.F("new__observed_at"))
                ),
            ),
            pgtrigger.Protect(
                name="procedure_opened_is_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__opened_at__isnull=False)
                & (
                    pgtrigger.Q(old__facts__df=pgtrigger.F("new__facts"))
                    | pgtrigger.Q(old__condition__df=pgtrigger.F("new__condition"))
                    | pgtrigger.Q(old__kind__df=pgtrigger.F("new__kind"))
                    | pgtrigger.Q(old__observations_due_on__df=pgtrigger.F("new__observations_due_on"))
                ),
            ),
            pgtrigger.Protect(name="procedure_is_never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"Procédure – {self.get_kind_display()}"

    @property
    def product(self) -> Product:
        """For the predicates of products; needs the enrolment loaded."""
        product: Product = self.enrolment.product
        return product

    def is_ripe(self, *, on: date) -> bool:
        """The editor was heard, or had its time, or urgency excuses it (OQ-16)."""
        if self.opened_at is None:
            return False
        if self.urgency or self.observed_at is not None:
            return True
        return self.observations_due_on is not None and self.observations_due_on < on


class FormalNoticeQuerySet(models.QuerySet["FormalNotice"]):
    def open(self) -> FormalNoticeQuerySet:
        return self.filter(lifted_at__isnull=True)


class FormalNotice(models.Model):
    """A signed formal notice, until it is lifted (« mise en demeure », L7)."""

    listing = models.ForeignKey(
        Listing, verbose_name="référencement", on_delete=models.PROTECT, related_name="formal_notices"
    )
    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="formal_notice")
    comply_by = models.DateField("à régulariser avant le")
    issued_at = models.DateTimeField("adressée le")
    lifted_at = models.DateTimeField("levée le", null=True, blank=True)
    lifting = models.ForeignKey(Decision, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    overdue_told_at = models.DateTimeField("retard signalé au ministère le", null=True, blank=True)

    objects = FormalNoticeQuerySet.as_manager()

    class Meta:
        verbose_name = "mise en demeure"
        verbose_name_plural = "mises en demeure"
        ordering = ["-issued_at"]

    def __str__(self) -> str:
        return f"Mise en demeure – {self.listing_id}"


class DecisionEffect(models.Model):
    """What a signed decision does, or did, to a listing: applied once, undone once if the decision falls (A-33).

    `before`: state, end and decision of the listing just before, so that an annulled act leaves things as they were.
    """

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="effect")
    listing = models.ForeignKey(Listing, verbose_name="référencement", on_delete=models.PROTECT, related_name="effects")
    effective_on = models.DateField("prend effet le")
    applied_at = models.DateTimeField("appliquée le", null=True, blank=True)
    undone_at = models.DateTimeField("privée d’effet le", null=True, blank=True)
    before = models.JSONField("état antérieur", default=dict, blank=True)

    class Meta:
        verbose_name = "effet d’une décision"
        verbose_name_plural = "effets de décisions"
        constraints = [
            models.CheckConstraint(
                name="decision_effect_undone_after_it_was_applied",
                condition=Q(undone_at__isnull=True) | Q(applied_at__isnull=True) | Q(undone_at__gte=F("applied_at")),
                violation_error_message="Un effet cesse après avoir commencé.",
            )
        ]
        indexes = [
            models.Index(
                fields=["effective_on"],
                condition=Q(applied_at__isnull=True, undone_at__isnull=True),
                name="decision_effect_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"Effet – {self.decision_id}"
