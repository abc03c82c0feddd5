from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from convergence.audit.triggers import frozen
from evidence.models import StoredFile
from referencing.candidature.enums import CheckResult, DocumentKind
from referencing.candidature.models.candidature import Candidature


class AdmissibilityCheck(models.Model):
    """What an agent answered on one line of the checklist; its history is in the journal.

    A line checked by the platform has a row only when an agent holds otherwise, and says why.
    """

    candidature = models.ForeignKey(Candidature, on_delete=models.CASCADE, related_name="checks")
    code = models.CharField("ligne", max_length=60)
    result = models.CharField("réponse", max_length=15, choices=CheckResult.choices)
    note = models.TextField("note interne", blank=True)
    version = models.PositiveIntegerField(default=1)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="par", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField("le")

    class Meta:
        verbose_name = "ligne de recevabilité"
        verbose_name_plural = "lignes de recevabilité"
        constraints = [
            models.UniqueConstraint(
                name="admissibility_check_once_per_line",
                fields=["candidature", "code"],
                violation_error_message="Cette ligne a déjà une réponse.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} – {self.get_result_display()}"


class AdmissibilityAct(models.Model):
    """« Irrecevable »: the act as it was taken, for the minister under a delegation, with reasons and remedies (A-01).

    `payload` is what the PDF shows, sealed by the platform; a seal is nobody’s signature.
    """

    candidature = models.OneToOneField(Candidature, on_delete=models.PROTECT, related_name="admissibility_act")
    is_ineligible = models.BooleanField("inéligible", default=False)
    delegation = models.CharField("délégation de signature", max_length=200)
    payload = models.BinaryField("contenu (JSON canonique)")
    sha256 = models.CharField("empreinte", max_length=64)
    seal = models.BinaryField("cachet de la plateforme (CMS)")
    schema = models.PositiveSmallIntegerField("version du format")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="décidé par", on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField("décidé le")

    class Meta:
        verbose_name = "décision d’irrecevabilité"
        verbose_name_plural = "décisions d’irrecevabilité"
        constraints = [
            models.CheckConstraint(
                name="admissibility_act_names_its_delegation",
                condition=~Q(delegation=""),
                violation_error_message="La décision mentionne la délégation de signature.",
            )
        ]
        triggers = frozen("admissibility_act")

    def __str__(self) -> str:
        return f"Décision d’irrecevabilité – {self.candidature_id}"


class IssuedDocument(models.Model):
    """A PDF that the platform made once, sealed, and keeps with the file: both sides download the same bytes."""

    candidature = models.ForeignKey(Candidature, on_delete=models.PROTECT, related_name="issued_documents")
    kind = models.CharField("nature", max_length=20, choices=DocumentKind.choices)
    file = models.ForeignKey(StoredFile, verbose_name="fichier", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField("établi le")

    class Meta:
        verbose_name = "document établi"
        verbose_name_plural = "documents établis"
        constraints = [models.UniqueConstraint(name="issued_document_once", fields=["candidature", "kind"])]
        triggers = frozen("issued_document")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} – {self.candidature_id}"
