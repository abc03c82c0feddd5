from celery import shared_task
from django.utils import timezone

from referencing.candidature.services import prelisting


@shared_task(name="candidature.expire_pre_listings", ignore_result=True)
def expire_pre_listings() -> None:
    prelisting.expire_pre_listings(at=timezone.now())
