"""What people are told of questions about recovered answers. The distributor hears of a criterion and a day, nothing more
(BR-197, A-25)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from django.urls import reverse

from convergence.accounts.models import User
from convergence.notifications.services import send
from convergence.products.people import responsible_people
from convergence.ui.typography import NBSP, format_date
from referencing.candidature.models import Candidature, ProducerQuestion, ThemeReview
from referencing.candidature.notices import listing_team

TEAM = "Équipe de référencement"
KIND = "Solution marque blanche"


def answer_url(question: ProducerQuestion) -> str:
    """Where the producer answers."""
    return reverse("candidature:producer_answer_form", args=[question.pre_listing_id, question.criterion])


def asked(questions: Sequence[ProducerQuestion]) -> None:
    """To the producer once, whatever the number of files; to each distributor, that its producer is awaited."""
    first = questions[0]
    names = ", ".join(f"{each.told_product} ({each.told_organisation})" for each in questions)
    what = "une non-conformité" if first.is_gap else "un complément"
    until = f" avant le {format_date(first.due_on)}" if first.due_on else ""
    _tell_producer(
        first,
        subject=f"{what} sur le critère {first.criterion} de votre solution",
        content=f"Répondez{until} sur le critère {first.criterion}, dont la réponse a été récupérée par{NBSP}: {names}. "
        "Votre réponse reste confidentielle pour ces éditeurs.",
        action="Répondre",
    )
    for question in questions:
        if question.due_on:
            _tell_distributor(
                question,
                subject=f"en attente de l’éditeur producteur sur le critère {question.criterion}",
                content=f"L’éditeur producteur doit répondre avant le {format_date(question.due_on)} sur le critère "
                f"{question.criterion} {question.title}, que vous avez récupéré. Vous n’avez rien à faire, ou vous pouvez "
                "répondre vous-même.",
            )


def moved(question: ProducerQuestion, step: str) -> None:
    words = {
        "withdraw": "retirée",
        "lapse": "restée sans réponse",
        "lift": "levée",
        "maintain": "maintenue",
    }[step]
    note = f"\n\n{question.decision_note}" if question.decision_note else ""
    _tell_producer(
        question,
        subject=f"demande sur le critère {question.criterion}{NBSP}: {words}",
        content=f"La demande sur le critère {question.criterion}, pour {question.told_product} "
        f"({question.told_organisation}), est {words}.{note}",
        action="Ouvrir les demandes sur vos solutions",
        link=reverse("candidature:producer_question_list"),
    )
    if step in ("lapse", "maintain"):
        why = (
            "L’éditeur producteur n’a pas répondu à temps"
            if step == "lapse"
            else "La réponse de l’éditeur producteur ne suffit pas"
        )
        _tell_distributor(
            question,
            subject=f"répondez vous-même au critère {question.criterion}",
            content=f"{why} sur le critère {question.criterion} {question.title}. Répondez vous-même à ce critère.",
        )
    else:
        _tell_distributor(
            question,
            subject=f"l’éditeur producteur n’est plus attendu sur le critère {question.criterion}",
            content=f"Rien n’est plus attendu de l’éditeur producteur sur le critère {question.criterion} "
            f"{question.title}.",
        )


def reminded(question: ProducerQuestion) -> None:
    until = f", attendue le {format_date(question.due_on)}" if question.due_on else ""
    _tell_producer(
        question,
        subject=f"réponse attendue sur le critère {question.criterion} de votre solution",
        content=f"Répondez sur le critère {question.criterion}, pour {question.told_product} "
        f"({question.told_organisation}){until}. Si vous avez besoin de temps, demandez un délai.",
        action="Répondre",
    )


def day_comes(question: ProducerQuestion, *, due_on: date, is_late: bool) -> None:
    """By beat: the day comes, or has passed."""
    when = f"était attendue le {format_date(due_on)}" if is_late else f"est attendue le {format_date(due_on)}"
    _tell_producer(
        question,
        subject=f"votre réponse sur le critère {question.criterion} {when}",
        content=f"Répondez sur le critère {question.criterion}, pour {question.told_product} "
        f"({question.told_organisation}){NBSP}: votre réponse {when}.",
        action="Répondre",
    )


def delay_asked(question: ProducerQuestion) -> None:
    day = format_date(question.wanted_on) if question.wanted_on else ""
    _tell_agents(
        question,
        subject="délai demandé par l’éditeur producteur",
        content=f"Répondez à la demande de délai de l’éditeur producteur{NBSP}: jusqu’au {day} pour le critère "
        f"{question.criterion}.\n\nMotif{NBSP}: {question.wanted_why}",
    )


def delay_decided(question: ProducerQuestion, is_granted: bool) -> None:
    until = format_date(question.due_on) if question.due_on else ""
    content = (
        f"Vous avez jusqu’au {until} pour répondre sur le critère {question.criterion}."
        if is_granted
        else f"Répondez avant le {until} sur le critère {question.criterion}{NBSP}: le délai demandé est refusé."
    )
    if question.delay_note:
        content += f"\n\n{question.delay_note}"
    _tell_producer(
        question,
        subject="délai accordé" if is_granted else "délai refusé",
        content=content,
        action="Répondre",
    )


def answered(questions: Sequence[ProducerQuestion]) -> None:
    for question in questions:
        _tell_agents(
            question,
            subject="réponse de l’éditeur producteur",
            content=f"Examinez la réponse de l’éditeur producteur sur le critère {question.criterion} {question.title}.",
        )
        _tell_distributor(
            question,
            subject=f"l’éditeur producteur a répondu sur le critère {question.criterion}",
            content=f"L’éditeur producteur a répondu sur le critère {question.criterion} {question.title}. Sa réponse est "
            "confidentielle. L’examen de votre candidature continue.",
        )


def taken_over(question: ProducerQuestion) -> None:
    """The producer is freed, the agents know who answers now."""
    _tell_producer(
        question,
        subject=f"plus rien à répondre pour {question.told_product} sur le critère {question.criterion}",
        content=f"{question.told_organisation} répond elle-même au critère {question.criterion} pour "
        f"{question.told_product}. Vous n’avez plus à répondre pour ce produit.",
        action="Ouvrir les demandes sur vos solutions",
        link=reverse("candidature:producer_question_list"),
    )
    _tell_agents(
        question,
        subject="le distributeur répond lui-même",
        content=f"L’éditeur distributeur répond lui-même au critère {question.criterion} {question.title}, à la place de "
        "l’éditeur producteur.",
    )


def _tell_producer(question: ProducerQuestion, *, subject: str, content: str, action: str, link: str = "") -> None:
    enrolment = question.pre_listing.enrolment
    send(
        recipients=responsible_people(enrolment.product),
        sender=TEAM,
        product=enrolment.label,
        kind=KIND,
        subject=subject,
        content=content,
        link=link or answer_url(question),
        action=action,
    )


def _tell_distributor(question: ProducerQuestion, *, subject: str, content: str) -> None:
    enrolment = question.candidature.enrolment
    send(
        recipients=responsible_people(enrolment.product),
        sender=TEAM,
        product=enrolment.label,
        kind="Candidature",
        subject=subject,
        content=content,
        link=reverse("candidature:request_list", args=[question.candidature_id]),
        action="Ouvrir les demandes",
    )


def _tell_agents(question: ProducerQuestion, *, subject: str, content: str) -> None:
    """Whoever asked, the référent (or the listing team while there is none), the expert of the theme."""
    candidature = question.candidature
    enrolment = candidature.enrolment
    send(
        recipients=[*_team(candidature), question.asked_by, *_experts(question)],
        sender=question.pre_listing.enrolment.product.organisation.name,
        product=enrolment.label,
        kind="Candidature",
        subject=subject,
        content=content,
        link=reverse("candidature:producer_question_detail", args=[candidature.pk, question.number]),
        action="Ouvrir la demande",
    )


def _team(candidature: Candidature) -> Iterable[User]:
    return [candidature.referent] if candidature.referent else list(listing_team(candidature))


def _experts(question: ProducerQuestion) -> list[User]:
    reviews = ThemeReview.objects.filter(candidature=question.candidature_id, theme=question.theme)
    return [each.expert for each in reviews.filter(expert__isnull=False).select_related("expert") if each.expert]
