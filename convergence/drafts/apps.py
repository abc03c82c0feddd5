from django.apps import AppConfig


class DraftsConfig(AppConfig):
    name = "convergence.drafts"
    label = "drafts"
    verbose_name = "Brouillons"
