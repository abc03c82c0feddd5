"""What people are told about a candidature."""

from __future__ import annotations

import json
from collections.abc import Iterable

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.interests.selectors import without_conflict
from convergence.notifications.services import send
from convergence.products.people import responsible_people
from convergence.ui.typography import NBSP, format_datetime
from referencing.candidature.enums import Side
from referencing.candidature.models import (
    AdmissibilityAct,
    Candidature,
    Discussion,
    DiscussionMessage,
    Letter,
    ThemeReview,
)
from referencing.dossier.readers import read_payload
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
    silence = f"\n\n{receipt['silence']}" if receipt.get("silence") else ""
    send(
        recipients=responsible_people(enrolment.product),
        sender=TEAM,
        product=enrolment.label,
        kind="Candidature",
        subject="accusé de réception de votre candidature",
        content=f"Votre candidature est déposée depuis le {format_datetime(applied_at)} avec le dossier "
        f"{candidature.dossier.reference}. Vous n’avez rien à faire pour le moment.\n\n"
        f"Service chargé du dossier : {receipt['service']}. Contact : {receipt['contact']}.{silence}",
        link=reverse("candidature:candidature_detail", args=[candidature.pk]),
        action="Suivre la candidature",
    )


def candidature_taken(candidature: Candidature) -> None:
    _tell_editor(
        candidature,
        subject="candidature prise en charge",
        content=f"{candidature.referent} est le référent de votre candidature et en examine la recevabilité. "
        "Vous n’avez rien à faire pour le moment.",
    )


def candidature_admissible(candidature: Candidature) -> None:
    """BR-111."""
    _tell_editor(
        candidature,
        subject="recevabilité administrative validée",
        content="Votre candidature est recevable : des experts vont évaluer votre dossier. Vous n’avez rien à faire pour le "
        "moment. S’il leur manque un élément, vous recevrez une demande.",
    )


def candidature_inadmissible(candidature: Candidature, act: AdmissibilityAct) -> None:
    """The decision with its reasons and remedies, which start the time limits (A-01, A-33)."""
    content = json.loads(bytes(act.payload))
    reasons = "\n".join(f"– {each['text']}" for each in content["reasons"])
    _tell_editor(
        candidature,
        subject="candidature irrecevable",
        content=f"Lisez la décision jointe à votre candidature : elle est déclarée irrecevable.\n\n{reasons}\n\n"
        f"{content['text']}\n\nVoies et délais de recours : {content['remedies']}\n\nVous pourrez candidater de nouveau "
        "avec un nouveau dossier.",
    )


def referent_named(candidature: Candidature, by: User) -> None:
    """Somebody else put the file into these hands."""
    if candidature.referent:
        _tell_agents(
            candidature,
            [candidature.referent],
            subject="vous êtes le référent de cette candidature",
            content=f"Examinez ce dossier{NBSP}: {by} vous en a désigné référent.",
        )


def referent_changed(candidature: Candidature, previous: User | None, by: User, *, in_batch: bool = False) -> None:
    """The new référent and the former one, unless told of a whole batch; the editor learns whom to write to (A-22)."""
    if not in_batch:
        referent_named(candidature, by)
    if previous and previous != by and not in_batch:
        _tell_agents(
            candidature,
            [previous],
            content=f"Vous n’êtes plus le référent de cette candidature, confiée à {candidature.referent}.",
        )
    _tell_editor(
        candidature,
        content=f"{candidature.referent} est désormais le référent de votre candidature. Vous n’avez rien à faire.",
    )


def files_received(person: User, count: int, by: User, *, has_parts: bool) -> None:
    """One message for a whole batch: somebody was given files, or themes of files."""
    what = "thèmes à évaluer" if has_parts else "candidatures"
    send(
        recipients=[person],
        sender=str(by),
        kind="Candidature",
        subject=f"{count} {what} de plus à votre nom" if count > 1 else "une candidature de plus à votre nom",
        content=f"Ouvrez votre file de travail{NBSP}: {by} vous a confié {count} {what}."
        if count > 1
        else f"Ouvrez votre file de travail{NBSP}: {by} vous a confié une candidature.",
        link=f"{reverse('candidature:candidature_list')}?agent=moi",
        action="Ouvrir ma file de travail",
    )


def files_left(person: User, count: int, by: User) -> None:
    """In the platform only: there is nothing to do."""
    send(
        recipients=[person],
        sender=str(by),
        kind="Candidature",
        content=f"{by} a confié à d’autres personnes {count} dossiers ou thèmes que vous suiviez. N’y travaillez plus."
        if count > 1
        else f"{by} a confié à une autre personne un dossier ou un thème que vous suiviez. N’y travaillez plus.",
        link=f"{reverse('candidature:candidature_list')}?agent=moi",
    )


def expert_assigned(candidature: Candidature, expert: User, theme: str) -> None:
    _tell_agents(
        candidature,
        [expert],
        subject="un thème à évaluer",
        content=f"Évaluez le thème « {theme} » de ce dossier{NBSP}: il vous est confié.",
    )


def expert_removed(candidature: Candidature, expert: User, theme: str) -> None:
    """In the platform only: there is nothing to do."""
    _tell_agents(
        candidature,
        [expert],
        content=f"Le thème « {theme} » de ce dossier ne vous est plus confié. N’y travaillez plus.",
        link="",
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


def _tell_editor(candidature: Candidature, *, content: str, subject: str = "") -> None:
    enrolment = candidature.enrolment
    send(
        recipients=responsible_people(enrolment.product),
        sender=TEAM,
        product=enrolment.label,
        kind="Candidature",
        subject=subject,
        content=content,
        link=reverse("candidature:candidature_detail", args=[candidature.pk]),
        action="Suivre la candidature",
    )


def _tell_team(candidature: Candidature, *, subject: str, content: str) -> None:
    people = [candidature.referent] if candidature.referent else listing_team(candidature)
    _tell_agents(candidature, people, subject=subject, content=content)


def _tell_agents(
    candidature: Candidature,
    people: Iterable[User],
    *,
    content: str,
    subject: str = "",
    sender: str = "",
    link: str | None = None,
) -> None:
    """`sender`: the editor’s organisation when empty; `link`: the home of the file unless said otherwise, empty for who may
    no longer open it."""
    enrolment = candidature.enrolment
    send(
        recipients=people,
        sender=sender or enrolment.product.organisation.name,
        product=enrolment.label,
        kind="Candidature",
        subject=subject,
        content=content,
        link=reverse("candidature:candidature_detail", args=[candidature.pk]) if link is None else link,
        action="Ouvrir la candidature",
    )


def theme_concluded(candidature: Candidature, review: ThemeReview) -> None:
    """To the référent: one theme less, and a second reading to organise when the démarche asks for it."""
    if candidature.referent is None or candidature.referent == review.concluded_by:
        return
    _tell_agents(
        candidature,
        [candidature.referent],
        sender=str(review.concluded_by),
        subject=f"thème conclu, {theme_title(candidature, review.theme)}",
        content=f"{review.concluded_by} a conclu l’évaluation du thème « {theme_title(candidature, review.theme)} ».",
        link=reverse("candidature:examination", args=[candidature.pk]) + f"#{review.theme}",
    )


def theme_sent_back(candidature: Candidature, review: ThemeReview, author: User, reason: str) -> None:
    """To whoever concluded the theme: the second reader asks for more."""
    _tell_agents(
        candidature,
        [author],
        sender=TEAM,
        subject=f"visa refusé, {theme_title(candidature, review.theme)}",
        content=f"Reprenez l’évaluation du thème « {theme_title(candidature, review.theme)} » : il est rouvert. Motif : {reason}",
        link=reverse("candidature:examination", args=[candidature.pk]) + f"#{review.theme}",
    )


def discussion_message(candidature: Candidature, discussion: Discussion, message: DiscussionMessage) -> None:
    """To the other side of a shared thread, and to the agents of an internal one; never back to its author."""
    link = reverse("candidature:criterion_review", args=[candidature.pk, discussion.criterion]) + "#discussions"
    about = f"sur le critère {discussion.criterion}"
    if not discussion.is_internal and not message.from_editor:
        enrolment = candidature.enrolment
        send(
            recipients=responsible_people(enrolment.product),
            sender=TEAM,
            product=enrolment.label,
            kind="Candidature",
            subject=f"question {about}",
            content=f"Répondez à la question posée {about} :\n\n{message.text}",
            link=link,
            action="Répondre",
        )
        return
    expert = candidature.reviews.filter(theme=discussion.theme).select_related("expert").first()
    people = {candidature.referent, expert.expert if expert else None} - {None, message.author}
    _tell_agents(
        candidature,
        sorted((person for person in people if person), key=lambda person: str(person.pk)),
        sender=str(message.author),
        subject=f"nouveau message {about}",
        content=f"{message.author} a écrit {about} :\n\n{message.text}",
        link=link,
    )


def theme_title(candidature: Candidature, theme: str) -> str:
    """The name of the questionnaire as it was frozen."""
    return next(
        (each["title"] for each in read_payload(candidature.dossier)["questionnaires"] if each["code"] == theme), theme
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


def producer_left(candidature: Candidature, pre_listing: PreListing) -> None:
    """To the verifiers alone: the file goes on with what is frozen in it (A-23)."""
    _tell_team(
        candidature,
        subject="solution de l’éditeur producteur qui n’est plus pré-référencée",
        content="Appréciez la suite à donner : la solution de l’éditeur producteur que ce dossier reprend est "
        f"{pre_listing.get_state_display().lower()}. L’instruction continue sur les réponses figées dans le dossier.",
    )


def message_sent(candidature: Candidature, letter: Letter) -> None:
    """To the other side: by mail, since there is something to read and often to answer."""
    enrolment = candidature.enrolment
    verb = "Répondez à" if letter.waits_for_answer else "Lisez"
    link = reverse("candidature:letter_list", args=[candidature.pk])
    if letter.from_editor:
        _tell_agents(
            candidature,
            _instructors(candidature) - {letter.author},
            sender=enrolment.product.organisation.name,
            subject=f"message de l’éditeur{NBSP}: {letter.subject}",
            content=f"{verb} ce message de {letter.author}{NBSP}: «{NBSP}{letter.subject}{NBSP}».",
            link=link,
        )
        return
    send(
        recipients=responsible_people(enrolment.product),
        sender=TEAM,
        product=enrolment.label,
        kind="Échange",
        subject=f"message{NBSP}: {letter.subject}",
        content=f"{verb} ce message de l’équipe qui instruit votre candidature{NBSP}: «{NBSP}{letter.subject}{NBSP}».",
        link=link,
        action="Répondre" if letter.waits_for_answer else "Lire le message",
    )


def note_shared(candidature: Candidature, letter: Letter) -> None:
    """The editor finds the note in the platform; a mail only when an answer is expected."""
    enrolment = candidature.enrolment
    waits = letter.answer_by == Side.EDITOR
    send(
        recipients=responsible_people(enrolment.product),
        sender=TEAM,
        product=enrolment.label,
        kind="Échange",
        subject=f"réponse attendue{NBSP}: {letter.subject}" if waits else "",
        content=f"Répondez au sujet de «{NBSP}{letter.subject}{NBSP}»."
        if waits
        else f"{letter.get_kind_display()}{NBSP}: «{NBSP}{letter.subject}{NBSP}» est au dossier. Vous n’avez rien à faire.",
        link=reverse("candidature:letter_list", args=[candidature.pk]),
        action="Répondre",
    )


def _instructors(candidature: Candidature) -> set[User]:
    """Whom the editor’s message reaches: the référent, or the whole team while there is none."""
    return {candidature.referent} if candidature.referent else set(listing_team(candidature))
