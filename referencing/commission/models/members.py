from __future__ import annotations

from datetime import date

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import F, Func, Q, Value

from referencing.candidature.models import Candidature
from referencing.commission.enums import Capacity, RecusalSource
from referencing.commission.querysets import SeatQuerySet, TermQuerySet


class Seat(models.Model):
    """One of the nine seats, with the legal quality of whoever holds it (arrêté of 24/02/2022, art. 1)."""

    code = models.SlugField("code", unique=True)
    position = models.PositiveSmallIntegerField("rang", unique=True)
    title = models.CharField("qualité", max_length=200)
    designated_by = models.CharField("désignation", max_length=200, blank=True)
    is_ex_officio = models.BooleanField("siège de droit", default=False)

    objects = SeatQuerySet.as_manager()

    class Meta:
        verbose_name = "siège"
        ordering = ["position"]

    def __str__(self) -> str:
        return self.title


def _one() -> Func:
    """The seat as a range of one value: `&&` then says « the same seat » without the btree_gist extension."""
    return Func(F("seat"), F("seat"), Value("[]"), function="int8range")


def _days() -> Func:
    """The days held, both ends included."""
    return Func(F("started_on"), Func(F("ends_on"), F("ended_on"), function="LEAST"), Value("[]"), function="daterange")


class Term(models.Model):
    """Somebody in a seat from one day to another, two years as a rule (BR-159); vacant seats have none.

    A replacement serves the remaining term (A-27); `ended_on` is set when it ends before its time.
    """

    seat = models.ForeignKey(Seat, verbose_name="siège", on_delete=models.PROTECT, related_name="terms")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="membre", on_delete=models.PROTECT, related_name="commission_terms"
    )
    capacity = models.CharField("à titre de", max_length=15, choices=Capacity.choices, default=Capacity.TITULAR)
    started_on = models.DateField("du")
    ends_on = models.DateField("au")
    ended_on = models.DateField("terminé le", null=True, blank=True)
    end_reason = models.CharField("motif de fin", max_length=300, blank=True)
    replaces = models.OneToOneField(
        "self", verbose_name="remplace", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by"
    )
    act_reference = models.CharField("acte de nomination", max_length=200, blank=True)

    objects = TermQuerySet.as_manager()

    class Meta:
        verbose_name = "mandat de membre"
        verbose_name_plural = "mandats de membres"
        constraints = [
            models.CheckConstraint(
                name="commission_term_ends_after_start",
                condition=Q(ends_on__gte=F("started_on"))
                & (Q(ended_on__isnull=True) | Q(ended_on__gte=F("started_on"))),
                violation_error_message="Un mandat finit après avoir commencé.",
            ),
            ExclusionConstraint(
                name="commission_term_one_titular_per_seat",
                expressions=[(_one(), "&&"), (_days(), "&&")],
                condition=Q(capacity=Capacity.TITULAR),
                violation_error_message="Ce siège a déjà un titulaire à ces dates.",
            ),
        ]
        indexes = [models.Index(fields=["person", "-started_on"], name="commission_term_of_person")]

    def __str__(self) -> str:
        return f"{self.person} – {self.seat}"

    @property
    def last_day(self) -> date:
        """The day after which it counts no more, early end included."""
        return min(self.ends_on, self.ended_on) if self.ended_on else self.ends_on

    def covers(self, day: date) -> bool:
        """As `TermQuerySet.covering`."""
        return self.started_on <= day <= self.last_day


class Clearance(models.Model):
    """That a person declared no link of interest on one file, knowing its names only; opens the file to them (A-28)."""

    candidature = models.ForeignKey(Candidature, on_delete=models.PROTECT, related_name="clearances")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="membre", on_delete=models.PROTECT, related_name="+"
    )
    declared_at = models.DateTimeField("déclarée le")

    class Meta:
        verbose_name = "absence de lien déclarée"
        verbose_name_plural = "absences de lien déclarées"
        constraints = [
            models.UniqueConstraint(
                name="clearance_once",
                fields=["candidature", "person"],
                violation_error_message="Cette absence de lien est déjà déclarée.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.person} – {self.candidature_id}"


class Recusal(models.Model):
    """A conflict of interests of one person on one file: no access, no voice, never counted (BR-153, A-28)."""

    candidature = models.ForeignKey(Candidature, on_delete=models.PROTECT, related_name="recusals")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="membre", on_delete=models.PROTECT, related_name="recusals"
    )
    source = models.CharField("origine", max_length=10, choices=RecusalSource.choices)
    reason = models.CharField("motif", max_length=500, blank=True)
    declared_at = models.DateTimeField("déclaré le")

    class Meta:
        verbose_name = "déport"
        constraints = [
            models.UniqueConstraint(
                name="recusal_once",
                fields=["candidature", "person"],
                violation_error_message="Ce déport est déjà enregistré.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.person} – {self.candidature_id}"
