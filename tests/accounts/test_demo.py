"""The demo's people and pages exist in the demo only."""

import importlib
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import NoReverseMatch, clear_url_caches, reverse

from convergence.accounts import demo
from convergence.accounts.enums import MembershipState, MembershipType, Role
from convergence.accounts.models import Membership, Organisation, RoleAssignment, User
from convergence.kernel.identifiers import parse_siret
from convergence.notifications.models import DemoMail
from tests.accounts.pages import rows_of, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo_mode(settings):
    """The switch that only the demo settings turn on, and the addresses that go with it."""
    settings.CONVERGENCE = settings.CONVERGENCE | {"DEMO_MODE": True}
    reload_addresses()
    yield
    settings.CONVERGENCE = settings.CONVERGENCE | {"DEMO_MODE": False}
    reload_addresses()


def reload_addresses():
    importlib.reload(importlib.import_module("convergence.urls"))
    clear_url_caches()


class TestOutsideTheDemo:
    @pytest.mark.parametrize("path", ["/demo/", "/demo/mails/", "/demo/mails/1/"])
    def test_pages_do_not_exist(self, client, path):
        assert client.get(path).status_code == 404

    @pytest.mark.parametrize("name", ["demo:demo_index", "demo_mails:mail_list"])
    def test_addresses_are_not_mounted(self, name):
        with pytest.raises(NoReverseMatch):
            reverse(name)

    def test_views_refuse_even_when_mounted_by_mistake(self, client, demo_mode, settings):
        settings.CONVERGENCE = settings.CONVERGENCE | {"DEMO_MODE": False}

        assert client.get("/demo/").status_code == 404
        assert client.get("/demo/mails/").status_code == 404

    @pytest.mark.parametrize(
        "act", [demo.create_demo_people, demo.list_accounts, lambda: demo.totp_secret("x@ans.example")]
    )
    def test_nobody_is_made_and_no_secret_is_told(self, act):
        with pytest.raises(ImproperlyConfigured):
            act()

        assert not User.objects.exists()

    @pytest.mark.parametrize("command", ["demo_world", "demo_accounts"])
    def test_commands_refuse(self, command):
        with pytest.raises(CommandError):
            call_command(command)

    def test_only_the_demo_settings_turn_it_on(self, settings):
        from pathlib import Path

        switched = [
            path.name
            for path in (settings.BASE_DIR / "convergence" / "settings").glob("*.py")
            if '["DEMO_MODE"] = True' in Path(path).read_text()
        ]
        assert switched == ["demo.py"]
        assert settings.CONVERGENCE["DEMO_MODE"] is False


class TestPeople:
    def test_everybody_is_there_once_however_often_it_runs(self, demo_mode):
        demo.create_demo_people()
        rows = [User, Organisation, Membership, RoleAssignment, Authenticator]
        first = [model.objects.count() for model in rows]

        demo.create_demo_people()

        assert [model.objects.count() for model in rows] == first
        assert first[0] == len(demo.PEOPLE) == 30

    def test_roles_and_memberships(self, demo_mode):
        demo.create_demo_people()

        editor = User.objects.get(email="valideur@editeur.example")
        (membership,) = editor.access.memberships.values()
        assert (membership.type, membership.is_validator) == (MembershipType.SALARIE, True)
        assert membership.organisation.name == "Alizé Santé Numérique"
        expert = User.objects.get(email="expert-securite@gie.example")
        assert expert.access.themes == {"maturite-securite", "securite-echanges"}
        members = User.objects.with_role(Role.MEMBER)
        assert [member.email for member in members] == [f"membre{n}@commission.example" for n in range(1, 8)]
        assert set(RoleAssignment.objects.values_list("role", flat=True)) == set(Role.values)
        assert not Membership.objects.exclude(state=MembershipState.ACTIVE).exists()

    def test_organisations_have_valid_sirets(self, demo_mode):
        demo.create_demo_people()

        for organisation in Organisation.objects.all():
            assert parse_siret(organisation.siret) == organisation.siret

    def test_agents_have_a_second_factor_and_log_in_with_the_shown_code(self, client, demo_mode):
        cache.clear()
        demo.create_demo_people()
        assert not [user for user in User.objects.all() if user.access.lacks_second_factor]
        page = client.get(reverse("demo:demo_index"))
        account = next(line for line in demo.list_accounts() if line.email == "verificateur@gie.example")
        assert account.code in text_of(page)
        assert demo.PASSWORD in text_of(page)
        assert rows_of(page) == 30

        step = client.post(reverse("account_login"), {"login": account.email, "password": demo.PASSWORD})
        assert step.url == reverse("mfa_authenticate")
        assert client.post(step.url, {"code": account.code}).url == "/"

    def test_editor_logs_in_with_the_password(self, client, demo_mode):
        demo.create_demo_people()

        response = client.post(
            reverse("account_login"), {"login": "mandataire@editeur.example", "password": demo.PASSWORD}
        )

        assert response.url == "/"

    @pytest.mark.parametrize("options", [[], ["--without-codes"]])
    def test_command_prints_the_accounts(self, demo_mode, options):
        out = StringIO()

        call_command("demo_accounts", *options, stdout=out)

        for person in demo.PEOPLE:
            assert person.email in out.getvalue()
        assert demo.PASSWORD in out.getvalue()
        assert ("trente secondes" in out.getvalue()) is (options == [])

    def test_people_are_the_first_step_of_the_demo_world(self):
        from convergence.pages.management.commands.demo_world import STEPS

        assert STEPS[0][1] is demo.create_demo_people


class TestMailbox:
    @pytest.fixture(autouse=True)
    def _demo(self, demo_mode, settings):
        settings.EMAIL_BACKEND = "convergence.notifications.demo_mail.DemoMailBackend"

    def make(self, **fields):
        return DemoMail.objects.create(**({"to": "a@b.example", "subject": "Objet", "text": "Bonjour"} | fields))

    def test_mail_sent_by_the_platform_is_read_there(self, client, django_capture_on_commit_callbacks):
        from convergence.notifications.services import send_mail

        with django_capture_on_commit_callbacks(execute=True):
            send_mail(to="lea@x.example", subject="Confirmez", paragraphs=["Bonjour <b>"], link="/a/?b=1&c=2")

        page = client.get(reverse("demo_mails:mail_list"))
        assert "lea@x.example" in text_of(page)
        mail = client.get(reverse("demo_mails:mail_detail", args=[DemoMail.objects.get().pk])).content.decode()
        assert 'href="http://localhost:8000/a/?b=1&amp;c=2"' in mail
        assert "Bonjour &lt;b&gt;" in mail

    def test_html_is_shown_never_run(self, client):
        mail = self.make(html="<script>alert(1)</script>", text="javascript:alert(1)")

        page = client.get(reverse("demo_mails:mail_detail", args=[mail.pk])).content.decode()

        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page
        assert 'href="javascript' not in page

    def test_filter_by_address(self, client):
        self.make(to="lea@x.example")
        self.make(to="tom@x.example")

        page = client.get(reverse("demo_mails:mail_list"), {"a": "LEA@x.example"})

        assert rows_of(page) == 1
        assert "tom@x.example" not in text_of(page)

    def test_unknown_mail_is_not_found(self, client):
        assert client.get(reverse("demo_mails:mail_detail", args=[1])).status_code == 404

    @pytest.mark.parametrize("count", [1, 3, 30])
    def test_list_has_a_constant_query_count(self, client, django_assert_num_queries, count):
        for _ in range(count):
            self.make()

        with django_assert_num_queries(1):
            response = client.get(reverse("demo_mails:mail_list"))

        assert rows_of(response) == count
        assert connection.vendor == "postgresql"
