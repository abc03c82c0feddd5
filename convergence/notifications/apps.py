from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "convergence.notifications"
    label = "notifications"
    verbose_name = "Notifications"

    def ready(self) -> None:
        from convergence.jobs import registry
        from convergence.notifications import services

        registry.register(services.MAIL_JOB, services.deliver)
