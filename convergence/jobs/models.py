from __future__ import annotations

import uuid
from datetime import datetime

import pgtrigger
from django.conf import settings
from django.db import models
from django_fsm import FSMModelMixin, transition

from convergence.database.fields import StateField
from convergence.jobs.enums import TRANSITIONS, JobState


class JobQuerySet(models.QuerySet["Job"]):
    def visible_to(self, user: models.Model) -> JobQuerySet:
        """A person sees the jobs that this person asked for."""
        return self.filter(requester=user)

    def stale(self, *, before: datetime) -> JobQuerySet:
        """Queued or running without a sign of life since `before`: the broker or a worker lost them."""
        return self.filter(state__in=[JobState.QUEUED, JobState.RUNNING], heartbeat_at__lt=before)


class Job(FSMModelMixin, models.Model):
    """Work done outside a request. The row is the truth; Celery carries only its id and may lose it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField("travail", max_length=60)
    state = StateField("état", choices=JobState.choices, default=JobState.QUEUED)
    payload = models.JSONField(default=dict, blank=True)
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="demandé par", null=True, on_delete=models.CASCADE, related_name="+"
    )
    key = models.CharField("clé d’unicité", max_length=120, blank=True)
    attempts = models.PositiveSmallIntegerField("essais", default=0)
    progress = models.PositiveSmallIntegerField("avancement (%)", default=0)
    message = models.CharField("étape en cours", max_length=200, blank=True)
    output = models.FileField("résultat", upload_to="jobs/%Y/%m/", blank=True, max_length=200)
    output_name = models.CharField("nom du fichier", max_length=200, blank=True)
    output_type = models.CharField("type du fichier", max_length=100, blank=True)
    error = models.TextField("erreur", blank=True)
    created_at = models.DateTimeField("demandé le", auto_now_add=True)
    heartbeat_at = models.DateTimeField("dernier signe", auto_now_add=True)
    finished_at = models.DateTimeField("fini le", null=True, blank=True)
    expires_at = models.DateTimeField("expire le", null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = "travail"
        verbose_name_plural = "travaux"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"],
                condition=~models.Q(key="") & models.Q(state__in=[JobState.QUEUED, JobState.RUNNING]),
                name="job_one_open_per_key",
                violation_error_message="Ce travail est déjà en cours.",
            )
        ]
        indexes = [
            models.Index(
                fields=["heartbeat_at"],
                condition=models.Q(state__in=[JobState.QUEUED, JobState.RUNNING]),
                name="job_open_by_heartbeat",
            )
        ]
        triggers = [pgtrigger.FSM(name="job_machine", field="state", transitions=TRANSITIONS)]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @transition(field=state, source=JobState.QUEUED, target=JobState.RUNNING)
    def start(self, *, at: datetime) -> None:
        self.attempts += 1
        self.heartbeat_at = at
        self.progress = 0
        self.error = ""

    @transition(field=state, source=JobState.RUNNING, target=JobState.DONE)
    def finish(self, *, at: datetime) -> None:
        self.finished_at = at
        self.progress = 100
        self.message = ""

    @transition(field=state, source=JobState.RUNNING, target=JobState.FAILED)
    def fail(self, *, at: datetime, error: str) -> None:
        self.finished_at = at
        self.error = error

    @transition(field=state, source=[JobState.RUNNING, JobState.FAILED], target=JobState.QUEUED)
    def requeue(self, *, at: datetime) -> None:
        self.heartbeat_at = at
        self.finished_at = None

    @transition(field=state, source=JobState.QUEUED, target=JobState.CANCELLED)
    def cancel(self, *, at: datetime) -> None:
        self.finished_at = at
