from django.db import models


class PublicationState(models.TextChoices):
    """Where the publication sheet of a service stands: written by the editor, checked by the listing team."""

    DRAFT = "draft", "Brouillon"
    SUBMITTED = "submitted", "À vérifier"
    CHANGES_REQUESTED = "changes_requested", "À corriger"
    ACCEPTED = "accepted", "Acceptée"


#: The editor writes.
WRITABLE_SHEETS = [PublicationState.DRAFT, PublicationState.CHANGES_REQUESTED]

PUBLICATION_TRANSITIONS: list[tuple[str, str]] = [
    (PublicationState.DRAFT, PublicationState.SUBMITTED),
    (PublicationState.CHANGES_REQUESTED, PublicationState.SUBMITTED),
    (PublicationState.SUBMITTED, PublicationState.DRAFT),
    (PublicationState.SUBMITTED, PublicationState.CHANGES_REQUESTED),
    (PublicationState.SUBMITTED, PublicationState.ACCEPTED),
    (PublicationState.ACCEPTED, PublicationState.DRAFT),
    (PublicationState.ACCEPTED, PublicationState.CHANGES_REQUESTED),
]


class Category(models.TextChoices):
    """The four families of the catalogue; their codes are public addresses."""

    ACCESS = "acces-aux-soins", "Accès aux soins et prise de rendez-vous"
    DISEASES = "pathologies-et-traitements", "Suivi de pathologies et traitements"
    HOSPITAL = "avant-et-apres-l-hopital", "Suivi pré et post-hospitalier"
    WELL_BEING = "prevention-et-bien-etre", "Suivi généraliste, prévention et bien-être"


class Price(models.TextChoices):
    """Coded as the orientation question is, which is the hint."""

    FREE = "gratuit", "Gratuit"
    MIXED = "mixte", "Gratuit, avec une partie payante"
    PAID = "payant", "Payant"


class Platform(models.TextChoices):
    """Coded as the orientation question is, which is the hint."""

    WEB = "web", "Site web"
    ANDROID = "android", "Android"
    IOS = "ios", "iPhone et iPad"


class AccessibilityLevel(models.TextChoices):
    """What the service declares of itself."""

    FULL = "full", "Totalement conforme"
    PARTIAL = "partial", "Partiellement conforme"
    NONE = "none", "Non conforme"
    NOT_ASSESSED = "not_assessed", "Non évaluée"


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
