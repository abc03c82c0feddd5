from referencing.listing.models.audit import (
    Audit,
    AuditDocument,
    AuditDraw,
    AuditExchange,
    AuditSeed,
    AuditVisit,
)
from referencing.listing.models.listing import Listing
from referencing.listing.models.renewal import ListingReminder, Renewal
from referencing.listing.models.reports import UserReport
from referencing.listing.models.sanction import DecisionEffect, FormalNotice, Procedure
from referencing.listing.models.versions import VersionUpdate

__all__ = [
    "Audit",
    "AuditDocument",
    "AuditDraw",
    "AuditExchange",
    "AuditSeed",
    "AuditVisit",
    "DecisionEffect",
    "FormalNotice",
    "Listing",
    "ListingReminder",
    "Procedure",
    "Renewal",
    "UserReport",
    "VersionUpdate",
]
