"""What minister and Cnam add to the documents that the editor signed (A-03, A-04)."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from convergence.audit.triggers import frozen
from evidence.models import StoredFile
from referencing.convention.models import Annex, Convention
from referencing.decision.enums import Party


class Countersignature(models.Model):
    """One party’s signature on the convention or on its annex: the same PDF with one signature more, kept beside the others."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    convention = models.ForeignKey(
        Convention, null=True, blank=True, on_delete=models.PROTECT, related_name="countersignatures"
    )
    annex = models.ForeignKey(Annex, null=True, blank=True, on_delete=models.PROTECT, related_name="countersignatures")
    party = models.CharField("partie", max_length=10, choices=Party.choices)
    signatory_name = models.CharField("signataire", max_length=200)
    signatory_quality = models.CharField("qualité du signataire", max_length=300)
    delegation = models.CharField("délégation de signature", max_length=300)
    delegation_from = models.DateField("délégation valable du")
    delegation_until = models.DateField("délégation valable jusqu’au")
    signed_on = models.DateField("date de la signature")
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField("signée le")
    document = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField("empreinte", max_length=64)

    class Meta:
        verbose_name = "contresignature"
        constraints = [
            models.CheckConstraint(
                name="countersignature_of_one_document",
                condition=Q(convention__isnull=False, annex__isnull=True)
                | Q(convention__isnull=True, annex__isnull=False),
                violation_error_message="Une contresignature porte sur un seul document.",
            ),
            models.UniqueConstraint(
                name="countersignature_once_per_convention",
                fields=["convention", "party"],
                violation_error_message="Cette partie a déjà signé la convention.",
            ),
            models.UniqueConstraint(
                name="countersignature_once_per_annex",
                fields=["annex", "party"],
                violation_error_message="Cette partie a déjà signé l’annexe.",
            ),
            models.CheckConstraint(
                name="countersignature_within_its_delegation",
                condition=Q(delegation_from__lte=models.F("signed_on"), delegation_until__gte=models.F("signed_on")),
                violation_error_message="La date de la signature est celle d’une délégation en cours.",
            ),
        ]
        triggers = frozen("countersignature")

    def __str__(self) -> str:
        return f"{self.get_party_display()} – {self.signed_on}"
