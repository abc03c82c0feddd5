import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from convergence.accounts.enums import LegalForm, MembershipType, Role
from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from referencing.enrolment import services
from referencing.enrolment.enums import EnrolmentState, SheetState, WhiteLabelRole
from referencing.enrolment.models import AdministrativeSheet, Enrolment
from tests.factories import DemarcheFactory, OrganisationFactory, ProductFactory, make_agent, make_member
from tests.questionnaires.factories import make_definition

pytestmark = pytest.mark.django_db

COMPLETE = {
    "organisation_name": "Éditeur Santé",
    "legal_form": LegalForm.SAS,
    "address": "1 rue de la Paix, 69000 Lyon",
    "rcs": "Lyon B 812 345 678",
    "rcs_not_applicable": False,
    "siret": "73282932000074",
    "website": "https://editeur.example",
    "phone": "+33123456789",
    "representative_last_name": "Durand",
    "representative_first_name": "Camille",
    "representative_function": "Présidente",
    "representative_email": "camille.durand@editeur.example",
    "representative_phone": "+33612345678",
}


@pytest.fixture
def organisation():
    return OrganisationFactory(legal_form=LegalForm.SAS)


@pytest.fixture
def manager(organisation):
    return make_member(organisation)


@pytest.fixture
def verifier():
    return make_agent(Role.LISTING_TEAM)


@pytest.fixture
def product(organisation, manager):
    make_definition()
    return ProductFactory(organisation=organisation, owner=manager)


def attach(product, actor, white_label=WhiteLabelRole.NONE, **fields):
    return services.attach_product(
        product_id=product.pk, demarche=DemarcheFactory(**fields), white_label=white_label, actor=actor
    )


@pytest.fixture
def enrolment(product, manager):
    return attach(product, manager)


def fill(enrolment, actor, **changes):
    version = AdministrativeSheet.objects.get(enrolment=enrolment).version
    return services.save_sheet(
        enrolment_id=enrolment.pk, values={**COMPLETE, **changes}, base_version=version, actor=actor
    )


def submit(enrolment, actor):
    fill(enrolment, actor)
    return services.submit_sheet(enrolment_id=enrolment.pk, actor=actor)


def codes(refusal):
    return [blocker.code for blocker in refusal.value.blockers]


class TestAttach:
    @pytest.mark.rule("BR-010")
    def test_label_joins_name_version_and_a_number_of_its_own(self, enrolment, product):
        assert enrolment.label == f"{product.name} - v0.1 - {enrolment.number}"
        assert enrolment.number != product.number
        assert AuditEntry.objects.filter(action="enrolment.attach").count() == 1

    @pytest.mark.rule("BR-008")
    def test_second_active_enrolment_is_refused_with_the_way_to_the_first(self, enrolment, product, manager):
        with pytest.raises(TransitionRefused) as refusal:
            attach(product, manager)

        assert codes(refusal) == ["already_enrolled"]
        assert str(enrolment.pk) in refusal.value.blockers[0].anchor

    @pytest.mark.rule("BR-008")
    def test_database_refuses_a_second_active_enrolment(self, enrolment):
        enrolment.pk, enrolment.number = None, None
        with pytest.raises(IntegrityError), transaction.atomic():
            Enrolment.objects.bulk_create([enrolment])

    @pytest.mark.rule("BR-009")
    def test_unanswered_white_label_question_creates_nothing(self, product, manager):
        with pytest.raises(TransitionRefused) as refusal:
            attach(product, manager, white_label="")

        assert codes(refusal) == ["white_label"]
        assert not Enrolment.objects.exists()

    @pytest.mark.rule("BR-011")
    def test_closed_demarche_offers_no_new_enrolment(self, product, manager):
        with pytest.raises(TransitionRefused) as refusal:
            attach(product, manager, slug="referencement-sans-echange", is_open=False)

        assert "closed" in codes(refusal)

    @pytest.mark.rule("BR-011")
    def test_legacy_enrolment_stays_reachable(self, enrolment, manager):
        demarche = enrolment.demarche
        demarche.is_open = False
        demarche.save()

        assert fill(enrolment, manager).state == SheetState.DRAFT

    def test_contributor_cannot_attach(self, product, organisation):
        with pytest.raises(PermissionDenied):
            attach(product, make_member(organisation, MembershipType.SALARIE))

    def test_sheet_of_a_second_product_takes_over_the_first_one(self, enrolment, manager, organisation):
        fill(enrolment, manager)

        second = attach(ProductFactory(organisation=organisation, owner=manager), manager)

        assert second.sheet.representative_email == "camille.durand@editeur.example"


class TestFill:
    @pytest.mark.rule("BR-022")
    def test_draft_keeps_values_and_stays_editable(self, enrolment, manager):
        fill(enrolment, manager, website="")

        sheet = fill(enrolment, manager, website="https://autre.example")

        assert (sheet.state, sheet.website) == (SheetState.DRAFT, "https://autre.example")

    @pytest.mark.rule("BR-020")
    def test_product_name_and_version_come_from_the_product(self, enrolment, product):
        values = services.sheet_values(enrolment.sheet)

        assert (values["product_name"], values["product_version"]) == (product.name, "v0.1")

    def test_save_over_a_newer_version_is_refused(self, enrolment, manager):
        fill(enrolment, manager)

        with pytest.raises(TransitionRefused) as refusal:
            services.save_sheet(enrolment_id=enrolment.pk, values={"rcs": "X"}, base_version=1, actor=manager)

        assert codes(refusal) == ["stale"]

    @pytest.mark.rule("BR-023")
    def test_thirteen_of_fourteen_is_refused_naming_the_missing_one(self, enrolment, manager):
        fill(enrolment, manager, website="")

        with pytest.raises(TransitionRefused) as refusal:
            services.submit_sheet(enrolment_id=enrolment.pk, actor=manager)

        assert [blocker.message for blocker in refusal.value.blockers] == ["Renseignez « Site web »."]
        assert refusal.value.blockers[0].anchor.endswith("#id_website")

    @pytest.mark.rule("A-06")
    @pytest.mark.parametrize(
        ("legal_form", "changes"),
        [
            (LegalForm.PUBLIC_HOSPITAL, {"rcs": "", "rcs_not_applicable": True}),
            (LegalForm.ASSOCIATION, {"rcs": "", "rcs_not_applicable": True}),
        ],
    )
    def test_hospital_and_association_complete_it_without_rcs(self, enrolment, manager, legal_form, changes):
        fill(enrolment, manager, legal_form=legal_form, **changes)

        assert services.submit_sheet(enrolment_id=enrolment.pk, actor=manager).state == SheetState.SUBMITTED

    def test_contributor_cannot_transmit(self, enrolment, organisation):
        member = make_member(organisation, MembershipType.SALARIE)
        fill(enrolment, member)

        with pytest.raises(PermissionDenied):
            services.submit_sheet(enrolment_id=enrolment.pk, actor=member)


class TestExamination:
    @pytest.mark.rule("BR-024")
    def test_transmitted_sheet_refuses_changes_and_stays_readable(self, enrolment, manager):
        submit(enrolment, manager)

        with pytest.raises(TransitionRefused) as refusal:
            fill(enrolment, manager)

        assert codes(refusal) == ["read_only"]
        assert Enrolment.objects.visible_to(manager).get().sheet.state == SheetState.SUBMITTED

    def test_transmission_tells_the_listing_team(
        self, enrolment, manager, verifier, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            submit(enrolment, manager)

        assert Notification.objects.get(recipient=verifier).product == enrolment.label

    @pytest.mark.rule("BR-026")
    def test_correction_reopens_the_sheet_and_keeps_both_versions(self, enrolment, manager, verifier):
        submit(enrolment, manager)
        services.request_sheet_changes(enrolment_id=enrolment.pk, reason="Adresse incomplète", actor=verifier)
        fill(enrolment, manager, address="2 rue Neuve, 69000 Lyon")
        services.submit_sheet(enrolment_id=enrolment.pk, actor=manager)

        first, second = enrolment.sheet.versions.all()
        assert (first.values["address"], second.values["address"]) == (
            "1 rue de la Paix, 69000 Lyon",
            "2 rue Neuve, 69000 Lyon",
        )

    def test_correction_without_reason_is_refused(self, enrolment, manager, verifier):
        submit(enrolment, manager)

        with pytest.raises(TransitionRefused) as refusal:
            services.request_sheet_changes(enrolment_id=enrolment.pk, reason=" ", actor=verifier)

        assert codes(refusal) == ["reason"]

    @pytest.mark.rule("BR-012")
    def test_ineligible_demand_is_refused_and_a_new_one_is_possible(self, enrolment, manager, verifier, product):
        submit(enrolment, manager)

        services.reject_sheet(
            enrolment_id=enrolment.pk,
            reason="Le service ne s’adresse pas aux usagers.",
            delegation="Arrêté du 2 mars 2026",
            remedies="Recours dans les deux mois.",
            actor=verifier,
        )

        enrolment.refresh_from_db()
        assert enrolment.state == EnrolmentState.REJECTED
        entry = AuditEntry.objects.get(action="administrativesheet.reject")
        assert entry.data["delegation"] == "Arrêté du 2 mars 2026"
        assert attach(product, manager).state == EnrolmentState.ACTIVE

    def test_refusal_asks_for_reason_and_delegation_at_once(self, enrolment, manager, verifier):
        submit(enrolment, manager)

        with pytest.raises(TransitionRefused) as refusal:
            services.reject_sheet(enrolment_id=enrolment.pk, reason="", delegation="", remedies="", actor=verifier)

        assert codes(refusal) == ["reason", "delegation"]

    @pytest.mark.rule("A-06")
    def test_validation_verifies_the_organisation(self, enrolment, manager, verifier, organisation):
        assert not organisation.is_verified
        submit(enrolment, manager)

        services.validate_sheet(enrolment_id=enrolment.pk, actor=verifier)

        organisation.refresh_from_db()
        assert organisation.is_verified

    @pytest.mark.parametrize("name", ["request_sheet_changes", "validate_sheet"])
    def test_editor_examines_nothing(self, enrolment, manager, name):
        submit(enrolment, manager)
        extra = {"reason": "motif"} if name == "request_sheet_changes" else {}

        with pytest.raises(PermissionDenied):
            getattr(services, name)(enrolment_id=enrolment.pk, actor=manager, **extra)

    def test_stranger_finds_nothing(self, enrolment):
        with pytest.raises(Enrolment.DoesNotExist):
            fill(enrolment, make_member(OrganisationFactory()))
