from referencing.listing.models.listing import Listing

__all__ = ["Listing"]
