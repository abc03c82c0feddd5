from django.apps import AppConfig


class CommissionConfig(AppConfig):
    """The commission de référencement: members, sessions, votes, minutes, reservations (R.1111-38)."""

    name = "referencing.commission"
    label = "commission"
    verbose_name = "Commission de référencement"

    def ready(self) -> None:
        from convergence.audit.workflow import follow
        from referencing.commission.services import reservations

        for ending in ("withdraw", "refuse"):
            follow(f"candidature.{ending}", reservations.follow_end)
