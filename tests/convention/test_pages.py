"""Who sees what, the list of conventions, the page of the editor in each state."""

import pytest
from django.urls import reverse

from convergence.accounts.enums import Role
from referencing.convention import services
from tests.convention.factories import make_prepared
from tests.factories import make_agent, make_member

pytestmark = pytest.mark.django_db

EDITOR_PAGES = ["convention_detail", "convention_document", "convention_verify", "representative_change"]
VERIFIER_PAGES = [
    "convention_prepare",
    "convention_preview",
    "convention_send",
    "convention_resend",
    "convention_validate",
]


@pytest.mark.parametrize("name", EDITOR_PAGES)
def test_stranger_gets_404(client, signed, name):
    from tests.factories import OrganisationFactory

    client.force_login(make_member(OrganisationFactory()))
    assert client.get(reverse(f"convention:{name}", args=[signed.enrolment_id])).status_code == 404


@pytest.mark.parametrize("name", VERIFIER_PAGES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_editor_meets_a_closed_door_on_verifier_pages(client, signed, editor, name, method):
    client.force_login(editor)
    response = getattr(client, method)(reverse(f"convention:{name}", args=[signed.pk]))
    assert response.status_code in (403, 405)
    signed.refresh_from_db()
    assert signed.state == "signed"


@pytest.mark.parametrize("name", [*VERIFIER_PAGES, "convention_list"])
def test_visitor_is_sent_to_login(client, signed, name):
    arguments = [] if name == "convention_list" else [signed.pk]
    assert "/compte/" in client.get(reverse(f"convention:{name}", args=arguments)).url


def test_support_reads_but_does_not_act(client, prepared):
    client.force_login(make_agent(Role.SUPPORT))
    address = reverse("convention:convention_prepare", args=[prepared.pk])

    page = client.get(address)

    assert page.status_code == 200
    assert "Enregistrer et relire avant l’envoi" not in page.content.decode()
    assert client.post(address, {"data_categories": ["aucune"]}).status_code == 403


def test_document_is_not_there_before_it_is_sent(client, prepared, editor):
    client.force_login(editor)
    assert client.get(reverse("convention:convention_document", args=[prepared.enrolment_id])).status_code == 404
    assert client.get(reverse("convention:convention_verify", args=[prepared.enrolment_id])).status_code == 404


def test_editor_downloads_the_signed_document_as_an_attachment(client, signed, editor):
    client.force_login(editor)

    response = client.get(reverse("convention:convention_document", args=[signed.enrolment_id]))

    assert response["Content-Disposition"].startswith("attachment")
    assert f"convention-{signed.enrolment.number}-signee.pdf" in response["Content-Disposition"]


def test_editor_page_says_each_state(client, verifier, signed, editor):
    client.force_login(editor)
    address = reverse("convention:convention_detail", args=[signed.enrolment_id])
    assert "Convention signée" in client.get(address).content.decode()

    services.validate_convention(convention_id=signed.pk, actor=verifier)

    page = client.get(address).content.decode()
    assert "Votre convention a été validée" in page
    assert reverse("enrolment:questionnaire_list", args=[signed.enrolment_id]) in page


@pytest.mark.parametrize("count", [1, 3, 30])
def test_list_has_a_constant_number_of_queries(client, verifier, django_assert_num_queries, count):
    for _ in range(count):
        make_prepared(verifier)
    client.force_login(verifier)
    with django_assert_num_queries(3):
        page = client.get(reverse("convention:convention_list")).content.decode()
    assert page.count("Anne Étienne") == count


def test_list_filters_by_state_and_forgives_accents(client, verifier, prepared, sent):
    client.force_login(verifier)
    address = reverse("convention:convention_list")
    label = sent.enrolment.label

    assert label not in client.get(address).content.decode()
    assert label in client.get(address, {"etat": "to_sign"}).content.decode()
    assert label in client.get(address, {"etat": "toutes", "q": "editeur sante"}).content.decode()
    assert label not in client.get(address, {"etat": "toutes", "q": "introuvable"}).content.decode()
    assert label not in client.get(address, {"etat": "inconnu"}).content.decode()


def test_prepare_page_in_each_state(client, verifier, prepared, token, signed):
    client.force_login(verifier)
    address = reverse("convention:convention_prepare", args=[prepared.pk])
    assert "Accuser réception et valider" in client.get(address).content.decode()
    assert client.get(reverse("convention:convention_send", args=[prepared.pk])).url == address
    services.validate_convention(convention_id=prepared.pk, actor=verifier)
    assert "Aucune action n’est attendue de vous" in client.get(address).content.decode()
