"""Notification with proof: first consultation, registered letter, presumption (A-32, BR-160, BR-179)."""

from __future__ import annotations

from datetime import timedelta

import pgtrigger
import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.utils import timezone

from convergence.accounts.enums import MembershipType, Role
from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from referencing.decision import services
from referencing.decision.models import Decision, NotificationProof, RegisteredLetter
from tests.decision.factories import make_signed, today
from tests.factories import make_agent, make_member

pytestmark = pytest.mark.django_db


def codes(refusal) -> list[str]:
    return [blocker.code for blocker in refusal.value.blockers]


@pytest.fixture
def signed(db):
    decision, ministry, manager = make_signed("refusal")
    with pgtrigger.ignore():  # signed a month ago, for letters that travelled
        Decision.objects.filter(pk=decision.pk).update(signed_on=today() - timedelta(days=40))
    return Decision.objects.get(pk=decision.pk), ministry, manager


@pytest.mark.rule("A-32", "BR-160")
def test_first_consultation_by_who_commits_the_organisation_notifies(signed, commit):
    decision, _, manager = signed
    cnam = make_agent(Role.CNAM)

    with commit():
        opened = services.open_decision(decision_id=decision.pk, actor=manager)

    assert Notification.objects.filter(recipient=cnam, kind="Décision").count() == 1
    proof = NotificationProof.objects.get(decision=decision)
    assert opened.state == "notified"
    assert (proof.way, proof.person, proof.person_name) == ("consultation", manager, manager.get_full_name())
    assert proof.person_quality == "Mandataire"
    assert proof.at == opened.notified_at
    assert proof.sha256 == decision.sha256
    assert AuditEntry.objects.filter(action="decision.notify", actor=manager).count() == 1


@pytest.mark.rule("A-32")
def test_second_consultation_changes_nothing(signed):
    decision, _, manager = signed
    first = services.open_decision(decision_id=decision.pk, actor=manager).notified_at

    assert services.open_decision(decision_id=decision.pk, actor=manager).notified_at == first
    assert NotificationProof.objects.count() == 1


@pytest.mark.rule("A-32")
def test_contributeur_and_agents_do_not_notify(signed):
    decision, ministry, _ = signed
    contributor = make_member(decision.enrolment.product.organisation, MembershipType.SALARIE)

    for person in (contributor, ministry, make_agent(Role.LISTING_TEAM)):
        with pytest.raises(PermissionDenied):
            services.open_decision(decision_id=decision.pk, actor=person)
    assert Decision.objects.get(pk=decision.pk).state == "signed"


def test_proof_never_changes(signed):
    decision, _, manager = signed
    services.open_decision(decision_id=decision.pk, actor=manager)

    with pytest.raises(DatabaseError), transaction.atomic():
        NotificationProof.objects.update(person_name="Un autre")
    with pytest.raises(DatabaseError), transaction.atomic():
        NotificationProof.objects.all().delete()


@pytest.mark.rule("A-32")
def test_received_letter_notifies_on_its_day(signed):
    decision, ministry, _ = signed
    received = today() - timedelta(days=3)

    services.record_letter(
        decision_id=decision.pk,
        sent_on=today() - timedelta(days=6),
        tracking="1A 234",
        received_on=received,
        actor=ministry,
    )

    notified = Decision.objects.get(pk=decision.pk)
    assert notified.state == "notified"
    assert timezone.localdate(notified.notified_at) == received
    assert notified.proof.way == "receipt"


@pytest.mark.rule("A-32")
def test_letter_is_presumed_after_fifteen_days_once_and_on_that_day(signed):
    decision, ministry, _ = signed
    sent = today() - timedelta(days=20)
    services.record_letter(decision_id=decision.pk, sent_on=sent, tracking="1A 234", actor=ministry)

    assert services.presume_notifications(at=timezone.now() - timedelta(days=6)) == 0
    assert services.presume_notifications(at=timezone.now()) == 1
    assert services.presume_notifications(at=timezone.now()) == 0

    notified = Decision.objects.get(pk=decision.pk)
    assert timezone.localdate(notified.notified_at) == sent + timedelta(days=15)
    assert notified.proof.way == "presumed"


@pytest.mark.rule("A-32")
def test_presumption_comes_on_the_fifteenth_day_exactly(signed):
    decision, ministry, _ = signed
    sent = today() - timedelta(days=15)
    services.record_letter(decision_id=decision.pk, sent_on=sent, tracking="1A 234", actor=ministry)

    assert services.presume_notifications(at=timezone.now() - timedelta(days=1)) == 0
    assert services.presume_notifications(at=timezone.now()) == 1


@pytest.mark.rule("A-32")
def test_consultation_before_the_presumption_wins(signed):
    decision, ministry, manager = signed
    services.record_letter(
        decision_id=decision.pk, sent_on=today() - timedelta(days=10), tracking="1A 234", actor=ministry
    )
    services.open_decision(decision_id=decision.pk, actor=manager)

    assert services.presume_notifications(at=timezone.now() + timedelta(days=30)) == 0
    assert NotificationProof.objects.get().way == "consultation"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"tracking": " "}, ["tracking"]),
        ({"sent_on": 1}, ["sent_on"]),
        ({"sent_on": -90}, ["sent_on"]),
        ({"received_on": -5}, ["received_on"]),
        ({"received_on": 2}, ["received_on"]),
    ],
)
def test_letter_with_impossible_days_is_refused(signed, fields, expected):
    decision, ministry, _ = signed
    values = {"tracking": "1A", "sent_on": -1, "received_on": None, **fields}
    values = {key: today() + timedelta(days=each) if isinstance(each, int) else each for key, each in values.items()}

    with pytest.raises(TransitionRefused) as refusal:
        services.record_letter(decision_id=decision.pk, actor=ministry, **values)

    assert codes(refusal) == expected
    assert not RegisteredLetter.objects.exists()


def test_letter_for_a_notified_act_is_refused(signed):
    decision, ministry, manager = signed
    services.open_decision(decision_id=decision.pk, actor=manager)

    with pytest.raises(TransitionRefused) as refusal:
        services.record_letter(decision_id=decision.pk, sent_on=today(), tracking="1A", actor=ministry)

    assert codes(refusal) == ["wrong_state"]
