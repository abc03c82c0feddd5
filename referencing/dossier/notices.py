"""What people are told about a dossier."""

from __future__ import annotations

from django.urls import reverse

from convergence.notifications.services import send
from convergence.products.people import responsible_people
from referencing.dossier.models import Dossier


def dossier_generated(dossier: Dossier) -> None:
    """In the platform only: the colleagues who may apply learn that the dossier exists."""
    enrolment = dossier.enrolment
    send(
        recipients=responsible_people(enrolment.product).exclude(pk=dossier.created_by_id),
        product=enrolment.label,
        kind="Dossier d’évaluation",
        content=f"{dossier.created_by} a généré le dossier d’évaluation {dossier.reference}.",
        link=reverse("candidature:dossier_detail", args=[dossier.pk]),
    )
