"""Second factor: enrolment, login, recovery; mandatory for agents (A-07)."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from django.urls import reverse

from convergence.accounts.enums import Role
from convergence.accounts.models import RoleAssignment
from tests.accounts.pages import error_of, text_of
from tests.factories import PASSWORD, OrganisationFactory, UserFactory, make_agent, make_member

pytestmark = pytest.mark.django_db

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code_of(secret):
    return format_hotp_value(hotp_value(secret, list(yield_hotp_counters_from_time())[1]))


@pytest.fixture(autouse=True)
def _no_code_used_yet():
    cache.clear()


@pytest.fixture
def person():
    user = UserFactory()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def bare_agent(person):
    """An agent who has not enrolled yet."""
    RoleAssignment.objects.create(user=person, role=Role.LISTING_TEAM)
    return person


def log_in(client, person):
    return client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})


@pytest.mark.rule("A-07")
class TestAgents:
    @pytest.mark.parametrize("name", ["accounts:organisation_list", "notifications:notification_list", "mfa_index"])
    def test_agent_without_second_factor_is_sent_to_enrolment(self, client, bare_agent, name):
        client.force_login(bare_agent)

        assert client.get(reverse(name)).url == reverse("mfa_activate_totp")
        assert client.post(reverse(name)).url == reverse("mfa_activate_totp")

    @pytest.mark.parametrize("role", Role.values)
    def test_every_role_demands_it(self, client, role):
        user = make_agent(role, "rgpd" if role == Role.EXPERT else "")
        client.force_login(user)
        assert client.get(reverse("accounts:organisation_list")).status_code == 200
        Authenticator.objects.all().delete()

        assert client.get(reverse("accounts:organisation_list")).url == reverse("mfa_activate_totp")

    def test_recovery_codes_alone_do_not_count(self, client, bare_agent):
        Authenticator.objects.create(user=bare_agent, type=Authenticator.Type.RECOVERY_CODES, data={})
        client.force_login(bare_agent)

        assert client.get(reverse("accounts:organisation_list")).url == reverse("mfa_activate_totp")

    def test_editor_needs_none(self, client):
        client.force_login(make_member(OrganisationFactory()))

        assert client.get(reverse("accounts:organisation_list")).status_code == 200

    def test_agent_enrols_and_works(self, client, bare_agent, django_capture_on_commit_callbacks, mailoutbox):
        log_in(client, bare_agent)
        page = client.get(reverse("mfa_activate_totp"))
        assert "Votre rôle exige une double authentification" in text_of(page)
        assert 'src="data:image/svg+xml;base64,' in page.content.decode()
        secret = re.search(r'data-copy="([A-Z2-7=]+)"', page.content.decode())[1]

        refused = client.post(reverse("mfa_activate_totp"), {"code": "000000"})
        assert refused.status_code == 422
        assert "Ce code n’est pas le bon" in error_of(refused, "code")

        with django_capture_on_commit_callbacks(execute=True):
            done = client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})

        assert done.url == reverse("mfa_view_recovery_codes")
        assert len(re.findall(r"<li><code>", client.get(done.url).content.decode())) == 10
        assert client.get(reverse("accounts:organisation_list")).status_code == 200
        assert "Application d’authentification activée" in {mail.subject for mail in mailoutbox}

    def test_agent_cannot_remove_the_last_second_factor(self, client, bare_agent):
        TOTP.activate(bare_agent, SECRET)
        log_in(client, bare_agent)
        client.post(reverse("mfa_authenticate"), {"code": code_of(SECRET)})

        page = client.get(reverse("mfa_deactivate_totp"))
        client.post(reverse("mfa_deactivate_totp"))

        assert "Votre rôle exige une double authentification" in text_of(page)
        assert Authenticator.objects.filter(type=Authenticator.Type.TOTP).exists()


class TestLogin:
    def test_password_alone_does_not_open_a_protected_account(self, client, person):
        TOTP.activate(person, SECRET)

        response = log_in(client, person)

        assert response.url == reverse("mfa_authenticate")
        assert "_auth_user_id" not in client.session
        assert client.get(reverse("accounts:account_detail")).status_code == 302

    def test_code_opens_once(self, client, person):
        TOTP.activate(person, SECRET)
        log_in(client, person)
        assert client.post(reverse("mfa_authenticate"), {"code": code_of(SECRET)}).url == "/"
        client.post(reverse("account_logout"))

        log_in(client, person)
        again = client.post(reverse("mfa_authenticate"), {"code": code_of(SECRET)})

        assert again.status_code == 422
        assert "il a déjà servi" in error_of(again, "code")

    def test_secret_is_encrypted_in_the_database(self, person):
        TOTP.activate(person, SECRET)

        assert SECRET not in str(Authenticator.objects.get().data)

    def test_person_may_deactivate(self, client, person):
        TOTP.activate(person, SECRET)
        log_in(client, person)
        client.post(reverse("mfa_authenticate"), {"code": code_of(SECRET)})

        assert client.post(reverse("mfa_deactivate_totp")).url == reverse("mfa_index")
        assert not Authenticator.objects.filter(type=Authenticator.Type.TOTP).exists()

    def test_recovery_codes_open_and_are_downloaded(self, client, person):
        TOTP.activate(person, SECRET)
        log_in(client, person)
        client.post(reverse("mfa_authenticate"), {"code": code_of(SECRET)})
        client.post(reverse("mfa_generate_recovery_codes"))
        codes = client.get(reverse("mfa_download_recovery_codes")).content.decode().split()
        client.post(reverse("account_logout"))

        log_in(client, person)

        assert client.post(reverse("mfa_authenticate"), {"code": codes[0]}).url == "/"
        assert len(codes) == 10


class TestPages:
    @pytest.mark.parametrize(
        "name", ["mfa_index", "mfa_list_webauthn", "mfa_add_webauthn", "mfa_activate_totp", "socialaccount_connections",
                 "account_change_password", "account_email", "account_reauthenticate"]
    )  # fmt: skip
    def test_page_opens_in_french_without_inline_script(self, client, person, name):
        log_in(client, person)

        response = client.get(reverse(name))

        assert response.status_code == 200
        assert '<html lang="fr"' in response.content.decode()
        scripts = re.findall(r"<script([^>]*)>", response.content.decode())
        assert all("src=" in script or "application/json" in script for script in scripts)
        assert "style=" not in response.content.decode()

    @pytest.mark.parametrize("name", ["mfa_reauthenticate", "mfa_reauthenticate_webauthn"])
    def test_proof_by_a_factor_that_one_lacks_falls_back_to_the_password(self, client, person, name):
        client.force_login(person)

        assert client.get(reverse(name)).url.startswith(reverse("account_reauthenticate"))

    @pytest.mark.parametrize("name", ["socialaccount_login_cancelled", "socialaccount_login_error", "account_inactive"])
    def test_dead_ends_show_the_way_back(self, client, name):
        response = client.get(reverse(name))

        assert 'class="fr-btn"' in response.content.decode() or "mailto:" in response.content.decode()
