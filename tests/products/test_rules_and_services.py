import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from convergence.accounts.enums import MembershipType, Role
from convergence.audit.models import AuditEntry
from convergence.products import rules
from convergence.products.enums import Interest, ProductType
from convergence.products.models import Product
from convergence.products.services import create_product
from referencing.enrolment.models import Enrolment
from tests.factories import OrganisationFactory, ProductFactory, make_agent, make_member

pytestmark = pytest.mark.django_db


def values(owner, **changes):
    return {
        "name": "Carnet",
        "version": "v0.1",
        "type": ProductType.SOCLE,
        "nil": "",
        "owner": owner,
        "description": "Un carnet de suivi.",
        "certifications": "",
        "interests": [Interest.MES],
    } | changes


@pytest.fixture
def organisation():
    return OrganisationFactory()


@pytest.fixture
def member(organisation):
    return make_member(organisation, MembershipType.SALARIE)


@pytest.mark.rule("BR-002", "BR-004", "A-15")
def test_product_without_optional_fields_is_created_and_enrols_nowhere(organisation, member):
    product = create_product(organisation=organisation, values=values(member), actor=member)

    product.refresh_from_db()
    assert product.label == f"Carnet - v0.1 - {product.number}"
    assert not Enrolment.objects.exists()
    assert AuditEntry.objects.get().action == "product.create"


def test_version_typed_without_v_is_shown_with_it(organisation, member):
    product = create_product(organisation=organisation, values=values(member, version="2.1"), actor=member)

    assert product.version_label == "v2.1"


@pytest.mark.rule("BR-007")
def test_same_name_and_version_twice_in_one_organisation_is_refused(organisation, member):
    create_product(organisation=organisation, values=values(member), actor=member)

    with pytest.raises(ValidationError, match="déjà un produit de ce nom"):
        create_product(organisation=organisation, values=values(member, name="CARNET"), actor=member)

    assert Product.objects.count() == 1


@pytest.mark.rule("BR-007")
def test_database_refuses_the_same_product_twice(organisation, member):
    product = ProductFactory(organisation=organisation)

    with pytest.raises(IntegrityError, match="product_one_per_name_and_version"), transaction.atomic():
        ProductFactory(organisation=organisation, name=product.name.upper(), version=product.version)


@pytest.mark.rule("BR-005")
def test_no_interest_stands_alone_in_the_database_too(organisation):
    with pytest.raises(IntegrityError, match="product_no_interest_stands_alone"), transaction.atomic():
        ProductFactory(organisation=organisation, interests=[Interest.NONE, Interest.MES])


def test_stranger_creates_nothing_for_an_organisation(organisation):
    stranger = make_member(OrganisationFactory())

    with pytest.raises(PermissionDenied):
        create_product(organisation=organisation, values=values(stranger), actor=stranger)


@pytest.mark.rule("BR-006")
def test_products_of_others_are_invisible(organisation, member):
    own = ProductFactory(organisation=organisation)
    ProductFactory()

    assert list(Product.objects.visible_to(member)) == [own]
    assert Product.objects.visible_to(make_agent(Role.LISTING_TEAM)).count() == 2


@pytest.mark.rule("A-07")
@pytest.mark.parametrize(
    ("type", "is_validator", "edit", "commit", "validate"),
    [
        (MembershipType.SALARIE, False, True, False, False),
        (MembershipType.SALARIE, True, True, False, True),
        (MembershipType.REPRESENTANT, False, True, True, True),
        (MembershipType.MANDATAIRE, False, True, True, True),
    ],
)
def test_rights_follow_the_matrix(organisation, type, is_validator, edit, commit, validate):
    person = make_member(organisation, type, is_validator=is_validator)
    product = ProductFactory(organisation=organisation)

    assert rules.can_edit(person, product) is edit
    assert rules.can_commit(person, product) is commit
    assert rules.can_validate(person, product) is validate


@pytest.mark.rule("A-07")
def test_responsable_commits_only_while_a_member(organisation, member):
    product = ProductFactory(organisation=organisation, owner=member)
    assert rules.can_commit(member, product)

    former = make_member(OrganisationFactory(), MembershipType.SALARIE)
    assert not rules.can_commit(former, ProductFactory(organisation=organisation, owner=former))
