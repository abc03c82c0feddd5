"""Who has the same page open: said by the page, gone by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.presence import POLL_SECONDS, THERE, be_present
from questionnaires.models import Answer
from questionnaires.services import Change, save_answers
from referencing.teamwork.models import Presence
from tests.factories import make_agent, make_member
from tests.questionnaires.factories import FULL_ACCESS, QUIET, answer
from tests.teamwork.factories import ETHICS, make_team

pytestmark = pytest.mark.django_db


def say(client, enrolment, person, code="ethique"):
    client.force_login(person)
    return client.post(reverse("teamwork:presence_say", args=[enrolment.pk, code]))


def test_colleagues_of_the_same_page_and_of_the_others_are_named(client):
    enrolment, manager, colleague = make_team()
    third = make_member(enrolment.product.organisation)

    assert say(client, enrolment, manager).content == b""
    say(client, enrolment, third, "interoperabilite")
    text = say(client, enrolment, colleague).content.decode()

    assert f"{manager} est aussi sur cette page." in text
    assert f"{third} est sur « Interopérabilité »." in text
    assert Presence.objects.count() == 3


def test_somebody_who_left_is_gone_by_themselves():
    enrolment, manager, colleague = make_team()
    now = timezone.now()

    def present(person, at):
        return be_present(Presence, subject=enrolment, on="questionnaire", place="ethique", user=person, at=at)

    present(manager, now)

    assert present(colleague, now + THERE - timedelta(seconds=1)) == [(str(manager), "ethique")]
    assert present(colleague, now + THERE) == []
    assert timedelta(seconds=3 * POLL_SECONDS) <= THERE


@pytest.mark.parametrize("count", [1, 3])
def test_one_statement_says_and_reads(count, django_assert_num_queries):
    enrolment, manager, _ = make_team()
    now = timezone.now()
    for _ in range(count):
        person = make_member(enrolment.product.organisation)
        be_present(Presence, subject=enrolment, on="questionnaire", place="ethique", user=person, at=now)

    with django_assert_num_queries(1):
        others = be_present(Presence, subject=enrolment, on="questionnaire", place="ethique", user=manager, at=now)

    assert len(others) == count


def test_agents_are_neither_seen_nor_told(client):
    enrolment, manager, _ = make_team()
    say(client, enrolment, manager)

    assert say(client, enrolment, make_agent(Role.LISTING_TEAM)).status_code == 404
    assert say(client, enrolment, manager, "inconnu").status_code == 404


@pytest.mark.rule("A-13")
def test_a_stale_page_says_who_answered_meanwhile(client):
    enrolment, manager, colleague = make_team()
    answer(enrolment.response, "ethique", {ETHICS: {"compliance": "non_conforme"}}, actor=colleague)
    client.force_login(manager)

    response = client.post(
        reverse("enrolment:questionnaire_form", args=[enrolment.pk, "ethique"]),
        {f"{ETHICS}-version": "0", ETHICS: "conforme", f"{ETHICS}-comment": "", "action": "save"},
    )

    assert response.status_code == 409
    assert f"{colleague} a répondu entre-temps" in response.content.decode()
    assert Answer.objects.get(code=ETHICS).value == {"compliance": "non_conforme"}


@pytest.mark.rule("A-13")
def test_a_stale_orientation_says_who_answered_meanwhile(client):
    enrolment, manager, colleague = make_team()
    save_answers(
        response=enrolment.response,
        questionnaire="orientation",
        changes={"Q10": Change(value="oui")},
        actor=colleague,
        at=timezone.now(),
        access=FULL_ACCESS,
    )
    client.force_login(manager)

    typed = {**QUIET, **{f"{code}-version": "1" for code in QUIET}}
    response = client.post(reverse("enrolment:orientation_detail", args=[enrolment.pk]), {**typed, "action": "save"})

    assert response.status_code == 409
    assert f"{colleague} a répondu entre-temps" in response.content.decode()
