from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from convergence.drafts.services import delete_older

KEPT = timedelta(days=90)


@shared_task(name="drafts.delete_old", ignore_result=True)
def delete_old() -> None:
    delete_older(before=timezone.now() - KEPT)
