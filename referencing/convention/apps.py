from django.apps import AppConfig


class ConventionConfig(AppConfig):
    name = "referencing.convention"
    label = "convention"
    verbose_name = "Conventions"

    def ready(self) -> None:
        from convergence.jobs import registry
        from referencing.convention.services import handing

        registry.register(handing.START_JOB, handing.start_outside)
        registry.register(handing.CANCEL_JOB, handing.cancel_started)
