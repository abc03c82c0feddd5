"""Who answers what: the services, the reminders, the page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import MembershipState, Role
from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from referencing.enrolment.models import Enrolment
from referencing.teamwork.core import Scope
from referencing.teamwork.models import Delegation
from referencing.teamwork.services import delegate, end_delegation, remind_delegations
from tests.factories import UserFactory, make_agent, make_member
from tests.questionnaires.factories import answer
from tests.teamwork.factories import LEVELS, make_team

pytestmark = pytest.mark.django_db

WHOLE = Scope("interoperabilite")
ONE = Scope("interoperabilite", criterion=LEVELS)


def entrust(enrolment, actor, assignee, scope=WHOLE, *, days=None, at=None):
    now = at or timezone.now()
    due_on = None if days is None else timezone.localdate(now) + timedelta(days=days)
    return delegate(
        enrolment_id=enrolment.pk, scope=scope, assignee_id=assignee.pk, due_on=due_on, actor=actor, at=now,
        message="Merci.",
    )  # fmt: skip


def codes(refusal) -> list[str]:
    return [blocker.code for blocker in refusal.value.blockers]


def test_the_colleague_is_told(django_capture_on_commit_callbacks):
    enrolment, manager, colleague = make_team()

    with django_capture_on_commit_callbacks(execute=True):
        delegation = entrust(enrolment, manager, colleague, ONE, days=5)

    told = Notification.objects.get(recipient=colleague)
    assert "A06.1.2 Terminologies" in told.content
    assert str(manager) in told.content
    assert "Merci." in told.content
    assert told.link.endswith("/questionnaires/interoperabilite/#field-A06.1.2")
    assert mail.outbox[-1].to == [colleague.email]
    entry = AuditEntry.objects.get(action="delegation.delegate")
    assert (entry.subject_id, entry.data["assignee"]) == (str(delegation.pk), str(colleague))


def test_entrusting_again_replaces_the_person():
    enrolment, manager, colleague = make_team()
    first = entrust(enrolment, manager, colleague)

    second = entrust(enrolment, colleague, manager)

    first.refresh_from_db()
    assert first.ended_by == colleague
    assert list(Delegation.objects.standing()) == [second]


def test_every_reason_is_told_at_once():
    enrolment, manager, _ = make_team()

    with pytest.raises(TransitionRefused) as refusal:
        entrust(enrolment, manager, UserFactory(), Scope("ethique", "inconnue"), days=-1)

    assert codes(refusal) == ["unknown_part", "stranger", "past_day"]


def test_nothing_is_entrusted_to_somebody_who_left():
    enrolment, manager, colleague = make_team()
    colleague.memberships.update(state=MembershipState.ENDED)

    with pytest.raises(TransitionRefused) as refusal:
        entrust(enrolment, manager, colleague)

    assert codes(refusal) == ["stranger"]


def test_only_members_entrust():
    enrolment, _, colleague = make_team()

    with pytest.raises(PermissionDenied):
        entrust(enrolment, make_agent(Role.LISTING_TEAM), colleague)
    with pytest.raises(Enrolment.DoesNotExist):
        entrust(enrolment, UserFactory(), colleague)


def test_taking_back_twice_changes_nothing(django_capture_on_commit_callbacks):
    enrolment, manager, colleague = make_team()
    delegation = entrust(enrolment, manager, colleague)

    with django_capture_on_commit_callbacks(execute=True):
        first = end_delegation(delegation_id=delegation.pk, actor=manager, at=timezone.now())
        again = end_delegation(delegation_id=delegation.pk, actor=colleague, at=timezone.now())

    assert again.ended_by == first.ended_by == manager
    assert Notification.objects.filter(recipient=colleague, content__contains="n’avez plus").count() == 1


class TestReminders:
    def test_before_the_day_then_after_it_each_once(self, django_capture_on_commit_callbacks):
        enrolment, manager, colleague = make_team()
        now = timezone.now()
        entrust(enrolment, manager, colleague, ONE, days=2, at=now)
        told = []
        for days in (0, 1, 3, 4):
            with django_capture_on_commit_callbacks(execute=True):
                told.append(remind_delegations(at=now + timedelta(days=days)))

        assert told == [1, 0, 1, 0]
        subjects = [message.subject.rpartition(" – ")[2] for message in mail.outbox]
        assert subjects == ["réponses attendues bientôt", "réponses en retard", "réponses en retard"]
        assert {message.to[0] for message in mail.outbox[1:]} == {colleague.email, manager.email}

    def test_nobody_is_reminded_of_what_is_answered(self):
        enrolment, manager, colleague = make_team()
        entrust(enrolment, manager, colleague, ONE, days=1)
        answer(enrolment.response, "interoperabilite", {LEVELS: {"level": "2"}})

        assert remind_delegations(at=timezone.now()) == 0

    def test_nobody_is_reminded_of_what_was_taken_back_or_is_far(self):
        enrolment, manager, colleague = make_team()
        back = entrust(enrolment, manager, colleague, ONE, days=1)
        end_delegation(delegation_id=back.pk, actor=manager, at=timezone.now())
        entrust(enrolment, manager, colleague, days=10)

        assert remind_delegations(at=timezone.now()) == 0

    def test_who_left_the_organisation_is_told_nothing_more(self):
        enrolment, manager, colleague = make_team()
        entrust(enrolment, manager, colleague, ONE, days=1)
        colleague.memberships.update(state=MembershipState.ENDED)

        assert remind_delegations(at=timezone.now()) == 0

    @pytest.mark.parametrize("count", [1, 3])
    def test_reading_costs_the_same_for_one_and_for_three(self, count, django_assert_max_num_queries):
        for _ in range(count):
            enrolment, manager, colleague = make_team()
            entrust(enrolment, manager, colleague, ONE, days=1)
            answer(enrolment.response, "interoperabilite", {LEVELS: {"level": "2"}})

        with django_assert_max_num_queries(6):
            assert remind_delegations(at=timezone.now()) == 0


def page(enrolment) -> str:
    return reverse("teamwork:delegation_list", args=[enrolment.pk])


class TestPage:
    def test_entrusting_from_the_page(self, client):
        enrolment, manager, colleague = make_team()
        client.force_login(manager)

        response = client.post(
            page(enrolment), {"part": ONE.write(), "assignee": str(colleague.pk), "due_on": "1/2/2099", "message": ""}
        )

        assert response.status_code == 302
        assert Delegation.objects.get().scope == ONE
        content = client.get(page(enrolment)).content.decode()
        assert "A06.1.2 Terminologies" in content
        assert "0/1" in content

    def test_a_refused_form_keeps_what_was_typed(self, client):
        enrolment, manager, _ = make_team()
        client.force_login(manager)

        response = client.post(page(enrolment), {"part": "", "assignee": "", "due_on": "hier", "message": "Gardez-moi"})

        assert response.status_code == 422
        content = response.content.decode()
        assert "Gardez-moi" in content
        assert "Choisissez ce que vous confiez." in content

    def test_filters_by_person_and_state(self, client):
        enrolment, manager, colleague = make_team()
        entrust(enrolment, manager, colleague, ONE)
        entrust(enrolment, manager, manager, Scope("ethique"))
        answer(enrolment.response, "interoperabilite", {LEVELS: {"level": "2"}})
        client.force_login(manager)

        def shown(**asked: str) -> int:
            return len(client.get(page(enrolment), asked).context["rows"])

        assert shown() == 2
        assert shown(personne=str(colleague.pk)) == 1
        assert shown(etat="repondu") == 1
        assert shown(etat="en-retard") == 0
        assert shown(personne="<script>", etat="nimporte") == 0

    def test_taking_back_asks_first(self, client):
        enrolment, manager, colleague = make_team()
        delegation = entrust(enrolment, manager, colleague)
        client.force_login(manager)
        address = reverse("teamwork:delegation_end", args=[enrolment.pk, delegation.pk])

        assert "n’aura plus à répondre" in client.get(address).content.decode()
        assert client.post(address).status_code == 302
        assert not Delegation.objects.standing().exists()

    @pytest.mark.parametrize("count", [1, 3])
    def test_query_count_is_constant(self, client, django_assert_num_queries, count):
        enrolment, manager, _ = make_team()
        parts = [WHOLE, ONE, Scope("ethique")]
        for scope in parts[:count]:
            entrust(enrolment, manager, make_member(enrolment.product.organisation), scope)
        client.force_login(manager)

        with django_assert_num_queries(9):
            response = client.get(page(enrolment))

        assert len(response.context["rows"]) == count


class TestBesideAnswers:
    def test_form_and_list_say_who_answers(self, client):
        enrolment, manager, colleague = make_team()
        entrust(enrolment, manager, colleague, ONE)
        entrust(enrolment, manager, manager, Scope("ethique"))
        client.force_login(manager)

        form = client.get(reverse("enrolment:questionnaire_form", args=[enrolment.pk, "interoperabilite"]))
        tiles = client.get(reverse("enrolment:questionnaire_list", args=[enrolment.pk]))

        assert str(colleague) in form.content.decode()
        lines = [line for tile in tiles.context["questionnaires"] for line in tile.lines]
        assert f"Confié à {manager}" in lines
        assert "1\u00a0partie confiée à des collègues" in lines

    def test_agents_see_nothing_of_it(self, client):
        enrolment, manager, colleague = make_team()
        entrust(enrolment, manager, colleague, ONE)
        client.force_login(make_agent(Role.LISTING_TEAM))

        form = client.get(reverse("enrolment:questionnaire_form", args=[enrolment.pk, "interoperabilite"]))

        assert form.status_code == 200
        assert str(colleague) not in form.content.decode()
        assert "Travailler à plusieurs" not in form.content.decode()
        assert client.get(page(enrolment)).status_code == 404
