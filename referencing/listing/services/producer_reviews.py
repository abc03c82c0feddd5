"""Listed services of distributors when their producer’s pre-listing leaves: a review is due (BR-203, A-23)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.enrolment.white_label.delays import read_delays
from referencing.listing import life_notices as notices
from referencing.listing import rules
from referencing.listing.models import Listing, ProducerReview

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User
    from referencing.enrolment.models import PreListing


def pre_listing_left(pre_listing: PreListing, *, actor: User | None, reason: str) -> None:
    """Open a review of each listed service that rests on it; it stays in the catalogue, on its frozen values (BR-204)."""
    now = timezone.now()
    resting = Candidature.objects.filter(
        state=CandidatureState.LISTED, dossier__recovered_values__pre_listing_id=pre_listing.pk
    ).values("enrolment")
    listings = Listing.objects.standing().filter(enrolment__in=resting)
    for listing in listings.select_related("enrolment__product__organisation", "enrolment__demarche"):
        review, is_new = ProducerReview.objects.get_or_create(
            listing=listing,
            pre_listing=pre_listing,
            closed_at=None,
            defaults={
                "opened_at": now,
                "due_on": timezone.localdate(now) + timedelta(days=read_delays(listing.enrolment.demarche).review_days),
            },
        )
        if not is_new:
            continue
        record(
            "producerreview.open",
            subject=review,
            actor=None,
            reason=reason,
            data={"pre_listing": str(pre_listing.pk), "due_on": review.due_on.isoformat()},
        )
        transaction.on_commit(partial(notices.producer_review_due, review))


@transaction.atomic
def close_review(*, review_id: UUID, outcome: str, actor: User) -> ProducerReview:
    """The listing team says what it found; a measure, if one is needed, is the ministry’s (A-02)."""
    review: ProducerReview = ProducerReview.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=review_id)
    if not rules.can_publish(actor):
        raise PermissionDenied("close_review")
    outcome = outcome.strip()
    blockers = [] if outcome else [Blocker("outcome", "Dites ce que la revue a constaté.", "#id_outcome")]
    if review.closed_at is not None:
        blockers.append(Blocker("closed", "Cette revue est déjà close."))
    if blockers:
        raise TransitionRefused(blockers)
    review.closed_at, review.closed_by, review.outcome = timezone.now(), actor, outcome
    review.save(update_fields=["closed_at", "closed_by", "outcome"])
    record("producerreview.close", subject=review, actor=actor, reason=outcome)
    return review
