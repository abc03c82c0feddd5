"""An injunction of a court is followed until it is executed: one reminder, one alert (A-33)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core import mail

from convergence.accounts.enums import Role
from referencing.decision.models import Suit
from referencing.decision.services import courts
from tests.decision.factories import make_notified
from tests.factories import make_agent

pytestmark = pytest.mark.django_db


def at(day: int) -> datetime:
    return datetime(2031, 5, day, 9, tzinfo=UTC)


@pytest.fixture
def suit() -> Suit:
    decision, ministry, _ = make_notified()
    suit = courts.record_suit(
        decision_id=decision.pk,
        court="Tribunal administratif",
        case_number="31-1",
        claimant="L’éditeur",
        lodged_on=decision.notified_at.date(),
        actor=ministry,
    )
    Suit.objects.filter(pk=suit.pk).update(injunction="Réexaminer la demande.", injunction_due_on=at(20).date())
    mail.outbox.clear()
    return Suit.objects.get(pk=suit.pk)


def remind(day: int, commit: Any) -> list[str]:
    """Subjects of what the ministry gets that day."""
    mail.outbox.clear()
    with commit(execute=True):
        courts.remind_injunctions(at=at(day))
    return [each.subject for each in mail.outbox]


@pytest.mark.rule("A-33")
def test_the_ministry_is_reminded_once_a_week_before_and_told_once_after(
    suit: Suit, django_capture_on_commit_callbacks: Any
) -> None:
    commit = django_capture_on_commit_callbacks
    assert remind(12, commit) == []
    assert ["injonction à exécuter" in each for each in remind(13, commit)] == [True]
    assert remind(14, commit) == []
    assert remind(20, commit) == []
    assert ["injonction en retard" in each for each in remind(21, commit)] == [True]
    assert remind(22, commit) == []


@pytest.mark.rule("A-33")
def test_after_an_outage_only_the_alert_is_sent(suit: Suit, django_capture_on_commit_callbacks: Any) -> None:
    subjects = remind(25, django_capture_on_commit_callbacks)
    assert len(subjects) == 1
    assert "en retard" in subjects[0]
    assert "Réexaminer" not in mail.outbox[0].body  # that something waits, never what it says


def test_an_executed_injunction_is_left_alone(suit: Suit, django_capture_on_commit_callbacks: Any) -> None:
    ministry = make_agent(Role.MINISTRY)
    courts.execute_injunction(suit_id=suit.pk, executed_on=suit.lodged_on, actor=ministry)
    assert remind(25, django_capture_on_commit_callbacks) == []
