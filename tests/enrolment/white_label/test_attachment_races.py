"""Figure R4 for demands of attachment: fifty people accept, refuse and cancel at once; one outcome, one line."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from django.db import connections

from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from questionnaires.models import Recovery
from referencing.enrolment.enums import AttachmentState
from referencing.enrolment.models import AttachmentRequest
from referencing.enrolment.white_label.attachments import (
    accept_attachment,
    cancel_attachment,
    refuse_attachment,
    request_attachment,
)
from tests.enrolment.white_label.factories import OFFER, make_attached, make_demand, make_pre_listing

THREADS = 50

pytestmark = pytest.mark.django_db(transaction=True)


def race(services):
    """Start every service at once, each with its own connection: `won` or the codes of the refusal."""
    barrier = Barrier(len(services))

    def run(service):
        try:
            barrier.wait(timeout=60)
            service()
        except TransitionRefused as refusal:
            return ",".join(blocker.code for blocker in refusal.blockers)
        else:
            return "won"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(services)) as pool:
        return Counter(pool.map(run, services))


def test_one_of_fifty_accepts_refuses_or_cancels():
    pre_listing, producer = make_pre_listing()
    request, manager = make_demand(pre_listing)
    moves = [
        partial(accept_attachment, request_id=request.pk, actor=producer),
        partial(refuse_attachment, request_id=request.pk, why="Non.", actor=producer),
        partial(cancel_attachment, request_id=request.pk, actor=manager),
    ]

    results = race([moves[number % 3] for number in range(THREADS)])

    assert results == {"won": 1, "wrong_state": THREADS - 1}
    request.refresh_from_db()
    ends = {AttachmentState.ACCEPTED: "accept", AttachmentState.REFUSED: "refuse", AttachmentState.CANCELLED: "cancel"}
    lines = AuditEntry.objects.filter(subject_id=str(request.pk)).exclude(action="attachmentrequest.ask")
    assert [line.action for line in lines] == [f"attachmentrequest.{ends[AttachmentState(request.state)]}"]
    taken = OFFER["recoverable"] if request.state == AttachmentState.ACCEPTED else []
    assert sorted(Recovery.objects.values_list("code", flat=True)) == taken


@pytest.mark.rule("OQ-19")
def test_one_of_fifty_asks_again_for_the_same_product():
    pre_listing, producer = make_pre_listing()
    request, manager = make_demand(pre_listing)
    refuse_attachment(request_id=request.pk, why="Non.", actor=producer)
    ask = partial(request_attachment, enrolment_id=request.enrolment_id, pre_listing_id=pre_listing.pk, actor=manager)

    assert race([ask] * THREADS) == {"won": 1, "standing": THREADS - 1}
    assert AttachmentRequest.objects.standing().count() == 1


def test_the_pre_listing_is_suspended_while_demands_are_accepted():
    """Whoever comes first: no accepted demand recovers anything from a suspended solution."""
    from django.db import transaction

    from convergence.audit.workflow import fire
    from referencing.enrolment.models import PreListing

    pre_listing, producer = make_pre_listing()
    demands = [make_demand(pre_listing)[0] for _ in range(9)]
    make_attached(pre_listing, producer)

    def suspend():
        with transaction.atomic():
            fire(PreListing.objects.select_for_update().get(pk=pre_listing.pk), "suspend", actor=None, why="Revue.")

    results = race([suspend, *(partial(accept_attachment, request_id=each.pk, actor=producer) for each in demands)])

    assert results["won"] >= 1
    assert set(results) <= {"won", "wrong_state", "wrong_state,pre_listing_left", "pre_listing_left"}
    assert not Recovery.objects.exists()
    assert not AttachmentRequest.objects.filter(state=AttachmentState.PENDING).exists()
