from django.apps import AppConfig


class ConventionConfig(AppConfig):
    name = "referencing.convention"
    label = "convention"
    verbose_name = "Conventions"
