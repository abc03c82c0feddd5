"""What people are told about a candidature."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.notifications.services import send
from convergence.products.people import responsible_people
from convergence.ui.typography import format_datetime
from referencing.candidature.models import Candidature

TEAM = "Équipe de référencement"


def candidature_received(candidature: Candidature) -> None:
    """N07 to the listing team; acknowledgement to the editor (R.112-5 CRPA)."""
    enrolment = candidature.enrolment
    organisation = enrolment.product.organisation.name
    send(
        recipients=User.objects.with_role(Role.LISTING_TEAM),
        sender=organisation,
        product=enrolment.label,
        kind="Candidature",
        subject="nouvelle candidature à prendre en charge",
        content=f"Prenez en charge la candidature que {organisation} vient de déposer avec le dossier "
        f"{candidature.dossier.reference}.",
        link=reverse("candidature:candidature_detail", args=[candidature.pk]),
        action="Ouvrir la candidature",
    )
    receipt = candidature.acknowledgement
    applied_at = candidature.applied_at or timezone.now()
    send(
        recipients=responsible_people(enrolment.product),
        sender=TEAM,
        product=enrolment.label,
        kind="Candidature",
        subject="accusé de réception de votre candidature",
        content=f"Votre candidature est déposée depuis le {format_datetime(applied_at)} avec le dossier "
        f"{candidature.dossier.reference}. Vous n’avez rien à faire pour le moment.\n\n"
        f"Service chargé du dossier : {receipt['service']}. Contact : {receipt['contact']}.",
        link=reverse("candidature:dossier_detail", args=[candidature.dossier_id]),
        action="Suivre la candidature",
    )


def candidature_taken(candidature: Candidature) -> None:
    _tell_editor(
        candidature,
        subject="candidature prise en charge",
        content=f"{candidature.referent} est le référent de votre candidature et en examine la recevabilité. "
        "Vous n’avez rien à faire pour le moment.",
    )


def candidature_cancelled(candidature: Candidature) -> None:
    _tell_team(candidature, subject="candidature annulée", content="L’éditeur a annulé son dossier candidat.")


def candidature_withdrawn(candidature: Candidature) -> None:
    """BR-099: those who work on it stop."""
    _tell_team(
        candidature,
        subject="candidature retirée",
        content="L’éditeur a retiré sa candidature. Arrêtez l’examen de ce dossier.",
    )


def _tell_editor(candidature: Candidature, *, subject: str, content: str) -> None:
    enrolment = candidature.enrolment
    send(
        recipients=responsible_people(enrolment.product),
        sender=TEAM,
        product=enrolment.label,
        kind="Candidature",
        subject=subject,
        content=content,
        link=reverse("candidature:dossier_detail", args=[candidature.dossier_id]),
        action="Suivre la candidature",
    )


def _tell_team(candidature: Candidature, *, subject: str, content: str) -> None:
    enrolment = candidature.enrolment
    people = [candidature.referent] if candidature.referent else User.objects.with_role(Role.LISTING_TEAM)
    send(
        recipients=people,
        sender=enrolment.product.organisation.name,
        product=enrolment.label,
        kind="Candidature",
        subject=subject,
        content=content,
        link=reverse("candidature:candidature_detail", args=[candidature.pk]),
        action="Ouvrir la candidature",
    )
