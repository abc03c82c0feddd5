from celery import shared_task
from django.utils import timezone

from referencing.commission.services import reminders, reservations


@shared_task(name="commission.remind_to_declare", ignore_result=True)
def remind_to_declare() -> None:
    reminders.remind_to_declare(at=timezone.now())


@shared_task(name="commission.remind_reservations", ignore_result=True)
def remind_reservations() -> None:
    reservations.remind_reservations(at=timezone.now())
