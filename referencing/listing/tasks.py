from celery import shared_task
from django.utils import timezone

from referencing.listing.services import audits, effects, expiry, leaving, renewal, reports, sanctions, versions


@shared_task(name="listing.expire", ignore_result=True)
def expire() -> None:
    """Just after midnight in Paris, and whenever the beat is back: ends, then decisions whose day has come."""
    now = timezone.now()
    expiry.expire_listings(at=now)
    effects.apply_waiting(at=now)


@shared_task(name="listing.follow", ignore_result=True)
def follow() -> None:
    """What people are told, in the daytime of Paris: each once, made up for after an outage."""
    now = timezone.now()
    expiry.expire_listings(at=now)
    renewal.open_renewals(at=now)
    expiry.remind_ends(at=now)
    versions.follow_overdue(at=now)
    audits.start_audits(at=now)
    sanctions.follow_formal_notices(at=now)
    leaving.follow_unpublished(at=now)
    reports.forget_reporters(at=now)
