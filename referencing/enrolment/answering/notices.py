"""What people are told about answers."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse

from convergence.accounts.models import User
from convergence.notifications.services import send
from convergence.products.people import validating_people
from questionnaires.services import ValidationRequest
from referencing.enrolment.models import Enrolment


def validation_requested(enrolment: Enrolment, *, request: ValidationRequest, link: str, actor: User) -> None:
    """N05: those who may validate have something to read; not the person who asked."""
    send(
        recipients=validating_people(enrolment.product).exclude(pk=actor.pk),
        sender=str(actor),
        product=enrolment.label,
        kind="Validation demandée",
        subject="validation demandée",
        content=f"Relisez puis validez « {request.title} »\u00a0: {actor} vous le demande.",
        link=link,
        action="Relire et valider",
    )


def questionnaires_reset(enrolment: Enrolment, *, titles: Sequence[str], actor: User) -> None:
    """N23: a changed orientation asks new answers of questionnaires that were done."""
    names = ", ".join(f"« {title} »" for title in titles)
    send(
        recipients=validating_people(enrolment.product).exclude(pk=actor.pk),
        sender=str(actor),
        product=enrolment.label,
        kind="Orientation modifiée",
        content=f"Complétez de nouveau {names}\u00a0: l’orientation de votre produit a changé.",
        link=reverse("enrolment:questionnaire_list", args=[enrolment.pk]),
    )
