from celery import shared_task
from django.utils import timezone

from referencing.teamwork import services


@shared_task(name="teamwork.remind_delegations", ignore_result=True)
def remind_delegations() -> None:
    services.remind_delegations(at=timezone.now())
