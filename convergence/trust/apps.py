from django.apps import AppConfig


class TrustConfig(AppConfig):
    name = "convergence.trust"
    label = "trust"
    verbose_name = "Vérification publique"
