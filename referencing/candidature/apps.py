from django.apps import AppConfig


class CandidatureConfig(AppConfig):
    name = "referencing.candidature"
    label = "candidature"
    verbose_name = "Candidatures"
