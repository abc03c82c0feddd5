"""Figure R4: several people at once on one request; one wins, one addendum, one line of journal."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from django.db import connections

from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from referencing.candidature.enums import RequestState
from referencing.candidature.models import ComplementRequest
from referencing.candidature.services import open_request, send_answers, withdraw_request
from referencing.dossier.models import Addendum
from tests.candidature.asking import LEVELS, ask, in_days, make_file, write

THREADS = 8

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _authority(settings, tmp_path):
    settings.SIGNATURE_DIR = str(tmp_path)


def race(*services: Callable[[], object]) -> list[str]:
    """Each in its own thread and connection: `won`, or the codes of the refusal."""
    barrier = Barrier(len(services))

    def run(service: Callable[[], object]) -> str:
        try:
            barrier.wait(timeout=30)
            service()
        except TransitionRefused as refusal:
            return ",".join(blocker.code for blocker in refusal.blockers)
        else:
            return "won"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(services)) as pool:
        return list(pool.map(run, services))


def test_one_of_eight_colleagues_sends():
    candidature, editor, _ = make_file()
    request = ask(candidature, LEVELS)
    write(request, LEVELS, actor=editor)

    results = race(*[partial(send_answers, request_id=request.pk, codes=[LEVELS], actor=editor)] * THREADS)

    assert sorted(results) == sorted(["won", *["wrong_state"] * (THREADS - 1)])
    assert Addendum.objects.count() == 1
    assert AuditEntry.objects.filter(action="complementrequest.answer").count() == 1


def test_sending_and_withdrawing_at_once_leave_one_end():
    candidature, editor, referent = make_file()
    request = ask(candidature, LEVELS)
    write(request, LEVELS, actor=editor)
    send = partial(send_answers, request_id=request.pk, codes=[LEVELS], actor=editor)
    withdraw = partial(withdraw_request, request_id=request.pk, reason="Erreur.", actor=referent)

    results = race(*[send, withdraw] * (THREADS // 2))

    assert sorted(results) == sorted(["won", *["wrong_state"] * (THREADS - 1)])
    request.refresh_from_db()
    is_sent = request.state == RequestState.ANSWERED
    assert Addendum.objects.count() == is_sent
    assert request.items.get().closed_at is None if is_sent else request.items.get().answered_at is None


def test_one_of_eight_agents_asks_on_a_criterion():
    candidature, _, referent = make_file()
    question = partial(
        open_request,
        candidature_id=candidature.pk,
        kind="criteria",
        items=[(LEVELS, "Laquelle ?")],
        text="",
        due_on=in_days(10),
        actor=referent,
    )

    results = race(*[question] * THREADS)

    assert sorted(results) == sorted(["won", *["already_asked"] * (THREADS - 1)])
    assert ComplementRequest.objects.count() == 1
