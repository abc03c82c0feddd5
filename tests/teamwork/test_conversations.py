"""Conversations between colleagues: who reads them, who is told, how they end."""

from __future__ import annotations

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from convergence.products.models import Product
from referencing.enrolment.models import Enrolment
from referencing.teamwork.models import Conversation, Message
from referencing.teamwork.services import post_message, settle
from tests.factories import OrganisationFactory, UserFactory, make_agent, make_member
from tests.teamwork.factories import ETHICS, make_team

pytestmark = pytest.mark.django_db


def say(enrolment, actor, text="Qui connaît la date ?", *mentioned, criterion=ETHICS):
    return post_message(
        enrolment_id=enrolment.pk,
        criterion=criterion,
        text=text,
        mentioned=[person.pk for person in mentioned],
        actor=actor,
        at=timezone.now(),
    )


def page(enrolment, criterion=ETHICS) -> str:
    return reverse("teamwork:criterion_team", args=[enrolment.pk, criterion])


def test_mentioned_colleagues_get_a_mail_and_the_others_a_notification(django_capture_on_commit_callbacks):
    enrolment, manager, colleague = make_team()
    third = make_member(enrolment.product.organisation)
    silent = make_member(enrolment.product.organisation)
    say(enrolment, third)

    with django_capture_on_commit_callbacks(execute=True):
        say(enrolment, manager, "Regardez ceci", colleague)

    assert [message.to for message in mail.outbox] == [[colleague.email]]
    told = dict(Notification.objects.values_list("recipient", "content"))
    assert set(told) == {colleague.pk, third.pk}
    assert silent.pk not in told
    assert "Regardez ceci" in told[third.pk]


def test_the_journal_says_that_somebody_spoke_and_not_what():
    enrolment, manager, _ = make_team()

    say(enrolment, manager, "Entre nous")

    entry = AuditEntry.objects.get(action="conversation.post")
    assert "Entre nous" not in str(entry.data)


def test_every_reason_is_told_at_once():
    enrolment, manager, _ = make_team()

    with pytest.raises(TransitionRefused) as refusal:
        say(enrolment, manager, "   ", UserFactory())

    assert [blocker.code for blocker in refusal.value.blockers] == ["empty", "stranger"]


def test_nobody_from_outside_speaks():
    enrolment, _, _ = make_team()

    with pytest.raises(PermissionDenied):
        say(enrolment, make_agent(Role.LISTING_TEAM))
    with pytest.raises(Enrolment.DoesNotExist):
        say(enrolment, UserFactory())
    with pytest.raises(KeyError):
        say(enrolment, make_member(enrolment.product.organisation), criterion="INCONNU")


def test_resolved_then_reopened_by_a_message():
    enrolment, manager, colleague = make_team()
    say(enrolment, manager)

    for _ in range(2):
        settle(enrolment_id=enrolment.pk, criterion=ETHICS, is_resolved=True, actor=colleague, at=timezone.now())
    assert Conversation.objects.get().resolved_by == colleague
    assert AuditEntry.objects.filter(action="conversation.resolve").count() == 1

    say(enrolment, manager, "Encore une question")
    assert Conversation.objects.get().resolved_at is None


def test_reopened_by_its_button():
    enrolment, manager, _ = make_team()
    say(enrolment, manager)
    settle(enrolment_id=enrolment.pk, criterion=ETHICS, is_resolved=True, actor=manager, at=timezone.now())

    settle(enrolment_id=enrolment.pk, criterion=ETHICS, is_resolved=False, actor=manager, at=timezone.now())

    assert Conversation.objects.get().resolved_at is None


def test_a_message_is_never_changed():
    enrolment, manager, _ = make_team()
    message = say(enrolment, manager)

    with pytest.raises(DatabaseError), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(text="Autre")
    with pytest.raises(DatabaseError), transaction.atomic():
        message.delete()


def test_neither_agents_nor_another_organisation_read_it(client):
    enrolment, manager, _ = make_team()
    say(enrolment, manager, "Entre nous seulement")
    stranger = make_member(OrganisationFactory())

    for person in (make_agent(Role.LISTING_TEAM), make_agent(Role.SUPPORT), make_agent(Role.ADMIN), stranger):
        client.force_login(person)
        assert client.get(page(enrolment)).status_code == 404
        assert not Conversation.objects.visible_to(person).exists()
        form = client.get(reverse("enrolment:questionnaire_form", args=[enrolment.pk, "ethique"])).content.decode()
        assert "1 message" not in form
        assert "Travailler à plusieurs" not in form


def test_a_successor_of_the_organisation_reads_nothing_of_it(client):
    enrolment, manager, _ = make_team()
    say(enrolment, manager, "Entre nous seulement")
    successor = OrganisationFactory()
    Product.objects.filter(pk=enrolment.product_id).update(organisation=successor)
    newcomer = make_member(successor)
    client.force_login(newcomer)

    content = client.get(page(enrolment)).content.decode()

    assert "Aucun message pour le moment" in content
    assert "Entre nous seulement" not in content
    assert (
        "1 message"
        not in client.get(reverse("enrolment:questionnaire_form", args=[enrolment.pk, "ethique"])).content.decode()
    )


def test_the_page_publishes_and_resolves(client):
    enrolment, manager, colleague = make_team()
    client.force_login(manager)
    post, resolve = f"{page(enrolment)}message/", f"{page(enrolment)}resolution/"

    refused = client.post(post, {"text": "", "mentioned": [str(colleague.pk)]})
    assert refused.status_code == 422
    assert "Indiquez votre message." in refused.content.decode()
    assert client.post(resolve, {"action": "resolve"}).status_code == 404  # nothing was said yet

    assert client.post(post, {"text": "<b>Bonjour</b>", "mentioned": [str(colleague.pk)]}).status_code == 302
    content = client.get(page(enrolment)).content.decode()
    assert "&lt;b&gt;Bonjour" in content
    assert f"@{colleague}" in content
    form = client.get(reverse("enrolment:questionnaire_form", args=[enrolment.pk, "ethique"])).content.decode()
    assert "1 message" in form

    client.post(resolve, {"action": "resolve"})
    assert "Résolue par" in client.get(page(enrolment)).content.decode()
    client.post(resolve, {"action": "reopen"})
    assert "Résolue par" not in client.get(page(enrolment)).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_query_count_is_constant(client, django_assert_num_queries, count):
    enrolment, manager, _ = make_team()
    for _ in range(count):
        say(enrolment, manager, "Bonjour", make_member(enrolment.product.organisation))
    client.force_login(manager)

    with django_assert_num_queries(11):
        response = client.get(page(enrolment))

    assert len(response.context["said"]) == count
