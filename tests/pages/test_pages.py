from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role
from referencing.candidature.enums import CampaignState, CandidatureState, RequestKind
from referencing.candidature.models import Candidature, ComplementRequest
from tests.candidature.campaigns import make_campaign
from tests.candidature.factories import make_candidature
from tests.dossier.factories import make_dossier, make_signed_enrolment
from tests.factories import OrganisationFactory, ParcoursFactory, UserFactory, make_agent, make_member
from tests.questionnaires.factories import make_enrolment, orient

pytestmark = pytest.mark.django_db

ENDED = [
    CandidatureState.CANCELLED,
    CandidatureState.WITHDRAWN,
    CandidatureState.INADMISSIBLE,
    CandidatureState.ABANDONED,
    CandidatureState.REFUSED,
    CandidatureState.RESCINDED,
]


@pytest.mark.parametrize("name", ["pages:faq", "pages:accessibility", "pages:dashboard"])
def test_public_pages_open_without_account(client, name):
    ParcoursFactory()

    assert client.get(reverse(name)).status_code == 200


def test_person_without_organisation_is_led_to_the_welcome_page(client):
    client.force_login(UserFactory())

    assert client.get(reverse("pages:dashboard")).url == reverse("accounts:welcome")


@pytest.mark.parametrize("count", [1, 3, 30])
def test_dashboard_query_count_is_constant(client, django_assert_num_queries, count):
    organisation = OrganisationFactory()
    for _ in range(count):
        make_enrolment(organisation=organisation)
    client.force_login(make_member(organisation))
    client.get(reverse("pages:dashboard"))
    with django_assert_num_queries(9):
        response = client.get(reverse("pages:dashboard"))

    assert len(response.context["rows"]) == min(count, 20)


@pytest.mark.parametrize("count", [1, 3, 30])
def test_demarche_page_query_count_is_constant(client, django_assert_num_queries, count):
    organisation = OrganisationFactory()
    for _ in range(count):
        enrolment = make_enrolment(organisation=organisation)
    client.force_login(make_member(organisation))
    address = reverse("pages:demarche_detail", args=[enrolment.demarche.slug])
    client.get(address)
    with django_assert_num_queries(8):
        response = client.get(address)

    assert len(response.context["rows"]) == count


@pytest.mark.rule("BR-031")
def test_home_leads_to_the_questionnaires_once_the_convention_is_validated(client):
    enrolment, manager = make_signed_enrolment()
    client.force_login(manager)

    page = client.get(reverse("pages:enrolment_detail", args=[enrolment.pk])).content.decode()

    assert "Votre convention a été validée" in page
    assert reverse("enrolment:questionnaire_list", args=[enrolment.pk]) in page


def test_home_with_a_complete_dossier_leads_to_candidater(client):
    dossier, manager = make_dossier()
    client.force_login(manager)

    response = client.get(reverse("pages:enrolment_detail", args=[dossier.enrolment_id]))

    assert response.context["action_url"] == reverse("candidature:dossier_list", args=[dossier.enrolment_id])


@pytest.mark.parametrize(("answer", "is_shown"), [("oui", True), ("non", False)])
def test_timeline_shows_the_connection_tests_of_a_product_that_exchanges(client, answer, is_shown):
    enrolment, manager = make_signed_enrolment()
    orient(enrolment.response, Q13=answer, Q14="Lecture des mesures")
    client.force_login(manager)

    page = client.get(reverse("pages:enrolment_detail", args=[enrolment.pk])).content.decode()

    assert ("Tests techniques" in page) is is_shown


def test_timeline_follows_the_campaign_of_connection_tests(client):
    tested = make_campaign(CampaignState.PASSED)
    client.force_login(tested.manager)

    response = client.get(reverse("pages:enrolment_detail", args=[tested.candidature.enrolment_id]))

    (phase,) = [entry for entry in response.context["timeline"] if entry.label == "Tests techniques"]
    assert (phase.state, phase.at) == ("done", tested.campaign.moved_at)


def test_home_of_a_stranger_is_not_found(client):
    enrolment = make_enrolment()
    client.force_login(make_member(OrganisationFactory()))

    assert client.get(reverse("pages:enrolment_detail", args=[enrolment.pk])).status_code == 404


def test_verifier_sees_what_waits(client):
    client.force_login(make_agent(Role.LISTING_TEAM))

    page = client.get(reverse("pages:dashboard")).content.decode()

    assert "Fiches administratives à examiner" in page
    assert "Candidatures à prendre en charge" in page


@pytest.mark.parametrize("state", [state for state in CandidatureState if state != CandidatureState.NEW])
def test_home_speaks_of_every_state_of_the_candidature(client, state):
    candidature, manager = make_candidature(state)
    client.force_login(manager)

    response = client.get(reverse("pages:enrolment_detail", args=[candidature.enrolment_id]))

    assert response.status_code == 200
    assert reverse("candidature:candidature_detail", args=[candidature.pk]) in response.content.decode()
    assert ("data-ended" in response.content.decode()) is (state in ENDED)


def test_home_leads_to_what_the_instruction_asks(client):
    candidature, manager = make_candidature(CandidatureState.ADMISSIBILITY)
    ComplementRequest.objects.create(
        candidature=candidature,
        number=1,
        kind=RequestKind.PIECES,
        due_on=date(2026, 12, 24),
        requested_by=candidature.referent,
        requested_at=timezone.now(),
    )
    Candidature.objects.filter(pk=candidature.pk).update(due_on=date(2026, 12, 1))  # internal
    client.force_login(manager)

    response = client.get(reverse("pages:enrolment_detail", args=[candidature.enrolment_id]))

    assert response.context["action_url"] == reverse("candidature:candidature_detail", args=[candidature.pk])
    assert "devez répondre à la demande de pièces avant le 24 décembre 2026" in response.content.decode().replace(
        "\u00a0", " "
    )
