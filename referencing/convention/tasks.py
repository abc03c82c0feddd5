from celery import shared_task
from django.utils import timezone

from referencing.convention import services


@shared_task(name="convention.expire_links", ignore_result=True)
def expire_links() -> None:
    services.expire_links(at=timezone.now())
