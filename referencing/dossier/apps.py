from django.apps import AppConfig


class DossierConfig(AppConfig):
    name = "referencing.dossier"
    label = "dossier"
    verbose_name = "Dossiers d’évaluation"
