from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models

from convergence.audit.triggers import frozen
from convergence.database.sequences import NextNumber
from convergence.interests.selectors import reachable
from evidence.models import StoredFile
from referencing.enrolment.models import Enrolment

if TYPE_CHECKING:
    from convergence.accounts.models import User


class DossierQuerySet(models.QuerySet["Dossier"]):
    def visible_to(self, user: User) -> DossierQuerySet:
        """Members see those of their organisations; the listing team and support all but those that a link of interest bars."""
        return self.filter(reachable(user, "enrolment__product__organisation"))

    def locked(self) -> DossierQuerySet:
        return self.select_for_update(of=("self",))


class Dossier(models.Model):
    """Every validated answer of an enrolment, frozen at one instant: canonical JSON, its hash, the platform’s seal.

    There is no state column: candidate, referenced and obsolete are computed (A-15).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.BigIntegerField("n° d’ordre", unique=True, editable=False, db_default=NextNumber("dossier_number"))
    reference = models.CharField("numéro du dossier", max_length=40, unique=True)
    enrolment = models.ForeignKey(
        Enrolment, verbose_name="rattachement", on_delete=models.PROTECT, related_name="dossiers"
    )
    payload = models.BinaryField("contenu (JSON canonique)")
    sha256 = models.CharField("empreinte", max_length=64)
    seal = models.BinaryField("cachet de la plateforme (CMS)")
    schema = models.PositiveSmallIntegerField("version du format")
    is_complete = models.BooleanField("contient tous les questionnaires applicables")
    frozen_at = models.DateTimeField("créé le")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="créateur du dossier", on_delete=models.PROTECT, related_name="+"
    )

    objects = DossierQuerySet.as_manager()

    class Meta:
        verbose_name = "dossier d’évaluation"
        verbose_name_plural = "dossiers d’évaluation"
        indexes = [
            models.Index(fields=["enrolment", "-number"], name="dossier_newest_of_enrolment"),
            models.Index(fields=["sha256"], name="dossier_by_hash"),
        ]
        triggers = frozen("dossier")

    def __str__(self) -> str:
        return self.reference


class DossierFile(models.Model):
    """A piece of evidence of a frozen dossier, by hash; the bytes are content-addressed and never replaced."""

    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="files")
    deposit_id = models.UUIDField("dépôt")
    criterion = models.CharField("critère", max_length=60)
    evidence_type = models.CharField("type de preuve", max_length=60)
    name = models.CharField("nom", max_length=255)
    sha256 = models.CharField("empreinte", max_length=64)
    size = models.BigIntegerField("taille (octets)")

    class Meta:
        verbose_name = "preuve du dossier"
        constraints = [models.UniqueConstraint(fields=["dossier", "deposit_id"], name="dossier_file_once")]
        triggers = frozen("dossier_file")

    def __str__(self) -> str:
        return self.name


class RecoveredValueQuerySet(models.QuerySet["RecoveredValue"]):
    def visible_to(self, user: User) -> RecoveredValueQuerySet:
        """The verifier’s part: back-office only, and never its distributor, nor another (BR-197, BR-198, A-24)."""
        if not user.access.reads_every_file:
            return self.none()
        return self.filter(reachable(user, "dossier__enrolment__product__organisation"))


class RecoveredValue(models.Model):
    """What a producer answered to one criterion, frozen by value beside the distributor’s dossier that recovers it (BR-204).

    The dossier itself carries only `commitment`: HMAC-SHA-256 of `content` under `key`, drawn at random (A-24).
    """

    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="recovered_values")
    criterion = models.CharField("critère", max_length=60)
    pre_listing_id = models.UUIDField("pré-référencement")
    producer_dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="+")
    content = models.BinaryField("contenu (JSON canonique)")
    key = models.BinaryField("clé de l’engagement")
    commitment = models.CharField("engagement", max_length=64)

    objects = RecoveredValueQuerySet.as_manager()

    class Meta:
        verbose_name = "réponse récupérée"
        verbose_name_plural = "réponses récupérées"
        constraints = [models.UniqueConstraint(fields=["dossier", "criterion"], name="recovered_value_once")]
        triggers = frozen("recovered_value")

    def __str__(self) -> str:
        return self.criterion


class AddendumKind(models.TextChoices):
    COMPLEMENT = "complement", "Compléments"
    SCOPE_REDUCTION = "scope_reduction", "Réduction du périmètre"


class Addendum(models.Model):
    """What was added to a frozen dossier during instruction, frozen and sealed in its turn; the dossier stays (BR-114)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    dossier = models.ForeignKey(Dossier, verbose_name="dossier", on_delete=models.PROTECT, related_name="addenda")
    number = models.PositiveSmallIntegerField("numéro")
    kind = models.CharField("nature", max_length=20, choices=AddendumKind.choices)
    payload = models.BinaryField("contenu (JSON canonique)")
    sha256 = models.CharField("empreinte", max_length=64)
    seal = models.BinaryField("cachet de la plateforme (CMS)")
    schema = models.PositiveSmallIntegerField("version du format")
    frozen_at = models.DateTimeField("gelé le")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="envoyé par", on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = "additif"
        constraints = [models.UniqueConstraint(fields=["dossier", "number"], name="addendum_number_once")]
        indexes = [models.Index(fields=["sha256"], name="addendum_by_hash")]
        triggers = frozen("addendum")

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """`N00012202407081627-A1`; needs `dossier` loaded."""
        return f"{self.dossier.reference}-A{self.number}"


class AddendumFile(models.Model):
    """A piece of evidence of an addendum, by hash."""

    addendum = models.ForeignKey(Addendum, on_delete=models.PROTECT, related_name="files")
    file = models.ForeignKey(StoredFile, verbose_name="fichier", on_delete=models.PROTECT, related_name="+")
    criterion = models.CharField("critère", max_length=60)
    evidence_type = models.CharField("type de preuve", max_length=60, blank=True)
    name = models.CharField("nom", max_length=255)
    sha256 = models.CharField("empreinte", max_length=64)
    size = models.BigIntegerField("taille (octets)")

    class Meta:
        verbose_name = "preuve d’un additif"
        verbose_name_plural = "preuves d’additifs"
        constraints = [models.UniqueConstraint(fields=["addendum", "file"], name="addendum_file_once")]
        triggers = frozen("addendum_file")

    def __str__(self) -> str:
        return self.name


class SealedCopy(models.Model):
    """A PDF that was sealed and handed over on demand: by its hash alone, so that whoever holds it can have it recognised.

    Each copy of a dossier is sealed anew and differs from the others by a few bytes; none is kept (A-37).
    """

    sha256 = models.CharField("empreinte", max_length=64, unique=True)
    reference = models.CharField("référence", max_length=60)
    sealed_at = models.DateTimeField("scellée le")

    class Meta:
        verbose_name = "copie scellée"
        verbose_name_plural = "copies scellées"
        triggers = frozen("sealed_copy")

    def __str__(self) -> str:
        return f"{self.reference} – {self.sha256[:12]}"
