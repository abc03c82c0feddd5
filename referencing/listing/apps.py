from django.apps import AppConfig


class ListingConfig(AppConfig):
    """Services that stand in the catalogue: publication, renewal, versions, audits, sanctions."""

    name = "referencing.listing"
    label = "listing"
    verbose_name = "Référencements"
