import pytest
from django.urls import reverse

from convergence.accounts.enums import LegalForm, MembershipType, Role
from referencing.enrolment import services
from referencing.enrolment.enums import SheetState
from referencing.enrolment.models import AdministrativeSheet, Enrolment
from tests.enrolment.test_services import COMPLETE, attach
from tests.factories import DemarcheFactory, OrganisationFactory, ProductFactory, make_agent, make_member
from tests.questionnaires.factories import make_definition, pdf

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

    @pytest.mark.rule("BR-022")
    def test_draft_comes_back_as_typed(self, client, enrolment):
        response = client.post(address(enrolment, "sheet_edit"), typed(website="", draft="1"))

        assert response.url == address(enrolment, "sheet_edit")
        assert 'value="Présidente"' in page_of(client.get(response.url))

    @pytest.mark.rule("BR-023", "BR-021")
    def test_next_lists_every_missing_answer_and_keeps_the_rest(self, client, enrolment):
        response = client.post(address(enrolment, "sheet_edit"), typed(website="", address="", next="1"))

        page = page_of(response)
        assert response.status_code == 422
        assert "Renseignez « Site web »." in page
        assert "Renseignez « Adresse du siège »." in page
        assert "12/14 questions obligatoires répondues" in page
        assert 'value="Présidente"' in page

    def test_correcting_after_a_refusal_is_not_a_stale_save(self, client, enrolment):
        refused = client.post(address(enrolment, "sheet_edit"), typed(website="", next="1"))

        response = client.post(
            address(enrolment, "sheet_edit"),
            typed(base_version=refused.context["form"]["base_version"].value(), next="1"),
        )

        assert response.url == address(enrolment, "sheet_confirm")

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

    @pytest.mark.rule("A-06")
    def test_foreign_editor_completes_it_with_register_number_and_extract(self, client, enrolment):
        values = typed(legal_form="foreign", siret="", rcs="", rcs_not_applicable="on", register_number="HRB 1234")

        response = client.post(address(enrolment, "sheet_edit"), values | {"extract": pdf("extrait.pdf"), "next": "1"})

        assert response.url == address(enrolment, "sheet_confirm")
        page = page_of(client.get(response.url))
        assert "HRB 1234" in page
        assert "extrait.pdf" in page

    def test_extract_that_is_no_pdf_is_refused_next_to_it(self, client, enrolment):
        upload = pdf("extrait.exe")

        response = client.post(address(enrolment, "sheet_edit"), typed(legal_form="foreign") | {"extract": upload})

        assert response.status_code == 422
        assert response.context["form"].errors["extract"]

    @pytest.mark.rule("BR-021")
    def test_live_counter_counts_what_is_typed_without_saving(self, client, enrolment):
        response = client.post(address(enrolment, "sheet_progress_panel"), typed(website="", siret="123"))

        assert "12/14" in page_of(response)
        assert AdministrativeSheet.objects.get().version == 1

    def test_colleagues_version_is_not_overwritten(self, client, enrolment, manager):
        services.save_sheet(enrolment_id=enrolment.pk, values={"rcs": "Paris B 1"}, base_version=1, actor=manager)

        response = client.post(address(enrolment, "sheet_edit"), typed(draft="1"))

        assert response.status_code == 422
        assert "Un collègue a modifié la fiche" in page_of(response)
        assert AdministrativeSheet.objects.get().rcs == "Paris B 1"


class TestTransmit:
    @pytest.fixture
    def filled(self, client, enrolment):
        client.post(address(enrolment, "sheet_edit"), typed(next="1"))
        return enrolment

    def test_recap_then_confirmation_then_read_only(self, client, filled):
        assert "Récapitulatif de la fiche administrative" in page_of(client.get(address(filled, "sheet_confirm")))
        assert "La fiche part chez les vérificateurs" in page_of(client.get(address(filled, "sheet_submit")))

        response = client.post(address(filled, "sheet_submit"))

        assert response.url == address(filled, "sheet_detail")
        assert client.get(address(filled, "sheet_edit")).url == address(filled, "sheet_detail")

    @pytest.mark.rule("BR-024")
    def test_post_after_transmission_changes_nothing(self, client, filled):
        client.post(address(filled, "sheet_submit"))

        client.post(address(filled, "sheet_edit"), typed(rcs="Autre", draft="1"))

        assert AdministrativeSheet.objects.get().rcs == COMPLETE["rcs"]

    def test_incomplete_sheet_is_refused_with_links(self, client, enrolment):
        response = client.post(address(enrolment, "sheet_submit"))

        assert response.status_code == 422
        assert f"{address(enrolment, 'sheet_edit')}#id_website" in page_of(response)

    def test_contributor_sees_that_somebody_else_must_transmit(self, client, filled, organisation):
        client.force_login(make_member(organisation, MembershipType.SALARIE))

        assert "Seuls un mandataire" in page_of(client.get(address(filled, "sheet_confirm")))
        assert client.post(address(filled, "sheet_submit")).status_code == 403


class TestExamination:
    @pytest.fixture
    def submitted(self, client, enrolment, manager):
        client.post(address(enrolment, "sheet_edit"), typed(next="1"))
        client.post(address(enrolment, "sheet_submit"))
        client.force_login(make_agent(Role.LISTING_TEAM))
        return enrolment

    @pytest.mark.rule("BR-026")
    def test_second_version_shows_what_changed(self, client, submitted, manager):
        client.post(address(submitted, "sheet_request_changes"), {"correction-reason": "Adresse incomplète"})
        client.force_login(manager)
        assert "Adresse incomplète" in page_of(client.get(address(submitted, "sheet_edit")))
        version = AdministrativeSheet.objects.get().version
        client.post(
            address(submitted, "sheet_edit"), typed(address="2 rue Neuve, Lyon", base_version=str(version), next="1")
        )
        client.post(address(submitted, "sheet_submit"))
        client.force_login(make_agent(Role.LISTING_TEAM))

        response = client.get(address(submitted, "sheet_review"))

        assert response.context["changes"] == [
            ("Adresse du siège", "1 rue de la Paix, 69000 Lyon", "2 rue Neuve, Lyon")
        ]
        assert "Ce qui a changé depuis la version précédente" in page_of(response)

    def test_correction_without_reason_is_refused_on_the_page(self, client, submitted):
        response = client.post(address(submitted, "sheet_request_changes"), {"correction-reason": ""})

        assert response.status_code == 422
        assert AdministrativeSheet.objects.get().state == SheetState.SUBMITTED

    @pytest.mark.rule("BR-012")
    def test_refusal_asks_once_more_and_keeps_the_texts(self, client, submitted):
        typed = {
            "refus-reason": "Le service ne s’adresse pas aux usagers.",
            "refus-delegation": "Arrêté du 2 mars",
            "refus-remedies": "Deux mois.",
        }

        asked = client.post(address(submitted, "sheet_reject"), typed)
        assert "ne peut pas être annulé" in page_of(asked)
        assert AdministrativeSheet.objects.get().state == SheetState.SUBMITTED

        client.post(address(submitted, "sheet_reject"), typed | {"confirmed": "1"})
        assert AdministrativeSheet.objects.get().state == SheetState.REJECTED

    def test_editor_does_not_enter_the_examination(self, client, submitted, manager):
        client.force_login(manager)

        assert client.get(address(submitted, "sheet_review")).status_code == 403


@pytest.mark.parametrize("count", [1, 3, 30])
def test_list_of_sheets_query_count_is_constant(client, organisation, django_assert_num_queries, count):
    make_definition()
    manager = make_member(organisation)
    for _ in range(count):
        enrolment = attach(ProductFactory(organisation=organisation, owner=manager), manager)
        services.save_sheet(enrolment_id=enrolment.pk, values=COMPLETE, base_version=1, actor=manager)
        services.submit_sheet(enrolment_id=enrolment.pk, actor=manager)
    client.force_login(make_agent(Role.LISTING_TEAM))
    client.get(reverse("enrolment:sheet_list"))
    with django_assert_num_queries(6):
        response = client.get(reverse("enrolment:sheet_list"))

    assert len(response.context["rows"]) == count
