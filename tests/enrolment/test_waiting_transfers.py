"""« Transmissions à accepter »: the offers that wait for an organisation, above its catalogue."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import MembershipType
from convergence.accounts.models import Organisation, User
from convergence.ui.typography import format_date
from referencing.enrolment.models import ProductTransfer
from referencing.enrolment.transfers import services
from tests.factories import MembershipFactory, OrganisationFactory, ProductFactory, make_member

pytestmark = pytest.mark.django_db

TITLE = "Transmissions à accepter"


def open_catalogue(client: Client) -> Any:
    return client.get(reverse("products:product_list"))


def offer_to(recipient: Organisation, *, days: int = 30) -> tuple[ProductTransfer, User]:
    """A product offered by its manager, to be answered within that many days."""
    product = ProductFactory()
    manager = make_member(product.organisation)
    transfer = services.offer_product(product_id=product.pk, identifier=recipient.siret, message="", actor=manager)
    transfer.expires_on = timezone.localdate() + timedelta(days=days)
    transfer.save(update_fields=["expires_on"])
    return transfer, manager


@pytest.fixture
def recipient() -> Organisation:
    found: Organisation = OrganisationFactory()
    return found


@pytest.fixture
def manager(recipient: Organisation, client: Client) -> User:
    person = make_member(recipient)
    client.force_login(person)
    return person


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_list_costs_one_query(
    client: Client, recipient: Organisation, manager: User, count: int, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        offer_to(recipient)

    with django_assert_num_queries(5):
        response = open_catalogue(client)

    assert [len(each.rows) for each in response.context["waiting"]] == ([count] if count else [])
    assert (TITLE in response.content.decode()) is bool(count)


@pytest.mark.rule("A-26")
def test_offers_lead_to_their_pages_the_most_urgent_first(
    client: Client, recipient: Organisation, manager: User
) -> None:
    later, _ = offer_to(recipient)
    sooner, _ = offer_to(recipient, days=3)

    response = open_catalogue(client)

    (waiting,) = response.context["waiting"]
    assert [row.url for row in waiting.rows] == [
        reverse("enrolment:transfer_detail", args=[each.pk]) for each in (sooner, later)
    ]
    page = response.content.decode()
    for words in (sooner.told_product, sooner.told_organisation, format_date(sooner.expires_on)):
        assert words in page
    assert client.get(waiting.rows[0].url).context["may_answer"]


def test_it_stands_above_an_empty_catalogue_too(client: Client, recipient: Organisation, manager: User) -> None:
    offer_to(recipient)

    page = open_catalogue(client).content.decode()

    assert page.index(TITLE) < page.index("Votre catalogue est vide")


@pytest.mark.parametrize("end", ["accept", "refuse", "cancel", "expire"])
def test_what_waits_no_more_is_gone(client: Client, recipient: Organisation, manager: User, end: str) -> None:
    transfer, other = offer_to(recipient)
    if end == "accept":
        services.accept_product(transfer_id=transfer.pk, actor=manager)
    elif end == "refuse":
        services.refuse_product(transfer_id=transfer.pk, why="Non.", actor=manager)
    elif end == "cancel":
        services.cancel_offer(transfer_id=transfer.pk, actor=other)
    else:
        services.expire_offers(at=timezone.now() + timedelta(days=31))

    assert open_catalogue(client).context["waiting"] == []


def test_only_who_may_answer_sees_it(client: Client, recipient: Organisation) -> None:
    """Not a plain member, nor the side that offers, nor a manager who works for another organisation now."""
    plain = make_member(recipient, MembershipType.SALARIE)
    elsewhere = make_member(OrganisationFactory(name="Aaa"))  # the first by name is the current one
    MembershipFactory(user=elsewhere, organisation=recipient)
    _, offering = offer_to(recipient)

    for person in (plain, offering, elsewhere):
        client.force_login(person)
        assert open_catalogue(client).context["waiting"] == []
