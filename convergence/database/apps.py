from django.apps import AppConfig


class DatabaseConfig(AppConfig):
    """What PostgreSQL does for us: accent-blind search, numbers from sequences."""

    name = "convergence.database"
    label = "database"
    verbose_name = "Base de données"
