from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "convergence.ui"
    label = "ui"
    verbose_name = "Composants de page"
