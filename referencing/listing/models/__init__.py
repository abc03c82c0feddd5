from referencing.listing.models.audit import (
    Audit,
    AuditDocument,
    AuditDraw,
    AuditExchange,
    AuditSeed,
    AuditVisit,
)
from referencing.listing.models.catalogue import CatalogueEntry, CatalogueStamp
from referencing.listing.models.listing import Listing
from referencing.listing.models.producer_review import ProducerReview
from referencing.listing.models.publication import SHEET_FIELDS, PublicationSheet, PublicationVersion
from referencing.listing.models.renewal import ListingReminder, Renewal
from referencing.listing.models.reports import UserReport
from referencing.listing.models.sanction import DecisionEffect, FormalNotice, Procedure
from referencing.listing.models.versions import VersionUpdate

__all__ = [
    "SHEET_FIELDS",
    "Audit",
    "AuditDocument",
    "AuditDraw",
    "AuditExchange",
    "AuditSeed",
    "AuditVisit",
    "CatalogueEntry",
    "CatalogueStamp",
    "DecisionEffect",
    "FormalNotice",
    "Listing",
    "ListingReminder",
    "Procedure",
    "ProducerReview",
    "PublicationSheet",
    "PublicationVersion",
    "Renewal",
    "UserReport",
    "VersionUpdate",
]
