from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "convergence.jobs"
    label = "jobs"
    verbose_name = "Travaux de fond"
