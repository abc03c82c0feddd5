from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.jobs.enums import JobState
from convergence.jobs.models import Job
from convergence.jobs.registry import handler_for

logger = structlog.get_logger(__name__)

#: A job without a sign of life for that long is sent again.
STALE_AFTER = timedelta(seconds=45)
MAX_ATTEMPTS = 5
OUTPUT_LIFETIME = timedelta(days=7)


@transaction.atomic
def enqueue(*, kind: str, payload: dict[str, Any], requester: AbstractBaseUser | None = None, key: str = "") -> Job:
    """Create the job and send its id after commit; with a `key`, an open job of the same key is returned instead."""
    try:
        with transaction.atomic():
            job = Job.objects.create(
                kind=kind, payload=payload, requester_id=requester.pk if requester else None, key=key
            )
    except IntegrityError:
        return Job.objects.get(kind=kind, key=key, state__in=[JobState.QUEUED, JobState.RUNNING])
    transaction.on_commit(partial(_send, job.pk))
    return job


def _send(job_id: UUID) -> None:
    from convergence.jobs.tasks import run_job  # the task module imports this one

    run_job.delay(str(job_id))


def run(*, job_id: UUID) -> Job | None:
    """Do the job once: claim it, call its handler, keep its output. Returns None when somebody else has it."""
    with transaction.atomic():
        job = Job.objects.select_for_update(skip_locked=True).filter(pk=job_id, state=JobState.QUEUED).first()
        if job is None:
            return None
        workflow.fire(job, "start", actor=None, at=timezone.now())

    def report(percent: int, message: str) -> None:
        Job.objects.filter(pk=job_id).update(
            progress=min(percent, 99), message=message[:200], heartbeat_at=timezone.now()
        )

    try:
        output = handler_for(job.kind)(job, report)
    except Exception as error:
        logger.exception("job_failed", job_id=str(job_id), kind=job.kind)
        with transaction.atomic():
            job = Job.objects.select_for_update().get(pk=job_id)
            if job.state == JobState.RUNNING:
                workflow.fire(job, "fail", actor=None, at=timezone.now(), error=f"{type(error).__name__} : {error}")
        return job
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=job_id)
        if job.state != JobState.RUNNING:  # taken over meanwhile: the other run keeps its own output
            return job
        if output is not None:
            job.output.save(f"{job.pk}", ContentFile(output.content), save=False)
            job.output_name, job.output_type = output.name, output.content_type
            job.expires_at = timezone.now() + OUTPUT_LIFETIME
        workflow.fire(job, "finish", actor=None, at=timezone.now())
    return job


def requeue_stale() -> int:
    """Send again what a broker or a worker lost; give up after MAX_ATTEMPTS. Returns how many were sent."""
    sent = 0
    now = timezone.now()
    with transaction.atomic():
        for job in Job.objects.stale(before=now - STALE_AFTER).select_for_update(skip_locked=True):
            if job.attempts >= MAX_ATTEMPTS and job.state == JobState.RUNNING:
                workflow.fire(job, "fail", actor=None, at=now, error="Abandonné après plusieurs essais.")
                continue
            if job.state == JobState.RUNNING:
                workflow.fire(job, "requeue", actor=None, at=now)
            else:
                Job.objects.filter(pk=job.pk).update(heartbeat_at=now)
            transaction.on_commit(partial(_send, job.pk))
            sent += 1
    return sent


def delete_expired() -> int:
    """Remove files and rows of finished jobs past their date. Returns how many."""
    expired = Job.objects.filter(expires_at__lt=timezone.now(), state__in=[JobState.DONE, JobState.FAILED])
    for job in expired:
        job.output.delete(save=False)
    count, _ = expired.delete()
    return count
