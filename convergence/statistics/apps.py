from django.apps import AppConfig


class StatisticsConfig(AppConfig):
    name = "convergence.statistics"
    label = "statistics"
    verbose_name = "Statistiques"

    def ready(self) -> None:
        from convergence.statistics import followers

        followers.register()
