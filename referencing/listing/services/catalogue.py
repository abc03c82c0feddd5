"""The read model of the public catalogue: written again in the transaction that changes a listing, never by itself."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import timezone

from convergence.database.search import fold_words
from referencing.listing.core.sheet import NAME_LENGTH
from referencing.listing.enums import Category, ListingState
from referencing.listing.models import CatalogueEntry, CatalogueStamp, Listing, PublicationVersion


def rebuild_entry(listing: Listing) -> CatalogueEntry | None:
    """Make the public row of a service say what its listing and its newest frozen version say now.

    For every change of a listing (state, end) or of what is published. Call it in the transaction of the change, with
    the listing locked. None when nothing was ever frozen for it, or when a later listing of the same service stands.
    """
    version = PublicationVersion.objects.filter(listing=listing).order_by("-number").first()
    if version is None or Listing.objects.standing().filter(enrolment=listing.enrolment_id).exclude(pk=listing.pk):
        return None
    entry, _ = CatalogueEntry.objects.update_or_create(
        enrolment_id=listing.enrolment_id, defaults=make_entry(listing, version)
    )
    catalogue_changed()
    return entry


def show_change(listing: Listing, *, actor: object, reason: str) -> None:
    """Follows every transition of a listing (see `apps.py`)."""
    rebuild_entry(listing)


def catalogue_changed() -> None:
    """Have every page of the catalogue made again: called by whatever changes what the public sees."""
    CatalogueStamp.objects.bulk_create(
        [CatalogueStamp(id=1, changed_at=timezone.now())],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["changed_at"],
    )


def make_entry(listing: Listing, version: PublicationVersion) -> dict[str, Any]:
    """The values of the row, all from the frozen content but the state and the dates."""
    content = json.loads(bytes(version.payload))
    name, decision = content["name"], content["decision"]
    words = fold_words(name)
    return {
        "number": listing.enrolment.number,
        "listing": listing,
        "version": version,
        "is_listed": listing.state == ListingState.LISTED,
        "published_on": listing.published_on,
        "ends_on": listing.ends_on,
        "slug": "-".join(words)[:NAME_LENGTH].strip("-") or "service",
        "name": name,
        "sort_name": " ".join(words)[: NAME_LENGTH * 2],
        "organisation": content["organisation"],
        "short_text": content["short_text"],
        "long_text": content["long_text"],
        "categories": content["categories"],
        "price": content["price"],
        "price_note": content["price_note"],
        "platforms": content["platforms"],
        "addresses": content["addresses"],
        "data": sorted({each["api"] for each in content["exchanges"]}),
        "exchanges": content["exchanges"],
        "ecoscore": Decimal(content["ecoscore"]) if content["ecoscore"] else None,
        "ecoscore_rank": Decimal(content["ecoscore"]) if content["ecoscore"] else Decimal(-1),
        "accessibility": content["accessibility"],
        "accessibility_url": content["accessibility_url"],
        "support_email": content["support_email"],
        "support_url": content["support_url"],
        "logo": content["logo"],
        "decision_number": decision["number"],
        "decided_on": date.fromisoformat(decision["signed_on"]) if decision["signed_on"] else None,
        "searchable": " ".join(
            [
                name,
                content["organisation"],
                content["short_text"],
                *(str(Category(each).label) for each in content["categories"]),
                content["long_text"],
            ]
        ),
        "changed_at": timezone.now(),
    }
