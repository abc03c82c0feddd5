"""« Voir les résultats »: radar, result, recommendations, history, workbook."""

from io import BytesIO

import pytest
from django.urls import reverse
from django.utils.html import strip_tags
from openpyxl import load_workbook

from questionnaires.selectors import load_results
from referencing.enrolment.answering.results import DRAFT, VALIDATED, radar_series
from tests.factories import make_member
from tests.questionnaires.factories import answer, finish, make_enrolment, orient

pytestmark = pytest.mark.django_db

REACHED = {"A06.1.1": {"level": "0"}, "A06.1.2": {"level": "2"}}


@pytest.fixture
def enrolment(enrolment):
    orient(enrolment.response, Q10="oui")
    return enrolment


def results(client, enrolment, code="interoperabilite"):
    return client.get(reverse("enrolment:questionnaire_results", args=[enrolment.pk, code]))


def text(response):
    return " ".join(strip_tags(response.content.decode()).split())


def test_before_any_validation_the_page_says_so_and_offers_no_workbook(client, enrolment, editor):
    response = results(client, enrolment)
    assert "n’a pas encore été validé" in text(response)
    assert "Aucune validation pour le moment" in text(response)
    export = reverse("enrolment:results_export", args=[enrolment.pk, "interoperabilite"])
    assert export not in response.content.decode()
    assert client.get(export).status_code == 404


@pytest.mark.rule("BR-060", "BR-062")
def test_an_obligation_below_its_minimum_is_listed_as_not_reached(client, enrolment, editor):
    finish(enrolment.response, "interoperabilite", {"A06.1.1": {"level": "0"}, "A06.1.2": {"level": "1"}})

    response = results(client, enrolment)

    assert response.context["reached"].label == "Non atteint"
    assert [link.label for link in response.context["not_reached"]] == ["A06.1.2 Terminologies"]
    option, obligation = response.context["rows"]
    assert option.cells[3] == "Sans minimum"
    assert obligation.cells[3].label == "Non atteint"


@pytest.mark.rule("BR-062")
def test_all_obligations_reached_says_atteint(client, enrolment, editor):
    finish(enrolment.response, "interoperabilite", REACHED)
    response = results(client, enrolment)
    assert response.context["reached"].label == "Atteint"
    assert "Toutes les obligations de ce questionnaire sont atteintes." in text(response)


@pytest.mark.rule("BR-212")
def test_a_level_below_the_recommended_one_shows_its_recommendation(client, enrolment, editor):
    finish(enrolment.response, "interoperabilite", REACHED)
    assert "Adoptez une terminologie internationale." in text(results(client, enrolment))
    finish(enrolment.response, "interoperabilite", {"A06.1.2": {"level": "3"}})
    assert "Adoptez une terminologie internationale." not in text(results(client, enrolment))


@pytest.mark.rule("BR-067")
def test_a_newer_draft_stands_beside_the_validated_answer_which_still_counts(client, enrolment, editor):
    finish(enrolment.response, "interoperabilite", REACHED)
    assert [each.label for each in radar_series(load_results(enrolment.response, "interoperabilite"))] == [VALIDATED]
    answer(enrolment.response, "interoperabilite", {"A06.1.2": {"level": "0"}})

    response = results(client, enrolment)

    assert response.context["reached"].label == "Atteint"
    validated, draft = response.context["radar"]["series"]
    assert (validated.label, validated.values) == (VALIDATED, [1.0])
    assert (draft.label, draft.values) == (DRAFT, [0.0])
    assert response.context["rows"][1].cells[2:] == [
        "Maturité moyenne",
        response.context["reached"],
        "Maturité très faible",
    ]


def test_not_applicable_weighs_nothing_in_the_radar(enrolment):
    finish(enrolment.response, "interoperabilite", {"A06.1.1": {"level": "1"}, "A06.1.2": {"level": "na"}})
    (series,) = radar_series(load_results(enrolment.response, "interoperabilite"))
    assert series.values == [1.0]


@pytest.mark.rule("BR-068")
def test_history_names_who_and_when_and_shows_what_changed(client, enrolment, editor):
    finish(enrolment.response, "interoperabilite", REACHED)
    finish(enrolment.response, "interoperabilite", {"A06.1.2": {"level": "3"}})
    last = finish(enrolment.response, "interoperabilite", {"A06.1.1": {"level": "1"}}).validations.get(number=3)

    history = results(client, enrolment).context["history"]
    assert [row.cells[0] for row in history] == ["N° 3", "N° 2", "N° 1"]
    assert history[0].cells[2] == str(last.by)

    def changed(number, **query):
        address = reverse("enrolment:validation_detail", args=[enrolment.pk, "interoperabilite", number])
        response = client.get(address, query)
        return [(each.code, each.before, each.after) for each in response.context["differences"]]

    assert changed(1) == []
    assert changed(2) == [("A06.1.2", "Maturité moyenne", "Maturité forte")]
    assert changed(3) == [("A06.1.1", "Maturité très faible", "Maturité faible")]
    assert [code for code, _, _ in changed(3, avec="1")] == ["A06.1.1", "A06.1.2"]


@pytest.mark.rule("BR-048")
def test_a_criterion_added_later_shows_in_the_differences(client, enrolment, editor):
    from questionnaires.services import preview_consequences

    finish(enrolment.response, "interoperabilite", REACHED)
    answer(enrolment.response, Q10="non")
    orient(enrolment.response, Q10="non", confirmed=preview_consequences(enrolment.response).token)
    finish(enrolment.response, "interoperabilite")

    address = reverse("enrolment:validation_detail", args=[enrolment.pk, "interoperabilite", 2])
    response = client.get(address)

    assert [each.code for each in response.context["differences"]] == ["A06.1.1"]
    assert "Critère qui n’est plus demandé." in text(response)


def test_an_unknown_validation_is_not_found(client, enrolment, editor):
    finish(enrolment.response, "interoperabilite", REACHED)
    for number, query in ((2, ""), (1, "?avec=9")):
        address = reverse("enrolment:validation_detail", args=[enrolment.pk, "interoperabilite", number])
        assert client.get(address + query).status_code == 404


@pytest.mark.rule("BR-069")
def test_the_workbook_holds_what_was_validated_and_no_formula(client, enrolment, editor):
    finish(enrolment.response, "interoperabilite", REACHED)
    from questionnaires.services import Change, save_answers
    from tests.questionnaires.factories import AT, FULL_ACCESS

    save_answers(
        response=enrolment.response,
        questionnaire="interoperabilite",
        changes={"A06.1.2": Change(comment="=1+1")},
        actor=editor,
        at=AT,
        access=FULL_ACCESS,
    )
    finish(enrolment.response, "interoperabilite")

    response = client.get(reverse("enrolment:results_export", args=[enrolment.pk, "interoperabilite"]))

    assert response["Content-Disposition"].startswith("attachment; filename=")
    sheet = load_workbook(BytesIO(b"".join(response.streaming_content))).active
    head, option, obligation = sheet.iter_rows()
    names = [cell.value for cell in head]
    found = dict(zip(names, [cell.value for cell in obligation], strict=True))
    assert (found["Critère"], found["Nature"], found["Niveau"]) == ("A06.1.2", "Obligation", "Maturité moyenne")
    assert found["Niveaux acceptés"] == "Niveau non applicable, Maturité moyenne, Maturité forte"
    assert found["Commentaire"] == "=1+1"
    assert obligation[names.index("Commentaire")].data_type == "s"
    assert found["Validé le"] is not None
    assert dict(zip(names, [cell.value for cell in option], strict=True))["Nature"] == "Option"


@pytest.mark.parametrize("count", [1, 3, 30])
def test_query_count_is_constant(client, enrolment, editor, django_assert_num_queries, count):
    for number in range(count):
        finish(enrolment.response, "interoperabilite", REACHED | {"A06.1.1": {"level": str(number % 2)}})
    with django_assert_num_queries(7):
        response = results(client, enrolment)
    assert len(response.context["history"]) == count


def test_results_are_for_members_and_the_listing_team(client, enrolment):
    finish(enrolment.response, "interoperabilite", REACHED)
    client.force_login(make_member(make_enrolment().product.organisation))
    for name, arguments in (
        ("questionnaire_results", []),
        ("results_export", []),
        ("validation_detail", [1]),
    ):
        address = reverse(f"enrolment:{name}", args=[enrolment.pk, "interoperabilite", *arguments])
        assert client.get(address).status_code == 404


def test_compliance_results_name_value_and_documents_results_need_no_radar(client, enrolment, editor):
    finish(
        enrolment.response,
        "ethique",
        {"DEV.1.1": {"compliance": "conforme", "number": "72.5"}, "DEV.1.2": {"compliance": "non_conforme"}},
    )
    response = results(client, enrolment, "ethique")
    assert "Conforme (72,5\u00a0/100)" in response.content.decode()
    assert results(client, enrolment, "rgpd").status_code == 200
