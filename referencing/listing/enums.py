from django.db import models


class ListingState(models.TextChoices):
    """Renewal, version update and audit are separate objects beside it (A-34)."""

    LISTED = "listed", "Référencé"
    SUSPENDED = "suspended", "Suspendu"
    EXPIRED = "expired", "Expiré"
    WITHDRAWN = "withdrawn", "Retiré"
    WITHDRAWN_BY_EDITOR = "withdrawn_by_editor", "Retiré par l’éditeur"


#: The service may still come back under the same listing.
STANDING_LISTINGS = [ListingState.LISTED, ListingState.SUSPENDED]

LISTING_TRANSITIONS: list[tuple[str, str]] = [
    (ListingState.LISTED, ListingState.SUSPENDED),
    (ListingState.SUSPENDED, ListingState.LISTED),
    *(
        (state, target)
        for state in (ListingState.LISTED, ListingState.SUSPENDED)
        for target in (ListingState.EXPIRED, ListingState.WITHDRAWN, ListingState.WITHDRAWN_BY_EDITOR)
    ),
    (ListingState.EXPIRED, ListingState.LISTED),
    (ListingState.WITHDRAWN, ListingState.LISTED),
]
