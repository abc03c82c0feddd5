"""What people are told about the publication of a service (N16)."""

from __future__ import annotations

from django.urls import reverse

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.notifications.services import send
from convergence.products.people import responsible_people
from convergence.ui.typography import format_date
from referencing.candidature.models import Candidature
from referencing.commission.selectors.people import without_link
from referencing.listing.models import Listing, PublicationSheet

TEAM = "Équipe de référencement"
KIND = "Fiche de publication"


def sheet_submitted(sheet: PublicationSheet) -> None:
    organisation = sheet.enrolment.product.organisation
    send(
        recipients=without_link(User.objects.with_role(Role.LISTING_TEAM), sheet.enrolment),
        sender=organisation.name,
        product=sheet.enrolment.label,
        kind=KIND,
        subject="fiche de publication à vérifier",
        content=f"Vérifiez la fiche de publication que {organisation.name} vient de soumettre.",
        link=reverse("listing:publication_review", args=[sheet.enrolment_id]),
        action="Vérifier la fiche",
    )


def sheet_sent_back(sheet: PublicationSheet) -> None:
    send(
        recipients=responsible_people(sheet.enrolment.product),
        sender=TEAM,
        product=sheet.enrolment.label,
        kind=KIND,
        subject="fiche de publication à corriger",
        content="Corrigez la fiche de publication de votre service, puis soumettez-la de nouveau.\n\n"
        f"Correction demandée : {sheet.decision_reason}",
        link=reverse("listing:publication_edit", args=[sheet.enrolment_id]),
        action="Corriger la fiche",
    )


def sheet_accepted(sheet: PublicationSheet, *, is_published: bool) -> None:
    what = (
        "Elle remplace la précédente au catalogue."
        if is_published
        else "Elle sera publiée quand les conditions du référencement seront réunies."
    )
    send(
        recipients=responsible_people(sheet.enrolment.product),
        sender=TEAM,
        product=sheet.enrolment.label,
        kind=KIND,
        content=f"Votre fiche de publication est acceptée. {what}",
        link=reverse("listing:publication_edit", args=[sheet.enrolment_id]),
    )


def service_published(listing: Listing, candidature: Candidature) -> None:
    """N16, to the editor."""
    enrolment = candidature.enrolment
    send(
        recipients=responsible_people(enrolment.product),
        sender=TEAM,
        product=enrolment.label,
        kind="Référencement",
        subject="votre service est référencé",
        content="Félicitations ! Votre service figure au catalogue de services de Mon espace santé depuis le "
        f"{format_date(listing.published_on)}, jusqu’au {format_date(listing.ends_on)}. Vous n’avez rien à faire pour "
        "le moment ; vous serez prévenu quand il sera temps de demander son renouvellement.",
        link=reverse("pages:enrolment_detail", args=[enrolment.pk]),
        action="Voir mon service",
    )
