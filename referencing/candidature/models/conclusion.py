from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from convergence.audit.triggers import frozen
from referencing.candidature.enums import Proposal
from referencing.candidature.models.candidature import Candidature


class Conclusion(models.Model):
    """What the instruction concluded, frozen with all that led there (T24); reopening leaves it, the next one follows."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    candidature = models.ForeignKey(Candidature, on_delete=models.PROTECT, related_name="conclusions")
    number = models.PositiveSmallIntegerField("numéro")
    proposal = models.CharField("proposition", max_length=15, choices=Proposal.choices)
    payload = models.BinaryField("contenu (JSON canonique)")
    sha256 = models.CharField("empreinte", max_length=64)
    seal = models.BinaryField("cachet de la plateforme (CMS)")
    schema = models.PositiveSmallIntegerField("version du format")
    concluded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    concluded_at = models.DateTimeField("conclue le")

    class Meta:
        verbose_name = "conclusion"
        constraints = [models.UniqueConstraint(name="conclusion_number_once", fields=["candidature", "number"])]
        triggers = frozen("conclusion")

    def __str__(self) -> str:
        return f"Conclusion n° {self.number}"
