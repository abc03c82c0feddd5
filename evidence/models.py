from __future__ import annotations

import uuid
from datetime import datetime

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import FSMModelMixin, transition

from convergence.database.fields import StateField
from evidence.enums import SCAN_TRANSITIONS, ScanState


class BlobQuerySet(models.QuerySet["Blob"]):
    def unsettled(self, *, before: datetime) -> BlobQuerySet:
        """Waiting for a verdict since `before`: the job was lost, or the antivirus was away."""
        return self.filter(state__in=[ScanState.PENDING, ScanState.ERROR], requested_at__lt=before)


class Blob(FSMModelMixin, models.Model):
    """Bytes kept once, whoever deposits them and under whatever name: one copy, one antivirus verdict."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sha256 = models.CharField("empreinte SHA-256", max_length=64, unique=True)
    size = models.BigIntegerField("taille (octets)")
    format = models.CharField("format", max_length=10)
    mime = models.CharField("type", max_length=100)
    pages = models.PositiveIntegerField("pages", null=True, blank=True)
    state = StateField("analyse antivirus", choices=ScanState.choices, default=ScanState.PENDING)
    requested_at = models.DateTimeField("analyse demandée le")
    scanned_at = models.DateTimeField("analysé le", null=True, blank=True)
    scanner = models.CharField("antivirus", max_length=40, blank=True)
    detail = models.CharField("détail du verdict", max_length=200, blank=True)

    objects = BlobQuerySet.as_manager()

    class Meta:
        verbose_name = "contenu de fichier"
        verbose_name_plural = "contenus de fichier"
        constraints = [
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"),
                name="blob_sha256_is_hexadecimal",
                violation_error_message="L’empreinte n’est pas un SHA-256.",
            ),
            models.CheckConstraint(
                condition=Q(size__gt=0),
                name="blob_is_not_empty",
                violation_error_message="Un fichier vide ne se conserve pas.",
            ),
            models.CheckConstraint(
                condition=Q(state=ScanState.PENDING) | Q(scanned_at__isnull=False),
                name="blob_verdict_is_dated",
                violation_error_message="Un verdict antivirus porte sa date.",
            ),
        ]
        indexes = [
            models.Index(
                fields=["requested_at"],
                condition=Q(state__in=[ScanState.PENDING, ScanState.ERROR]),
                name="blob_unsettled",
            )
        ]
        triggers = [
            pgtrigger.FSM(name="blob_machine", field="state", transitions=SCAN_TRANSITIONS),
            pgtrigger.ReadOnly(name="blob_content_is_fixed", fields=["sha256", "size"]),
        ]

    def __str__(self) -> str:
        return f"{self.format} {self.sha256[:12]}"

    @transition(field=state, source=ScanState.PENDING, target=ScanState.CLEAN)
    def mark_clean(self, *, at: datetime, scanner: str, detail: str = "") -> None:
        self._stamp(at, scanner, detail)

    @transition(field=state, source=ScanState.PENDING, target=ScanState.INFECTED)
    def mark_infected(self, *, at: datetime, scanner: str, detail: str = "") -> None:
        self._stamp(at, scanner, detail)

    @transition(field=state, source=ScanState.PENDING, target=ScanState.ERROR)
    def mark_error(self, *, at: datetime, scanner: str, detail: str = "") -> None:
        self._stamp(at, scanner, detail)

    @transition(field=state, source=ScanState.PENDING, target=ScanState.NOT_SCANNED)
    def mark_not_scanned(self, *, at: datetime, scanner: str, detail: str = "") -> None:
        self._stamp(at, scanner, detail)

    @transition(field=state, source=[ScanState.ERROR, ScanState.NOT_SCANNED, ScanState.CLEAN], target=ScanState.PENDING)
    def request_scan(self, *, at: datetime) -> None:
        self.requested_at = at

    def _stamp(self, at: datetime, scanner: str, detail: str) -> None:
        self.scanned_at, self.scanner, self.detail = at, scanner, detail


class EncryptedContainer(models.Model):
    """The container that the platform prepared for one owner; its passphrases are rows, so that none is forgotten.

    `owner_key` is the caller's (for instance `enrolment:<uuid>`): this app does not know what an enrolment is.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner_key = models.CharField("propriétaire", max_length=100, unique=True)
    user_name = models.CharField("nom d’utilisateur", max_length=40, unique=True)
    created_at = models.DateTimeField("créé le", auto_now_add=True)

    class Meta:
        verbose_name = "conteneur chiffré"
        verbose_name_plural = "conteneurs chiffrés"

    def __str__(self) -> str:
        return self.user_name


class ContainerPassphrase(models.Model):
    """One generation of the passphrase of a container, encrypted at rest; never replaced, so that old deposits open."""

    container = models.ForeignKey(EncryptedContainer, on_delete=models.PROTECT, related_name="passphrases")
    generation = models.PositiveSmallIntegerField("génération")
    secret = models.TextField("phrase secrète chiffrée")
    created_at = models.DateTimeField("créée le", auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="demandée par", null=True, on_delete=models.PROTECT, related_name="+"
    )
    shown_at = models.DateTimeField("affichée le", null=True, blank=True)

    class Meta:
        verbose_name = "phrase secrète de conteneur"
        verbose_name_plural = "phrases secrètes de conteneur"
        constraints = [
            models.UniqueConstraint(
                fields=["container", "generation"],
                name="passphrase_generation_once",
                violation_error_message="Cette génération d’identifiants existe déjà.",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="passphrase_is_kept", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="passphrase_generation_is_fixed", fields=["container", "generation"]),
            pgtrigger.Protect(
                name="passphrase_shown_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__shown_at__isnull=False)
                & pgtrigger.Q(old__shown_at__df=pgtrigger.F("new__shown_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.container_id} n° {self.generation}"


class StoredFileQuerySet(models.QuerySet["StoredFile"]):
    def with_blob(self) -> StoredFileQuerySet:
        """Size, hash and antivirus state come along."""
        return self.select_related("blob")


class StoredFile(models.Model):
    """A file as somebody deposited it: a name on a blob. Never changed; who may see it is the caller's link row's affair."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    blob = models.ForeignKey(Blob, verbose_name="contenu", on_delete=models.PROTECT, related_name="files")
    name = models.CharField("nom", max_length=255)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="déposé par", null=True, on_delete=models.PROTECT, related_name="+"
    )
    uploaded_at = models.DateTimeField("déposé le")
    passphrase = models.ForeignKey(
        ContainerPassphrase,
        verbose_name="phrase secrète",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="files",
        help_text="Celle qui ouvre ce conteneur chiffré.",
    )

    objects = StoredFileQuerySet.as_manager()

    class Meta:
        verbose_name = "fichier"
        constraints = [
            models.CheckConstraint(
                condition=~Q(name=""),
                name="stored_file_is_named",
                violation_error_message="Un fichier porte un nom.",
            )
        ]
        triggers = [pgtrigger.Protect(name="stored_file_is_fixed", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return self.name


class PartialUpload(models.Model):
    """A file that is arriving in pieces; gone once whole, or swept when abandoned."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField("nom", max_length=255)
    size = models.BigIntegerField("taille annoncée (octets)")
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="envoyé par", on_delete=models.CASCADE, related_name="+"
    )
    started_at = models.DateTimeField("commencé le", auto_now_add=True)

    class Meta:
        verbose_name = "envoi en cours"
        verbose_name_plural = "envois en cours"

    def __str__(self) -> str:
        return self.name
