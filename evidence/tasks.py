from celery import shared_task
from django.utils import timezone

from evidence import services, vault


@shared_task(name="evidence.request_missing_scans", ignore_result=True)
def request_missing_scans() -> None:
    services.request_missing_scans()


@shared_task(name="evidence.sweep", ignore_result=True)
def sweep() -> None:
    vault.sweep(at=timezone.now())
