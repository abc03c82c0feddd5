"""Demands of attachment: asked by the distributor, answered by the producer, ended by either (SC-21, SC-22, A-23).

Rows are always locked in the order pre-listing, demand, enrolment: two people of two organisations never wait for each other.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.products import rules as product_rules
from referencing.enrolment import rules
from referencing.enrolment.enums import (
    STANDING_ATTACHMENTS,
    AttachmentState,
    EnrolmentState,
    PreListingState,
    WhiteLabelRole,
)
from referencing.enrolment.inheritance import release, take_over
from referencing.enrolment.models import AttachmentRequest, Enrolment, PreListing
from referencing.enrolment.white_label import notices
from referencing.enrolment.white_label.delays import read_delays

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from convergence.accounts.models import User
    from convergence.products.models import Demarche

#: What a cancelled demand says when nobody took it back.
SOLUTION_LEFT = "La solution n’est plus pré-référencée."
ENROLMENT_LEFT = "Le rattachement du produit à la démarche est clos."


def lock_joinable(pre_listing_id: UUID | None, demarche: Demarche) -> PreListing | None:
    """The chosen solution, locked until the demand stands; None when it is not among those offered (BR-190)."""
    if pre_listing_id is None:
        return None
    return (
        PreListing.objects.joinable(demarche, on=timezone.localdate())
        .select_for_update(of=("self",))
        .select_related("enrolment__product__organisation")
        .filter(pk=pre_listing_id)
        .first()
    )


def ask(*, enrolment: Enrolment, pre_listing: PreListing, actor: User, at: datetime) -> AttachmentRequest:
    """The demand of an enrolment that the caller created or locked, after its checks; tells the producer (BR-192)."""
    request = AttachmentRequest.objects.create(
        enrolment=enrolment,
        pre_listing=pre_listing,
        told_organisation=enrolment.product.organisation.name,
        told_product=enrolment.label[:200],
        told_third_party=enrolment.sheet.organisation_name if enrolment.is_on_behalf else "",
        requested_by=actor,
        requested_at=at,
        expires_on=timezone.localdate(at) + timedelta(days=read_delays(enrolment.demarche).answer_days),
    )
    record(
        "attachmentrequest.ask",
        subject=request,
        actor=actor,
        target=request.state,
        data={"pre_listing": str(pre_listing.pk)},
    )
    transaction.on_commit(partial(notices.attachment_asked, request))
    return request


@transaction.atomic
def request_attachment(*, enrolment_id: UUID, pre_listing_id: UUID | None, actor: User) -> AttachmentRequest:
    """Ask another time: after a refusal, a silence, or the end of a former attachment (BR-201).

    Refuses with every reason: not a distributor’s product, closed enrolment, solution that is not pre-listed (BR-190),
    demand or attachment already standing (OQ-19).
    """
    seen = Enrolment.objects.visible_to(actor).select_related("demarche").get(pk=enrolment_id)
    pre_listing = lock_joinable(pre_listing_id, seen.demarche)
    enrolment = _lock_enrolment(enrolment_id)
    if not product_rules.can_commit(actor, enrolment):
        raise PermissionDenied("request_attachment")
    blockers = []
    if enrolment.white_label != WhiteLabelRole.DISTRIBUTOR:
        blockers.append(
            Blocker("not_a_distributor", "Seul le produit d’un éditeur distributeur se rattache à une solution.")
        )
    if enrolment.state != EnrolmentState.ACTIVE:
        blockers.append(Blocker("closed", "Ce rattachement à la démarche est clos."))
    if pre_listing is None:
        blockers.append(not_pre_listed())
    if enrolment.attachment_requests.filter(state__in=STANDING_ATTACHMENTS).exists():
        blockers.append(
            Blocker(
                "standing", "Ce produit est déjà rattaché à une solution, ou demande à l’être : une seule à la fois."
            )
        )
    if blockers or pre_listing is None:
        raise TransitionRefused(blockers)
    return ask(enrolment=enrolment, pre_listing=pre_listing, actor=actor, at=timezone.now())


def not_pre_listed() -> Blocker:
    return Blocker(
        "pre_listing",
        "Choisissez une solution dans la liste : seules les solutions pré-référencées y sont.",
        "#id_solution",
    )


@transaction.atomic
def accept_attachment(*, request_id: UUID, actor: User) -> AttachmentRequest:
    """The producer accepts: the distributor recovers its non-specific answers from now on (BR-194)."""
    request, enrolment = _lock(request_id, actor)
    at = timezone.now()

    def guard() -> list[Blocker]:
        if request.pre_listing.state == PreListingState.ACTIVE:
            return []
        return [
            Blocker(
                "pre_listing_left", "Le pré-référencement de votre solution est suspendu ou terminé : rien à rattacher."
            )
        ]

    workflow.fire(request, "accept", actor=actor, guard=guard, by=actor, at=at)
    take_over(enrolment=enrolment, pre_listing=request.pre_listing, actor=actor, at=at)
    transaction.on_commit(partial(notices.attachment_accepted, request))
    return request


@transaction.atomic
def refuse_attachment(*, request_id: UUID, why: str, actor: User) -> AttachmentRequest:
    """The producer refuses and says why; the distributor reads it (BR-201)."""
    request, _ = _lock(request_id, actor)
    why = why.strip()
    workflow.fire(
        request,
        "refuse",
        actor=actor,
        guard=lambda: _needs(why, "Indiquez le motif du refus : l’éditeur distributeur le lira."),
        reason=why,
        by=actor,
        why=why,
        at=timezone.now(),
    )
    transaction.on_commit(partial(notices.attachment_refused, request))
    return request


@transaction.atomic
def cancel_attachment(*, request_id: UUID, actor: User) -> AttachmentRequest:
    """The distributor takes its demand back while it waits."""
    request, _ = _lock(request_id, actor)
    workflow.fire(request, "cancel", actor=actor, why="", at=timezone.now())
    transaction.on_commit(partial(notices.attachment_cancelled, request))
    return request


@transaction.atomic
def announce_end(*, request_id: UUID, why: str, actor: User) -> AttachmentRequest:
    """Either side gives the attachment up: it is broken when the notice of the démarche is over (A-23).

    Meanwhile nothing changes for the distributor, who has this time to answer itself.
    """
    request, _ = _lock(request_id, actor)
    if not rules.can_end_attachment(actor, request):
        raise PermissionDenied("announce_end")
    why = why.strip()
    blockers = _needs(why, "Indiquez le motif : l’autre partie le lira.")
    if request.state != AttachmentState.ACCEPTED:
        blockers.append(Blocker("wrong_state", "Cette action n’est plus possible dans cet état."))
    elif request.ends_on is not None:
        blockers.append(Blocker("already_ending", "La fin de ce rattachement est déjà annoncée."))
    if blockers:
        raise TransitionRefused(blockers)
    at = timezone.now()
    notice = timedelta(days=read_delays(request.enrolment.demarche).notice_days)
    request.why, request.ending_asked_by, request.ending_asked_at = why, actor, at
    request.ends_on = timezone.localdate(at) + notice
    request.save(update_fields=["why", "ending_asked_by", "ending_asked_at", "ends_on"])
    record(
        "attachmentrequest.announce_end",
        subject=request,
        actor=actor,
        reason=why,
        data={"ends_on": request.ends_on.isoformat()},
    )
    transaction.on_commit(partial(notices.end_announced, request, actor))
    return request


def expire_attachments(*, at: datetime) -> int:
    """End the demands that no producer answered in time; returns how many."""
    late = AttachmentRequest.objects.filter(state=AttachmentState.PENDING, expires_on__lt=timezone.localdate(at))
    count = 0
    for pk in late.values_list("pk", flat=True):
        with transaction.atomic():
            request = _lock_row(pk)
            if request.state == AttachmentState.PENDING:
                workflow.fire(request, "expire", actor=None, at=at)
                transaction.on_commit(partial(notices.attachment_expired, request))
                count += 1
    return count


def end_attachments(*, at: datetime) -> int:
    """Break the attachments whose notice is over; their distributors answer themselves. Returns how many."""
    over = AttachmentRequest.objects.filter(state=AttachmentState.ACCEPTED, ends_on__lte=timezone.localdate(at))
    count = 0
    for pk in over.values_list("pk", flat=True):
        with transaction.atomic():
            request = _lock_row(pk)
            if request.state == AttachmentState.ACCEPTED:
                _break(request, why="", at=at)
                transaction.on_commit(partial(notices.attachment_broken, request))
                count += 1
    return count


def pre_listing_left(pre_listing: PreListing, *, actor: User | None, reason: str) -> None:
    """What follows a pre-listing that is suspended, replaced, revoked, withdrawn or expired (A-23, BR-203).

    Pending demands are cancelled; distributors answer themselves from now on, whatever is frozen stays. A suspension
    keeps the accepted attachments: they serve again when it is lifted.
    """
    at = timezone.now()
    standing = pre_listing.attachment_requests.standing().select_for_update(of=("self",)).order_by("pk")
    for request in standing:
        request.pre_listing = pre_listing
        if request.state == AttachmentState.PENDING:
            workflow.fire(request, "cancel", actor=None, reason=SOLUTION_LEFT, why=SOLUTION_LEFT, at=at)
            transaction.on_commit(partial(notices.demand_fell, request))
            continue
        if pre_listing.state == PreListingState.SUSPENDED:
            release(enrolment=_lock_enrolment(request.enrolment_id), why=SOLUTION_LEFT, actor=None, at=at)
        else:
            _break(request, why=SOLUTION_LEFT, at=at)
        transaction.on_commit(partial(notices.solution_left, request))


def pre_listing_resumed(pre_listing: PreListing, *, actor: User | None, reason: str) -> None:
    """The accepted distributors may recover again, criterion by criterion."""
    for request in pre_listing.attachment_requests.filter(state=AttachmentState.ACCEPTED):
        transaction.on_commit(partial(notices.solution_resumed, request))


def enrolment_left(enrolment: Enrolment, *, actor: User | None, reason: str) -> None:
    """A refused or closed enrolment leaves no demand to its producer, nor an attachment."""
    at = timezone.now()
    for request in enrolment.attachment_requests.standing().select_for_update(of=("self",)):
        name = "cancel" if request.state == AttachmentState.PENDING else "break_off"
        workflow.fire(request, name, actor=None, reason=ENROLMENT_LEFT, why=ENROLMENT_LEFT, at=at)


def _break(request: AttachmentRequest, *, why: str, at: datetime) -> None:
    workflow.fire(request, "break_off", actor=None, reason=why, why=why, at=at)
    release(enrolment=_lock_enrolment(request.enrolment_id), why=why or request.why, actor=None, at=at)


def _needs(why: str, message: str) -> list[Blocker]:
    return [] if why else [Blocker("why", message, "#id_why")]


def _lock(request_id: UUID, actor: User) -> tuple[AttachmentRequest, Enrolment]:
    """The demand and the distributor’s enrolment; raises AttachmentRequest.DoesNotExist for a stranger’s."""
    request = _lock_row(AttachmentRequest.objects.visible_to(actor).values_list("pk", flat=True).get(pk=request_id))
    request.enrolment = _lock_enrolment(request.enrolment_id)
    return request, request.enrolment


def _lock_row(pk: UUID) -> AttachmentRequest:
    pre_listing = (
        PreListing.objects.select_for_update(of=("self",))
        .select_related("enrolment__product__organisation")
        .get(attachment_requests=pk)
    )
    request = (
        AttachmentRequest.objects.select_for_update(of=("self",))
        .select_related("enrolment__product__organisation", "enrolment__demarche")
        .get(pk=pk)
    )
    request.pre_listing = pre_listing
    return request


def _lock_enrolment(enrolment_id: UUID) -> Enrolment:
    enrolment: Enrolment = (
        Enrolment.objects.locked()
        .select_related("product__organisation", "demarche", "sheet", "response")
        .get(pk=enrolment_id)
    )
    return enrolment
