from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from convergence.statistics.enums import Measure, Stage
from referencing.candidature.models import Candidature
from referencing.enrolment.models import Enrolment


class PendingService(models.Model):
    """A service that changed since it was counted; only ever added to by requests, so that none waits for another."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="+")
    marked_at = models.DateTimeField("depuis le", auto_now_add=True)

    class Meta:
        verbose_name = "service à recompter"
        verbose_name_plural = "services à recompter"

    def __str__(self) -> str:
        return str(self.enrolment_id)


class Contribution(models.Model):
    """What a service adds to the counters today: counting it again takes this back first."""

    enrolment = models.OneToOneField(Enrolment, primary_key=True, on_delete=models.CASCADE, related_name="+")
    cells = models.JSONField("cases", default=list)

    class Meta:
        verbose_name = "part d’un service"
        verbose_name_plural = "parts des services"

    def __str__(self) -> str:
        return str(self.enrolment_id)


class StatisticCounter(models.Model):
    """One figure: how many of a kind began in a month. Written by `services` alone."""

    measure = models.CharField("mesure", max_length=15, choices=Measure.choices)
    code = models.CharField("code", max_length=40)
    month = models.DateField("mois")
    value = models.PositiveIntegerField("nombre")

    class Meta:
        verbose_name = "compteur"
        constraints = [
            models.UniqueConstraint(
                name="statistic_counter_once",
                fields=["measure", "code", "month"],
                violation_error_message="Ce compteur existe déjà.",
            ),
            models.CheckConstraint(
                name="statistic_counter_of_a_month",
                condition=Q(month__day=1),
                violation_error_message="Un compteur porte sur un mois.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.measure} {self.code} {self.month:%m/%Y}"


class StatisticFact(models.Model):
    """How long one stage of one file took, in business days, stopped ones apart (A-17, A-19)."""

    candidature = models.ForeignKey(Candidature, on_delete=models.CASCADE, related_name="+")
    stage = models.CharField("étape", max_length=15, choices=Stage.choices)
    started_on = models.DateField("commencée le")
    ended_on = models.DateField("terminée le")
    business_days = models.PositiveIntegerField("jours ouvrés comptés")
    stopped_days = models.PositiveIntegerField("jours ouvrés suspendus")

    class Meta:
        verbose_name = "durée d’une étape"
        verbose_name_plural = "durées des étapes"
        constraints = [
            models.UniqueConstraint(
                name="statistic_fact_once",
                fields=["candidature", "stage"],
                violation_error_message="La durée de cette étape est déjà mesurée.",
            ),
            models.CheckConstraint(
                name="statistic_fact_ends_after_start",
                condition=Q(ended_on__gte=F("started_on")),
                violation_error_message="Une étape finit après son début.",
            ),
        ]
        indexes = [models.Index(fields=["stage", "ended_on"], name="statistic_fact_by_end")]

    def __str__(self) -> str:
        return f"{self.get_stage_display()} – {self.candidature_id}"


class StatisticSnapshot(models.Model):
    """The figures of a day, ready to be shown: a page reads one row whatever the number of files."""

    taken_on = models.DateField("jour", unique=True)
    taken_at = models.DateTimeField("établies le")
    figures = models.JSONField("chiffres publics", default=list)
    board = models.JSONField("pilotage", default=dict)

    class Meta:
        verbose_name = "relevé statistique"
        verbose_name_plural = "relevés statistiques"

    def __str__(self) -> str:
        return f"{self.taken_on:%d/%m/%Y}"
