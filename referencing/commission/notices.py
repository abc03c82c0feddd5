"""What people are told about the commission’s sessions (N13). Mails to members name no file: their page shows each what it
may (A-28)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from convergence.notifications.services import MailFile, send
from convergence.products.people import responsible_people
from convergence.ui.typography import NBSP, format_date, format_datetime, join_words
from referencing.candidature.core.invitation import Appointment, write_invitation
from referencing.candidature.notices import listing_team
from referencing.commission.enums import ANNOUNCED_STATES, ConvocationKind, SessionState
from referencing.commission.selectors.people import list_members, list_members_knowing, list_secretaries

if TYPE_CHECKING:
    from convergence.accounts.models import User
    from referencing.candidature.models import Candidature
    from referencing.commission.models import AgendaPoint, CommissionSession, Convocation

SENDER = "Secrétariat de la commission"
KIND = "Commission"
#: How long calendars block: the end of a session is not announced.
SESSION_HOURS = 3
#: The mention without which a second convocation does not dispense with the quorum (BR-152).
SECOND_MENTION = "Le quorum n’ayant pas été atteint, la commission délibérera valablement sur cet ordre du jour sans condition de quorum."


def page_of(session: CommissionSession) -> str:
    return reverse("commission:session_detail", args=[session.pk])


def where(place: str, remote_url: str) -> str:
    """« Salle 1, ou à distance : https://… »."""
    remote = f"à distance{NBSP}: {remote_url}" if remote_url else ""
    return ", ou ".join(filter(None, (place, remote)))


def appointment_file(session: CommissionSession) -> MailFile:
    """The session as a calendar file; sent again when it changes or is cancelled. It names no file."""
    appointment = Appointment(
        uid=f"{session.pk}@{settings.SITE_URL.partition('://')[2] or 'convergence'}",
        starts_at=session.held_at,
        ends_at=session.held_at + timedelta(hours=SESSION_HOURS),
        title=f"Commission de référencement – séance n° {session.number}",
        place=session.place or session.remote_url,
        description=f"{where(session.place, session.remote_url)}\n{settings.SITE_URL}{page_of(session)}",
        stamped_at=timezone.now(),
        sequence=session.calendar_sequence,
        is_cancelled=session.state == SessionState.CANCELLED,
    )
    return MailFile("seance.ics", "text/calendar", write_invitation(appointment))


def convoked(convocation: Convocation, session: CommissionSession, people: Sequence[User]) -> None:
    """N13: to each member; what is on the agenda is read on the page, after declaring links."""
    day = format_datetime(session.held_at)
    if convocation.kind == ConvocationKind.ADDITION:
        subject = f"ajout à l’ordre du jour de la séance du {format_date(session.held_at)}"
        content = f"Lisez les points ajoutés à l’ordre du jour de la séance du {day}, et déclarez vos liens d’intérêts."
    else:
        second = "seconde " if convocation.kind == ConvocationKind.SECOND else ""
        subject = f"{second}convocation à la séance du {format_date(session.held_at)}"
        content = (
            "Déclarez vos liens d’intérêts sur les dossiers de l’ordre du jour, puis lisez-les"
            f"{NBSP}: la commission se réunit le {day}. {where(session.place, session.remote_url)}."
        )
    if convocation.kind == ConvocationKind.SECOND:
        content += f"\n\n{SECOND_MENTION}"
    if convocation.urgency_reason:
        content += f"\n\nConvocation en urgence{NBSP}: {convocation.urgency_reason}"
    send(
        recipients=people,
        sender=SENDER,
        kind=KIND,
        subject=f"commission de référencement – {subject}",
        content=content,
        link=page_of(session),
        action="Ouvrir la convocation",
        files=[appointment_file(session)],
    )


def session_moved(session: CommissionSession) -> None:
    """Place or link changed after the convocation; the day never does."""
    send(
        recipients=list_members(session),
        sender=SENDER,
        kind=KIND,
        subject=f"commission de référencement – lieu de la séance du {format_date(session.held_at)}",
        content=f"Notez le nouveau lieu de la séance du {format_datetime(session.held_at)}{NBSP}: "
        f"{where(session.place, session.remote_url)}.",
        link=page_of(session),
        action="Ouvrir la séance",
        files=[appointment_file(session)],
    )


def session_cancelled(session: CommissionSession, people: Iterable[User]) -> None:
    send(
        recipients=people,
        sender=SENDER,
        kind=KIND,
        subject=f"commission de référencement – séance du {format_date(session.held_at)} annulée",
        content=f"Retirez de votre agenda la séance du {format_datetime(session.held_at)}{NBSP}: elle est annulée."
        f"\n\nMotif{NBSP}: {session.end_reason}",
        link=reverse("commission:session_list"),
        action="Voir les séances",
        files=[appointment_file(session)],
    )


def file_announced(candidature: Candidature, session: CommissionSession) -> None:
    """T25: the editor learns the day once it is certain, that of the convocation."""
    _tell_editor(
        candidature,
        subject="dossier à l’ordre du jour de la commission",
        content=f"La commission examinera votre dossier le {format_date(session.held_at)}. Vous n’avez rien à faire.",
    )


def point_postponed(point: AgendaPoint, reason: str) -> None:
    """T27: members who may know the file, and the editor, who is not told why."""
    candidature, session = point.candidature, point.session
    if session.state in ANNOUNCED_STATES:
        _tell_members(
            point,
            content=f"N’examinez plus ce dossier pour la séance du {format_date(session.held_at)}{NBSP}: son examen est "
            f"reporté.\n\nMotif{NBSP}: {reason}",
        )
        _tell_editor(
            candidature,
            subject="examen reporté par la commission",
            content="Votre dossier sera examiné à une prochaine séance de la commission. Vous n’avez rien à faire.",
        )


def point_adjourned(point: AgendaPoint, documents: str) -> None:
    """T26b: the listing team asks for what the commission wants; the editor knows that a request comes."""
    candidature = point.candidature
    team = [candidature.referent] if candidature.referent else list(listing_team(candidature))
    send(
        recipients=team,
        sender=SENDER,
        product=candidature.enrolment.label,
        kind=KIND,
        subject="sursis à statuer, documents à demander",
        content="Demandez à l’éditeur les documents que la commission attend avant de rendre son avis"
        f"{NBSP}: {documents}",
        link=reverse("candidature:request_list", args=[candidature.pk]),
        action="Demander les documents",
    )
    _tell_editor(
        candidature,
        subject="la commission demande des documents",
        content="La commission rendra son avis quand elle aura reçu des documents. Une demande va vous être envoyée."
        f"\n\nDocuments attendus{NBSP}: {documents}",
    )


def point_withdrawn(point: AgendaPoint) -> None:
    """The editor withdrew: the secretary, and the members to whom the point was announced."""
    candidature, session = point.candidature, point.session
    content = (
        f"Retirez ce dossier de vos préparatifs{NBSP}: l’éditeur a retiré sa candidature, le point "
        f"{point.position} de la séance du {format_date(session.held_at)} n’a plus d’objet."
    )
    send(
        recipients=list_secretaries(candidature),
        product=candidature.enrolment.label,
        kind=KIND,
        subject="candidature retirée de l’ordre du jour",
        content=content,
        link=page_of(session),
        action="Ouvrir la séance",
    )
    if session.state in ANNOUNCED_STATES:
        _tell_members(point, content=content)


def conflict_declared(session: CommissionSession, person: User, points: Sequence[AgendaPoint]) -> None:
    """To the secretaries who may know the files: the quorum of these points changes."""
    for point in points:
        send(
            recipients=list_secretaries(point.candidature),
            sender=str(person),
            product=point.product_name,
            kind=KIND,
            subject="déport déclaré",
            content=f"Vérifiez le quorum du point {point.position} de la séance du {format_date(session.held_at)}"
            f"{NBSP}: {person} a déclaré un lien d’intérêts et ne prendra pas part à la délibération.",
            link=page_of(session),
            action="Ouvrir la séance",
        )


def links_to_declare(session: CommissionSession, person: User, positions: Sequence[int]) -> None:
    """Named by their positions: a mail says no name before the declaration."""
    words = join_words([str(each) for each in positions])
    points = f"le point {words}" if len(positions) == 1 else f"les points {words}"
    send(
        recipients=[person],
        sender=SENDER,
        kind=KIND,
        subject=f"commission de référencement – liens à déclarer avant la séance du {format_date(session.held_at)}",
        content=f"Déclarez si vous avez un lien d’intérêts sur {points} de l’ordre du jour{NBSP}: les dossiers s’ouvrent "
        "ensuite.",
        link=reverse("commission:link_declare", args=[session.pk]),
        action="Déclarer mes liens",
    )


def _tell_members(point: AgendaPoint, *, content: str) -> None:
    """In the platform and by mail, to those of the session whom no link bars from the file."""
    send(
        recipients=list_members_knowing(point.candidature, point.session, at=timezone.now()),
        sender=SENDER,
        product=point.product_name,
        kind=KIND,
        subject="point de l’ordre du jour modifié",
        content=content,
        link=page_of(point.session),
        action="Ouvrir la séance",
    )


def _tell_editor(candidature: Candidature, *, subject: str, content: str) -> None:
    enrolment = candidature.enrolment
    send(
        recipients=responsible_people(enrolment.product),
        sender=SENDER,
        product=enrolment.label,
        kind="Candidature",
        subject=subject,
        content=content,
        link=reverse("candidature:candidature_detail", args=[candidature.pk]),
        action="Suivre la candidature",
    )
