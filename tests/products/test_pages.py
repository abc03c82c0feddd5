import pytest
from django.urls import reverse

from convergence.accounts.enums import MembershipType
from convergence.products.enums import Interest
from convergence.products.models import Product
from tests.factories import OrganisationFactory, ParcoursFactory, ProductFactory, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def organisation():
    return OrganisationFactory()


@pytest.fixture
def member(organisation, client):
    person = make_member(organisation, MembershipType.SALARIE)
    client.force_login(person)
    return person


def typed(person, **changes):
    return {
        "name": "Carnet",
        "version": "0.1",
        "type": "socle",
        "nil": "",
        "owner": str(person.pk),
        "description": "Un carnet de suivi.",
        "certifications": "",
        "interests": [Interest.MES],
    } | changes


@pytest.mark.rule("BR-001")
@pytest.mark.parametrize("field", ["name", "version", "type", "owner", "description", "interests"])
def test_each_empty_mandatory_field_is_refused_next_to_it(client, member, field):
    response = client.post(
        reverse("products:product_create"), typed(member, **{field: [] if field == "interests" else ""})
    )

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert "Un carnet de suivi." in response.content.decode() or field == "description"
    assert not Product.objects.exists()


@pytest.mark.rule("BR-005")
def test_no_interest_with_another_is_refused(client, member):
    response = client.post(reverse("products:product_create"), typed(member, interests=[Interest.NONE, Interest.MES]))

    assert response.status_code == 422
    assert "ne se combine pas" in response.content.decode()


@pytest.mark.rule("BR-003")
def test_nothing_is_created_before_the_recap_is_confirmed(client, member):
    response = client.post(reverse("products:product_create"), typed(member))
    assert response.url == reverse("products:product_create_confirm")
    recap = client.get(response.url).content.decode()
    assert "Récapitulatif de la création du produit" in recap
    assert "1. Catalogue de services de Mon espace santé" in recap
    assert not Product.objects.exists()

    response = client.post(reverse("products:product_create_confirm"))

    product = Product.objects.get()
    assert response.url == reverse("pages:product_detail", args=[product.pk])


@pytest.mark.rule("BR-003")
def test_going_back_from_the_recap_keeps_what_was_typed(client, member):
    client.post(reverse("products:product_create"), typed(member, name="Mon carnet"))

    page = client.get(reverse("products:product_create")).content.decode()

    assert 'value="Mon carnet"' in page


def test_confirming_twice_creates_one_product(client, member):
    client.post(reverse("products:product_create"), typed(member))
    client.post(reverse("products:product_create_confirm"))

    response = client.post(reverse("products:product_create_confirm"))

    assert response.url == reverse("products:product_create")
    assert Product.objects.count() == 1


def test_name_taken_between_the_two_steps_comes_back_to_the_form(client, member, organisation):
    client.post(reverse("products:product_create"), typed(member))
    ProductFactory(organisation=organisation, name="Carnet", version="0.1")

    response = client.post(reverse("products:product_create_confirm"))

    assert response.status_code == 422
    assert "déjà un produit de ce nom" in response.content.decode()


@pytest.mark.rule("BR-006")
@pytest.mark.parametrize("name", ["pages:product_detail", "pages:product_pdf", "products:product_update"])
def test_product_of_another_organisation_is_not_found(client, member, name):
    ParcoursFactory()

    assert client.get(reverse(name, args=[ProductFactory().pk])).status_code == 404


@pytest.mark.parametrize("count", [1, 3, 30])
def test_catalogue_query_count_is_constant(client, member, organisation, django_assert_num_queries, count):
    ProductFactory.create_batch(count, organisation=organisation)
    with django_assert_num_queries(4):
        response = client.get(reverse("products:product_list"))

    assert len(response.context["rows"]) == count


def test_catalogue_search_forgives_accents_and_says_when_nothing_matches(client, member, organisation):
    ProductFactory(organisation=organisation, name="Télésuivi")
    ProductFactory(organisation=organisation, name="Agenda")

    assert len(client.get(reverse("products:product_list"), {"q": "telesuivi"}).context["rows"]) == 1
    assert "Aucun produit ne correspond" in client.get(reverse("products:product_list"), {"q": "zzz"}).content.decode()


def test_product_pdf_is_a_pdf_attachment(client, member, organisation):
    product = ProductFactory(organisation=organisation)

    response = client.get(reverse("pages:product_pdf", args=[product.pk]))

    assert response.content.startswith(b"%PDF-")
    assert "attachment" in response["Content-Disposition"]


def test_update_changes_the_sheet(client, member, organisation):
    product = ProductFactory(organisation=organisation, owner=member)

    client.post(reverse("products:product_update", args=[product.pk]), typed(member, name="Nouveau nom"))

    changed = Product.objects.get(pk=product.pk)
    assert changed.name == "Nouveau nom"
