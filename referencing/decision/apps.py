from django.apps import AppConfig


class DecisionConfig(AppConfig):
    """What the minister decides, how it is notified, and the remedies against it."""

    name = "referencing.decision"
    label = "decision"
    verbose_name = "Décisions"

    def ready(self) -> None:
        from convergence.jobs import registry
        from referencing.decision.services import signing

        registry.register(signing.SIGN_JOB, signing.run_batch)
