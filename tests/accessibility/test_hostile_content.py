"""Nothing that people type makes a page scroll sideways: names without a space, addresses of the greatest length."""

import os
from uuid import UUID

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse
from playwright.sync_api import Page

from convergence.accounts import services
from convergence.accounts.enums import MembershipState, MembershipType
from convergence.notifications.models import Notification
from tests.factories import MembershipFactory, OrganisationFactory, ProductFactory, UserFactory
from tests.plugins.browser import login

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDE = "W" * 80
#: A line may break after a hyphen, except before a digit: nothing in this identifier can be broken.
IDENTIFIER = UUID("ffffffff-1fff-4fff-8fff-1fffffffffff")
#: Empty when the page does not scroll sideways, else what sticks out of it.
TOO_WIDE = """() => {
    const width = document.documentElement.clientWidth
    return document.documentElement.scrollWidth <= width ? [] :
        [document.documentElement.scrollWidth, ...[...document.querySelectorAll('body *')]
            .filter((node) => node.getBoundingClientRect().right > width)
            .map((node) => `${node.tagName}.${node.className}`)]
}"""


@pytest.fixture
def organisation():
    return OrganisationFactory(name=WIDE)


@pytest.fixture
def person(organisation):
    user = UserFactory(email=f"{'w' * 60}@{'w' * 60}.example", first_name="W" * 40, last_name="M" * 40)
    MembershipFactory(user=user, organisation=organisation)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def addresses(organisation, person):
    """Pages that show what was typed: paragraphs, titles, tables, buttons, badges, definition lists, tiles."""
    stranger = UserFactory(email=f"{'w' * 60}@editeur.example", first_name=WIDE, last_name=WIDE)
    asked = MembershipFactory(user=stranger, organisation=organisation, state=MembershipState.REQUESTED)
    MembershipFactory(user=UserFactory(email=f"m{IDENTIFIER}@editeur.example"), organisation=organisation)
    for email in (f"invitation-{IDENTIFIER}@editeur.example", f"{'w' * 60}2@editeur.example"):
        services.invite(organisation_id=organisation.pk, actor=person, email=email, type=MembershipType.SALARIE)
    product = ProductFactory(organisation=organisation, owner=person, name=WIDE, version="W" * 20, description=WIDE)
    Notification.objects.create(recipient=person, sender=WIDE, kind="Comptes", content=WIDE, link="/")
    return [
        reverse("accounts:member_list", args=[organisation.pk]),
        reverse("accounts:request_accept", args=[organisation.pk, asked.pk]),
        reverse("accounts:organisation_leave", args=[organisation.pk]),
        reverse("accounts:organisation_list"),
        reverse("accounts:account_detail"),
        reverse("account_email"),
        reverse("notifications:notification_list"),
        reverse("products:product_list"),
        reverse("pages:product_detail", args=[product.pk]),
        reverse("products:product_update", args=[product.pk]),
        reverse("pages:dashboard"),
    ]


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_no_page_scrolls_sideways(page: Page, live_server, person, addresses, width):
    login(page, live_server, person)
    page.set_viewport_size({"width": width, "height": 900})
    problems = []
    for rank, address in enumerate(addresses):
        assert page.goto(live_server.url + address).ok, address
        page.evaluate("document.fonts.ready")
        if found := page.evaluate(TOO_WIDE):
            problems.append(f"{address}: {found}")
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=f"{folder}/hostile-{rank}-{width}.png", full_page=True)

    assert not problems, "\n".join(problems)
