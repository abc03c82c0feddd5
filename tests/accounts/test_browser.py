"""In a real browser: passkeys, and pages that everybody can read."""

import os

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.urls import reverse
from playwright.sync_api import Page, expect

from convergence.accounts import services
from convergence.accounts.enums import MembershipState, MembershipType
from convergence.notifications.models import Notification
from tests.factories import PASSWORD, MembershipFactory, OrganisationFactory, UserFactory, make_member
from tests.plugins.browser import axe_violations, login

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def person():
    user = make_member(OrganisationFactory(name="Alizé Santé"))
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def passkey(page: Page):
    """A virtual authenticator of Chromium, with resident keys and a fingerprint that always matches."""
    client = page.context.new_cdp_session(page)
    client.send("WebAuthn.enable")
    client.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return client


def local(live_server, name, *args):
    """WebAuthn refuses IP addresses."""
    return live_server.url.replace("127.0.0.1", "localhost") + reverse(name, args=args)


def test_passkey_is_added_then_opens_the_account_without_password(page, live_server, person, passkey, console_errors):
    page.goto(local(live_server, "account_login"))
    page.get_by_label("Adresse e-mail").fill(person.email)
    page.get_by_label("Mot de passe", exact=False).fill(PASSWORD)
    page.get_by_role("button", name="Se connecter", exact=True).click()
    page.goto(local(live_server, "mfa_add_webauthn"))
    page.get_by_label("Nom de la clé").fill("Clé de bureau")
    page.locator("label", has_text="Permettre la connexion avec cette seule clé").click()
    page.get_by_role("button", name="Ajouter la clé").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Codes de secours")
    assert Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN).count() == 1
    page.goto(local(live_server, "mfa_list_webauthn"))
    expect(page.get_by_role("cell", name="Clé de bureau", exact=True)).to_be_visible()

    page.goto(local(live_server, "account_logout"))
    page.locator("main").get_by_role("button", name="Se déconnecter").click()
    page.goto(local(live_server, "account_login"))
    page.get_by_role("button", name="Se connecter avec une clé d’accès").click()

    expect(page.locator("header").get_by_text(person.get_full_name()).first).to_be_attached()


def test_refused_passkey_is_said_in_french(page, live_server):
    page.goto(local(live_server, "account_login"))
    page.evaluate("() => { navigator.credentials.get = async () => { throw new DOMException('', 'NotAllowedError') } }")

    page.get_by_role("button", name="Se connecter avec une clé d’accès").click()

    expect(page.locator("#messages")).to_contain_text("La demande a été annulée")


@pytest.mark.parametrize("width", [1280, 320])
def test_pages_are_accessible(page, live_server, person, width):
    organisation = next(iter(person.access.memberships.values())).organisation
    asked = MembershipFactory(organisation=organisation, state=MembershipState.REQUESTED)
    services.invite(organisation_id=organisation.pk, actor=person, email="lea@x.example", type=MembershipType.SALARIE)
    Notification.objects.create(recipient=person, sender="Alizé", kind="Comptes", content="Répondez.", link="/")
    page.set_viewport_size({"width": width, "height": 900})
    addresses = [
        ("account_login",), ("account_signup",), ("account_reset_password",), ("account_reset_password_done",),
        ("account_email_verification_sent",),
    ]  # fmt: skip
    private = [
        ("accounts:account_detail",), ("accounts:organisation_list",), ("accounts:organisation_create",),
        ("accounts:organisation_create_foreign",), ("accounts:organisation_find",),
        ("accounts:organisation_join", organisation.pk), ("accounts:member_list", organisation.pk),
        ("accounts:request_accept", organisation.pk, asked.pk), ("accounts:invitation_create", organisation.pk),
        ("accounts:organisation_leave", organisation.pk), ("notifications:notification_list",), ("mfa_index",),
        ("account_email",), ("account_change_password",), ("account_reauthenticate",),
    ]  # fmt: skip
    stranger = UserFactory()
    problems = []
    for batch, user in ((addresses, None), ([("accounts:welcome",)], stranger), (private, person)):
        if user:
            page.context.clear_cookies()
            login(page, live_server, user)
        for name, *args in batch:
            page.goto(live_server.url + reverse(name, args=args))
            problems += [f"{name}: {violation}" for violation in axe_violations(page)]
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                problems.append(f"{name}: scrolls sideways")
            if folder := os.environ.get("SCREENSHOTS"):
                page.screenshot(path=f"{folder}/{name.replace(':', '_')}-{width}.png", full_page=True)

    assert problems == []
