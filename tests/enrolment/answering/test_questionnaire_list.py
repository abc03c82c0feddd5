import pytest
from django.urls import reverse

from tests.factories import make_member
from tests.questionnaires.factories import answer, finish, make_enrolment, orient

pytestmark = pytest.mark.django_db


def get(client, enrolment):
    return client.get(reverse("enrolment:questionnaire_list", args=[enrolment.pk]))


def tiles(response):
    return {tile.title: tile for tile in [response.context["orientation"], *response.context["questionnaires"]]}


@pytest.mark.rule("BR-028")
def test_before_the_convention_nothing_can_be_started(client):
    enrolment = make_enrolment(is_open=False)
    client.force_login(make_member(enrolment.product.organisation))

    shown = tiles(get(client, enrolment))

    assert {tile.url for tile in shown.values()} == {""}
    assert "convention" in shown["Questionnaire d’orientation"].lines[0]


@pytest.mark.rule("BR-040")
def test_before_the_orientation_only_it_can_be_started(client, enrolment, editor):
    response = get(client, enrolment)
    shown = tiles(response)

    first = shown["Questionnaire d’orientation"]
    assert (first.counter, first.badge.label, first.action_label) == (
        "Questions obligatoires renseignées 0/5",
        "A compléter",
        "Démarrer",
    )
    assert first.url
    assert shown["Interopérabilité"].url == ""
    assert "Validez d’abord le questionnaire d’orientation" in shown["Interopérabilité"].lines[0]
    assert "Informations importantes" in response.content.decode()


@pytest.mark.rule("BR-045", "BR-051", "BR-062")
def test_tiles_show_counters_states_and_results(client, enrolment, editor):
    orient(enrolment.response, Q10="oui")
    finish(enrolment.response, "interoperabilite", {"A06.1.1": {"level": "0"}, "A06.1.2": {"level": "2"}})
    answer(enrolment.response, "ethique", {"DEV.1.2": {"compliance": "non_conforme"}})

    shown = tiles(get(client, enrolment))

    done = shown["Interopérabilité"]
    assert (done.counter, done.badge.label, done.action_label) == ("Critères renseignés 2/2", "Terminé", "Editer")
    assert done.lines[0] == "Niveau d’auto-évaluation\u00a0: Atteint pour Référencement Mon espace santé guidé"
    assert shown["Ethique Mon espace santé"].counter == "Critères renseignés 1/2"
    assert shown["Ethique Mon espace santé"].action_label == "Continuer"
    assert shown["RGPD Mon espace santé"].counter == "Types de documents déposés 0/3"
    excluded = shown["Sécurité Mon espace santé pour les échanges de données"]
    assert (excluded.badge.label, excluded.counter, excluded.url) == ("Non applicable", "", "")


@pytest.mark.rule("BR-067", "A-08")
def test_a_newer_draft_is_announced(client, enrolment, editor):
    orient(enrolment.response)
    finish(enrolment.response, "interoperabilite", {"A06.1.2": {"level": "2"}})
    answer(enrolment.response, "interoperabilite", {"A06.1.2": {"level": "0"}})

    response = get(client, enrolment)

    assert "Atteint" in tiles(response)["Interopérabilité"].lines[0]
    assert "Brouillons non validés" in response.content.decode()


@pytest.mark.parametrize("done", [1, 3])
def test_the_list_costs_the_same_whatever_is_done(client, enrolment, editor, django_assert_num_queries, done):
    orient(enrolment.response)
    for index in range(done):
        finish(enrolment.response, "interoperabilite", {"A06.1.2": {"level": str(index)}})

    with django_assert_num_queries(6):
        assert get(client, enrolment).status_code == 200
