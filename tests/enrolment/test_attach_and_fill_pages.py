import pytest
from django.urls import reverse

from convergence.accounts.enums import LegalForm
from referencing.enrolment.models import AdministrativeSheet, Enrolment
from tests.enrolment.test_services import COMPLETE, attach
from tests.factories import DemarcheFactory, OrganisationFactory, ProductFactory, make_member
from tests.questionnaires.factories import make_definition

pytestmark = pytest.mark.django_db


@pytest.fixture
def organisation():
    return OrganisationFactory(legal_form=LegalForm.SAS)


@pytest.fixture
def manager(organisation, client):
    person = make_member(organisation)
    client.force_login(person)
    return person


@pytest.fixture
def product(organisation, manager):
    make_definition()
    return ProductFactory(organisation=organisation, owner=manager)


@pytest.fixture
def enrolment(product, manager):
    return attach(product, manager)


def typed(**changes):
    values = {name: str(value) for name, value in COMPLETE.items() if value is not False}
    return values | {"base_version": "1"} | changes


def page_of(response):
    return response.content.decode().replace("\u202f", " ").replace("\u00a0", " ")


def address(enrolment, name):
    return reverse(f"enrolment:{name}", args=[enrolment.pk])


class TestAttach:
    @pytest.mark.rule("BR-009")
    def test_unanswered_question_is_refused_next_to_it(self, client, product):
        response = client.post(reverse("enrolment:product_attach", args=[product.pk, "referencement-guide"]))

        assert response.status_code == 422
        assert not Enrolment.objects.exists()

    def test_nominal_case_leads_to_the_home_of_the_enrolment(self, client, product):
        response = client.post(
            reverse("enrolment:product_attach", args=[product.pk, "referencement-guide"]), {"white_label": "none"}
        )

        assert response.url == reverse("pages:enrolment_detail", args=[Enrolment.objects.get().pk])

    @pytest.mark.rule("BR-008")
    def test_second_time_shows_the_way_to_the_first(self, client, product, enrolment):
        response = client.post(
            reverse("enrolment:product_attach", args=[product.pk, "referencement-guide"]), {"white_label": "none"}
        )

        assert response.status_code == 422
        assert reverse("pages:enrolment_detail", args=[enrolment.pk]) in page_of(response)

    @pytest.mark.rule("BR-011")
    def test_closed_demarche_is_not_offered(self, client, product):
        DemarcheFactory(slug="referencement-sans-echange", title="Sans échange de données", is_open=False)

        page = page_of(client.get(reverse("enrolment:demarche_choose", args=[product.pk])))

        assert "Référencement Mon espace santé guidé" in page
        assert "Sans échange de données" not in page

    def test_product_already_attached_is_not_offered_again(self, client, product, enrolment, organisation):
        ProductFactory(organisation=organisation, name="Autre produit")

        response = client.get(reverse("enrolment:product_choose", args=["referencement-guide"]))

        assert [row.cells[0].split(" - ")[0] for row in response.context["rows"]] == ["Autre produit"]


class TestFill:
    @pytest.mark.rule("BR-020")
    def test_product_fields_are_shown_and_read_only(self, client, enrolment, product):
        page = page_of(client.get(address(enrolment, "sheet_edit")))

        assert f'value="{product.name}" readonly' in page

    @pytest.mark.rule("BR-025")
    def test_wrong_siret_is_refused_next_to_the_field_with_what_was_typed(self, client, enrolment):
        response = client.post(address(enrolment, "sheet_edit"), typed(siret="732 829 320 00075", draft="1"))

        page = page_of(response)
        assert response.status_code == 422
        assert "sa clé de contrôle ne correspond pas" in page
        assert 'value="732 829 320 00075"' in page

    def test_wrong_telephone_says_what_is_expected(self, client, enrolment):
        response = client.post(address(enrolment, "sheet_edit"), typed(phone="12", draft="1"))

        assert "Indiquez un numéro de téléphone complet" in page_of(response)

    def test_company_cannot_say_that_it_has_no_rcs(self, client, enrolment):
        response = client.post(address(enrolment, "sheet_edit"), typed(rcs="", rcs_not_applicable="on", draft="1"))

        assert "Une société commerciale est inscrite au RCS" in page_of(response)


class TestTransmit:
    @pytest.mark.rule("BR-024")
    def test_post_after_transmission_changes_nothing(self, client, enrolment):
        client.post(address(enrolment, "sheet_edit"), typed(next="1"))
        client.post(address(enrolment, "sheet_submit"))

        client.post(address(enrolment, "sheet_edit"), typed(rcs="Autre", draft="1"))

        assert AdministrativeSheet.objects.get().rcs == COMPLETE["rcs"]
