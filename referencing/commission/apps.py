from django.apps import AppConfig


class CommissionConfig(AppConfig):
    """The commission de référencement: members, sessions, votes, minutes, reservations (R.1111-38)."""

    name = "referencing.commission"
    label = "commission"
    verbose_name = "Commission de référencement"
