"""What people are told about an enrolment."""

from __future__ import annotations

from django.urls import reverse

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.notifications.services import send
from convergence.products.people import responsible_people
from referencing.enrolment.models import AdministrativeSheet


def sheet_submitted(sheet: AdministrativeSheet) -> None:
    """N01: the listing team has a fiche to examine."""
    enrolment = sheet.enrolment
    send(
        recipients=User.objects.with_role(Role.LISTING_TEAM),
        sender=enrolment.product.organisation.name,
        product=enrolment.label,
        kind="Fiche administrative",
        subject="fiche administrative à examiner",
        content=f"Examinez la fiche administrative que {enrolment.product.organisation.name} vient de transmettre.",
        link=reverse("enrolment:sheet_review", args=[enrolment.pk]),
        action="Examiner la fiche",
    )


def sheet_changes_requested(sheet: AdministrativeSheet) -> None:
    """N02: the editor has the ball again."""
    _tell_editor(
        sheet,
        subject="fiche administrative à corriger",
        content=f"Corrigez la fiche administrative, puis transmettez-la de nouveau.\n\nMotif : {sheet.decision_reason}",
        action="Corriger la fiche",
    )


def sheet_rejected(sheet: AdministrativeSheet, *, remedies: str) -> None:
    """N02: the demand is refused, with reasons and remedies (A-01)."""
    _tell_editor(
        sheet,
        subject="demande refusée",
        content=f"Votre demande de référencement est refusée.\n\nMotif : {sheet.decision_reason}\n\n{remedies}",
        action="Lire la décision",
    )


def sheet_reopened(sheet: AdministrativeSheet) -> None:
    _tell_editor(
        sheet,
        subject="nouveau représentant légal à indiquer",
        content="Indiquez le nouveau représentant légal dans la fiche administrative, puis transmettez-la de nouveau.",
        action="Compléter la fiche",
    )


def _tell_editor(sheet: AdministrativeSheet, *, subject: str, content: str, action: str) -> None:
    enrolment = sheet.enrolment
    send(
        recipients=responsible_people(enrolment.product),
        sender="Équipe de référencement",
        product=enrolment.label,
        kind="Fiche administrative",
        subject=subject,
        content=content,
        link=reverse("enrolment:sheet_detail", args=[enrolment.pk]),
        action=action,
    )
