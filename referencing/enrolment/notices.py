"""What people are told about an enrolment."""

from __future__ import annotations

from django.urls import reverse

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.notifications.services import send
from convergence.products.people import responsible_people
from referencing.enrolment.enums import ExceptionState
from referencing.enrolment.models import AdministrativeSheet, OsException


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


def exception_asked(exception: OsException) -> None:
    """The listing team has an answer by system to agree to."""
    enrolment = exception.enrolment
    send(
        recipients=User.objects.with_role(Role.LISTING_TEAM),
        sender=enrolment.product.organisation.name,
        product=enrolment.label,
        kind="Exception par système",
        subject="exception par système à examiner",
        content=f"Examinez la réponse au critère {exception.criterion} qui diffère sur un système d’exploitation.",
        link=reverse("enrolment:os_exception_review", args=[exception.pk]),
        action="Examiner l’exception",
    )


def exception_decided(exception: OsException) -> None:
    enrolment = exception.enrolment
    is_agreed = exception.state == ExceptionState.AGREED
    content = (
        f"Votre exception sur le critère {exception.criterion} est acceptée : elle entre dans le prochain dossier que vous "
        "générez."
        if is_agreed
        else f"Votre exception sur le critère {exception.criterion} est refusée : la réponse commune vaut pour ce système, "
        "ou reprenez l’exception."
    )
    send(
        recipients=responsible_people(enrolment.product),
        sender="Équipe de référencement",
        product=enrolment.label,
        kind="Exception par système",
        subject="exception par système acceptée" if is_agreed else "exception par système refusée",
        content=f"{content}\n\nMotif : {exception.decision_note}" if exception.decision_note else content,
        link=reverse("enrolment:os_exception_detail", args=[enrolment.pk, exception.pk]),
        action="Voir l’exception",
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
