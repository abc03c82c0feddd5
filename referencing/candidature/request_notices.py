"""What people are told about requests, non-conformities, delays and the end of a file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.urls import reverse

from convergence.accounts.models import User
from convergence.notifications.services import send
from convergence.products.people import responsible_people
from convergence.ui.typography import NBSP, format_date
from referencing.candidature.enums import RequestKind
from referencing.candidature.models import Candidature, ComplementRequest, Extension, NonConformity, ThemeReview
from referencing.candidature.notices import listing_team

TEAM = "Équipe de référencement"


def _day(day: date) -> str:
    return format_date(day)


def request_sent(request: ComplementRequest) -> None:
    what = "des pièces manquantes" if request.kind == RequestKind.PIECES else "des compléments"
    _tell_editor(
        request.candidature,
        subject=f"{what} vous sont demandé{'es' if request.kind == RequestKind.PIECES else 's'}",
        content=f"Répondez avant le {_day(request.due_on)} à la demande n°{NBSP}{request.number}. Vous pouvez répondre en "
        "plusieurs fois, ou demander un délai.",
        link=_request_url(request),
        action="Répondre à la demande",
    )


def request_withdrawn(request: ComplementRequest) -> None:
    _tell_editor(
        request.candidature,
        subject=f"demande n°{NBSP}{request.number} retirée",
        content=f"La demande n°{NBSP}{request.number} est retirée{NBSP}: vous n’avez plus à y répondre.\n\n"
        f"Motif{NBSP}: {request.close_reason}",
        link=_request_url(request),
        action="Lire la demande",
    )


def request_reminded(request: ComplementRequest) -> None:
    _tell_editor(
        request.candidature,
        subject=f"réponse attendue à la demande n°{NBSP}{request.number}",
        content=f"Répondez à la demande n°{NBSP}{request.number}, attendue le {_day(request.due_on)}. Si vous avez besoin "
        "de temps, demandez un délai.",
        link=_request_url(request),
        action="Répondre à la demande",
    )


def formal_reminder_sent(request: ComplementRequest) -> None:
    day = _day(request.grace_until) if request.grace_until else ""
    _tell_editor(
        request.candidature,
        subject="mise en demeure de répondre",
        content=f"Répondez à la demande n°{NBSP}{request.number} avant le {day}. L’échéance du {_day(request.due_on)} est "
        "passée. Sans réponse à cette date, l’équipe de référencement pourra constater l’abandon de votre candidature.",
        link=_request_url(request),
        action="Répondre à la demande",
    )


def answers_sent(request: ComplementRequest, codes: list[str], themes: set[str]) -> None:
    """To whoever asked, the référent and the experts of the themes concerned."""
    count = len(codes)
    _tell_agents(
        request.candidature,
        [request.requested_by, *_experts(request.candidature, themes)],
        subject="réponse de l’éditeur",
        content=f"Examinez la réponse de l’éditeur à la demande n°{NBSP}{request.number} ({count} "
        f"point{'s' if count > 1 else ''}{NBSP}: {', '.join(codes)}).",
        link=_request_url(request),
    )


def extension_asked(extension: Extension) -> None:
    request = extension.request
    _tell_agents(
        request.candidature,
        [request.requested_by],
        subject="délai demandé par l’éditeur",
        content=f"Répondez à la demande de délai de l’éditeur{NBSP}: jusqu’au {_day(extension.wanted_on)} pour la demande "
        f"n°{NBSP}{request.number}.\n\nMotif{NBSP}: {extension.reason}",
        link=_request_url(request),
    )


def extension_decided(extension: Extension) -> None:
    request = extension.request
    if extension.granted_on:
        content = (
            f"Vous avez jusqu’au {_day(extension.granted_on)} pour répondre à la demande n°{NBSP}{request.number}."
        )
    else:
        content = (
            f"Répondez avant le {_day(request.due_on)} à la demande n°{NBSP}{request.number}{NBSP}: le délai demandé est "
            "refusé."
        )
    if extension.answer:
        content += f"\n\n{extension.answer}"
    _tell_editor(
        request.candidature,
        subject="délai accordé" if extension.granted_on else "délai refusé",
        content=content,
        link=_request_url(request),
        action="Ouvrir la demande",
    )


def non_conformity_opened(gap: NonConformity) -> None:
    until = f" avant le {_day(gap.due_on)}" if gap.due_on else ""
    _tell_editor(
        gap.candidature,
        subject=f"{_gap_name(gap)} sur le critère {gap.criterion}",
        content=f"Répondez{until} au constat fait sur le critère {gap.criterion}."
        if gap.severity != "observation"
        else f"Lisez l’observation faite sur le critère {gap.criterion}. Elle n’appelle pas de réponse.",
        link=_gap_url(gap),
        action="Lire le constat",
    )


def non_conformity_answered(gap: NonConformity) -> None:
    _tell_agents(
        gap.candidature,
        [gap.opened_by, *_experts(gap.candidature, {gap.theme})],
        subject=f"réponse de l’éditeur à la {_gap_name(gap)}",
        content=f"Levez ou maintenez la {_gap_name(gap)} (critère {gap.criterion}){NBSP}: l’éditeur a répondu.",
        link=_gap_url(gap),
    )


def non_conformity_decided(gap: NonConformity) -> None:
    note = f"\n\n{gap.decision_note}" if gap.decision_note else ""
    words = {"lifted": "est levée", "maintained": "est maintenue", "open": "est rouverte"}[gap.state]
    _tell_editor(
        gap.candidature,
        subject=f"{_gap_name(gap)}{NBSP}: {words.removeprefix('est ')}",
        content=f"La {_gap_name(gap)} sur le critère {gap.criterion} {words}.{note}",
        link=_gap_url(gap),
        action="Lire le constat",
    )


def candidature_lapsed(candidature: Candidature, reason: str) -> None:
    link = reverse("candidature:candidature_detail", args=[candidature.pk])
    _tell_editor(
        candidature,
        subject="candidature abandonnée",
        content="L’abandon de votre candidature est constaté, faute de réponse après mise en demeure. Vous pouvez générer "
        f"un nouveau dossier et candidater de nouveau.\n\nMotif{NBSP}: {reason}",
        link=link,
        action="Ouvrir la candidature",
    )
    _tell_agents(
        candidature,
        list(_experts(candidature, None)),
        subject="candidature abandonnée",
        content="Arrêtez l’examen de ce dossier : son abandon est constaté.",
        link=link,
    )


def scope_reduced(candidature: Candidature) -> None:
    has = "conserve d’autres échanges" if candidature.has_exchange else "n’échange plus de données"
    _tell_agents(
        candidature,
        list(_experts(candidature, None)),
        subject="périmètre d’échange réduit par l’éditeur",
        content=f"Relisez le périmètre du dossier{NBSP}: l’éditeur a renoncé à des échanges avec Mon espace santé, et son "
        f"service {has}.",
        link=reverse("candidature:request_list", args=[candidature.pk]),
    )


def _gap_name(gap: NonConformity) -> str:
    return f"non-conformité n°{NBSP}{gap.number}"


def _request_url(request: ComplementRequest) -> str:
    return reverse("candidature:request_detail", args=[request.candidature_id, request.number])


def _gap_url(gap: NonConformity) -> str:
    return reverse("candidature:non_conformity_detail", args=[gap.candidature_id, gap.number])


def _experts(candidature: Candidature, themes: set[str] | None) -> list[User]:
    """Experts in charge of those themes, of all with None."""
    reviews = ThemeReview.objects.filter(candidature=candidature, expert__isnull=False).select_related("expert")
    if themes is not None:
        reviews = reviews.filter(theme__in=themes)
    return [review.expert for review in reviews.order_by("position") if review.expert]


def _tell_editor(candidature: Candidature, *, subject: str, content: str, link: str, action: str) -> None:
    enrolment = candidature.enrolment
    send(
        recipients=responsible_people(enrolment.product),
        sender=TEAM,
        product=enrolment.label,
        kind="Candidature",
        subject=subject,
        content=content,
        link=link,
        action=action,
    )


def _tell_agents(candidature: Candidature, people: Iterable[User], *, subject: str, content: str, link: str) -> None:
    """The référent (or the whole listing team while there is none) and `people`."""
    enrolment = candidature.enrolment
    team = [candidature.referent] if candidature.referent else list(listing_team(candidature))
    send(
        recipients=[*team, *people],
        sender=enrolment.product.organisation.name,
        product=enrolment.label,
        kind="Candidature",
        subject=subject,
        content=content,
        link=link,
        action="Ouvrir la candidature",
    )
