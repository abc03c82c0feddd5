from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django_fsm import FSMModelMixin, transition

from convergence.database.fields import StateField
from convergence.interests.selectors import reachable
from evidence.models import StoredFile
from referencing.convention import rules
from referencing.convention.enums import (
    ANNEX_TRANSITIONS,
    SENT_ANNEXES,
    SENT_STATES,
    TRANSITIONS,
    AnnexState,
    ConventionState,
    DataCategory,
    LinkState,
)
from referencing.enrolment.enums import Purpose
from referencing.enrolment.models import Enrolment, SheetVersion

if TYPE_CHECKING:
    from convergence.accounts.models import User


class ConventionQuerySet(models.QuerySet["Convention"]):
    def visible_to(self, user: User) -> ConventionQuerySet:
        return self.filter(reachable(user, "enrolment__product__organisation"))

    def locked(self) -> ConventionQuerySet:
        return self.select_for_update(of=("self",))

    def current(self) -> ConventionQuerySet:
        """All but the revoked ones: at most one per enrolment."""
        return self.exclude(state=ConventionState.REVOKED)

    def awaiting_verifier(self) -> ConventionQuerySet:
        """The listing team has the ball: to send, or signed and to validate."""
        return self.filter(state__in=[ConventionState.TO_SEND, ConventionState.SIGNED])

    def with_enrolment(self) -> ConventionQuerySet:
        """What every page of a convention names: product, organisation, démarche, fiche."""
        return self.select_related(
            "enrolment__product__organisation", "enrolment__demarche__parcours", "enrolment__sheet", "sheet_version"
        )

    def with_documents(self) -> ConventionQuerySet:
        return self.select_related("document__blob", "signed_document__blob")


class Convention(FSMModelMixin, models.Model):
    """Convention de référencement between editor, minister and Cnam (R.1111-38, BR-032, A-03)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="conventions")
    sheet_version = models.ForeignKey(SheetVersion, verbose_name="fiche", on_delete=models.PROTECT, related_name="+")
    state = StateField("état", choices=ConventionState.choices, default=ConventionState.TO_SEND)
    parties = models.JSONField("parties", default=list)
    data_categories = ArrayField(
        models.CharField(max_length=20, choices=DataCategory.choices),
        verbose_name="catégories de données",
        default=list,
    )
    purposes = ArrayField(
        models.CharField(max_length=20, choices=Purpose.choices), verbose_name="finalités", default=list, blank=True
    )
    duration_months = models.PositiveSmallIntegerField("durée (mois)", null=True)
    withdrawal_terms = models.TextField("conditions de retrait", blank=True)
    text = models.TextField("texte", blank=True, help_text="HTML dont le PDF à signer est fait.")
    document = models.ForeignKey(
        StoredFile, verbose_name="convention à signer", null=True, on_delete=models.PROTECT, related_name="+"
    )
    signed_document = models.ForeignKey(
        StoredFile, verbose_name="convention signée", null=True, on_delete=models.PROTECT, related_name="+"
    )
    provider = models.CharField("prestataire de signature", max_length=20, blank=True)
    signer_name = models.CharField("signataire", max_length=200, blank=True)
    signer_email = models.EmailField("adresse du signataire", blank=True)
    created_at = models.DateTimeField("préparée le", auto_now_add=True)
    sent_at = models.DateTimeField("envoyée le", null=True, blank=True)
    signed_at = models.DateTimeField("signée le", null=True, blank=True)
    validated_at = models.DateTimeField("validée le", null=True, blank=True)

    objects = ConventionQuerySet.as_manager()

    class Meta:
        verbose_name = "convention"
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment"],
                condition=~Q(state=ConventionState.REVOKED),
                name="convention_one_current_per_enrolment",
                violation_error_message="Une convention existe déjà pour ce rattachement.",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[ConventionState.TO_SEND, ConventionState.TO_SIGN, ConventionState.REVOKED])
                | Q(signed_document__isnull=False, signed_at__isnull=False),
                name="convention_signed_has_its_document",
                violation_error_message="Une convention signée porte son document signé et sa date.",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=SENT_STATES)
                | (
                    Q(document__isnull=False, duration_months__isnull=False, sent_at__isnull=False)
                    & ~Q(data_categories=[])
                    & ~Q(withdrawal_terms="")
                    & ~Q(signer_email="")
                ),
                name="convention_sent_is_complete",
                violation_error_message="Une convention envoyée dit ses données, sa durée et ses conditions de retrait.",
            ),
            models.CheckConstraint(
                condition=~Q(data_categories__contains=[DataCategory.NONE])
                | Q(data_categories=[DataCategory.NONE], purposes=[]),
                name="convention_no_data_is_exclusive",
                violation_error_message="« Aucune donnée » exclut les autres catégories et toute finalité.",
            ),
            models.CheckConstraint(
                condition=Q(purposes__contained_by=Purpose.values),
                name="convention_purposes_allowed",
                violation_error_message="Cette finalité n’est pas permise pour les données de Mon espace santé.",
            ),
        ]
        triggers = [
            pgtrigger.FSM(name="convention_machine", field="state", transitions=TRANSITIONS),
            pgtrigger.Protect(
                name="convention_sent_is_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state__in=SENT_STATES)
                & (
                    pgtrigger.Q(old__parties__df=pgtrigger.F("new__parties"))
                    | pgtrigger.Q(old__data_categories__df=pgtrigger.F("new__data_categories"))
                    | pgtrigger.Q(old__purposes__df=pgtrigger.F("new__purposes"))
                    | pgtrigger.Q(old__duration_months__df=pgtrigger.F("new__duration_months"))
                    | pgtrigger.Q(old__withdrawal_terms__df=pgtrigger.F("new__withdrawal_terms"))
                    | pgtrigger.Q(old__text__df=pgtrigger.F("new__text"))
                    | pgtrigger.Q(old__document__df=pgtrigger.F("new__document"))
                    | pgtrigger.Q(old__signer_email__df=pgtrigger.F("new__signer_email"))
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"Convention – {self.enrolment_id}"

    @transition(
        field=state,
        source=ConventionState.TO_SEND,
        target=ConventionState.TO_SIGN,
        permission=rules.can_prepare,
        custom={"label": "Envoyer la convention"},
    )
    def send(self, *, at: datetime) -> None:
        self.sent_at = at

    @transition(field=state, source=ConventionState.TO_SIGN, target=ConventionState.TO_SEND)
    def return_unsigned(self) -> None:
        """The signer refused, or the link expired (T08b)."""

    @transition(field=state, source=ConventionState.TO_SIGN, target=ConventionState.SIGNED)
    def sign(self, *, at: datetime) -> None:
        self.signed_at = at

    @transition(
        field=state,
        source=ConventionState.SIGNED,
        target=ConventionState.VALIDATED,
        permission=rules.can_validate,
        custom={"label": "Accuser réception et valider"},
    )
    def validate(self, *, at: datetime) -> None:
        self.validated_at = at

    @transition(
        field=state,
        source=[ConventionState.TO_SEND, ConventionState.TO_SIGN],
        target=ConventionState.REVOKED,
        permission=rules.can_change_representative,
        custom={"label": "Changer de représentant légal"},
    )
    def revoke(self) -> None:
        """The legal representative changed: the fiche goes back to correction (T06b, A-05)."""


class AnnexQuerySet(models.QuerySet["Annex"]):
    def visible_to(self, user: User) -> AnnexQuerySet:
        return self.filter(reachable(user, "convention__enrolment__product__organisation"))

    def locked(self) -> AnnexQuerySet:
        return self.select_for_update(of=("self",))

    def current(self) -> AnnexQuerySet:
        """All but the replaced ones."""
        return self.exclude(state=AnnexState.REVOKED)

    def with_convention(self) -> AnnexQuerySet:
        """What every page of an annex names."""
        return self.select_related(
            "convention__enrolment__product__organisation",
            "convention__enrolment__demarche",
            "convention__sheet_version",
            "document__blob",
            "signed_document__blob",
        )


class Annex(FSMModelMixin, models.Model):
    """What the three parties agree to exchange: interfaces, directions, data, purposes, retention (A-04).

    Made of a frozen dossier by the stage that decides; signed like the convention, by the same person, with the same link.
    A wider scope takes a new annex; those already signed stay.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    convention = models.ForeignKey(Convention, on_delete=models.PROTECT, related_name="annexes")
    number = models.PositiveSmallIntegerField("numéro")
    state = StateField("état", choices=AnnexState.choices, default=AnnexState.TO_SEND)
    scope = models.JSONField("échanges")
    source = models.CharField("dossier", max_length=200)
    text = models.TextField("texte", help_text="HTML dont le PDF à signer est fait.")
    document = models.ForeignKey(
        StoredFile, verbose_name="annexe à signer", null=True, on_delete=models.PROTECT, related_name="+"
    )
    signed_document = models.ForeignKey(
        StoredFile, verbose_name="annexe signée", null=True, on_delete=models.PROTECT, related_name="+"
    )
    provider = models.CharField("prestataire de signature", max_length=20, blank=True)
    signer_name = models.CharField("signataire", max_length=200)
    signer_email = models.EmailField("adresse du signataire")
    created_at = models.DateTimeField("établie le", auto_now_add=True)
    sent_at = models.DateTimeField("envoyée le", null=True, blank=True)
    signed_at = models.DateTimeField("signée le", null=True, blank=True)

    objects = AnnexQuerySet.as_manager()

    class Meta:
        verbose_name = "annexe de convention"
        verbose_name_plural = "annexes de conventions"
        constraints = [
            models.UniqueConstraint(fields=["convention", "number"], name="annex_number_once"),
            models.UniqueConstraint(
                fields=["convention"],
                condition=Q(state__in=[AnnexState.TO_SEND, AnnexState.TO_SIGN]),
                name="annex_one_unsigned_per_convention",
                violation_error_message="Une annexe attend déjà la signature de l’éditeur.",
            ),
            models.CheckConstraint(
                condition=~Q(state=AnnexState.SIGNED) | Q(signed_document__isnull=False, signed_at__isnull=False),
                name="annex_signed_has_its_document",
                violation_error_message="Une annexe signée porte son document signé et sa date.",
            ),
        ]
        triggers = [
            pgtrigger.FSM(name="annex_machine", field="state", transitions=ANNEX_TRANSITIONS),
            pgtrigger.Protect(
                name="annex_sent_is_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state__in=SENT_ANNEXES)
                & (
                    pgtrigger.Q(old__scope__df=pgtrigger.F("new__scope"))
                    | pgtrigger.Q(old__text__df=pgtrigger.F("new__text"))
                    | pgtrigger.Q(old__document__df=pgtrigger.F("new__document"))
                    | pgtrigger.Q(old__signer_email__df=pgtrigger.F("new__signer_email"))
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"Annexe n° {self.number}"

    @property
    def enrolment(self) -> Enrolment:
        """Needs `convention` loaded."""
        return self.convention.enrolment

    @property
    def sheet_version(self) -> SheetVersion:
        return self.convention.sheet_version

    @property
    def parties(self) -> list[dict[str, str]]:
        """Those of the convention."""
        parties: list[dict[str, str]] = self.convention.parties
        return parties

    @transition(
        field=state,
        source=AnnexState.TO_SEND,
        target=AnnexState.TO_SIGN,
        permission=rules.can_send_annex,
        custom={"label": "Envoyer l’annexe"},
    )
    def send(self, *, at: datetime) -> None:
        self.sent_at = at

    @transition(field=state, source=AnnexState.TO_SIGN, target=AnnexState.TO_SEND)
    def return_unsigned(self) -> None:
        """The signer refused, or the link expired."""

    @transition(field=state, source=AnnexState.TO_SIGN, target=AnnexState.SIGNED)
    def sign(self, *, at: datetime) -> None:
        self.signed_at = at

    @transition(
        field=state,
        source=[AnnexState.TO_SEND, AnnexState.TO_SIGN],
        target=AnnexState.REVOKED,
        permission=rules.can_send_annex,
        custom={"label": "Remplacer l’annexe"},
    )
    def revoke(self) -> None:
        """Another one takes its place before it was signed."""


class SigningLinkQuerySet(models.QuerySet["SigningLink"]):
    def locked(self) -> SigningLinkQuerySet:
        return self.select_for_update(of=("self",))

    def unfinished(self) -> SigningLinkQuerySet:
        """Neither used nor revoked; perhaps past its date. At most one per convention."""
        return self.filter(used_at__isnull=True, revoked_at__isnull=True)

    def past(self, *, at: datetime) -> SigningLinkQuerySet:
        return self.unfinished().filter(expires_at__lte=at)


class SigningLink(models.Model):
    """The link that a legal representative received; only hashes of its token and of its one-time code are kept.

    With an outside provider it leads to `signing_url`, and its key is the reference that comes back in every event.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    convention = models.ForeignKey(Convention, null=True, on_delete=models.CASCADE, related_name="links")
    annex = models.ForeignKey(Annex, null=True, on_delete=models.CASCADE, related_name="links")
    token_hash = models.CharField(max_length=64, unique=True)
    email = models.EmailField("adresse e-mail")
    created_at = models.DateTimeField("envoyé le", auto_now_add=True)
    expires_at = models.DateTimeField("expire le")
    read_at = models.DateTimeField("convention lue le", null=True, blank=True)
    code_hash = models.CharField(max_length=64, blank=True)
    code_sent_at = models.DateTimeField("dernier code envoyé le", null=True, blank=True)
    code_expires_at = models.DateTimeField("code valable jusqu’au", null=True, blank=True)
    code_attempts = models.PositiveSmallIntegerField("essais du code", default=0)
    codes_sent = models.PositiveSmallIntegerField("codes envoyés", default=0)
    used_at = models.DateTimeField("utilisé le", null=True, blank=True)
    revoked_at = models.DateTimeField("annulé le", null=True, blank=True)
    refusal_reason = models.TextField("motif du refus", blank=True)
    provider_reference = models.CharField("référence du prestataire", max_length=100, blank=True)
    signing_url = models.URLField("adresse de signature chez le prestataire", max_length=500, blank=True)

    objects = SigningLinkQuerySet.as_manager()

    class Meta:
        verbose_name = "lien de signature"
        verbose_name_plural = "liens de signature"
        constraints = [
            models.UniqueConstraint(
                fields=["convention"],
                condition=Q(used_at__isnull=True, revoked_at__isnull=True),
                name="signing_link_one_open_per_convention",
                violation_error_message="Un lien de signature est déjà en cours pour cette convention.",
            ),
            models.UniqueConstraint(
                fields=["annex"],
                condition=Q(used_at__isnull=True, revoked_at__isnull=True),
                name="signing_link_one_open_per_annex",
                violation_error_message="Un lien de signature est déjà en cours pour cette annexe.",
            ),
            models.CheckConstraint(
                condition=Q(convention__isnull=False, annex__isnull=True)
                | Q(convention__isnull=True, annex__isnull=False),
                name="signing_link_of_one_document",
                violation_error_message="Un lien de signature porte sur un seul document.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} – {self.convention_id or self.annex_id}"

    @property
    def signable(self) -> Convention | Annex:
        """The document that the link signs; needs it loaded."""
        found = self.annex or self.convention
        if found is None:
            raise ValueError("a signing link always has a document")
        return found

    @property
    def is_unfinished(self) -> bool:
        """Neither used nor taken back; perhaps past its date."""
        return self.used_at is None and self.revoked_at is None

    def state_at(self, at: datetime) -> LinkState:
        """What the link is worth at `at`: a link replaced in time stays « replaced » after its date."""
        if self.used_at is not None:
            return LinkState.USED
        if self.refusal_reason:
            return LinkState.REFUSED
        if self.revoked_at is not None and self.revoked_at < self.expires_at:
            return LinkState.REVOKED
        return LinkState.EXPIRED if at >= self.expires_at else LinkState.OPEN


#: What a legal representative signs with a link.
Signable = Convention | Annex


class ProviderEvent(models.Model):
    """A call received from the signature provider; the second of one id has no effect (BR-030)."""

    provider = models.CharField("prestataire", max_length=20)
    event_id = models.CharField("identifiant", max_length=100)
    received_at = models.DateTimeField("reçu le", auto_now_add=True)

    class Meta:
        verbose_name = "appel du prestataire"
        verbose_name_plural = "appels du prestataire"
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "event_id"],
                name="provider_event_once",
                violation_error_message="Cet appel a déjà été reçu.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.event_id}"
