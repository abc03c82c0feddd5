from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "convergence.audit"
    label = "audit"
    verbose_name = "Journal"
