"""Producers whose solution is pre-listed, and products of distributors that ask to be attached to it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.utils import timezone

from convergence.accounts.models import User
from referencing.enrolment.enums import WhiteLabelRole
from referencing.enrolment.models import AttachmentRequest, Enrolment, PreListing
from referencing.enrolment.services import attach_product
from referencing.enrolment.white_label.attachments import accept_attachment
from tests.factories import DemarcheFactory, ProductFactory, make_member
from tests.questionnaires.factories import make_definition, make_enrolment

OFFER = {"recoverable": ["A06.1.1", "A06.1.2"], "specific": ["A06.1.3"]}


def make_pre_listing(offer: dict[str, Any] | None = None, **fields: Any) -> tuple[PreListing, User]:
    """A pre-listed solution and a mandataire of its producer; `fields` go to the product."""
    product = ProductFactory(**fields)
    manager = make_member(product.organisation)
    enrolment = make_enrolment(product)
    Enrolment.objects.filter(pk=enrolment.pk).update(white_label=WhiteLabelRole.PRODUCER)
    pre_listing = PreListing.objects.create(
        enrolment=enrolment,
        dossier_id=uuid4(),
        dossier_reference="N00001",
        dossier_sha256="0" * 64,
        offer=offer or OFFER,
        pre_listed_by=manager,
        pre_listed_at=timezone.now(),
    )
    return PreListing.objects.select_related("enrolment__product__organisation").get(pk=pre_listing.pk), manager


def make_demand(pre_listing: PreListing, *, third_party: str = "", **fields: Any) -> tuple[AttachmentRequest, User]:
    """The demand of a new distributor’s product that waits, and a mandataire of the distributor."""
    make_definition()
    product = ProductFactory(**fields)
    manager = make_member(product.organisation)
    enrolment = attach_product(
        product_id=product.pk,
        demarche=DemarcheFactory(),
        white_label=WhiteLabelRole.DISTRIBUTOR,
        solution=pre_listing.pk,
        is_on_behalf=bool(third_party),
        third_party=third_party,
        actor=manager,
    )
    return enrolment.attachment_requests.get(), manager


def make_attached(pre_listing: PreListing, producer: User, **fields: Any) -> tuple[AttachmentRequest, User]:
    """The same, accepted."""
    request, manager = make_demand(pre_listing, **fields)
    return accept_attachment(request_id=request.pk, actor=producer), manager
