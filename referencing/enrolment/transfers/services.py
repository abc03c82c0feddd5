"""Handing a product to a colleague, or to another organisation (A-26)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from convergence.accounts.enums import MANAGING_TYPES
from convergence.accounts.models import Organisation, User
from convergence.audit import workflow
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.products import rules as product_rules
from convergence.products.models import Product
from convergence.products.services import create_product
from questionnaires.services import hand_over_answers
from referencing.enrolment.enums import (
    STANDING_ATTACHMENTS,
    STANDING_PRE_LISTINGS,
    EnrolmentState,
    TransferState,
    WhiteLabelRole,
)
from referencing.enrolment.models import (
    AttachmentRequest,
    Enrolment,
    PreListing,
    ProductTransfer,
    ProductTransferQuerySet,
)
from referencing.enrolment.services import attach_product
from referencing.enrolment.transfers import notices

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

#: What a successor’s product says of itself like its predecessor.
CARRIED = ("name", "version", "type", "nil", "description", "certifications", "interests")
UNKNOWN = "Aucune structure de la plateforme n’a cet identifiant. Demandez-lui d’abord de s’inscrire."

#: Reasons of later stages not to let a product go, such as a candidature under examination.
_BARS: list[Callable[[Product], list[Blocker]]] = []


def bar_transfer(find: Callable[[Product], list[Blocker]]) -> None:
    """Have `find` asked before a product leaves its organisation; called from `AppConfig.ready` of a later stage."""
    if find not in _BARS:
        _BARS.append(find)


def list_colleagues(product: Product) -> list[User]:
    """Active members of the organisation but the person already responsible, by name."""
    people = User.objects.in_organisation(product.organisation).exclude(pk=product.owner_id)
    return list(people.order_by("last_name", "first_name", "pk").distinct())


@transaction.atomic
def hand_to_colleague(*, product_id: UUID, colleague_id: UUID, actor: User) -> Product:
    """Make a colleague responsible for the product, and tell them. Raises Product.DoesNotExist, PermissionDenied,
    TransitionRefused."""
    product = _lock_product(product_id, actor)
    colleague = next((each for each in list_colleagues(product) if each.pk == colleague_id), None)
    if colleague is None:
        raise TransitionRefused([Blocker("colleague", "Choisissez un membre de votre structure.", "#id_colleague")])
    before = str(product.owner)
    product.owner = colleague
    product.save(update_fields=["owner"])
    record("product.hand_over", subject=product, actor=actor, data={"before": before, "after": str(colleague)})
    transaction.on_commit(partial(notices.handed_to_colleague, product, actor))
    return product


def find_organisation(identifier: str) -> Organisation | None:
    """By SIRET, or number in a foreign register; spaces do not count."""
    bare = "".join(identifier.split())
    if not bare:
        return None
    return Organisation.objects.filter(siret=bare).first() or Organisation.objects.filter(register_number=bare).first()


def find_transfer_blockers(product: Product) -> list[Blocker]:
    """Every reason why a product cannot leave its organisation now."""
    blockers = []
    pre_listed = PreListing.objects.filter(enrolment__product=product, state__in=STANDING_PRE_LISTINGS)
    if pre_listed.exists():
        message = "Cette solution est pré-référencée : mettez d’abord fin à son pré-référencement."
        blockers.append(Blocker("pre_listed", message))
    attached = AttachmentRequest.objects.filter(enrolment__product=product, state__in=STANDING_ATTACHMENTS)
    if attached.exists():
        message = "Ce produit est rattaché à la solution d’un producteur : mettez d’abord fin à ce rattachement."
        blockers.append(Blocker("attached", message))
    for find in _BARS:
        blockers += find(product)
    return blockers


@transaction.atomic
def offer_product(*, product_id: UUID, identifier: str, message: str, actor: User) -> ProductTransfer:
    """Offer the product to another organisation, which has `TRANSFERS["ANSWER_DAYS"]`; nothing changes before it accepts.

    Raises Product.DoesNotExist, PermissionDenied, or TransitionRefused with every reason.
    """
    product = _lock_product(product_id, actor)
    recipient = find_organisation(identifier)
    blockers = find_transfer_blockers(product)
    if recipient is None:
        blockers.append(Blocker("unknown", UNKNOWN, "#id_identifier"))
    elif recipient.pk == product.organisation_id:
        blockers.append(Blocker("same", "Ce produit est déjà celui de cette structure.", "#id_identifier"))
    elif not _managers(recipient):
        blockers.append(Blocker("nobody", "Personne ne peut encore engager cette structure.", "#id_identifier"))
    if ProductTransfer.objects.offered().filter(product=product).exists():
        blockers.append(Blocker("offered", "Une transmission de ce produit est déjà proposée."))
    if blockers or recipient is None:
        raise TransitionRefused(blockers)
    now = timezone.now()
    transfer: ProductTransfer = ProductTransfer.objects.create(
        product=product,
        recipient=recipient,
        message=message.strip(),
        told_product=product.label,
        told_organisation=product.organisation.name,
        offered_by=actor,
        offered_at=now,
        expires_on=timezone.localdate(now) + timedelta(days=settings.TRANSFERS["ANSWER_DAYS"]),
    )
    record("producttransfer.offer", subject=transfer, actor=actor, data={"recipient": recipient.name})
    transaction.on_commit(partial(notices.product_offered, transfer, _managers(recipient)))
    return transfer


@transaction.atomic
def cancel_offer(*, transfer_id: UUID, actor: User) -> ProductTransfer:
    """The side that offered changes its mind. Raises ProductTransfer.DoesNotExist, PermissionDenied, TransitionRefused."""
    transfer = _lock_transfer(transfer_id, actor)
    if not product_rules.can_commit(actor, transfer.product):
        raise PermissionDenied("cancel_offer")
    workflow.fire(transfer, "cancel", actor=actor, by=actor, at=timezone.now())
    transaction.on_commit(partial(notices.offer_cancelled, transfer, _managers(transfer.recipient)))
    return transfer


def expire_offers(*, at: datetime) -> int:
    """End the offers that nobody answered in time, and tell both sides; returns how many."""
    late = ProductTransfer.objects.offered().filter(expires_on__lt=timezone.localdate(at))
    count = 0
    for pk in late.values_list("pk", flat=True):
        with transaction.atomic():
            transfer = _lock_row(ProductTransfer.objects.all(), pk)
            if transfer.state == TransferState.OFFERED:
                workflow.fire(transfer, "expire", actor=None, at=at)
                transaction.on_commit(partial(notices.offer_expired, transfer, _managers(transfer.recipient)))
                count += 1
    return count


@transaction.atomic
def refuse_product(*, transfer_id: UUID, why: str, actor: User) -> ProductTransfer:
    transfer = _lock_for_recipient(transfer_id, actor)
    blockers = [] if why.strip() else [Blocker("why", "Indiquez le motif : l’autre structure le lira.", "#id_why")]
    workflow.fire(transfer, "refuse", actor=actor, guard=lambda: blockers, by=actor, at=timezone.now(), why=why.strip())
    transaction.on_commit(partial(notices.offer_answered, transfer))
    return transfer


@transaction.atomic
def accept_product(*, transfer_id: UUID, actor: User) -> ProductTransfer:
    """Take the product over: a product of the recipient’s own, enrolled anew with the answers as drafts.

    Fiche and convention are asked for again; the former enrolments are closed and keep their history (A-26). A legacy
    démarche starts no enrolment (BR-011), hence carries no answer. Raises ProductTransfer.DoesNotExist, PermissionDenied, or
    TransitionRefused with every reason.
    """
    transfer = _lock_for_recipient(transfer_id, actor)
    now = timezone.now()
    if transfer.state != TransferState.OFFERED:
        raise TransitionRefused([Blocker("wrong_state", "Cette transmission n’est plus proposée.")])
    product: Product = Product.objects.locked().select_related("organisation").get(pk=transfer.product_id)
    enrolments = product.enrolments.filter(state=EnrolmentState.ACTIVE).select_related("demarche", "response")
    locked = list(enrolments.order_by("number").select_for_update(of=("self",)))  # nobody applies meanwhile
    if blockers := find_transfer_blockers(product):
        raise TransitionRefused(blockers)
    values = {name: getattr(product, name) for name in CARRIED}
    try:
        with transaction.atomic():
            successor = create_product(organisation=transfer.recipient, values={**values, "owner": actor}, actor=actor)
    except ValidationError as error:
        raise TransitionRefused([Blocker("product", message) for message in error.messages]) from error
    for enrolment in locked:
        _hand_over(enrolment, successor, actor=actor, at=now)
    workflow.fire(transfer, "accept", actor=actor, by=actor, at=now, successor=successor)
    transaction.on_commit(partial(notices.offer_answered, transfer))
    return transfer


def _hand_over(enrolment: Enrolment, successor: Product, *, actor: User, at: datetime) -> None:
    if enrolment.demarche.is_open:
        anew = attach_product(
            product_id=successor.pk, demarche=enrolment.demarche, white_label=WhiteLabelRole.NONE, actor=actor
        )
        taken = hand_over_answers(source=enrolment.response, target=anew.response, actor=actor, at=at)
        record(
            "enrolment.inherit", subject=anew, actor=actor, data={"items": len(taken.taken), "left": len(taken.left)}
        )
    workflow.fire(enrolment, "close", actor=actor, reason=f"Produit transmis à {successor.organisation.name}")


def _managers(organisation: Organisation) -> list[User]:
    people = User.objects.in_organisation(organisation)
    return list(people.filter(memberships__organisation=organisation, memberships__type__in=MANAGING_TYPES).distinct())


def _lock_product(product_id: UUID, actor: User) -> Product:
    product: Product = Product.objects.visible_to(actor).locked().select_related("organisation").get(pk=product_id)
    if not product_rules.can_commit(actor, product):
        raise PermissionDenied("transfer_product")
    return product


def _lock_transfer(transfer_id: UUID, actor: User) -> ProductTransfer:
    return _lock_row(ProductTransfer.objects.visible_to(actor), transfer_id)


def _lock_row(rows: ProductTransferQuerySet, pk: UUID) -> ProductTransfer:
    transfer: ProductTransfer = rows.locked().select_related("product__organisation", "recipient").get(pk=pk)
    return transfer


def _lock_for_recipient(transfer_id: UUID, actor: User) -> ProductTransfer:
    transfer = _lock_transfer(transfer_id, actor)
    if not actor.access.is_manager(transfer.recipient_id):
        raise PermissionDenied("answer_transfer")
    return transfer
