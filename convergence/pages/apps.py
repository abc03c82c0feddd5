from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "convergence.pages"
    label = "pages"
    verbose_name = "Accueil et files"
