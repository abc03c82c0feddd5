from celery import shared_task
from django.urls import reverse
from django.utils import timezone

from convergence.interests.services import remind_expiring
from referencing.candidature.services import prelisting, reminders


@shared_task(name="candidature.expire_pre_listings", ignore_result=True)
def expire_pre_listings() -> None:
    prelisting.expire_pre_listings(at=timezone.now())


@shared_task(name="candidature.remind_deadlines", ignore_result=True)
def remind_deadlines() -> None:
    reminders.remind_deadlines(at=timezone.now())


@shared_task(name="candidature.remind_interests", ignore_result=True)
def remind_interests() -> None:
    remind_expiring(at=timezone.now(), link=reverse("candidature:interest_list"))
