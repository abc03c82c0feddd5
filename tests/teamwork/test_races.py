"""Colleagues, and somebody outside, who act at the same time: one outcome."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections
from django.utils import timezone

from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from questionnaires.models import Answer
from referencing.teamwork.core import Scope
from referencing.teamwork.models import Conversation, Delegation, Proposal
from referencing.teamwork.services import accept, delegate, post_message, reject, revoke_link
from referencing.teamwork.services.proposing import LinkClosed
from tests.teamwork.factories import ETHICS, make_link, make_proposal, make_team

THREADS, MANY_THREADS = 8, 50

pytestmark = pytest.mark.django_db(transaction=True)


def race(calls: Sequence[Callable[[], object]]) -> list[str]:
    """Each call in its thread and connection, all at once: `won`, the codes of its refusal, or `closed`."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], object]) -> str:
        try:
            barrier.wait(timeout=30)
            call()
        except TransitionRefused as refusal:
            return ",".join(blocker.code for blocker in refusal.blockers)
        except LinkClosed:
            return "closed"
        else:
            return "won"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_one_of_fifty_takes_over_or_refuses_a_proposal():
    enrolment, manager, colleague = make_team()
    _, token = make_link(enrolment, manager)
    proposal = make_proposal(token)
    now = timezone.now()

    def take() -> object:
        return accept(proposal_id=proposal.pk, parts=["answer"], base_version=0, actor=manager, at=now)

    def refuse() -> object:
        return reject(proposal_id=proposal.pk, why="Non.", actor=colleague, at=now)

    results = race([take, refuse] * (MANY_THREADS // 2))

    assert sorted(results) == sorted(["won", *["decided"] * (MANY_THREADS - 1)])
    proposal.refresh_from_db()
    assert Answer.objects.filter(code=ETHICS).count() == int(bool(proposal.is_accepted))
    assert AuditEntry.objects.filter(action__in=["proposal.accept", "proposal.reject"]).count() == 1


def test_one_of_eight_sendings_makes_a_proposal():
    enrolment, manager, _ = make_team()
    _, token = make_link(enrolment, manager)

    results = race([lambda: make_proposal(token)] * THREADS)

    assert sorted(results) == sorted(["won", *["pending"] * (THREADS - 1)])
    assert Proposal.objects.count() == 1


def test_nothing_comes_by_a_link_once_it_is_revoked():
    enrolment, manager, _ = make_team()
    link, token = make_link(enrolment, manager)

    def revoke() -> object:
        return revoke_link(link_id=link.pk, actor=manager, at=timezone.now())

    results = race([revoke, *[lambda: make_proposal(token)] * (THREADS - 1)])

    sent = results[1:].count("won")
    assert results[0] == "won"
    assert sent == Proposal.objects.count() <= 1
    assert set(results[1:]) <= {"won", "pending", "closed"}


def test_a_part_has_one_person_whoever_entrusts_it():
    enrolment, manager, colleague = make_team()

    def entrust(actor: object, assignee: object) -> Callable[[], object]:
        return lambda: delegate(
            enrolment_id=enrolment.pk,
            scope=Scope("ethique"),
            assignee_id=assignee.pk,
            due_on=None,
            actor=actor,
            at=timezone.now(),
        )

    results = race([entrust(manager, colleague), entrust(colleague, manager)] * (THREADS // 2))

    assert results == ["won"] * THREADS
    assert Delegation.objects.standing().count() == 1
    assert Delegation.objects.count() == THREADS


def test_first_messages_at_once_make_one_conversation():
    enrolment, manager, colleague = make_team()

    def say(actor: object) -> Callable[[], object]:
        return lambda: post_message(
            enrolment_id=enrolment.pk, criterion=ETHICS, text="Bonjour", mentioned=[], actor=actor, at=timezone.now()
        )

    race([say(manager), say(colleague)] * (THREADS // 2))

    assert Conversation.objects.get().messages.count() == THREADS
