from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from referencing.candidature.models.candidature import Candidature


class EvidencePin(models.Model):
    """A note on a place of a page of evidence. The place is in thousandths of the page as it is shown, from its top left.

    The evidence is named by its hash: the same file deposited twice carries the same pins. `entry`: rank of the file in an
    encrypted container. Shared with the editor unless `is_internal`.
    """

    candidature = models.ForeignKey(Candidature, on_delete=models.CASCADE, related_name="pins")
    criterion = models.CharField("critère", max_length=60)
    sha256 = models.CharField("empreinte du fichier", max_length=64)
    entry = models.PositiveSmallIntegerField("rang dans le conteneur", null=True, blank=True)
    page = models.PositiveIntegerField("page")
    x = models.PositiveSmallIntegerField("position horizontale")
    y = models.PositiveSmallIntegerField("position verticale")
    note = models.TextField("note")
    is_internal = models.BooleanField("entre agents", default=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("posé le")
    resolved_at = models.DateTimeField("résolu le", null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = "repère"
        indexes = [models.Index(fields=["candidature", "sha256"], name="evidence_pin_of_file")]
        constraints = [
            models.CheckConstraint(
                condition=Q(x__lte=1000, y__lte=1000),
                name="evidence_pin_is_on_the_page",
                violation_error_message="Un repère se pose sur la page.",
            ),
            models.CheckConstraint(
                condition=~Q(note=""),
                name="evidence_pin_says_something",
                violation_error_message="Un repère porte une note.",
            ),
            models.CheckConstraint(
                condition=Q(entry__isnull=True) | Q(is_internal=True),
                name="evidence_pin_in_container_is_internal",
                violation_error_message="Un repère dans un conteneur chiffré reste entre agents.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.criterion} – page {self.page}"


class Presence(models.Model):
    """Who looks at which criterion of a file, a moment ago; overwritten, of no value afterwards."""

    candidature = models.ForeignKey(Candidature, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    criterion = models.CharField("critère", max_length=60)
    seen_at = models.DateTimeField("vu le")

    class Meta:
        verbose_name = "présence"
        constraints = [models.UniqueConstraint(fields=["candidature", "user"], name="presence_once_per_person")]

    def __str__(self) -> str:
        return f"{self.user_id} – {self.criterion}"
