from io import BytesIO

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from convergence.accounts.enums import MembershipType, Role
from convergence.jobs.models import Job
from convergence.jobs.services import run
from referencing.candidature.models import Candidature
from referencing.candidature.services import apply, take_charge
from referencing.dossier.models import Dossier
from referencing.dossier.services import generate_dossier
from tests.dossier.factories import answer_core, make_dossier, make_signed_enrolment
from tests.factories import OrganisationFactory, make_agent, make_member
from tests.questionnaires.factories import answer

pytestmark = pytest.mark.django_db


@pytest.fixture
def complete(client):
    dossier, manager = make_dossier()
    client.force_login(manager)
    return dossier, manager


def text_of(response):
    return response.content.decode().replace("\u202f", " ").replace("\u00a0", " ")


def test_generate_page_announces_drafts_and_gaps_then_freezes(client):
    enrolment, manager = make_signed_enrolment()
    answer_core(enrolment)
    answer(enrolment.response, "interoperabilite", {"A06.1.2": {"level": "3"}})
    client.force_login(manager)
    address = reverse("dossier:dossier_generate", args=[enrolment.pk])

    page = text_of(client.get(address))

    assert "sans les brouillons de : Interopérabilité" in page
    assert "Ce dossier sera incomplet" in page
    response = client.post(address)
    dossier = Dossier.objects.get()
    assert response.url == reverse("candidature:dossier_detail", args=[dossier.pk])


def test_generate_page_refuses_with_links_to_what_mends_it(client):
    enrolment, manager = make_signed_enrolment()
    client.force_login(manager)

    response = client.post(reverse("dossier:dossier_generate", args=[enrolment.pk]))

    assert response.status_code == 422
    assert reverse("enrolment:orientation_detail", args=[enrolment.pk]) in text_of(response)
    assert not Dossier.objects.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_dossier_list_query_count_is_constant(client, complete, django_assert_num_queries, count):
    dossier, manager = complete
    for _ in range(count - 1):
        generate_dossier(enrolment_id=dossier.enrolment_id, actor=manager)
    address = reverse("candidature:dossier_list", args=[dossier.enrolment_id])
    client.get(address)
    with django_assert_num_queries(6):
        response = client.get(address)

    assert len(response.context["rows"]) == count


def test_candidater_asks_first_then_applies(client, complete):
    dossier, _ = complete
    address = reverse("candidature:candidature_apply", args=[dossier.enrolment_id])

    asked = client.get(address, {"dossier": dossier.reference})
    assert "Vous candidatez avec le dossier" in text_of(asked)
    assert not Candidature.objects.exists()

    response = client.post(address, {"dossier": dossier.reference, "confirmed": "1"})
    assert response.url == reverse("candidature:dossier_list", args=[dossier.enrolment_id])
    assert "Annuler le dossier candidat" in text_of(client.get(response.url))


def test_candidater_twice_creates_one_candidature_and_says_why(client, complete):
    dossier, _ = complete
    address = reverse("candidature:candidature_apply", args=[dossier.enrolment_id])
    client.post(address, {"dossier": dossier.reference, "confirmed": "1"})

    response = client.post(address, {"dossier": dossier.reference, "confirmed": "1"})

    assert response.status_code == 422
    assert "Une candidature est déjà en cours" in text_of(response)
    assert Candidature.objects.count() == 1


def test_candidater_without_a_dossier_says_to_choose_one(client, complete):
    dossier, _ = complete

    response = client.get(reverse("candidature:candidature_apply", args=[dossier.enrolment_id]))

    assert response.status_code == 422
    assert "Choisissez le dossier" in text_of(response)


def test_cancel_asks_first_and_frees_the_enrolment(client, complete):
    dossier, manager = complete
    candidature = apply(dossier_id=dossier.pk, actor=manager)
    address = reverse("candidature:candidature_cancel", args=[candidature.pk])

    assert "Votre candidature est annulée" in text_of(client.get(address))
    assert Candidature.objects.open().exists()
    client.post(address)

    assert not Candidature.objects.open().exists()


def test_withdraw_is_offered_once_taken_in_charge(client, complete):
    dossier, manager = complete
    candidature = apply(dossier_id=dossier.pk, actor=manager)
    take_charge(candidature_id=candidature.pk, actor=make_agent(Role.LISTING_TEAM))

    page = text_of(client.get(reverse("candidature:dossier_list", args=[dossier.enrolment_id])))

    assert "Retirer la candidature" in page
    assert "Annuler le dossier candidat" not in page


def test_contributor_reads_but_cannot_candidater(client, complete):
    dossier, _ = complete
    client.force_login(make_member(dossier.enrolment.product.organisation, MembershipType.SALARIE))

    assert client.get(reverse("candidature:dossier_detail", args=[dossier.pk])).status_code == 200
    address = reverse("candidature:candidature_apply", args=[dossier.enrolment_id])
    assert client.post(address, {"dossier": dossier.reference, "confirmed": "1"}).status_code == 403


@pytest.mark.parametrize("name", ["candidature:dossier_detail", "dossier:dossier_verify"])
def test_stranger_finds_nothing(client, complete, name):
    client.force_login(make_member(OrganisationFactory()))

    assert client.get(reverse(name, args=[complete[0].pk])).status_code == 404


@pytest.mark.rule("BR-100")
def test_download_makes_a_sealed_pdf_and_a_workbook_by_jobs(client, complete):
    dossier, _ = complete
    contents = {}
    for form in ("pdf", "xlsx"):
        response = client.post(reverse("dossier:dossier_export", args=[dossier.pk, form]))
        job = Job.objects.get(kind=f"dossier.{form}")
        assert response.url == reverse("pages:job_detail", args=[job.pk])
        assert "attend son tour" in text_of(client.get(response.url))
        run(job_id=job.pk)
        assert "Votre fichier est prêt" in text_of(client.get(response.url))
        download = client.get(reverse("pages:job_download", args=[job.pk]))
        contents[form] = b"".join(download.streaming_content)

    assert contents["pdf"].startswith(b"%PDF-")
    rows = list(load_workbook(BytesIO(contents["xlsx"]))["Interopérabilité"].values)
    assert rows[1][0] == "A06.1.2"
    client.force_login(make_member(dossier.enrolment.product.organisation))
    assert client.get(reverse("pages:job_detail", args=[job.pk])).status_code == 404


def test_verify_page_says_intact(client, complete):
    page = text_of(client.get(reverse("dossier:dossier_verify", args=[complete[0].pk])))

    assert "Le dossier est intact" in page


class TestListingTeam:
    @pytest.fixture
    def candidature(self, complete):
        dossier, manager = complete
        return apply(dossier_id=dossier.pk, actor=manager)

    @pytest.fixture
    def verifier(self, client, candidature):
        agent = make_agent(Role.LISTING_TEAM)
        client.force_login(agent)
        return agent

    def test_takes_in_charge_after_asking(self, client, candidature, verifier):
        address = reverse("candidature:candidature_take", args=[candidature.pk])
        assert "Vous devenez le référent" in text_of(client.get(address))

        client.post(address)

        assert Candidature.objects.get().referent == verifier

    def test_queue_finds_by_reference_and_by_state(self, client, candidature, verifier):
        address = reverse("candidature:candidature_list")

        assert len(client.get(address, {"q": candidature.dossier.reference}).context["rows"]) == 1
        assert not client.get(address, {"etat": "admissibility"}).context["rows"]

    def test_editor_does_not_enter_the_queue(self, client, candidature):
        client.force_login(candidature.applied_by)

        assert client.get(reverse("candidature:candidature_list")).status_code == 403
