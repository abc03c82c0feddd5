from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "convergence.documents"
    label = "documents"
    verbose_name = "Documents et signatures"
