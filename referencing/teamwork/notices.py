"""What people are told about working together: recipients, subject, link."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from uuid import UUID

from django.urls import reverse

from convergence.accounts.models import User
from convergence.notifications.services import send, send_mail
from convergence.products.people import responsible_people
from convergence.ui.typography import NBSP, format_date, format_datetime
from questionnaires.core import Grid
from questionnaires.grids import compiled_grid
from referencing.enrolment.models import Enrolment
from referencing.teamwork.addresses import part_address
from referencing.teamwork.enums import LinkState
from referencing.teamwork.models import Conversation, Delegation, Message, Proposal, ProposalLink
from referencing.teamwork.wording import part_words

EXCERPT = 200


def delegated(delegation: Delegation) -> None:
    until = f" avant le {format_date(delegation.due_on)}" if delegation.due_on else ""
    said = f"\n\n« {delegation.message} »" if delegation.message else ""
    part = part_words(_grid(delegation.enrolment), delegation.scope)
    send(
        recipients=[delegation.assignee],
        sender=str(delegation.created_by),
        product=delegation.enrolment.label,
        kind="Réponses confiées",
        subject="des réponses vous sont confiées",
        content=f"Répondez à {part}{until}{NBSP}: {delegation.created_by} vous le confie.{said}",
        link=part_address(delegation.enrolment_id, delegation.scope),
        action="Répondre",
    )


def delegation_ended(delegation: Delegation, *, actor: User) -> None:
    enrolment = Enrolment.objects.with_product().select_related("response__definition").get(pk=delegation.enrolment_id)
    send(
        recipients=[delegation.assignee],
        sender=str(actor),
        product=enrolment.label,
        kind="Réponses confiées",
        content=f"Vous n’avez plus à répondre à {part_words(_grid(enrolment), delegation.scope)}.",
        link=reverse("teamwork:delegation_list", args=[enrolment.pk]),
    )


def delegation_due(delegation: Delegation, *, count: tuple[int, int], is_late: bool) -> None:
    """To the person who answers; once the day has passed, to whoever entrusted it too."""
    part = part_words(_grid(delegation.enrolment), delegation.scope)
    day = format_date(delegation.due_on) if delegation.due_on else ""
    recipients = {delegation.assignee, delegation.created_by} if is_late else {delegation.assignee}
    when = f"La réponse était attendue le {day}" if is_late else f"La réponse est attendue le {day}"
    send(
        recipients=sorted(recipients, key=str),
        product=delegation.enrolment.label,
        kind="Réponses confiées",
        subject="réponses en retard" if is_late else "réponses attendues bientôt",
        content=f"Complétez {part}{NBSP}: {count[0]} sur {count[1]}. {when}, de la part de {delegation.assignee}.",
        link=part_address(delegation.enrolment_id, delegation.scope),
        action="Compléter",
    )


def proposal_invited(link: ProposalLink, *, token: str) -> None:
    """To somebody without an account: who asks, for which product, what to do, until when."""
    product = link.enrolment.product
    criterion = _grid(link.enrolment).criteria[link.criterion]
    paragraphs = [
        f"Proposez une réponse au critère {criterion.code}, « {criterion.title} », de {product.name}\u00a0: {link.created_by}, "
        f"de {product.organisation.name}, vous le demande avant le {format_datetime(link.expires_at)}.",
        "Vous n’avez pas besoin de compte. Votre proposition sera relue avant d’être reprise.",
    ]
    if link.message:
        paragraphs.insert(1, f"« {link.message} »")
    send_mail(
        to=link.email,
        subject=f"{product.name} – une réponse vous est demandée",
        paragraphs=paragraphs,
        link=reverse("teamwork:proposal_form", args=[token]),
        action="Proposer une réponse",
    )


def proposal_received(proposal_id: UUID) -> None:
    """To who sent the link; to those who commit the organisation when that person has left it."""
    proposal = _load(proposal_id)
    enrolment = proposal.link.enrolment
    members = User.objects.in_organisation(enrolment.product.organisation)
    sender = members.filter(pk=proposal.link.created_by_id)
    send(
        recipients=list(sender) or list(responsible_people(enrolment.product)),
        sender=proposal.author,
        product=enrolment.label,
        kind="Proposition",
        subject=f"une proposition pour {proposal.link.criterion}",
        content=f"Examinez la proposition de {proposal.author} pour le critère {proposal.link.criterion}.",
        link=reverse("teamwork:proposal_detail", args=[enrolment.pk, proposal.pk]),
        action="Examiner la proposition",
    )


def proposal_accepted(proposal: Proposal) -> None:
    product = _load(proposal.pk).link.enrolment.product
    send_mail(
        to=proposal.link.email,
        subject=f"{product.name} – votre proposition est reprise",
        paragraphs=[
            f"{product.organisation.name} a repris votre proposition pour le critère {proposal.link.criterion} de "
            f"{product.name}. Vous n’avez plus rien à faire."
        ],
    )


def proposal_rejected(proposal: Proposal, *, at: datetime) -> None:
    link = _load(proposal.pk).link
    product = link.enrolment.product
    paragraphs = [
        f"{product.organisation.name} n’a pas repris votre proposition pour le critère {link.criterion} de {product.name}.",
        f"Motif{NBSP}: {proposal.decision_reason}",
    ]
    if link.state_at(at) is LinkState.OPEN:
        until = format_datetime(link.expires_at)
        paragraphs.append(f"Vous pouvez en envoyer une autre avec le lien que vous avez reçu, jusqu’au {until}.")
    send_mail(to=link.email, subject=f"{product.name} – votre proposition n’est pas reprise", paragraphs=paragraphs)


def message_posted(message: Message, enrolment: Enrolment, *, criterion: str) -> None:
    """Mentioned colleagues are also told by mail; those who spoke there, or answer it, in the platform only."""
    mentioned = [person for person in message.mentioned.all() if person != message.author]
    link = reverse("teamwork:criterion_team", args=[enrolment.pk, criterion])
    excerpt = message.text if len(message.text) <= EXCERPT else f"{message.text[: EXCERPT - 1].rstrip()}…"
    tell = partial(send, sender=str(message.author), product=enrolment.label, link=f"{link}#conversation")
    tell(
        recipients=mentioned,
        kind="Message d’un collègue",
        subject=f"{message.author} vous parle de {criterion}",
        content=f"Répondez à {message.author} sur le critère {criterion}.\n\n« {excerpt} »",
        action="Lire et répondre",
    )
    others = (
        User.objects.in_organisation(enrolment.product.organisation)
        .filter(pk__in=_speakers(message.conversation_id))
        .exclude(pk__in=[message.author_id, *(person.pk for person in mentioned)])
    )
    tell(
        recipients=others,
        kind="Message d’un collègue",
        content=f"{message.author} a écrit sur le critère {criterion}. « {excerpt} »",
    )


def _speakers(conversation_id: UUID) -> set[UUID]:
    rows = Conversation.objects.filter(pk=conversation_id)
    spoke = rows.values_list("messages__author", flat=True)
    named = rows.exclude(messages__mentioned=None).values_list("messages__mentioned", flat=True)
    return {person for person in [*spoke, *named] if person}


def _load(proposal_id: UUID) -> Proposal:
    return Proposal.objects.select_related("link__enrolment__product__organisation").get(pk=proposal_id)


def _grid(enrolment: Enrolment) -> Grid:
    return compiled_grid(enrolment.response.definition).grid
