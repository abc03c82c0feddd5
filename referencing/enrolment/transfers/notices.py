"""What people are told of a product that changes hands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.urls import reverse

from convergence.notifications.services import send
from convergence.products.people import responsible_people
from convergence.ui.typography import format_date
from referencing.enrolment.enums import TransferState
from referencing.enrolment.models import ProductTransfer

if TYPE_CHECKING:
    from convergence.accounts.models import User
    from convergence.products.models import Product

KIND = "Transmission de produit"


def handed_to_colleague(product: Product, actor: User) -> None:
    send(
        recipients=[product.owner],
        sender=str(actor),
        product=product.label,
        kind=KIND,
        subject="vous êtes responsable de ce produit",
        content=f"{actor} vous confie ce produit. Ses démarches et ce qu’il reste à faire sont sur sa fiche.",
        link=reverse("pages:product_detail", args=[product.pk]),
        action="Voir le produit",
    )


def product_offered(transfer: ProductTransfer, people: Iterable[User]) -> None:
    content = (
        f"{transfer.told_organisation} propose de transmettre ce produit à votre structure. Acceptez ou refusez avant le "
        f"{format_date(transfer.expires_on)}."
    )
    send(
        recipients=people,
        sender=transfer.told_organisation,
        product=transfer.told_product,
        kind=KIND,
        subject="produit proposé à votre structure",
        content=f"{content}\n\n{transfer.message}" if transfer.message else content,
        link=reverse("enrolment:transfer_detail", args=[transfer.pk]),
        action="Répondre à la proposition",
    )


def offer_cancelled(transfer: ProductTransfer, people: Iterable[User]) -> None:
    send(
        recipients=people,
        sender=transfer.told_organisation,
        product=transfer.told_product,
        kind=KIND,
        subject="proposition de transmission annulée",
        content=f"{transfer.told_organisation} ne propose plus de transmettre ce produit à votre structure.",
        link=reverse("enrolment:transfer_detail", args=[transfer.pk]),
        action="Voir la proposition",
    )


def offer_expired(transfer: ProductTransfer, people: Iterable[User]) -> None:
    """Who offered may offer again; `people` of the other side have nothing to do: no mail."""
    day = format_date(transfer.expires_on)
    link = reverse("enrolment:transfer_detail", args=[transfer.pk])
    send(
        recipients=responsible_people(transfer.product),
        sender=transfer.recipient.name,
        product=transfer.told_product,
        kind=KIND,
        subject="proposition de transmission sans réponse",
        content="Proposez de nouveau ce produit, ou gardez-le : votre proposition de le transmettre à "
        f"{transfer.recipient.name}, à traiter avant le {day}, est restée sans réponse.",
        link=link,
        action="Choisir la suite",
    )
    send(
        recipients=people,
        sender=transfer.told_organisation,
        product=transfer.told_product,
        kind=KIND,
        content=f"{transfer.told_organisation} ne propose plus de transmettre ce produit à votre structure : sa proposition, "
        f"à traiter avant le {day}, est restée sans réponse.",
        link=link,
    )


def offer_answered(transfer: ProductTransfer) -> None:
    is_accepted = transfer.state == TransferState.ACCEPTED
    name = transfer.recipient.name
    content = (
        f"{name} reprend ce produit. Vos démarches en cours sur celui-ci sont closes ; vos dossiers et votre convention "
        "restent dans votre espace."
        if is_accepted
        else f"{name} ne reprend pas ce produit.\n\nMotif : {transfer.why}"
    )
    send(
        recipients=responsible_people(transfer.product),
        sender=name,
        product=transfer.told_product,
        kind=KIND,
        subject="transmission acceptée" if is_accepted else "transmission refusée",
        content=content,
        link=reverse("enrolment:transfer_detail", args=[transfer.pk]),
        action="Voir la transmission",
    )
