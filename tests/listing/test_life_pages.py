from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.interests.models import DeclaredInterest
from referencing.listing.enums import AuditState, ListingState, RenewalState, VersionState
from referencing.listing.models import Audit, Listing, Procedure, Renewal, UserReport, VersionUpdate
from referencing.listing.services.audits import draw_seed, freeze_population, open_audit
from referencing.listing.services.reports import send_report
from referencing.listing.services.sanctions import open_procedure
from tests.factories import InterestDeclarationFactory, make_agent
from tests.listing.life_factories import make_listing
from tests.questionnaires.factories import pdf

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor(client):
    person = make_agent(Role.AUDITOR)
    client.force_login(person)
    return person


def page(client, name, *arguments):
    response = client.get(reverse(f"listing:{name}", args=arguments))
    assert response.status_code == 200
    return response.content.decode()


class TestLists:
    """The same number of queries for one row and for three."""

    @pytest.mark.parametrize("count", [1, 3])
    def test_listings(self, client, auditor, django_assert_num_queries, count):
        for _ in range(count):
            make_listing()
        with django_assert_num_queries(3):
            html = page(client, "life_list")
        assert html.count("Référencé</p>") == count

    @pytest.mark.parametrize("count", [1, 3])
    def test_audits(self, client, auditor, django_assert_num_queries, count):
        for _ in range(count):
            open_audit(listing_id=make_listing()[0].pk, motive="Suivi", actor=auditor)
        with django_assert_num_queries(3):
            html = page(client, "audit_list")
        assert html.count("À annoncer") == count

    @pytest.mark.parametrize("count", [1, 3])
    def test_procedures(self, client, auditor, django_assert_num_queries, count):
        ministry = make_agent(Role.MINISTRY)
        for _ in range(count):
            open_procedure(
                listing_id=make_listing()[0].pk,
                kind="suspension",
                condition="criteria",
                facts="Faits.",
                actor=ministry,
            )
        with django_assert_num_queries(3):
            html = page(client, "procedure_list")
        assert html.count("En attente d’observations") == count

    @pytest.mark.parametrize("count", [1, 3])
    def test_reports(self, client, auditor, django_assert_num_queries, count):
        listing, _ = make_listing()
        for _ in range(count):
            send_report(listing=listing, kind="fault", text="Le service ne s’ouvre plus depuis lundi.")
        with django_assert_num_queries(3):
            html = page(client, "report_list")
        assert html.count("À traiter") == count

    @pytest.mark.parametrize("count", [1, 3])
    def test_draws(self, client, auditor, django_assert_num_queries, count):
        make_listing()
        draws = [freeze_population(sample=1, actor=auditor) for _ in range(count)]
        draw_seed(number=draws[0].number, actor=auditor)
        with django_assert_num_queries(3):
            html = page(client, "draw_list")
        assert html.count("À tirer") == count - 1

    def test_a_filter_keeps_what_it_says(self, client, auditor):
        make_listing()
        suspended, _ = make_listing(state=ListingState.SUSPENDED)
        gone, _ = make_listing(state=ListingState.EXPIRED)

        html = client.get(reverse("listing:life_list") + "?voir=suspendus").content.decode()
        ended = client.get(reverse("listing:life_list") + "?voir=termines").content.decode()

        assert suspended.enrolment.label in html
        assert gone.enrolment.label not in html
        assert gone.enrolment.label in ended

    def test_a_link_of_interest_hides_the_service(self, client, auditor):
        listing, _ = make_listing()
        declaration = InterestDeclarationFactory(person=auditor, has_none=False)
        DeclaredInterest.objects.create(
            declaration=declaration,
            organisation=listing.enrolment.product.organisation,
            name=listing.enrolment.product.organisation.name,
            nature="employment",
        )
        assert listing.enrolment.label not in page(client, "life_list")
        assert client.get(reverse("listing:life_detail", args=[listing.pk])).status_code == 404


class TestLifePage:
    @pytest.mark.parametrize("count", [1, 3])
    def test_one_page_in_a_fixed_number_of_queries(self, client, django_assert_num_queries, count):
        listing, manager = make_listing()
        for number in range(count):
            VersionUpdate.objects.create(
                listing=listing,
                version=f"0.{number + 2}",
                released_on=timezone.localdate(),
                summary="Corrections.",
                state=VersionState.RECORDED,
                declared_by=manager,
                declared_at=timezone.now(),
            )
            Renewal.objects.create(listing=listing, opened_at=timezone.now(), state=RenewalState.LAPSED)
        client.force_login(manager)

        with django_assert_num_queries(11):
            html = page(client, "life_detail", listing.pk)

        assert html.count("Enregistrée, sans suite à donner") == count

    @pytest.mark.rule("BR-176")
    def test_a_suspended_service_tells_its_editor_why(self, client):
        listing, manager = make_listing(state=ListingState.SUSPENDED, state_reason="Fuite de données.")
        client.force_login(manager)
        html = page(client, "life_detail", listing.pk)
        assert "Fuite de données." in html
        assert "devez remédier" in html

    def test_the_editor_starts_its_renewal_from_there(self, client):
        today = timezone.localdate()
        listing, manager = make_listing(published_on=today - timedelta(days=300), ends_on=today + timedelta(days=60))
        client.force_login(manager)
        start = reverse("listing:renewal_start", args=[listing.pk])

        assert start in page(client, "life_detail", listing.pk)
        response = client.post(start, follow=True)

        assert "Valider les questionnaires, puis candidater" in response.content.decode()
        assert start not in page(client, "life_detail", listing.pk)
        home = client.get(reverse("pages:enrolment_detail", args=[listing.enrolment_id])).content.decode()
        assert "devez valider de nouveau vos questionnaires" in home

    def test_what_bars_an_act_is_said_when_its_page_opens(self, client):
        listing, manager = make_listing()
        client.force_login(manager)
        assert "Le renouvellement s’ouvre le" in page(client, "renewal_start", listing.pk)
        assert client.post(reverse("listing:renewal_start", args=[listing.pk])).status_code == 422


class TestActs:
    def test_a_version_is_declared_and_its_errors_keep_what_was_typed(self, client):
        listing, manager = make_listing()
        client.force_login(manager)
        url = reverse("listing:version_declare", args=[listing.pk])
        values = {"version": "0.1", "released_on": "8/7/2024", "summary": "Corrections."}

        refused = client.post(url, values)
        done = client.post(url, {**values, "version": "0.2"})

        assert refused.status_code == 422
        assert "Corrections." in refused.content.decode()
        assert done.status_code == 302
        assert VersionUpdate.objects.get().version == "0.2"

    def test_an_audit_is_announced_with_its_file(self, client, auditor):
        audit = open_audit(listing_id=make_listing()[0].pk, motive="Suivi", actor=auditor)
        url = reverse("listing:audit_announce", args=[audit.pk])
        start = timezone.localdate() + timedelta(days=60)

        early = client.post(url, {"starts_on": "1/1/2020", "plan": "Sur pièces.", "plan_file": pdf()})
        done = client.post(url, {"starts_on": f"{start:%d/%m/%Y}", "plan": "Sur pièces.", "plan_file": pdf()})

        assert early.status_code == 422
        assert "un mois avant" in early.content.decode()
        assert done.status_code == 302
        audit.refresh_from_db()
        assert audit.state == AuditState.NOTIFIED
        assert client.get(reverse("listing:audit_file", args=[audit.pk, audit.plan_file_id])).status_code == 200

    def test_a_draw_in_two_acts(self, client, auditor):
        make_listing()
        frozen = client.post(reverse("listing:draw_list"), {"sample": "1"})
        assert "Tirer la graine" in client.get(frozen.url).content.decode()

        client.post(frozen.url + "graine/")

        html = client.get(frozen.url).content.decode()
        assert "Services désignés" in html
        assert Audit.objects.count() == 1

    def test_the_ministry_opens_and_the_editor_answers(self, client):
        listing, manager = make_listing()
        client.force_login(make_agent(Role.MINISTRY))
        url = reverse("listing:procedure_open", args=[listing.pk])
        values = {"kind": "suspension", "condition": "criteria", "facts": "Le chiffrement n’est plus actif."}
        assert client.post(url, values).status_code == 302
        procedure = Procedure.objects.get()

        client.force_login(manager)
        answer = reverse("listing:procedure_observe", args=[procedure.pk])
        assert answer in page(client, "procedure_detail", procedure.pk)
        assert client.post(answer, {"text": "Rétabli.", "documents": pdf()}).status_code == 302

        html = page(client, "procedure_detail", procedure.pk)
        assert "Rétabli." in html
        assert client.get(reverse("listing:procedure_document", args=[procedure.pk])).status_code == 200

    def test_a_report_is_triaged(self, client):
        listing, _ = make_listing()
        report = send_report(listing=listing, kind="fault", text="Le service ne s’ouvre plus depuis lundi.")
        client.force_login(make_agent(Role.LISTING_TEAM))
        url = reverse("listing:report_detail", args=[report.pk])

        assert client.post(url, {"outcome": "audit"}).status_code == 422
        assert client.post(url, {"outcome": "audit", "note": "À vérifier."}).status_code == 302

        assert UserReport.objects.get().outcome == "audit"
        assert Audit.objects.get().user_report == report
        assert "Audit ouvert" in client.get(url).content.decode()

    def test_the_editor_withdraws_its_service(self, client):
        listing, manager = make_listing()
        client.force_login(manager)
        url = reverse("listing:listing_withdraw", args=[listing.pk])
        assert "définitif" in page(client, "listing_withdraw", listing.pk)
        assert client.post(url, {"reason": ""}).status_code == 422
        assert client.post(url, {"reason": "Fin du service."}).status_code == 302
        assert Listing.objects.get().state == ListingState.WITHDRAWN_BY_EDITOR
