from celery import shared_task

from convergence.statistics import services


@shared_task(name="statistics.refresh")
def refresh() -> None:
    services.refresh_statistics()


@shared_task(name="statistics.rebuild")
def rebuild() -> None:
    """Every night: what a mark missed (a category changed without a transition, rows restored) is found here."""
    services.rebuild_statistics()
    services.refresh_statistics()
