"""Support looks « as » a person: read-only, in the journal (A-07)."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from convergence.accounts import support
from convergence.accounts.enums import Role
from convergence.accounts.models import Membership, RoleAssignment, User
from convergence.audit.models import AuditEntry
from tests.accounts.pages import error_of, rows_of, text_of
from tests.factories import MembershipFactory, OrganisationFactory, UserFactory, make_agent, make_member

pytestmark = [pytest.mark.django_db, pytest.mark.rule("A-07")]


@pytest.fixture
def person():
    return make_member(OrganisationFactory(name="Alizé Santé"))


@pytest.fixture
def agent(client):
    user = make_agent(Role.SUPPORT)
    client.force_login(user)
    return user


@pytest.fixture
def looking(client, agent, person):
    client.post(reverse("accounts:support_start", args=[person.pk]), {"reason": "Demande 123"})
    return agent


def test_support_sees_what_the_person_sees_under_a_banner(client, looking, person):
    page = text_of(client.get(reverse("accounts:organisation_list")))

    assert "Alizé Santé" in page
    assert f"vous consultez comme {person}" in page


def test_start_and_every_page_are_in_the_journal(client, looking, person):
    client.get(reverse("accounts:organisation_list"))
    client.post(reverse("accounts:support_stop"))

    entries = AuditEntry.objects.about(person)
    assert [(entry.action, entry.actor) for entry in entries] == [
        ("support.start", looking),
        ("support.view", looking),
        ("support.stop", looking),
    ]
    assert entries[0].reason == "Demande 123"
    assert entries[1].data == {"method": "GET", "path": reverse("accounts:organisation_list")}


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_can_be_changed(client, looking, person, method):
    organisation = Membership.objects.get(user=person).organisation
    MembershipFactory(organisation=organisation)

    response = getattr(client, method)(reverse("accounts:organisation_leave", args=[organisation.pk]))

    assert response.status_code == 403
    assert Membership.objects.active().filter(user=person).exists()
    assert AuditEntry.objects.about(person).last().action == "support.refused"


@pytest.mark.parametrize("name", ["mfa_index", "mfa_activate_totp", "account_email", "account_change_password"])
def test_passwords_codes_and_keys_stay_closed(client, looking, name):
    assert client.get(reverse(name)).status_code == 403


def test_logging_out_ends_everything(client, looking):
    client.post(reverse("account_logout"))

    assert support.SESSION_KEY not in client.session
    assert "_auth_user_id" not in client.session


def test_stop_gives_the_account_back(client, looking, person):
    response = client.post(reverse("accounts:support_stop"))

    assert response.url == reverse("accounts:support_list")
    assert "vous consultez comme" not in text_of(client.get(response.url))


def test_it_ends_after_an_hour(client, looking):
    session = client.session
    session[support.SESSION_KEY] |= {"since": (timezone.now() - timedelta(minutes=61)).isoformat()}
    session.save()

    assert "vous consultez comme" not in text_of(client.get(reverse("accounts:support_list")))
    assert support.SESSION_KEY not in client.session


def test_it_ends_with_the_role(client, looking):
    RoleAssignment.objects.filter(user=looking).update(role=Role.AUDITOR)

    assert "vous consultez comme" not in text_of(client.get(reverse("accounts:organisation_list")))


def test_it_ends_when_the_person_becomes_an_agent(client, looking, person):
    RoleAssignment.objects.create(user=person, role=Role.ADMIN)

    assert "vous consultez comme" not in text_of(client.get(reverse("accounts:support_list")))


def test_a_reason_is_asked(client, agent, person):
    response = client.post(reverse("accounts:support_start", args=[person.pk]), {"reason": " "})

    assert response.status_code == 422
    assert error_of(response, "reason")
    assert support.SESSION_KEY not in client.session


def test_agents_are_not_looked_at(client, agent):
    other = make_agent(Role.ADMIN)

    response = client.post(reverse("accounts:support_start", args=[other.pk]), {"reason": "x"})

    assert response.status_code == 404


def test_deactivated_person_is_not_found(client, agent, person):
    User.objects.filter(pk=person.pk).update(is_active=False)

    assert client.get(reverse("accounts:support_start", args=[person.pk])).status_code == 404


@pytest.mark.parametrize("role", [role for role in Role.values if role != Role.SUPPORT])
def test_other_roles_are_refused(client, person, role):
    client.force_login(make_agent(role, "rgpd" if role == Role.EXPERT else ""))

    assert client.get(reverse("accounts:support_list")).status_code == 403
    assert client.post(reverse("accounts:support_start", args=[person.pk]), {"reason": "x"}).status_code == 403


def test_editor_is_refused_and_cannot_forge_the_session(client, person):
    client.force_login(UserFactory())
    session = client.session
    session[support.SESSION_KEY] = {"person": str(person.pk), "since": timezone.now().isoformat()}
    session.save()

    assert "Alizé" not in text_of(client.get(reverse("accounts:organisation_list")))
    assert client.get(reverse("accounts:support_list")).status_code == 403


@pytest.mark.parametrize("count", [1, 3, 30])
def test_search_is_accent_blind_with_a_constant_query_count(client, agent, django_assert_num_queries, count):
    for _ in range(count):
        UserFactory(first_name="Hélène")

    with django_assert_num_queries(3):
        response = client.get(reverse("accounts:support_list"), {"q": "HELENE"})

    assert rows_of(response) == count
