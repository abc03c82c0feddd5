from django.apps import AppConfig


class InterestsConfig(AppConfig):
    """Declarations of interests of those who examine files (L.1452-3 CSP, A-21)."""

    name = "convergence.interests"
    label = "interests"
    verbose_name = "Liens d’intérêts"

    def ready(self) -> None:
        from convergence.interests.selectors import read_barred_with_people

        read_barred_with_people()
