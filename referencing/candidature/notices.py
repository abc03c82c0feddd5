"""What people are told about a candidature."""

from __future__ import annotations

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.interests.selectors import without_conflict
from convergence.notifications.services import send
from convergence.products.people import responsible_people
from convergence.ui.typography import format_datetime
from referencing.candidature.models import Candidature
from referencing.enrolment.models import PreListing

TEAM = "Équipe de référencement"


def listing_team(candidature: Candidature) -> QuerySet[User]:
    """Those of the team whom no link of interest bars from the file: the others hear nothing of it (A-21)."""
    return without_conflict(User.objects.with_role(Role.LISTING_TEAM), candidature.enrolment.product.organisation)


def candidature_received(candidature: Candidature) -> None:
    """N07 to the listing team; acknowledgement to the editor (R.112-5 CRPA)."""
    enrolment = candidature.enrolment
    organisation = enrolment.product.organisation.name
    send(
        recipients=listing_team(candidature),
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
    send(
        recipients=[candidature.referent] if candidature.referent else listing_team(candidature),
        sender=enrolment.product.organisation.name,
        product=enrolment.label,
        kind="Candidature",
        subject=subject,
        content=content,
        link=reverse("candidature:candidature_detail", args=[candidature.pk]),
        action="Ouvrir la candidature",
    )


def instruction_concluded(candidature: Candidature) -> None:
    """The editor learns that the file goes to the commission, not what is proposed there."""
    _tell_editor(
        candidature,
        subject="instruction terminée",
        content="L’instruction de votre dossier est terminée : il sera examiné par la commission. Vous n’avez rien à faire "
        "pour le moment.",
    )


def instruction_reopened(candidature: Candidature) -> None:
    _tell_editor(
        candidature,
        subject="instruction rouverte",
        content="L’évaluation de votre dossier reprend avant son passage en commission. Vous n’avez rien à faire pour le "
        "moment.",
    )


def solution_pre_listed(candidature: Candidature) -> None:
    """N17."""
    _tell_editor(
        candidature,
        subject="solution pré-référencée",
        content=f"Votre solution est pré-référencée sur la base du dossier {candidature.dossier.reference} : des éditeurs "
        "distributeurs pourront demander à s’y rattacher. Elle ne figure pas au catalogue public.",
    )


def pre_listing_changed(candidature: Candidature, pre_listing: PreListing) -> None:
    """Both sides read the same sentence, with the reason when there is one."""
    content = f"Pré-référencement : {pre_listing.get_state_display().lower()}."
    if pre_listing.reason:
        content += f"\n\nMotif : {pre_listing.reason}"
    _tell_editor(candidature, subject="pré-référencement modifié", content=content)
    _tell_team(candidature, subject="pré-référencement modifié", content=content)
