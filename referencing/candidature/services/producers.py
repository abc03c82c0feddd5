"""Files of distributors when their producer’s pre-listing leaves: they go on with frozen values, verifiers are warned (A-23)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction

from referencing.candidature import notices
from referencing.candidature.models import Candidature
from referencing.candidature.services.journal import tell
from referencing.enrolment.enums import PreListingState
from referencing.enrolment.models import PreListing

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User


def pre_listing_left(pre_listing: PreListing, *, actor: User | None, reason: str) -> None:
    """Warn the verifiers of every open file whose frozen dossier rests on it."""
    resting = Candidature.objects.open().filter(dossier__recovered_values__pre_listing_id=pre_listing.pk).distinct()
    for pk in resting.values_list("pk", flat=True):
        _warn(pk, pre_listing, reason=reason)


def candidature_applied(candidature: Candidature, *, actor: User | None, reason: str) -> None:
    """A dossier that was frozen before its solution left may still be applied with: the verifiers know it at once."""
    sources = candidature.dossier.recovered_values.values_list("pre_listing_id", flat=True).distinct()
    for pre_listing in PreListing.objects.filter(pk__in=sources).exclude(state=PreListingState.ACTIVE):
        _warn(candidature.pk, pre_listing, reason=pre_listing.reason)


def _warn(candidature_id: UUID, pre_listing: PreListing, *, reason: str) -> None:
    candidature = Candidature.objects.select_related("enrolment__product__organisation", "referent", "dossier").get(
        pk=candidature_id
    )
    state = str(pre_listing.get_state_display())
    tell(candidature, "producer_left", actor=None, internal=True, reason=reason, data={"pre_listing": state.lower()})
    transaction.on_commit(partial(notices.producer_left, candidature, pre_listing))
