from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import FSMModelMixin, transition
from phonenumber_field.modelfields import PhoneNumberField

from convergence.accounts.enums import LegalForm
from convergence.accounts.models import Organisation
from convergence.accounts.rules import is_listing_team
from convergence.database.fields import StateField
from convergence.database.sequences import NextNumber
from convergence.interests.selectors import reachable
from convergence.products import rules as product_rules
from convergence.products.models import Demarche, Product
from evidence.models import StoredFile
from questionnaires.models import Response
from referencing.enrolment import rules
from referencing.enrolment.enums import (
    ATTACHMENT_TRANSITIONS,
    EXCEPTION_TRANSITIONS,
    PRE_LISTING_TRANSITIONS,
    SHEET_TRANSITIONS,
    STANDING_ATTACHMENTS,
    STANDING_PRE_LISTINGS,
    TRANSFER_TRANSITIONS,
    Api,
    AttachmentState,
    Cycle,
    Direction,
    EnrolmentState,
    ExceptionState,
    PreListingState,
    Purpose,
    SheetState,
    TransferState,
    WhiteLabelRole,
)

if TYPE_CHECKING:
    from convergence.accounts.models import User


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    def visible_to(self, user: User) -> EnrolmentQuerySet:
        """Members see those of their organisations; the listing team and support all but those that a link of interest bars."""
        return self.filter(reachable(user, "product__organisation"))

    def locked(self) -> EnrolmentQuerySet:
        return self.select_for_update(of=("self",))

    def with_product(self) -> EnrolmentQuerySet:
        """What every page of an enrolment names: product, organisation, démarche."""
        return self.select_related("product__organisation", "demarche__parcours")


class Enrolment(FSMModelMixin, models.Model):
    """A product attached to a démarche (« rattachement »)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.BigIntegerField("numéro", unique=True, editable=False, db_default=NextNumber("enrolment_number"))
    product = models.ForeignKey(Product, verbose_name="produit", on_delete=models.PROTECT, related_name="enrolments")
    demarche = models.ForeignKey(Demarche, verbose_name="démarche", on_delete=models.PROTECT, related_name="enrolments")
    response = models.OneToOneField(Response, verbose_name="réponses", on_delete=models.PROTECT, related_name="+")
    white_label = models.CharField("marque blanche", max_length=15, choices=WhiteLabelRole.choices)
    is_on_behalf = models.BooleanField("pour le compte d’un tiers", default=False)
    state = StateField("état", choices=EnrolmentState.choices, default=EnrolmentState.ACTIVE)
    cycle = models.CharField("cycle", max_length=10, choices=Cycle.choices, default=Cycle.FIRST)
    cycle_started_at = models.DateTimeField("cycle commencé le", null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("rattaché le", auto_now_add=True)

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        verbose_name = "rattachement"
        constraints = [
            models.UniqueConstraint(
                fields=["product", "demarche"],
                condition=Q(state=EnrolmentState.ACTIVE),
                name="enrolment_one_active_per_product",
                violation_error_message="Ce produit est déjà rattaché à cette démarche.",
            ),
            models.CheckConstraint(
                condition=Q(cycle=Cycle.FIRST) | Q(cycle_started_at__isnull=False),
                name="enrolment_later_cycle_is_dated",
                violation_error_message="Un nouveau cycle a une date de début.",
            ),
            models.CheckConstraint(
                condition=Q(is_on_behalf=False) | Q(white_label=WhiteLabelRole.DISTRIBUTOR),
                name="enrolment_on_behalf_is_a_distributor",
                violation_error_message="Seul un éditeur distributeur évalue un produit pour le compte d’un tiers.",
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="enrolment_machine",
                field="state",
                transitions=[
                    (EnrolmentState.ACTIVE, EnrolmentState.REJECTED),
                    (EnrolmentState.ACTIVE, EnrolmentState.CLOSED),
                ],
            )
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """`Produit - v0.1 - 3100`: name and version of the product, number of the enrolment (BR-010)."""
        return f"{self.product.name} - {self.product.version_label} - {self.number}"

    @transition(field=state, source=EnrolmentState.ACTIVE, target=EnrolmentState.REJECTED, permission=is_listing_team)
    def reject(self) -> None:
        """Frozen by the refusal of its fiche; a new enrolment is possible (T05)."""

    @transition(field=state, source=EnrolmentState.ACTIVE, target=EnrolmentState.CLOSED)
    def close(self) -> None:
        """Ended; the product may be attached again."""


class AdministrativeSheet(FSMModelMixin, models.Model):
    """Fiche administrative: who bears the product and who may bind that organisation (SC-09, 14 mandatory fields).

    Name and version of the product are read from the product (BR-020), hence not columns here.
    """

    enrolment = models.OneToOneField(Enrolment, on_delete=models.CASCADE, related_name="sheet")
    state = StateField("état", choices=SheetState.choices, default=SheetState.TO_COMPLETE)
    version = models.PositiveIntegerField(default=1)  # optimistic lock between two colleagues

    organisation_name = models.CharField("dénomination ou raison sociale", max_length=200, blank=True)
    legal_form = models.CharField("forme juridique", max_length=20, choices=LegalForm.choices, blank=True)
    address = models.TextField("adresse du siège", max_length=500, blank=True)
    rcs = models.CharField("n° RCS", max_length=60, blank=True)
    rcs_not_applicable = models.BooleanField("n° RCS : sans objet", default=False)
    siret = models.CharField("SIRET", max_length=20, blank=True)
    register_number = models.CharField("n° au registre du pays", max_length=50, blank=True)
    register_extract = models.ForeignKey(
        StoredFile,
        verbose_name="extrait du registre",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    finess = models.CharField("n° FINESS", max_length=9, blank=True)
    website = models.URLField("site web", blank=True)
    phone = PhoneNumberField("n° de téléphone", region="FR", blank=True)
    representative_last_name = models.CharField("nom", max_length=100, blank=True)
    representative_first_name = models.CharField("prénom", max_length=100, blank=True)
    representative_function = models.CharField("fonction", max_length=150, blank=True)
    representative_email = models.EmailField("adresse e-mail", blank=True)
    representative_phone = PhoneNumberField("n° de téléphone", region="FR", blank=True)

    submitted_at = models.DateTimeField("transmise le", null=True, blank=True)
    decided_at = models.DateTimeField("examinée le", null=True, blank=True)
    decision_reason = models.TextField("motif", blank=True)

    class Meta:
        verbose_name = "fiche administrative"
        triggers = [pgtrigger.FSM(name="sheet_machine", field="state", transitions=SHEET_TRANSITIONS)]

    def __str__(self) -> str:
        return f"Fiche administrative – {self.enrolment_id}"

    @property
    def product(self) -> Product:
        return self.enrolment.product

    @transition(
        field=state,
        source=[SheetState.TO_COMPLETE, SheetState.DRAFT],
        target=SheetState.DRAFT,
        permission=product_rules.can_edit,
    )
    def save_draft(self) -> None:
        """First save of a blank sheet (T02); later ones keep the state."""

    @transition(
        field=state,
        source=[SheetState.TO_COMPLETE, SheetState.DRAFT, SheetState.CHANGES_REQUESTED],
        target=SheetState.SUBMITTED,
        permission=product_rules.can_commit,
        custom={"label": "Transmettre la fiche administrative"},
    )
    def submit(self, *, at: datetime) -> None:
        self.submitted_at = at
        self.decided_at = None
        self.decision_reason = ""

    @transition(
        field=state,
        source=SheetState.SUBMITTED,
        target=SheetState.CHANGES_REQUESTED,
        permission=is_listing_team,
        custom={"label": "Demander une correction"},
    )
    def request_changes(self, *, at: datetime, decision_reason: str) -> None:
        self.decided_at = at
        self.decision_reason = decision_reason

    @transition(
        field=state,
        source=SheetState.SUBMITTED,
        target=SheetState.REJECTED,
        permission=is_listing_team,
        custom={"label": "Refuser la fiche"},
    )
    def reject(self, *, at: datetime, decision_reason: str) -> None:
        self.decided_at = at
        self.decision_reason = decision_reason

    @transition(
        field=state,
        source=SheetState.SUBMITTED,
        target=SheetState.VALIDATED,
        permission=is_listing_team,
        custom={"label": "Valider la fiche"},
    )
    def validate(self, *, at: datetime) -> None:
        self.decided_at = at

    @transition(
        field=state,
        source=SheetState.VALIDATED,
        target=SheetState.CHANGES_REQUESTED,
        custom={"label": "Changer de représentant légal"},
    )
    def reopen(self, *, at: datetime, decision_reason: str) -> None:
        """A new legal representative while the convention is to send or to sign (T06b, A-05)."""
        self.decided_at = at
        self.decision_reason = decision_reason


class SheetVersion(models.Model):
    """What was transmitted, each time: never changed, compared field by field (BR-026)."""

    sheet = models.ForeignKey(AdministrativeSheet, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField("n°")
    at = models.DateTimeField("transmise le")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="par", on_delete=models.PROTECT, related_name="+")
    values = models.JSONField("valeurs")

    class Meta:
        verbose_name = "version transmise"
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["sheet", "number"], name="sheet_version_once")]
        triggers = [pgtrigger.Protect(name="sheet_version_append_only", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return f"{self.sheet_id} n° {self.number}"


class ExchangeScope(models.Model):
    """Why and how a product reads or writes data of Mon espace santé, per interface (R.1111-39, BR-118, A-11)."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="exchange_scopes")
    api = models.CharField("interface", max_length=20, choices=Api.choices)
    direction = models.CharField("sens", max_length=10, choices=Direction.choices)
    purpose = models.CharField("finalité", max_length=20, choices=Purpose.choices, blank=True)
    necessity = models.TextField("nécessité", max_length=4000, blank=True)
    access = models.TextField("modalités d’accès", max_length=4000, blank=True)
    retention = models.TextField("durée de conservation", max_length=2000, blank=True)
    security = models.TextField("conditions de sécurité", max_length=4000, blank=True)
    consent_text = models.TextField("texte d’information de l’usager", max_length=4000, blank=True)

    class Meta:
        verbose_name = "périmètre d’échange"
        ordering = ["api", "direction"]
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "api", "direction"], name="exchange_scope_once"),
            models.CheckConstraint(
                condition=Q(purpose__in=["", *Purpose.values]),
                name="exchange_scope_purpose_allowed",
                violation_error_message="Cette finalité n’est pas permise pour les données de Mon espace santé.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_api_display()} – {self.get_direction_display()}"


class PreListingQuerySet(models.QuerySet["PreListing"]):
    def joinable(self, demarche: Demarche, *, on: date) -> PreListingQuerySet:
        """What every editor may choose when it enrols a distributor’s product (BR-190): name and editor, nothing more."""
        return self.filter(
            Q(expires_on__isnull=True) | Q(expires_on__gte=on),
            state=PreListingState.ACTIVE,
            enrolment__demarche=demarche,
        )

    def visible_to(self, user: User) -> PreListingQuerySet:
        """Members see those of their organisations; the listing team and support all but those that a link of interest bars."""
        return self.filter(reachable(user, "enrolment__product__organisation"))

    def standing(self) -> PreListingQuerySet:
        return self.filter(state__in=STANDING_PRE_LISTINGS)


class PreListing(FSMModelMixin, models.Model):
    """« Pré-référencement » of a producer’s solution: points to its frozen values, which distributors inherit (A-23).

    Owned here, written by the instruction. The dossier is named by its id, reference and hash, because it stands above.
    `offer`: `{"recoverable": [codes], "specific": [codes]}`, codes of criteria alone — never what they answer.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    enrolment = models.ForeignKey(
        Enrolment, verbose_name="rattachement", on_delete=models.PROTECT, related_name="pre_listings"
    )
    state = StateField("état", choices=PreListingState.choices, default=PreListingState.ACTIVE)
    dossier_id = models.UUIDField("dossier")
    dossier_reference = models.CharField("numéro du dossier", max_length=40)
    dossier_sha256 = models.CharField("empreinte du dossier", max_length=64)
    offer = models.JSONField("critères offerts", default=dict)
    pre_listed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    pre_listed_at = models.DateTimeField("pré-référencé le")
    expires_on = models.DateField("jusqu’au", null=True, blank=True)
    ended_at = models.DateTimeField("terminé le", null=True, blank=True)
    reason = models.TextField("motif", blank=True)

    objects = PreListingQuerySet.as_manager()

    class Meta:
        verbose_name = "pré-référencement"
        constraints = [
            models.UniqueConstraint(
                name="pre_listing_one_standing_per_enrolment",
                fields=["enrolment"],
                condition=Q(state__in=STANDING_PRE_LISTINGS),
                violation_error_message="Cette solution est déjà pré-référencée.",
            )
        ]
        triggers = [
            pgtrigger.FSM(name="pre_listing_machine", field="state", transitions=PRE_LISTING_TRANSITIONS),
            pgtrigger.ReadOnly(
                name="pre_listing_points_to_one_dossier",
                fields=["enrolment", "dossier_id", "dossier_reference", "dossier_sha256", "offer"],
            ),
        ]

    def __str__(self) -> str:
        return f"Pré-référencement – {self.dossier_reference}"

    @transition(
        field=state,
        source=PreListingState.ACTIVE,
        target=PreListingState.SUSPENDED,
        permission=is_listing_team,
        custom={"label": "Suspendre"},
    )
    def suspend(self, *, why: str) -> None:
        self.reason = why

    @transition(
        field=state,
        source=PreListingState.SUSPENDED,
        target=PreListingState.ACTIVE,
        permission=is_listing_team,
        custom={"label": "Rétablir"},
    )
    def resume(self) -> None:
        self.reason = ""

    @transition(
        field=state,
        source=STANDING_PRE_LISTINGS,
        target=PreListingState.REPLACED,
        permission=is_listing_team,
        custom={"label": "Remplacer"},
    )
    def replace(self, *, at: datetime) -> None:
        """A newer dossier of the same enrolment was pre-listed."""
        self.ended_at = at

    @transition(
        field=state,
        source=STANDING_PRE_LISTINGS,
        target=PreListingState.REVOKED,
        permission=is_listing_team,
        custom={"label": "Révoquer"},
    )
    def revoke(self, *, why: str, at: datetime) -> None:
        self.reason, self.ended_at = why, at

    @transition(
        field=state,
        source=STANDING_PRE_LISTINGS,
        target=PreListingState.WITHDRAWN,
        permission=product_rules.can_commit,
        custom={"label": "Retirer le pré-référencement"},
    )
    def withdraw(self, *, why: str, at: datetime) -> None:
        self.reason, self.ended_at = why, at

    @transition(
        field=state, source=STANDING_PRE_LISTINGS, target=PreListingState.EXPIRED, custom={"label": "Constater la fin"}
    )
    def expire(self, *, at: datetime) -> None:
        self.ended_at = at


class AttachmentRequestQuerySet(models.QuerySet["AttachmentRequest"]):
    def visible_to(self, user: User) -> AttachmentRequestQuerySet:
        """Members of the distributor and of the producer see it; the listing team and support too."""
        return self.filter(
            reachable(user, "enrolment__product__organisation")
            | reachable(user, "pre_listing__enrolment__product__organisation")
        )

    def standing(self) -> AttachmentRequestQuerySet:
        return self.filter(state__in=STANDING_ATTACHMENTS)


class AttachmentRequest(FSMModelMixin, models.Model):
    """« Demande de rattachement » of a distributor’s enrolment to a pre-listed solution (BR-190, BR-192, A-23).

    `told_*`: what the producer reads of the distributor, by value, since it may not see its enrolment.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    enrolment = models.ForeignKey(
        Enrolment, verbose_name="rattachement", on_delete=models.PROTECT, related_name="attachment_requests"
    )
    pre_listing = models.ForeignKey(
        PreListing, verbose_name="solution pré-référencée", on_delete=models.PROTECT, related_name="attachment_requests"
    )
    state = StateField("état", choices=AttachmentState.choices, default=AttachmentState.PENDING)
    told_organisation = models.CharField("éditeur distributeur", max_length=200)
    told_product = models.CharField("produit", max_length=200)
    told_third_party = models.CharField("pour le compte de", max_length=200, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField("reçue le")
    expires_on = models.DateField("à traiter avant le")
    answered_at = models.DateTimeField("traitée le", null=True, blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    why = models.TextField("motif", blank=True)
    ends_on = models.DateField("prend fin le", null=True, blank=True)
    ending_asked_at = models.DateTimeField("fin annoncée le", null=True, blank=True)
    ending_asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField("rompue le", null=True, blank=True)

    objects = AttachmentRequestQuerySet.as_manager()

    class Meta:
        verbose_name = "demande de rattachement"
        verbose_name_plural = "demandes de rattachement"
        constraints = [
            models.UniqueConstraint(
                name="attachment_one_standing_per_enrolment",
                fields=["enrolment"],
                condition=Q(state__in=STANDING_ATTACHMENTS),
                violation_error_message="Ce produit est déjà rattaché, ou demande à l’être, à une solution.",
            ),
            models.CheckConstraint(
                name="attachment_refusal_says_why",
                condition=~Q(state=AttachmentState.REFUSED) | ~Q(why=""),
                violation_error_message="Un refus dit son motif.",
            ),
        ]
        indexes = [models.Index(fields=["pre_listing", "state"], name="attachment_by_pre_listing")]
        triggers = [pgtrigger.FSM(name="attachment_machine", field="state", transitions=ATTACHMENT_TRANSITIONS)]

    def __str__(self) -> str:
        return f"Demande de rattachement – {self.told_product}"

    @transition(
        field=state,
        source=AttachmentState.PENDING,
        target=AttachmentState.ACCEPTED,
        permission=rules.can_answer_attachment,
        custom={"label": "Accepter"},
    )
    def accept(self, *, by: User, at: datetime) -> None:
        self.answered_by, self.answered_at = by, at

    @transition(
        field=state,
        source=AttachmentState.PENDING,
        target=AttachmentState.REFUSED,
        permission=rules.can_answer_attachment,
        custom={"label": "Refuser"},
    )
    def refuse(self, *, by: User, why: str, at: datetime) -> None:
        self.answered_by, self.why, self.answered_at = by, why, at

    @transition(
        field=state,
        source=AttachmentState.PENDING,
        target=AttachmentState.CANCELLED,
        permission=rules.can_cancel_attachment,
        custom={"label": "Annuler la demande"},
    )
    def cancel(self, *, why: str, at: datetime) -> None:
        """By the distributor, or because the pre-listing ended (A-23)."""
        self.why, self.ended_at = why, at

    @transition(
        field=state,
        source=AttachmentState.PENDING,
        target=AttachmentState.EXPIRED,
        custom={"label": "Constater la fin"},
    )
    def expire(self, *, at: datetime) -> None:
        self.ended_at = at

    @transition(
        field=state,
        source=AttachmentState.ACCEPTED,
        target=AttachmentState.BROKEN,
        permission=rules.can_end_attachment,
        custom={"label": "Rompre"},
    )
    def break_off(self, *, why: str, at: datetime) -> None:
        """Its notice is over, or the pre-listing ended."""
        self.why, self.ended_at = why or self.why, at


class MandateQuerySet(models.QuerySet["Mandate"]):
    def visible_to(self, user: User) -> MandateQuerySet:
        """As the enrolment that it belongs to."""
        return self.filter(reachable(user, "enrolment__product__organisation"))


class Mandate(models.Model):
    """The file by which a third party lets the distributor act in its name: dated, revocable (A-26).

    Who the third party is stands in the fiche administrative, since it is the editor of record and the signatory.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    enrolment = models.ForeignKey(
        Enrolment, verbose_name="rattachement", on_delete=models.PROTECT, related_name="mandates"
    )
    file = models.ForeignKey(StoredFile, verbose_name="mandat", on_delete=models.PROTECT, related_name="+")
    given_on = models.DateField("donné le")
    ends_on = models.DateField("jusqu’au", null=True, blank=True)
    deposited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    deposited_at = models.DateTimeField("déposé le")
    revoked_at = models.DateTimeField("révoqué le", null=True, blank=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    revoke_reason = models.TextField("motif de la révocation", blank=True)

    objects = MandateQuerySet.as_manager()

    class Meta:
        verbose_name = "mandat"
        constraints = [
            models.UniqueConstraint(
                name="mandate_one_in_force",
                fields=["enrolment"],
                condition=Q(revoked_at__isnull=True),
                violation_error_message="Un mandat est déjà en vigueur : révoquez-le d’abord.",
            ),
            models.CheckConstraint(
                name="mandate_ends_after_it_was_given",
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=models.F("given_on")),
                violation_error_message="Un mandat prend fin après le jour où il est donné.",
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(name="mandate_is_what_was_deposited", fields=["enrolment", "file", "given_on"]),
        ]

    def __str__(self) -> str:
        return f"Mandat du {self.given_on}"

    def is_past(self, day: date) -> bool:
        return self.ends_on is not None and self.ends_on < day


class DissolutionQuerySet(models.QuerySet["Dissolution"]):
    def visible_to(self, user: User) -> DissolutionQuerySet:
        """As the enrolment that it is about."""
        return self.filter(reachable(user, "enrolment__product__organisation"))


class Dissolution(models.Model):
    """The editor of record no longer exists: evidence recorded by a verifier, once (A-26).

    `editor`: its name by value, since a fiche may change; `successor`: the name of who takes over, empty when nobody does.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    enrolment = models.OneToOneField(
        Enrolment, verbose_name="rattachement", on_delete=models.PROTECT, related_name="dissolution"
    )
    editor = models.CharField("éditeur dissous", max_length=200)
    dissolved_on = models.DateField("dissous le")
    successor = models.CharField("successeur", max_length=200, blank=True)
    note = models.TextField("note", max_length=4000, blank=True)
    evidence = models.ForeignKey(StoredFile, verbose_name="preuve", on_delete=models.PROTECT, related_name="+")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField("constatée le")

    objects = DissolutionQuerySet.as_manager()

    class Meta:
        verbose_name = "dissolution"
        triggers = [
            pgtrigger.Protect(name="dissolution_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"Dissolution de {self.editor}"


class OsExceptionQuerySet(models.QuerySet["OsException"]):
    def visible_to(self, user: User) -> OsExceptionQuerySet:
        """As the answers of the enrolment are."""
        return self.filter(reachable(user, "enrolment__product__organisation"))

    def standing(self) -> OsExceptionQuerySet:
        return self.exclude(state=ExceptionState.DROPPED)

    def locked(self) -> OsExceptionQuerySet:
        return self.select_for_update(of=("self",))


class OsException(FSMModelMixin, models.Model):
    """For one criterion, the answer that differs on one operating system; the others keep the common answer.

    `value` as in `questionnaires.Answer`. `evidence`: as in `Validation.content`, frozen with the dossier once agreed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    enrolment = models.ForeignKey(
        Enrolment, verbose_name="rattachement", on_delete=models.PROTECT, related_name="os_exceptions"
    )
    criterion = models.CharField("critère", max_length=60)
    system = models.CharField("système d’exploitation", max_length=60)
    state = StateField("état", choices=ExceptionState.choices, default=ExceptionState.DRAFT)
    value = models.JSONField("réponse", null=True, blank=True)
    comment = models.TextField("commentaire", blank=True)
    version = models.PositiveIntegerField(default=1)
    edited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    edited_at = models.DateTimeField("modifiée le")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField("examinée le", null=True, blank=True)
    decision_note = models.TextField("motif", blank=True)

    objects = OsExceptionQuerySet.as_manager()

    class Meta:
        verbose_name = "exception par système"
        verbose_name_plural = "exceptions par système"
        constraints = [
            models.UniqueConstraint(
                name="os_exception_one_per_system",
                fields=["enrolment", "criterion", "system"],
                condition=~Q(state=ExceptionState.DROPPED),
                violation_error_message="Une exception existe déjà pour ce critère et ce système.",
            )
        ]
        triggers = [pgtrigger.FSM(name="os_exception_machine", field="state", transitions=EXCEPTION_TRANSITIONS)]

    def __str__(self) -> str:
        return f"{self.criterion} – {self.system}"

    @transition(field=state, source=ExceptionState.DRAFT, target=ExceptionState.ASKED, custom={"label": "Soumettre"})
    def ask(self) -> None:
        self.decided_by, self.decided_at, self.decision_note = None, None, ""

    @transition(
        field=state,
        source=[ExceptionState.ASKED, ExceptionState.DECLINED, ExceptionState.AGREED],
        target=ExceptionState.DRAFT,
        custom={"label": "Reprendre"},
    )
    def rework(self) -> None:
        """Back to the editor, who changes it and asks again."""

    @transition(
        field=state,
        source=ExceptionState.ASKED,
        target=ExceptionState.AGREED,
        permission=is_listing_team,
        custom={"label": "Accepter"},
    )
    def agree(self, *, by: User, at: datetime, note: str) -> None:
        self.decided_by, self.decided_at, self.decision_note = by, at, note

    @transition(
        field=state,
        source=ExceptionState.ASKED,
        target=ExceptionState.DECLINED,
        permission=is_listing_team,
        custom={"label": "Refuser"},
    )
    def decline(self, *, by: User, at: datetime, note: str) -> None:
        self.decided_by, self.decided_at, self.decision_note = by, at, note

    @transition(
        field=state,
        source=[ExceptionState.DRAFT, ExceptionState.ASKED, ExceptionState.AGREED, ExceptionState.DECLINED],
        target=ExceptionState.DROPPED,
        custom={"label": "Abandonner"},
    )
    def drop(self) -> None:
        """The common answer holds for this system again."""


class OsExceptionFile(models.Model):
    """A piece of evidence of one exception; archived, never deleted (BR-072)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    exception = models.ForeignKey(OsException, on_delete=models.PROTECT, related_name="files")
    evidence_type = models.CharField("type de preuve", max_length=60)
    file = models.ForeignKey(StoredFile, verbose_name="fichier", on_delete=models.PROTECT, related_name="+")
    deposited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    deposited_at = models.DateTimeField("déposée le")
    archived_at = models.DateTimeField("archivée le", null=True, blank=True)
    archived_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "preuve d’une exception"
        verbose_name_plural = "preuves d’exceptions"

    def __str__(self) -> str:
        return f"{self.exception_id} {self.evidence_type}"


class ProductTransferQuerySet(models.QuerySet["ProductTransfer"]):
    def visible_to(self, user: User) -> ProductTransferQuerySet:
        """Both sides, and the agents who read every file."""
        return self.filter(reachable(user, "product__organisation") | reachable(user, "recipient"))

    def offered(self) -> ProductTransferQuerySet:
        return self.filter(state=TransferState.OFFERED)

    def locked(self) -> ProductTransferQuerySet:
        return self.select_for_update(of=("self",))


class ProductTransfer(FSMModelMixin, models.Model):
    """« Transmission » of a product to another organisation: offered by one side, accepted by the other (A-26).

    The successor gets a product of its own with the answers, never the convention nor the history, which stay where they
    were. `told_*`: what the recipient reads of a product that it may not see yet.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    product = models.ForeignKey(Product, verbose_name="produit", on_delete=models.PROTECT, related_name="transfers")
    recipient = models.ForeignKey(
        Organisation, verbose_name="structure qui reprend", on_delete=models.PROTECT, related_name="+"
    )
    state = StateField("état", choices=TransferState.choices, default=TransferState.OFFERED)
    message = models.TextField("message", blank=True)
    told_product = models.CharField("produit", max_length=220)
    told_organisation = models.CharField("structure qui transmet", max_length=200)
    offered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    offered_at = models.DateTimeField("proposée le")
    expires_on = models.DateField("à traiter avant le")
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField("traitée le", null=True, blank=True)
    why = models.TextField("motif", blank=True)
    ended_at = models.DateTimeField("expirée le", null=True, blank=True)
    successor = models.OneToOneField(
        Product, verbose_name="produit repris", null=True, on_delete=models.PROTECT, related_name="inherited_from"
    )

    objects = ProductTransferQuerySet.as_manager()

    class Meta:
        verbose_name = "transmission de produit"
        verbose_name_plural = "transmissions de produits"
        constraints = [
            models.UniqueConstraint(
                name="transfer_one_offered_per_product",
                fields=["product"],
                condition=Q(state=TransferState.OFFERED),
                violation_error_message="Une transmission de ce produit est déjà proposée.",
            ),
            models.CheckConstraint(
                name="transfer_accepted_has_a_successor",
                condition=~Q(state=TransferState.ACCEPTED) | Q(successor__isnull=False),
                violation_error_message="Une transmission acceptée a créé un produit.",
            ),
            models.CheckConstraint(
                name="transfer_state_has_its_day",
                condition=Q(state=TransferState.OFFERED)
                | Q(state=TransferState.EXPIRED, ended_at__isnull=False)
                | Q(
                    state__in=(TransferState.ACCEPTED, TransferState.REFUSED, TransferState.CANCELLED),
                    answered_by__isnull=False,
                    answered_at__isnull=False,
                ),
                violation_error_message="Une transmission traitée dit par qui et quand, une transmission expirée dit quand.",
            ),
            models.CheckConstraint(
                name="transfer_refusal_says_why",
                condition=~Q(state=TransferState.REFUSED) | ~Q(why=""),
                violation_error_message="Un refus dit son motif.",
            ),
        ]
        triggers = [pgtrigger.FSM(name="transfer_machine", field="state", transitions=TRANSFER_TRANSITIONS)]

    def __str__(self) -> str:
        return f"Transmission – {self.told_product}"

    @transition(field=state, source=TransferState.OFFERED, target=TransferState.ACCEPTED, custom={"label": "Accepter"})
    def accept(self, *, by: User, at: datetime, successor: Product) -> None:
        self.answered_by, self.answered_at, self.successor = by, at, successor

    @transition(field=state, source=TransferState.OFFERED, target=TransferState.REFUSED, custom={"label": "Refuser"})
    def refuse(self, *, by: User, at: datetime, why: str) -> None:
        self.answered_by, self.answered_at, self.why = by, at, why

    @transition(field=state, source=TransferState.OFFERED, target=TransferState.CANCELLED, custom={"label": "Annuler"})
    def cancel(self, *, by: User, at: datetime) -> None:
        self.answered_by, self.answered_at = by, at

    @transition(
        field=state, source=TransferState.OFFERED, target=TransferState.EXPIRED, custom={"label": "Constater la fin"}
    )
    def expire(self, *, at: datetime) -> None:
        """Nobody answered in time; the product may be offered again."""
        self.ended_at = at
