from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django_fsm import FSMField, FSMModelMixin, transition

from convergence.accounts.rules import is_listing_team
from evidence.models import StoredFile
from referencing.convention.enums import TRANSITIONS, ConventionState, DataCategory
from referencing.enrolment.enums import Purpose
from referencing.enrolment.models import Enrolment, SheetVersion

if TYPE_CHECKING:
    from convergence.accounts.models import User


class ConventionQuerySet(models.QuerySet["Convention"]):
    def visible_to(self, user: User) -> ConventionQuerySet:
        if user.access.is_agent:
            return self
        return self.filter(enrolment__product__organisation__in=user.access.organisation_ids)

    def locked(self) -> ConventionQuerySet:
        return self.select_for_update(of=("self",))

    def current(self) -> ConventionQuerySet:
        """All but the revoked ones: at most one per enrolment."""
        return self.exclude(state=ConventionState.REVOKED)


class Convention(FSMModelMixin, models.Model):
    """Convention de référencement between editor, minister and Cnam (R.1111-38, BR-032, A-03)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="conventions")
    sheet_version = models.ForeignKey(SheetVersion, verbose_name="fiche", on_delete=models.PROTECT, related_name="+")
    state = FSMField("état", choices=ConventionState.choices, default=ConventionState.TO_SEND, protected=True)
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
    document = models.ForeignKey(
        StoredFile, verbose_name="convention à signer", null=True, on_delete=models.PROTECT, related_name="+"
    )
    signed_document = models.ForeignKey(
        StoredFile, verbose_name="convention signée", null=True, on_delete=models.PROTECT, related_name="+"
    )
    provider = models.CharField("prestataire de signature", max_length=20, blank=True)
    provider_reference = models.CharField("référence du prestataire", max_length=100, blank=True)
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
            ),
        ]
        triggers = [pgtrigger.FSM(name="convention_machine", field="state", transitions=TRANSITIONS)]

    def __str__(self) -> str:
        return f"Convention – {self.enrolment_id}"

    @transition(
        field=state,
        source=ConventionState.TO_SEND,
        target=ConventionState.TO_SIGN,
        permission=is_listing_team,
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
        permission=is_listing_team,
        custom={"label": "Accuser réception et valider"},
    )
    def validate(self, *, at: datetime) -> None:
        self.validated_at = at

    @transition(field=state, source=[ConventionState.TO_SEND, ConventionState.TO_SIGN], target=ConventionState.REVOKED)
    def revoke(self) -> None:
        """The legal representative changed: the fiche goes back to correction (T06b, A-05)."""


class SigningLink(models.Model):
    """The link that a legal representative received; only hashes of its token and of its one-time code are kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    convention = models.ForeignKey(Convention, on_delete=models.CASCADE, related_name="links")
    token_hash = models.CharField(max_length=64, unique=True)
    email = models.EmailField("adresse e-mail")
    created_at = models.DateTimeField("envoyé le", auto_now_add=True)
    expires_at = models.DateTimeField("expire le")
    read_at = models.DateTimeField("convention lue le", null=True, blank=True)
    code_hash = models.CharField(max_length=128, blank=True)
    code_expires_at = models.DateTimeField("code valable jusqu’au", null=True, blank=True)
    code_attempts = models.PositiveSmallIntegerField("codes essayés", default=0)
    used_at = models.DateTimeField("utilisé le", null=True, blank=True)
    revoked_at = models.DateTimeField("annulé le", null=True, blank=True)
    refusal_reason = models.TextField("motif du refus", blank=True)

    class Meta:
        verbose_name = "lien de signature"
        constraints = [
            models.UniqueConstraint(
                fields=["convention"],
                condition=Q(used_at__isnull=True, revoked_at__isnull=True),
                name="signing_link_one_open_per_convention",
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} – {self.convention_id}"


class ProviderEvent(models.Model):
    """A call received from the signature provider; the second of one id has no effect (BR-030)."""

    provider = models.CharField("prestataire", max_length=20)
    event_id = models.CharField("identifiant", max_length=100)
    received_at = models.DateTimeField("reçu le", auto_now_add=True)

    class Meta:
        verbose_name = "appel du prestataire"
        constraints = [models.UniqueConstraint(fields=["provider", "event_id"], name="provider_event_once")]

    def __str__(self) -> str:
        return f"{self.provider} {self.event_id}"
