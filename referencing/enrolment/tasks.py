from celery import shared_task
from django.utils import timezone

from referencing.enrolment.transfers.services import expire_offers
from referencing.enrolment.white_label import attachments


@shared_task(name="enrolment.follow_attachments", ignore_result=True)
def follow_attachments() -> None:
    now = timezone.now()
    attachments.expire_attachments(at=now)
    attachments.end_attachments(at=now)


@shared_task(name="enrolment.follow_transfers", ignore_result=True)
def follow_transfers() -> None:
    expire_offers(at=timezone.now())
