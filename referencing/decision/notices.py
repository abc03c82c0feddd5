"""What people are told about acts, remedies and countersignatures: that something waits, never what it says (A-32)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.urls import reverse

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.notifications.services import send
from convergence.products.people import responsible_people
from convergence.ui.typography import format_date
from referencing.commission.selectors.people import without_link
from referencing.decision.models import Appeal, Decision, Suit

if TYPE_CHECKING:
    from datetime import date

    from referencing.convention.models import Signable

KIND = "Décision"
MINISTRY = "Ministère chargé de la santé"


def ministry(decision: Decision) -> QuerySet[User]:
    return without_link(User.objects.with_role(Role.MINISTRY), decision.enrolment)


def agents(decision: Decision, *roles: Role) -> list[User]:
    """Those who hold one of the roles and whom no link bars from the product, once each."""
    found = {each for role in roles for each in without_link(User.objects.with_role(role), decision.enrolment)}
    return sorted(found, key=lambda person: str(person.pk))


def decision_signed(decision: Decision) -> None:
    """To the editor, without content: opening it notifies it (N15, A-32)."""
    send(
        recipients=responsible_people(decision.enrolment.product),
        sender=MINISTRY,
        product=decision.enrolment.label,
        kind=KIND,
        subject="une décision vous attend",
        content="Prenez connaissance de la décision que le ministre chargé de la santé a signée. Elle vous est notifiée quand "
        "vous l’ouvrez : les délais de recours courent à partir de ce moment.",
        link=_page(decision),
        action="Prendre connaissance de la décision",
    )


def decision_notified(decision: Decision) -> None:
    """In the platform only, to those who carry the act out (T32)."""
    send(
        recipients=agents(decision, Role.MINISTRY, Role.LISTING_TEAM, Role.CNAM),
        sender=decision.enrolment.product.organisation.name,
        product=decision.enrolment.label,
        kind=KIND,
        content=f"{decision} : notifiée à l’éditeur.",
        link=_page(decision),
    )


def appeal_lodged(appeal: Appeal) -> None:
    decision = appeal.decision
    send(
        recipients=ministry(decision),
        sender=appeal.author_name,
        product=decision.enrolment.label,
        kind="Recours",
        subject="recours à examiner",
        content=f"Répondez au recours formé contre {decision} avant le {format_date(appeal.silence_on)} : sans réponse, il est "
        "rejeté ce jour-là.",
        link=reverse("decision:appeal_detail", args=[appeal.pk]),
        action="Examiner le recours",
    )


def appeal_answered(appeal: Appeal) -> None:
    _tell_editor(appeal, subject="réponse à votre recours", content="Lisez la réponse du ministère à votre recours.")


def appeal_silently_rejected(appeal: Appeal) -> None:
    """The editor learns that the limit to go to court runs again."""
    _tell_editor(
        appeal,
        subject="recours rejeté par silence",
        content="Voyez ce qui vous reste possible : le ministère n’a pas répondu à votre recours en deux mois, ce qui vaut rejet.",
    )
    send(
        recipients=ministry(appeal.decision),
        product=appeal.decision.enrolment.label,
        kind="Recours",
        content=f"Le recours formé contre {appeal.decision} est rejeté par silence. Vous pouvez encore y répondre.",
        link=reverse("decision:appeal_detail", args=[appeal.pk]),
    )


def appeal_withdrawn(appeal: Appeal) -> None:
    send(
        recipients=ministry(appeal.decision),
        sender=appeal.author_name,
        product=appeal.decision.enrolment.label,
        kind="Recours",
        content=f"L’éditeur a retiré son recours contre {appeal.decision}.",
        link=reverse("decision:appeal_detail", args=[appeal.pk]),
    )


def court_ruled(suit: Suit) -> None:
    """Both sides read what the court said on the page of the act."""
    decision = suit.decision
    send(
        recipients=responsible_people(decision.enrolment.product),
        sender=MINISTRY,
        product=decision.enrolment.label,
        kind=KIND,
        subject="décision de justice enregistrée",
        content=f"Lisez ce que devient votre décision : le ministère a enregistré une décision de justice ({suit}).",
        link=_page(decision),
        action="Ouvrir la décision",
    )


def injunction_due(suit: Suit, *, due_on: date, is_overdue: bool) -> None:
    """A court ordered something by a day that is near, or past."""
    decision, day = suit.decision, format_date(due_on)
    said = f"devait être exécutée avant le {day}" if is_overdue else f"doit être exécutée avant le {day}"
    send(
        recipients=ministry(decision),
        product=str(decision.enrolment.label),
        kind=KIND,
        subject="injonction en retard" if is_overdue else "injonction à exécuter",
        content=f"L’injonction de {suit.court} (affaire {suit.case_number}) {said}. Elle est sur la page de la décision.",
        link=_page(decision),
        action="Voir la décision",
    )


def fully_signed(signable: Signable) -> None:
    enrolment = signable.enrolment
    people = {
        *responsible_people(enrolment.product),
        *without_link(User.objects.with_role(Role.LISTING_TEAM), enrolment),
    }
    send(
        recipients=sorted(people, key=lambda person: str(person.pk)),
        sender=MINISTRY,
        product=enrolment.label,
        kind="Convention",
        content="Les trois parties ont signé : le document complet est à votre disposition.",
        link=reverse("decision:convention_detail", args=[enrolment.pk]),
    )


def _tell_editor(appeal: Appeal, *, subject: str, content: str) -> None:
    send(
        recipients=responsible_people(appeal.decision.enrolment.product),
        sender=MINISTRY,
        product=appeal.decision.enrolment.label,
        kind="Recours",
        subject=subject,
        content=content,
        link=reverse("decision:appeal_detail", args=[appeal.pk]),
        action="Ouvrir le recours",
    )


def _page(decision: Decision) -> str:
    return reverse("decision:decision_detail", args=[decision.pk])
