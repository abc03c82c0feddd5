"""What people are told of a final measure: it lasts minutes, and they may have left the page."""

from __future__ import annotations

from django.urls import reverse

from convergence.notifications.services import send
from ecoscore.models import Measure, Result


def measure_concluded(measure: Measure, result: Result) -> None:
    _tell(
        measure,
        content=f"Lisez le rapport de la mesure finale de {measure.application.name}\u00a0: écoscore {result.ecoscore} sur 100.",
        link=reverse("ecoscore:report_detail", args=[result.pk]),
    )


def measure_failed(measure: Measure) -> None:
    _tell(
        measure,
        content=f"Relancez la mesure finale de {measure.application.name}. {measure.failure}",
        link=reverse("ecoscore:measure_detail", args=[measure.pk]),
    )


def _tell(measure: Measure, *, content: str, link: str) -> None:
    """Inside the platform only: whoever asked is mostly still there."""
    if measure.asked_by is None:
        return
    send(recipients=[measure.asked_by], product=measure.product.label, kind="Écoscore", content=content, link=link)
