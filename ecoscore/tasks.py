import socket

from celery import shared_task

from ecoscore import services


@shared_task(name="ecoscore.measure_next", ignore_result=True)
def measure_next() -> None:
    """On the bench’s own queue, one at a time: measures what has waited longest, until nothing waits."""
    while services.measure_next(bench=socket.gethostname()):
        pass


@shared_task(name="ecoscore.watch", ignore_result=True)
def watch() -> None:
    services.watch()
