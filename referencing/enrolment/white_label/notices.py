"""What distributor and producer are told of an attachment; never anything of what the producer answered (BR-197)."""

from __future__ import annotations

from django.db.models import QuerySet
from django.urls import reverse

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.interests.selectors import without_conflict
from convergence.notifications.services import send
from convergence.products.people import responsible_people
from convergence.ui.typography import format_date
from referencing.enrolment.models import AttachmentRequest, Dissolution, Enrolment, PreListing

#: « Type » of these notifications (SC-21, to the letter).
KIND = "Solution marque blanche"


def name_solution(pre_listing: PreListing) -> str:
    """« Portail - v2.0 - 3100 – Éditions Producteur »: all that a distributor reads of the producer’s product (SC-22)."""
    enrolment = pre_listing.enrolment
    return f"{enrolment.label} – {enrolment.product.organisation.name}"


def attachment_asked(request: AttachmentRequest) -> None:
    """N18 (BR-192)."""
    who = request.told_organisation
    if request.told_third_party:
        who = f"{who}, pour le compte d’un tiers ({request.told_third_party}),"
    _tell_producer(
        request,
        subject="demande de rattachement à traiter",
        content="Demande de rattachement à la solution de l’éditeur producteur "
        f"{request.pre_listing.enrolment.label}.\n\n{who} demande à reprendre votre solution sous sa marque. "
        f"Acceptez ou refusez avant le {format_date(request.expires_on)}. Si vous acceptez, vos réponses et vos preuves "
        "restent confidentielles.",
        action="Répondre à la demande",
    )


def attachment_accepted(request: AttachmentRequest) -> None:
    """N19."""
    _tell_distributor(
        request,
        subject="rattachement accepté",
        content=f"Poursuivez votre évaluation : votre rattachement à la solution {name_solution(request.pre_listing)} est "
        "accepté.\n\nLes réponses de l’éditeur producteur valent désormais pour les critères qui ne sont pas "
        "spécifiques ; celles que vous aviez saisies restent dans votre historique. Répondez aux critères spécifiques.",
        action="Poursuivre l’évaluation",
    )


def attachment_refused(request: AttachmentRequest) -> None:
    """N19, BR-201."""
    _tell_distributor(
        request,
        subject="rattachement refusé",
        content="Choisissez une autre solution, ou passez au cas nominal : votre rattachement à la solution "
        f"{name_solution(request.pre_listing)} est refusé.\n\nMotif : {request.why}",
        action="Choisir la suite",
    )


def attachment_expired(request: AttachmentRequest) -> None:
    _tell_distributor(
        request,
        subject="demande de rattachement sans réponse",
        content="Choisissez une autre solution, demandez de nouveau, ou passez au cas nominal : votre demande de "
        f"rattachement à la solution {name_solution(request.pre_listing)} est restée sans réponse.",
        action="Choisir la suite",
    )


def attachment_cancelled(request: AttachmentRequest) -> None:
    """Nothing to do for the producer: no mail."""
    _tell_producer(
        request,
        content=f"{request.told_organisation} a annulé sa demande de rattachement à votre solution "
        f"{request.pre_listing.enrolment.label}.",
    )


def demand_fell(request: AttachmentRequest) -> None:
    """The pre-listing left while the demand waited (A-23)."""
    _tell_distributor(
        request,
        subject="demande de rattachement annulée",
        content="Choisissez une autre solution, ou passez au cas nominal : la solution "
        f"{name_solution(request.pre_listing)} n’est plus pré-référencée, et votre demande est annulée.",
        action="Choisir la suite",
    )


def solution_left(request: AttachmentRequest) -> None:
    """An accepted distributor answers itself from now on (A-23)."""
    _tell_distributor(
        request,
        subject="réponses à donner vous-même",
        content=f"Répondez vous-même aux critères que vous récupériez : la solution {name_solution(request.pre_listing)} "
        "n’est plus pré-référencée.\n\nCe que vous aviez répondu auparavant vous est rendu. Un dossier déjà généré, une "
        "candidature en cours et un référencement gardent les réponses qui y sont figées.",
        action="Voir les critères à compléter",
    )


def solution_resumed(request: AttachmentRequest) -> None:
    _tell_distributor(
        request,
        subject="réponses de l’éditeur producteur de nouveau disponibles",
        content=f"Choisissez les critères à récupérer : la solution {name_solution(request.pre_listing)} est de nouveau "
        "pré-référencée. Vos réponses restent tant que vous ne choisissez rien.",
        action="Choisir les critères",
    )


def end_announced(request: AttachmentRequest, actor: User) -> None:
    """The other side has the time of the notice."""
    day = format_date(request.ends_on) if request.ends_on else ""
    by_producer = actor.access.is_member(request.pre_listing.enrolment.product.organisation_id)
    if by_producer:
        _tell_distributor(
            request,
            subject="fin de rattachement annoncée",
            content=f"Préparez vos propres réponses : l’éditeur producteur met fin le {day} à votre rattachement à la "
            f"solution {name_solution(request.pre_listing)}.\n\nMotif : {request.why}",
            action="Voir le rattachement",
        )
        return
    _tell_producer(
        request,
        content=f"{request.told_organisation} met fin le {day} à son rattachement à votre solution "
        f"{request.pre_listing.enrolment.label}.\n\nMotif : {request.why}",
    )


def attachment_broken(request: AttachmentRequest) -> None:
    """The notice is over."""
    _tell_distributor(
        request,
        subject="rattachement rompu",
        content="Répondez vous-même aux critères que vous récupériez : votre rattachement à la solution "
        f"{name_solution(request.pre_listing)} a pris fin aujourd’hui.",
        action="Voir les critères à compléter",
    )
    _tell_producer(
        request,
        content=f"Le rattachement de {request.told_organisation} à votre solution "
        f"{request.pre_listing.enrolment.label} a pris fin aujourd’hui.",
    )


def mandate_revoked(enrolment: Enrolment, why: str) -> None:
    """Both sides of the counter: nothing is signed nor applied for without another mandate (A-26)."""
    send(
        recipients=[*responsible_people(enrolment.product), *agents_for(enrolment)],
        sender=enrolment.product.organisation.name,
        product=enrolment.label,
        kind="Mandat",
        content="Le mandat du tiers est révoqué : rien ne se signe ni ne se dépose plus en son nom sans un autre mandat."
        f"\n\nMotif : {why}",
        link=reverse("enrolment:mandate_detail", args=[enrolment.pk]),
    )


def dissolution_recorded(found: Dissolution) -> None:
    """The people of the product learn what was recorded and what is left to do (A-26)."""
    enrolment = found.enrolment
    todo = (
        f"{found.successor} doit rattacher le produit sous son nom, transmettre sa fiche et signer une nouvelle convention."
        if found.successor
        else "Si une structure lui succède, faites-le savoir à l’équipe de référencement ; sinon, le retrait du service est "
        "engagé selon la procédure contradictoire."
    )
    send(
        recipients=responsible_people(enrolment.product),
        sender="Équipe de référencement",
        product=enrolment.label,
        kind="Dissolution",
        subject="dissolution de l’éditeur constatée",
        content=f"{todo}\n\nIl est constaté que l’éditeur {found.editor} est dissous depuis le {format_date(found.dissolved_on)}.",
        link=reverse("enrolment:sheet_detail", args=[enrolment.pk]),
        action="Voir la fiche",
    )


def agents_for(enrolment: Enrolment) -> QuerySet[User]:
    """The listing team, but those whom a link of interest bars (A-21)."""
    return without_conflict(User.objects.with_role(Role.LISTING_TEAM), enrolment.product.organisation)


def _tell_producer(request: AttachmentRequest, *, content: str, subject: str = "", action: str = "") -> None:
    send(
        recipients=responsible_people(request.pre_listing.enrolment.product),
        sender=request.told_organisation,
        product=request.told_product,
        kind=KIND,
        subject=subject,
        content=content,
        link=reverse("enrolment:attachment_detail", args=[request.pk]),
        action=action,
    )


def _tell_distributor(request: AttachmentRequest, *, subject: str, content: str, action: str) -> None:
    send(
        recipients=responsible_people(request.enrolment.product),
        sender=request.pre_listing.enrolment.product.organisation.name,
        product=request.enrolment.label,
        kind=KIND,
        subject=subject,
        content=content,
        link=reverse("enrolment:solution_detail", args=[request.enrolment_id]),
        action=action,
    )
