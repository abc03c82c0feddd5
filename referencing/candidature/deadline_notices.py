"""Reminders of days that come or have passed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from django.urls import reverse

from convergence.notifications.services import send
from convergence.ui.typography import NBSP, format_date
from referencing.candidature.wording import effect_of_silence

if TYPE_CHECKING:
    from convergence.accounts.models import User
    from referencing.candidature.models import Candidature

KIND = "Échéance"


def internal_day(candidature: Candidature, people: Iterable[User], *, due_on: date, is_late: bool) -> None:
    """To the agents who hold the ball (BR-116)."""
    day = format_date(due_on)
    if is_late:
        subject = f"en retard depuis le {day}"
        content = f"Faites avancer ce dossier{NBSP}: son délai interne a pris fin le {day}."
    else:
        subject = f"à traiter avant le {day}"
        content = f"Faites avancer ce dossier avant le {day}{NBSP}: son délai interne prend fin ce jour-là."
    _send(candidature, people, subject=subject, content=content, action="Ouvrir la candidature")


def editor_day(candidature: Candidature, people: Iterable[User], *, what: str, due_on: date, is_late: bool) -> None:
    """To those who commit the editor’s organisation; `what` is « Demande n° 2 », « Non-conformité n° 1 »."""
    day = format_date(due_on)
    if is_late:
        subject = f"{what.lower()}{NBSP}: réponse attendue depuis le {day}"
        content = (
            f"Répondez à ce qui vous est demandé ({what.lower()})"
            f"{NBSP}: la date fixée, le {day}, est passée. Si vous avez besoin de temps, dites-le dans la candidature."
        )
    else:
        subject = f"{what.lower()}{NBSP}: réponse attendue avant le {day}"
        content = f"Répondez à ce qui vous est demandé ({what.lower()}) avant le {day}."
    _send(candidature, people, subject=subject, content=content, action="Répondre")


def silence_soon(candidature: Candidature, people: Iterable[User], *, due_on: date) -> None:
    """To the référent: the legal clock is never mixed with the internal one (A-17)."""
    day = format_date(due_on)
    effect = effect_of_silence(candidature.enrolment.demarche.settings.get("silence", {}))
    _send(
        candidature,
        people,
        subject=f"délai légal{NBSP}: fin le {day}",
        content=f"Préparez la suite de ce dossier{NBSP}: sans décision le {day}, {effect}.",
        action="Ouvrir la candidature",
    )


def _send(candidature: Candidature, people: Iterable[User], *, subject: str, content: str, action: str) -> None:
    send(
        recipients=people,
        product=candidature.enrolment.label,
        kind=KIND,
        subject=subject,
        content=content,
        link=reverse("candidature:candidature_detail", args=[candidature.pk]),
        action=action,
    )
