"""Figure R4 for products that change hands: fifty people answer one offer at once; one outcome, one line."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from convergence.audit.models import AuditEntry
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.products.models import Product
from referencing.enrolment.enums import EnrolmentState, TransferState
from referencing.enrolment.models import Enrolment, ProductTransfer
from referencing.enrolment.transfers.services import (
    accept_product,
    cancel_offer,
    expire_offers,
    offer_product,
    refuse_product,
)
from tests.enrolment.test_transfers import make_two_sides, offer
from tests.enrolment.white_label.test_attachment_races import THREADS, race

pytestmark = pytest.mark.django_db(transaction=True)

ENDS = {
    TransferState.ACCEPTED: "accept",
    TransferState.REFUSED: "refuse",
    TransferState.CANCELLED: "cancel",
    TransferState.EXPIRED: "expire",
}


def assert_one_outcome(transfer: ProductTransfer, enrolment: Enrolment) -> None:
    """One line of the journal after the offer, and one product more if and only if it was accepted."""
    transfer.refresh_from_db()
    enrolment.refresh_from_db()
    lines = AuditEntry.objects.filter(subject_id=str(transfer.pk)).exclude(action="producttransfer.offer")
    assert [line.action for line in lines] == [f"producttransfer.{ENDS[TransferState(transfer.state)]}"]
    is_accepted = transfer.state == TransferState.ACCEPTED
    taken = Product.objects.filter(organisation=transfer.recipient)
    assert list(taken.values_list("pk", flat=True)) == ([transfer.successor_id] if is_accepted else [])
    assert enrolment.state == (EnrolmentState.CLOSED if is_accepted else EnrolmentState.ACTIVE)


@pytest.mark.rule("A-26")
def test_one_of_fifty_accepts_refuses_or_cancels():
    enrolment, manager, successor = make_two_sides()
    transfer = offer(enrolment, manager, successor)
    moves = [
        partial(accept_product, transfer_id=transfer.pk, actor=successor),
        partial(refuse_product, transfer_id=transfer.pk, why="Non.", actor=successor),
        partial(cancel_offer, transfer_id=transfer.pk, actor=manager),
    ]

    results = race([moves[number % 3] for number in range(THREADS)])

    assert results == {"won": 1, "wrong_state": THREADS - 1}
    assert_one_outcome(transfer, enrolment)


def test_one_of_fifty_accepts_or_finds_that_the_offer_expired():
    enrolment, manager, successor = make_two_sides()
    transfer = offer(enrolment, manager, successor)

    def expire():
        if not expire_offers(at=timezone.now() + timedelta(days=31)):
            raise TransitionRefused([Blocker("wrong_state", "Rien n’attend plus.")])

    accept = partial(accept_product, transfer_id=transfer.pk, actor=successor)

    assert race([accept, expire] * (THREADS // 2)) == {"won": 1, "wrong_state": THREADS - 1}
    assert_one_outcome(transfer, enrolment)


def test_one_of_fifty_offers_the_same_product():
    enrolment, manager, successor = make_two_sides()
    siret = successor.memberships.get().organisation.siret
    again = partial(offer_product, product_id=enrolment.product_id, identifier=siret, message="", actor=manager)

    assert race([again] * THREADS) == {"won": 1, "offered": THREADS - 1}
    assert ProductTransfer.objects.offered().count() == 1
