from uuid import UUID

from celery import shared_task

from convergence.jobs import services


@shared_task(name="jobs.run", ignore_result=True)
def run_job(job_id: str) -> None:
    services.run(job_id=UUID(job_id))


@shared_task(name="jobs.requeue_stale", ignore_result=True)
def requeue_stale() -> None:
    services.requeue_stale()


@shared_task(name="jobs.delete_expired", ignore_result=True)
def delete_expired() -> None:
    services.delete_expired()
