from referencing.listing.services.catalogue import catalogue_changed, rebuild_entry
from referencing.listing.services.describing import deposit_logo, revise_sheet, save_sheet, submit_sheet
from referencing.listing.services.publishing import accept_sheet, publish, request_sheet_changes

__all__ = [
    "accept_sheet",
    "catalogue_changed",
    "deposit_logo",
    "publish",
    "rebuild_entry",
    "request_sheet_changes",
    "revise_sheet",
    "save_sheet",
    "submit_sheet",
]
