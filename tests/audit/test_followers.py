"""A stage above follows a transition below, in the same transaction (docs/adr/0010-followers.md)."""

import pytest
from django.db import transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.audit.models import AuditEntry
from convergence.kernel.errors import Blocker, TransitionRefused
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def followers(monkeypatch):
    """Those of this test only."""
    monkeypatch.setattr(workflow, "_followers", type(workflow._followers)(list))


def test_a_follower_is_called_after_the_journal_with_actor_and_reason(followers):
    membership = MembershipFactory()
    told = []

    def follower(instance, *, actor, reason):
        told.append((instance.pk, actor, reason, AuditEntry.objects.filter(action="membership.end").count()))

    workflow.follow("membership.end", follower)
    workflow.follow("membership.end", follower)
    MembershipFactory(organisation=membership.organisation)
    workflow.fire(membership, "end", actor=None, reason="Départ", at=timezone.now())

    assert told == [(membership.pk, None, "Départ", 1)]


def test_the_refusal_of_a_follower_refuses_the_transition(followers):
    membership = MembershipFactory()
    MembershipFactory(organisation=membership.organisation)

    def refuse(instance, **said):
        raise TransitionRefused([Blocker("no", "Non.")])

    workflow.follow("membership.end", refuse)
    with pytest.raises(TransitionRefused), transaction.atomic():
        workflow.fire(membership, "end", actor=None, at=timezone.now())

    membership = type(membership).objects.get(pk=membership.pk)
    assert membership.state == "active"
    assert not AuditEntry.objects.filter(action="membership.end").exists()
