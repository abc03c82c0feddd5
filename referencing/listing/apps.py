from django.apps import AppConfig


class ListingConfig(AppConfig):
    """Services that stand in the catalogue: publication, renewal, versions, audits, sanctions."""

    name = "referencing.listing"
    label = "listing"
    verbose_name = "Référencements"

    def ready(self) -> None:
        from convergence.audit.workflow import follow
        from referencing.listing.services.catalogue import show_change

        # whoever moves a listing, the public page says so in the same transaction
        for name in ("suspend", "reinstate", "expire", "withdraw", "withdraw_by_editor", "republish"):
            follow(f"listing.{name}", show_change)
