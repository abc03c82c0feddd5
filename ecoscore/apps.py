from django.apps import AppConfig


class EcoscoreConfig(AppConfig):
    name = "ecoscore"
    label = "ecoscore"
    verbose_name = "Écoscore"
