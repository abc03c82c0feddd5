from celery import shared_task
from django.utils import timezone

from referencing.decision.services import courts, notifying, remedies


@shared_task(name="decision.presume_notifications", ignore_result=True)
def presume_notifications() -> None:
    notifying.presume_notifications(at=timezone.now())


@shared_task(name="decision.remind_injunctions", ignore_result=True)
def remind_injunctions() -> None:
    courts.remind_injunctions(at=timezone.now())


@shared_task(name="decision.reject_silent_appeals", ignore_result=True)
def reject_silent_appeals() -> None:
    remedies.reject_silent(at=timezone.now())
