"""Declarations are renewed every year, and people are told in time (A-21)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.test import override_settings
from django.utils import timezone

from convergence.accounts.demo import create_demo_people
from convergence.accounts.enums import Role
from convergence.interests.demo import declare_for_demo_people
from convergence.interests.models import InterestDeclaration
from convergence.interests.services import declare, remind_expiring
from convergence.notifications.models import Notification
from tests.factories import make_agent

pytestmark = pytest.mark.django_db

DECLARED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)  # valid up to 2 March 2027
LINK = "/liens-interets/"


@pytest.fixture
def expert():
    person = make_agent(Role.EXPERT, "rgpd", has_declared=False)
    declare(person=person, lines=[], has_none=True, at=DECLARED_AT)
    return person


def remind(days_before):
    return remind_expiring(at=DECLARED_AT + timedelta(days=365 - days_before), link=LINK)


@pytest.mark.rule("A-21")
def test_each_term_is_told_once(expert, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        sent = [remind(days) for days in (31, 30, 29, 8, 7, 6, 0, -1)]

    assert sent == [0, 1, 0, 0, 1, 0, 1, 0]
    assert [message.to for message in mail.outbox] == [[expert.email]] * 3
    assert LINK in mail.outbox[0].body
    assert "2\N{NO-BREAK SPACE}mars 2027" in mail.outbox[0].body


@pytest.mark.rule("A-21")
def test_terms_that_a_stopped_machine_missed_make_one_mail(expert):
    assert remind(-3) == 1
    assert remind(-3) == 0
    assert "a expiré" in Notification.objects.get().content


@pytest.mark.rule("A-21")
def test_a_new_declaration_silences_the_old_one(expert):
    declare(person=expert, lines=[], has_none=True, at=DECLARED_AT + timedelta(days=300))

    assert remind(0) == 0


def test_people_who_left_are_not_told(expert):
    expert.role_assignments.all().delete()
    assert remind(0) == 0


def test_closed_accounts_are_not_told(expert):
    expert.is_active = False
    expert.save()

    assert remind(0) == 0


@override_settings(DEBUG=True)
def test_every_agent_of_the_demo_may_be_given_files():
    create_demo_people()
    declare_for_demo_people()
    declare_for_demo_people()

    declared = InterestDeclaration.objects.filter(person__email="expert-rgpd@gie.example")
    assert declared.count() == 2
    assert declared.latest("declared_at").is_current(at=timezone.now())
    assert not InterestDeclaration.objects.filter(person__email__startswith="mandataire").exists()
