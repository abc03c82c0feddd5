"""Pages of the fiche administrative, its examination, the exchange scope, and procedures that are closed."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from convergence.accounts.enums import LegalForm, MembershipType, Role
from convergence.products.models import Demarche
from questionnaires.models import Response
from referencing.enrolment import services
from referencing.enrolment.enums import EnrolmentState, SheetState, WhiteLabelRole
from referencing.enrolment.models import AdministrativeSheet, Enrolment, ExchangeScope
from tests.factories import DemarcheFactory, OrganisationFactory, ProductFactory, make_agent, make_member
from tests.questionnaires.factories import make_definition, pdf

pytestmark = pytest.mark.django_db

TYPED = {
    "organisation_name": "Éditeur Santé",
    "legal_form": "sas",
    "address": "1 rue de la Paix, 69000 Lyon",
    "rcs": "Lyon B 812 345 678",
    "siret": "732 829 320 00074",
    "website": "https://editeur.example",
    "phone": "01 23 45 67 89",
    "representative_last_name": "Durand",
    "representative_first_name": "Camille",
    "representative_function": "Présidente",
    "representative_email": "camille.durand@editeur.example",
    "representative_phone": "06 12 34 56 78",
}
PAGES = ("sheet_detail", "sheet_edit", "sheet_confirm", "sheet_submit", "exchange_scope")


@pytest.fixture
def organisation():
    return OrganisationFactory(legal_form=LegalForm.SAS)


@pytest.fixture
def manager(organisation):
    return make_member(organisation)


def new_enrolment(organisation, manager) -> Enrolment:
    make_definition()
    return services.attach_product(
        product_id=ProductFactory(organisation=organisation, owner=manager).pk,
        demarche=DemarcheFactory(),
        white_label=WhiteLabelRole.NONE,
        actor=manager,
    )


@pytest.fixture
def enrolment(organisation, manager):
    return new_enrolment(organisation, manager)


@pytest.fixture
def editor(client, manager):
    client.force_login(manager)
    return client


@pytest.fixture
def verifier(client):
    client.force_login(make_agent(Role.LISTING_TEAM))
    return client


def page(name, enrolment):
    return reverse(f"enrolment:{name}", args=[enrolment.pk])


def sheet_of(enrolment) -> AdministrativeSheet:
    return AdministrativeSheet.objects.get(enrolment=enrolment)


def save(client, enrolment, button="draft", **typed):
    values = {"base_version": sheet_of(enrolment).version, **TYPED, **typed, button: "1"}
    return client.post(page("sheet_edit", enrolment), values)


def submit(enrolment, actor):
    changes = {**TYPED, "siret": "73282932000074", "phone": "+33123456789", "representative_phone": "+33612345678"}
    services.save_sheet(
        enrolment_id=enrolment.pk, values=changes, base_version=sheet_of(enrolment).version, actor=actor
    )
    services.submit_sheet(enrolment_id=enrolment.pk, actor=actor)


def text(response) -> str:
    """The page as it is read: without the difference between kinds of spaces."""
    return response.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


class TestFilling:
    @pytest.mark.rule("BR-022")
    def test_draft_may_be_incomplete(self, editor, enrolment):
        response = save(editor, enrolment, website="", phone="")

        assert response.status_code == 302
        assert (sheet_of(enrolment).state, sheet_of(enrolment).organisation_name) == ("draft", "Éditeur Santé")

    @pytest.mark.rule("BR-023")
    def test_next_names_what_is_missing_and_keeps_what_was_typed(self, editor, enrolment):
        response = save(editor, enrolment, button="next", website="")

        assert response.status_code == 422
        assert "Renseignez « Site web »." in text(response)
        assert "Lyon B 812 345 678" in text(response)
        assert sheet_of(enrolment).rcs == "Lyon B 812 345 678"

    def test_next_leads_to_the_recap_of_what_was_typed(self, editor, enrolment):
        response = save(editor, enrolment, button="next")

        assert response.headers["Location"] == page("sheet_confirm", enrolment)
        assert "camille.durand@editeur.example" in text(editor.get(response.headers["Location"]))

    @pytest.mark.rule("BR-025")
    @pytest.mark.parametrize(
        ("field", "typed"),
        [("siret", "732 829 320 00075"), ("phone", "12"), ("representative_email", "camille@"), ("finess", "12")],
    )
    def test_wrong_value_is_refused_beside_its_field_and_stays(self, editor, enrolment, field, typed):
        response = save(editor, enrolment, **{field: typed})

        assert response.status_code == 422
        assert list(response.context["form"].errors) == [field]
        assert f'value="{typed}"' in response.content.decode()
        assert sheet_of(enrolment).state == SheetState.TO_COMPLETE

    def test_stale_save_keeps_what_was_typed_and_can_be_sent_again(self, editor, enrolment):
        save(editor, enrolment)

        stale = save(editor, enrolment, base_version=1, rcs="Paris B 1")

        assert stale.status_code == 422
        assert "Un collègue a modifié la fiche" in text(stale)
        assert 'value="Paris B 1"' in text(stale)
        assert sheet_of(enrolment).rcs == "Lyon B 812 345 678"
        again = save(editor, enrolment, base_version=stale.context["form"].data["base_version"], rcs="Paris B 1")
        assert again.status_code == 302
        assert sheet_of(enrolment).rcs == "Paris B 1"

    @pytest.mark.rule("BR-021")
    def test_live_counter_counts_what_is_typed_and_saves_nothing(self, editor, enrolment):
        before = editor.post(page("sheet_progress_panel", enrolment), {"base_version": 1})
        after = editor.post(page("sheet_progress_panel", enrolment), {"base_version": 1, **TYPED, "siret": "123"})

        assert after.context["progress"].done == before.context["progress"].done + len(TYPED) - 1
        assert [link.label for link in after.context["progress"].remaining] == ["SIRET"]
        assert "<html" not in text(after)
        assert sheet_of(enrolment).state == SheetState.TO_COMPLETE

    @pytest.mark.rule("A-06")
    def test_foreign_organisation_completes_it_with_its_extract(self, editor, enrolment):
        extract = pdf("extrait.pdf")
        foreign = {"legal_form": "foreign", "siret": "", "rcs": "", "rcs_not_applicable": "on"}

        response = save(editor, enrolment, "next", **foreign, register_number="BE 0403.170.701", extract=extract)

        assert response.headers["Location"] == page("sheet_confirm", enrolment)
        assert sheet_of(enrolment).register_extract.name == "extrait.pdf"

    def test_extract_that_is_no_pdf_is_refused_and_nothing_is_lost(self, editor, enrolment):
        program = SimpleUploadedFile("extrait.pdf", b"MZ\x90\x00 not a document", "application/pdf")

        response = save(editor, enrolment, legal_form="foreign", siret="", rcs="", extract=program)

        assert response.status_code == 422
        assert list(response.context["form"].errors) == ["extract"]
        assert 'value="https://editeur.example"' in text(response)

    @pytest.mark.parametrize("name", PAGES)
    def test_stranger_finds_nothing(self, client, enrolment, name):
        client.force_login(make_member(OrganisationFactory()))

        assert client.get(page(name, enrolment)).status_code == 404


class TestTransmission:
    def test_confirmation_then_transmission_then_read_only(self, editor, enrolment):
        save(editor, enrolment)
        assert "Transmettre la fiche administrative" in text(editor.get(page("sheet_submit", enrolment)))

        response = editor.post(page("sheet_submit", enrolment), follow=True)

        assert "Votre fiche administrative est transmise" in text(response)
        assert sheet_of(enrolment).state == SheetState.SUBMITTED
        assert editor.get(page("sheet_edit", enrolment)).headers["Location"] == page("sheet_detail", enrolment)
        assert "Éditeur Santé" in text(editor.get(page("sheet_detail", enrolment)))

    def test_incomplete_fiche_is_not_transmitted(self, editor, enrolment):
        save(editor, enrolment, website="")

        response = editor.post(page("sheet_submit", enrolment))

        assert response.status_code == 422
        assert "Renseignez « Site web »." in text(response)
        assert sheet_of(enrolment).state == SheetState.DRAFT

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_contributor_is_not_offered_the_transmission(self, client, enrolment, organisation, method):
        client.force_login(make_member(organisation, MembershipType.SALARIE))

        assert getattr(client, method)(page("sheet_submit", enrolment)).status_code == 403


class TestExamination:
    @pytest.mark.parametrize("count", [1, 3])
    def test_list_query_count_is_constant(self, verifier, organisation, manager, django_assert_num_queries, count):
        for _ in range(count):
            submit(new_enrolment(organisation, manager), manager)

        with django_assert_num_queries(3):
            response = verifier.get(reverse("enrolment:sheet_list"))

        assert len(response.context["rows"]) == count

    def test_list_finds_without_accents(self, verifier, enrolment, manager):
        submit(enrolment, manager)

        assert len(verifier.get(reverse("enrolment:sheet_list"), {"q": "editeur sante"}).context["rows"]) == 1
        assert verifier.get(reverse("enrolment:sheet_list"), {"q": "autre"}).context["rows"] == []

    @pytest.mark.rule("BR-026")
    def test_correction_shows_what_changed_field_by_field(self, verifier, enrolment, manager):
        submit(enrolment, manager)
        response = verifier.post(
            page("sheet_request_changes", enrolment), {"correction-reason": "L’adresse est incomplète."}, follow=True
        )
        assert sheet_of(enrolment).state == SheetState.CHANGES_REQUESTED
        services.save_sheet(
            enrolment_id=enrolment.pk,
            values={"address": "2 rue Neuve, 69000 Lyon"},
            base_version=sheet_of(enrolment).version,
            actor=manager,
        )
        services.submit_sheet(enrolment_id=enrolment.pk, actor=manager)

        response = verifier.get(page("sheet_review", enrolment))

        assert response.context["changes"] == [
            ("Adresse du siège", "1 rue de la Paix, 69000 Lyon", "2 rue Neuve, 69000 Lyon")
        ]

    def test_correction_without_reason_is_refused(self, verifier, enrolment, manager):
        submit(enrolment, manager)

        response = verifier.post(page("sheet_request_changes", enrolment), {"correction-reason": " "})

        assert response.status_code == 422
        assert sheet_of(enrolment).state == SheetState.SUBMITTED

    def test_editor_reads_the_reason_of_the_correction(self, client, enrolment, manager):
        submit(enrolment, manager)
        services.request_sheet_changes(
            enrolment_id=enrolment.pk, reason="Il manque la rue.", actor=make_agent(Role.LISTING_TEAM)
        )
        client.force_login(manager)

        assert "Il manque la rue." in text(client.get(page("sheet_detail", enrolment)))

    @pytest.mark.rule("BR-012")
    def test_refusal_is_confirmed_first(self, verifier, enrolment, manager):
        submit(enrolment, manager)
        typed = {
            "refus-reason": "Le service ne s’adresse pas aux usagers.",
            "refus-delegation": "Arrêté du 2 mars 2026",
            "refus-remedies": "Recours dans les deux mois.",
        }

        first = verifier.post(page("sheet_reject", enrolment), typed)

        assert first.status_code == 200
        assert "Le service ne s’adresse pas aux usagers." in text(first)
        assert sheet_of(enrolment).state == SheetState.SUBMITTED
        verifier.post(page("sheet_reject", enrolment), {**typed, "confirmed": "1"})
        assert sheet_of(enrolment).state == SheetState.REJECTED
        assert Enrolment.objects.get().state == EnrolmentState.REJECTED


class TestExchangeScope:
    @pytest.fixture
    def exchange(self, enrolment):
        Demarche.objects.update(settings={"exchange": {"question": "Q14"}})
        Response.objects.filter(pk=enrolment.response_id).update(orientation={"Q14": ["mesures-lecture"]})
        return enrolment

    @pytest.mark.rule("A-11")
    def test_each_chosen_interface_is_described(self, editor, exchange):
        described = {
            "purpose": "prevention",
            "necessity": "Suivre la tension.",
            "access": "Le patient seul.",
            "retention": "Un an.",
            "security": "Chiffrement.",
            "consent_text": "Vous acceptez la lecture de vos mesures.",
        }
        assert len(editor.get(page("exchange_scope", exchange)).context["remaining"]) == 1

        response = editor.post(
            page("exchange_scope", exchange), {f"mesures-lecture-{name}": value for name, value in described.items()}
        )

        assert response.status_code == 302
        scope = ExchangeScope.objects.get()
        assert (scope.api, scope.direction) == ("mesures", "lecture")
        assert {name: getattr(scope, name) for name in described} == described
        assert editor.get(page("exchange_scope", exchange)).context["remaining"] == []

    @pytest.mark.rule("BR-118")
    def test_draft_may_be_incomplete_and_the_page_says_what_is_missing(self, editor, exchange):
        editor.post(page("exchange_scope", exchange), {"mesures-lecture-purpose": "soins"})

        response = editor.get(page("exchange_scope", exchange))

        assert ExchangeScope.objects.get().purpose == "soins"
        assert "indiquez la nécessité, les modalités d’accès" in text(response)

    @pytest.mark.rule("BR-119")
    def test_purpose_outside_the_law_is_refused(self, editor, exchange):
        typed = {"mesures-lecture-purpose": "recherche", "mesures-lecture-necessity": "Étudier les données."}

        response = editor.post(page("exchange_scope", exchange), typed)

        assert response.status_code == 422
        assert "Cette finalité n’est pas permise" in text(response)
        assert "Étudier les données." in text(response)
        assert not ExchangeScope.objects.exists()

    def test_product_without_exchange_is_asked_nothing(self, editor, enrolment):
        response = editor.get(page("exchange_scope", enrolment))

        assert response.context["sections"] == []


@pytest.mark.rule("BR-011")
def test_closed_procedure_says_so_and_offers_no_new_product(editor, enrolment, organisation, manager):
    DemarcheFactory(slug="referencement-sans-echange", title="Référencement sans échange", is_open=False)
    product = ProductFactory(organisation=organisation, owner=manager)
    shown = editor.get(reverse("pages:demarche_detail", args=["referencement-sans-echange"]))
    chosen = editor.get(reverse("enrolment:product_choose", args=["referencement-sans-echange"]))
    attached = editor.post(
        reverse("enrolment:product_attach", args=[product.pk, "referencement-sans-echange"]),
        {"white_label": WhiteLabelRole.NONE},
    )

    assert shown.status_code == 200
    assert "Ajouter un produit à la démarche" not in text(shown)
    assert chosen.status_code == 404
    assert attached.status_code == 422
    assert "n’accepte pas de nouveau rattachement" in text(attached)
    assert product.enrolments.count() == 0
