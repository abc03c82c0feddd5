from referencing.listing.models.catalogue import CatalogueEntry, CatalogueStamp
from referencing.listing.models.listing import Listing
from referencing.listing.models.publication import SHEET_FIELDS, PublicationSheet, PublicationVersion

__all__ = ["SHEET_FIELDS", "CatalogueEntry", "CatalogueStamp", "Listing", "PublicationSheet", "PublicationVersion"]
