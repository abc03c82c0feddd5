"""What a distributor reads on its questionnaires while its producer has not answered (BR-193)."""

import html

import pytest
from django.urls import reverse

from referencing.enrolment.white_label.banner import REPLACED
from tests.dossier.white_label import make_distributor, make_solution
from tests.questionnaires.factories import orient

pytestmark = pytest.mark.django_db


def shown(client, enrolment, code):
    response = client.get(reverse("enrolment:questionnaire_form", args=[enrolment.pk, code]))
    assert response.status_code == 200
    return html.unescape(response.content.decode())


@pytest.mark.rule("BR-193", "BR-199")
def test_it_may_answer_and_is_warned_where_answers_are_inheritable(client):
    enrolment, manager = make_distributor(make_solution(), is_accepted=False)
    orient(enrolment.response, actor=manager)
    client.force_login(manager)

    assert REPLACED in shown(client, enrolment, "interoperabilite")
    assert REPLACED not in shown(client, enrolment, "rgpd")


@pytest.mark.rule("BR-193")
def test_nothing_is_said_once_accepted(client):
    enrolment, manager = make_distributor(make_solution())
    orient(enrolment.response, actor=manager)
    client.force_login(manager)

    assert REPLACED not in shown(client, enrolment, "interoperabilite")


def test_the_list_of_questionnaires_says_whom_it_waits_for(client):
    solution = make_solution()
    enrolment, manager = make_distributor(solution, is_accepted=False)
    client.force_login(manager)

    page = html.unescape(client.get(reverse("enrolment:questionnaire_list", args=[enrolment.pk])).content.decode())

    assert f"Rattachement à la solution de l’éditeur producteur {solution.enrolment.label}" in page
