"""What people are told of an opinion, of its reservations and of what follows; never to whom a link of interest bars."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.notifications.services import send
from convergence.products.people import responsible_people
from convergence.ui.typography import NBSP, format_date
from referencing.candidature.models import Candidature
from referencing.candidature.notices import listing_team
from referencing.commission.enums import OpinionKind
from referencing.commission.models import Opinion, Reservation
from referencing.commission.selectors.people import list_secretaries, without_link

SECRETARY = "Secrétariat de la commission"
TEAM = "Équipe de référencement"

#: First sentence of the mail to the editor: what there is to do.
_TODO = {
    OpinionKind.FAVOURABLE: "Vous n’avez rien à faire pour le moment : le dossier va au ministre, qui décide.",
    OpinionKind.WITH_RESERVATIONS: "Levez les réserves avant leur échéance. Elles ne suspendent pas la décision du ministre.",
    OpinionKind.WITH_SUSPENSIVE: "Levez les réserves suspensives avant leur échéance : le ministre ne décide qu’ensuite.",
    OpinionKind.UNFAVOURABLE: "Lisez les motifs de la commission : le dossier va au ministre, qui décide.",
}


def opinion_given(opinion: Opinion) -> None:
    """N14, to the editor and to the référent."""
    kind = OpinionKind(opinion.kind)
    words = f"Avis de la commission{NBSP}: {kind.label.lower()}."
    link = reverse("commission:opinion_detail", args=[opinion.candidature_id])
    _tell_editor(
        opinion.candidature,
        sender=SECRETARY,
        subject="avis de la commission",
        content=f"{_TODO[kind]}\n\n{words}",
        link=link,
        action="Lire l’avis",
    )
    _tell_team(
        opinion.candidature,
        subject="avis de la commission",
        content=f"Prenez connaissance de l’avis. {words}",
        link=link,
    )


def reservation_answered(reservation: Reservation) -> None:
    _tell_team(
        reservation.candidature,
        subject=f"réponse de l’éditeur à la réserve n°{NBSP}{reservation.number}",
        content=f"Examinez la réponse de l’éditeur à la réserve n°{NBSP}{reservation.number} (critère "
        f"{reservation.criterion}), puis levez-la ou demandez une autre réponse.",
        link=_reservation_url(reservation),
    )


def reservation_lifted(reservation: Reservation) -> None:
    _tell_editor(
        reservation.candidature,
        subject=f"réserve n°{NBSP}{reservation.number} levée",
        content=f"Vous n’avez plus rien à faire pour la réserve n°{NBSP}{reservation.number}{NBSP}: elle est levée.",
        link=_reservation_url(reservation),
        action="Lire la réserve",
    )


def reservation_sent_back(reservation: Reservation) -> None:
    _tell_editor(
        reservation.candidature,
        subject=f"réserve n°{NBSP}{reservation.number}{NBSP}: autre réponse attendue",
        content=f"Répondez de nouveau à la réserve n°{NBSP}{reservation.number} avant le "
        f"{format_date(reservation.due_on)}.\n\n{reservation.decision_note}",
        link=_reservation_url(reservation),
        action="Répondre à la réserve",
    )


def reservations_lifted(candidature: Candidature) -> None:
    """To the secretary: nothing suspends the file any more."""
    _tell_secretary(
        candidature,
        subject="réserves suspensives levées",
        content="Transmettez ce dossier au ministre : ses réserves suspensives sont levées.",
    )


def reservation_soon(reservation: Reservation) -> None:
    _tell_editor(
        reservation.candidature,
        subject=f"réserve n°{NBSP}{reservation.number} à lever avant le {format_date(reservation.due_on)}",
        content=f"Répondez à la réserve n°{NBSP}{reservation.number} avant le {format_date(reservation.due_on)}.",
        link=_reservation_url(reservation),
        action="Répondre à la réserve",
    )


def reservation_overdue(reservation: Reservation) -> None:
    """To the editor, the team and, when it suspends the file, the secretary who decides what follows (A-30)."""
    day = format_date(reservation.due_on)
    follows = (
        " Sans elle, la commission peut réexaminer le dossier, ou le ministre refuser le référencement."
        if reservation.is_suspensive
        else ""
    )
    _tell_editor(
        reservation.candidature,
        subject=f"réserve n°{NBSP}{reservation.number}{NBSP}: échéance dépassée",
        content=f"Répondez à la réserve n°{NBSP}{reservation.number}{NBSP}: elle était à lever avant le {day}.{follows}",
        link=_reservation_url(reservation),
        action="Répondre à la réserve",
    )
    _tell_team(
        reservation.candidature,
        subject=f"réserve n°{NBSP}{reservation.number}{NBSP}: échéance dépassée",
        content=f"Relancez l’éditeur{NBSP}: la réserve n°{NBSP}{reservation.number} était à lever avant le {day}.",
        link=_reservation_url(reservation),
    )
    if reservation.is_suspensive:
        _tell_secretary(
            reservation.candidature,
            subject=f"réserve suspensive n°{NBSP}{reservation.number}{NBSP}: échéance dépassée",
            content="Décidez de la suite : représenter ce dossier à la commission, ou le transmettre au ministre pour refus.",
        )


def file_transmitted(candidature: Candidature, *, is_for_refusal: bool) -> None:
    """To the ministry; the editor learns who decides."""
    send(
        recipients=without_link(User.objects.with_role(Role.MINISTRY), candidature.enrolment),
        sender=SECRETARY,
        product=candidature.enrolment.label,
        kind="Commission",
        subject="dossier transmis pour décision",
        content="Préparez la décision de refus : l’avis ou une réserve suspensive exclut le référencement."
        if is_for_refusal
        else "Préparez la décision : la commission a rendu un avis qui permet le référencement.",
        link=reverse("commission:opinion_detail", args=[candidature.pk]),
        action="Lire l’avis",
    )
    _tell_editor(
        candidature,
        sender=SECRETARY,
        subject="dossier transmis au ministre",
        content="Vous n’avez rien à faire pour le moment : le ministre décide du référencement de votre service.",
        link=reverse("commission:opinion_detail", args=[candidature.pk]),
        action="Lire l’avis",
    )


def sent_back_to_commission(candidature: Candidature, reason: str) -> None:
    link = reverse("commission:opinion_detail", args=[candidature.pk])
    _tell_editor(
        candidature,
        sender=SECRETARY,
        subject="nouvel examen par la commission",
        content="Vous n’avez rien à faire pour le moment : la commission va examiner votre dossier de nouveau.\n\n"
        f"Motif{NBSP}: {reason}",
        link=link,
        action="Ouvrir la candidature",
    )
    _tell_secretary(
        candidature,
        subject="dossier à inscrire de nouveau",
        content=f"Inscrivez ce dossier à l’ordre du jour d’une séance.\n\nMotif{NBSP}: {reason}",
    )


def _reservation_url(reservation: Reservation) -> str:
    return reverse("commission:reservation_detail", args=[reservation.pk])


def _tell_editor(
    candidature: Candidature, *, subject: str, content: str, link: str, action: str, sender: str = TEAM
) -> None:
    enrolment = candidature.enrolment
    send(
        recipients=responsible_people(enrolment.product),
        sender=sender,
        product=enrolment.label,
        kind="Commission",
        subject=subject,
        content=content,
        link=link,
        action=action,
    )


def _tell_team(candidature: Candidature, *, subject: str, content: str, link: str) -> None:
    team: Iterable[User] = [candidature.referent] if candidature.referent else listing_team(candidature)
    send(
        recipients=team,
        sender=SECRETARY,
        product=candidature.enrolment.label,
        kind="Commission",
        subject=subject,
        content=content,
        link=link,
        action="Ouvrir la page",
    )


def _tell_secretary(candidature: Candidature, *, subject: str, content: str) -> None:
    send(
        recipients=list_secretaries(candidature),
        sender=TEAM,
        product=candidature.enrolment.label,
        kind="Commission",
        subject=subject,
        content=content,
        link=reverse("commission:opinion_detail", args=[candidature.pk]),
        action="Ouvrir la page",
    )
