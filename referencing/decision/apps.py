from django.apps import AppConfig


class DecisionConfig(AppConfig):
    """What the minister decides, how it is notified, and the remedies against it."""

    name = "referencing.decision"
    label = "decision"
    verbose_name = "Décisions"

    def ready(self) -> None:
        from convergence.jobs import registry
        from referencing.candidature.views import frame
        from referencing.decision.services import signing
        from referencing.decision.views.acts import DECISION_TAB

        registry.register(signing.SIGN_JOB, signing.run_batch)
        if DECISION_TAB not in frame.TABS:
            frame.TABS.append(DECISION_TAB)
