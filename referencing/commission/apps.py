from django.apps import AppConfig


class CommissionConfig(AppConfig):
    """The commission de référencement: members, sessions, votes, minutes, reservations (R.1111-38)."""

    name = "referencing.commission"
    label = "commission"
    verbose_name = "Commission de référencement"

    def ready(self) -> None:
        from convergence.audit.workflow import follow
        from convergence.jobs import registry
        from referencing.commission import outputs
        from referencing.commission.services import agenda, convoking

        registry.register(convoking.CONVOCATION_JOB, outputs.make_convocation)
        follow("candidature.withdraw", agenda.withdraw_points)
