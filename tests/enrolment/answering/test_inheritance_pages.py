"""What white labels add to the pages of answers: the question to the producer, the choice of the distributor, masks."""

from io import BytesIO

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone

from questionnaires.models import Answer, Specificity
from questionnaires.selectors import recovered_codes
from questionnaires.services import preview_consequences, recover
from referencing.enrolment.enums import WhiteLabelRole
from referencing.enrolment.inheritance import CONFIDENTIAL, choose
from referencing.enrolment.models import Enrolment
from tests.dossier.white_label import answer_own, attach, make_distributor, make_solution
from tests.enrolment.answering.test_evaluation_form import make_wide
from tests.factories import make_member
from tests.questionnaires.factories import QUIET, answer, orient, row

pytestmark = pytest.mark.django_db

PHRASE = CONFIDENTIAL.capitalize()
COMMENT = "Secret-de-fabrique-du-producteur"
QUESTION = "Ce critère est-il spécifique à chaque éditeur distributeur"


@pytest.fixture
def solution():
    return make_solution(comment=COMMENT)


@pytest.fixture
def distributor(solution, client):
    enrolment, manager = make_distributor(solution)
    orient(enrolment.response)
    client.force_login(manager)
    return enrolment


@pytest.fixture
def producer(enrolment, client):
    """A producer whose orientation is validated, its mandataire logged in."""
    Enrolment.objects.filter(pk=enrolment.pk).update(white_label=WhiteLabelRole.PRODUCER)
    orient(enrolment.response)
    client.force_login(make_member(enrolment.product.organisation))
    return enrolment


def page(enrolment, code="interoperabilite", name="questionnaire_form"):
    return reverse(f"enrolment:{name}", args=[enrolment.pk, code])


class TestProducer:
    @pytest.mark.rule("BR-202")
    def test_it_is_asked_of_each_criterion_that_others_inherit_as_the_grid_proposes(self, client, producer):
        html = client.get(page(producer, "ethique")).content.decode()

        assert html.count(QUESTION) == 2
        assert 'value="non" id="field-DEV.1.1-specific-non" checked' in html
        assert 'value="oui" id="field-DEV.1.2-specific" checked' in html
        assert QUESTION not in client.get(page(producer, "rgpd")).content.decode()

    def test_no_other_product_is_asked(self, client, distributor):
        assert QUESTION not in client.get(page(distributor, "ethique")).content.decode()

    @pytest.mark.rule("BR-202")
    def test_what_the_page_shows_is_saved_and_lets_it_validate(self, client, producer):
        data = {"A06.1.2-version": "0", "A06.1.2": "2", "A06.1.2-specific": "non", "action": "validate"}

        client.post(page(producer), data)

        done = row(producer.response, "interoperabilite")
        assert (done.state, done.validation.content["answers"]["A06.1.2"]["specific"]) == ("done", False)

    @pytest.mark.rule("BR-202")
    def test_without_it_nothing_is_validated_and_the_refusal_leads_there(self, client, producer):
        data = {"A06.1.2-version": "0", "A06.1.2": "2", "action": "validate"}

        response = client.post(page(producer), data)

        assert response.status_code == 422
        assert 'href="#field-A06.1.2-specific"' in response.content.decode()
        assert row(producer.response, "interoperabilite").state == "draft"

    def test_autosave_keeps_it_and_tells_the_state(self, client, producer):
        data = {"A06.1.2-version": "0", "A06.1.2-specific": "oui", "_fields": ["A06.1.2-specific"]}

        response = client.post(page(producer, name="questionnaire_save"), data)

        assert response.status_code == 200
        assert response.json()["mended"] == ["A06.1.2-specific"]
        assert Specificity.objects.get(response=producer.response).is_specific
        assert "Brouillon" in response.json()["badge"]
        assert not Answer.objects.filter(response=producer.response, code="A06.1.2").exists()


class TestDistributor:
    @pytest.mark.rule("BR-196", "BR-197")
    def test_a_recovered_criterion_shows_that_it_is_and_nothing_to_fill_in(self, client, distributor, solution):
        html = client.get(page(distributor)).content.decode()

        assert html.count(PHRASE) == 1
        assert solution.enrolment.label in html
        assert 'name="A06.1.2-version"' not in html
        assert 'name="A06.1.2"' not in html
        assert COMMENT not in html
        assert "1/1" in html
        assert "Votre réponse précédente" not in html

    @pytest.mark.rule("BR-195", "BR-200")
    def test_it_reads_why_it_must_answer_the_others(self, client, distributor):
        orient_again(distributor, Q3=["mesures"])
        html = client.get(page(distributor, "ethique")).content.decode()

        assert html.count("Ce critère est spécifique à chaque éditeur distributeur") == 1
        assert html.count("n’offre pas de réponse à ce critère") == 1
        assert html.count(PHRASE) == 1

    @pytest.mark.rule("BR-196")
    def test_its_buttons_change_who_answers_without_losing_what_was_typed(self, client, distributor):
        own = client.post(page(distributor), {"action": "own:A06.1.2"})
        assert own.url == f"{page(distributor)}#field-A06.1.2"
        html = client.get(page(distributor)).content.decode()
        assert "Récupérer la réponse de l’éditeur producteur" in html

        data = {"A06.1.2-version": "0", "A06.1.2": "1", "A06.1.2-comment": "À nous", "action": "recover:A06.1.2"}
        client.post(page(distributor), data)

        assert "A06.1.2" in recovered_codes(distributor.response)
        kept = Answer.objects.get(response=distributor.response, code="A06.1.2")
        assert (kept.value, kept.comment) == ({"level": "1"}, "À nous")
        html = client.get(page(distributor)).content.decode()
        assert "Votre réponse précédente est conservée" in html
        assert "À nous" not in html

    def test_one_button_recovers_everything_that_is_offered(self, client, distributor):
        manager = distributor.attachment_requests.get().requested_by
        choose(enrolment_id=distributor.pk, code="DEV.1.2", recovered=False, actor=manager)
        html = client.get(page(distributor, "ethique")).content.decode()
        assert 'value="recover_all"' in html

        client.post(page(distributor, "ethique"), {"action": "recover_all"})

        assert "DEV.1.2" in recovered_codes(distributor.response)
        assert 'value="recover_all"' not in client.get(page(distributor, "ethique")).content.decode()

    @pytest.mark.rule("BR-195")
    def test_a_forged_choice_is_refused_with_its_reason(self, client, distributor):
        response = client.post(page(distributor, "ethique"), {"action": "recover:DEV.1.1"})

        assert response.status_code == 422
        assert "spécifique à chaque éditeur distributeur, répondez vous-même" in response.content.decode()

    def test_a_forged_answer_to_a_recovered_criterion_is_not_kept(self, client, distributor):
        client.post(page(distributor), {"A06.1.2-version": "0", "A06.1.2": "3", "action": "save"})
        data = {"A06.1.2-version": "0", "A06.1.2": "3", "_fields": ["A06.1.2"]}
        response = client.post(page(distributor, name="questionnaire_save"), data)

        assert response.status_code == 422
        assert "Répondre moi-même" in response.json()["errors"]["A06.1.2"][0]
        assert not Answer.objects.filter(response=distributor.response, code="A06.1.2").exists()

    @pytest.mark.rule("A-24", "BR-197")
    def test_results_radar_and_workbook_leave_it_out(self, client, distributor):
        answer_own(distributor)

        html = client.get(page(distributor, "interoperabilite", "questionnaire_results")).content.decode()
        export = client.get(page(distributor, "interoperabilite", "results_export"))
        history = client.get(reverse("enrolment:validation_detail", args=[distributor.pk, "interoperabilite", 1]))
        tiles = client.get(reverse("enrolment:questionnaire_list", args=[distributor.pk])).content.decode()

        assert PHRASE in html
        assert "n’entrent pas dans ces résultats" in html
        assert "Adoptez une terminologie internationale" not in html
        workbook = openpyxl.load_workbook(BytesIO(b"".join(export.streaming_content)))
        (line,) = [cells for cells in workbook.active.iter_rows(values_only=True) if cells[1] == "A06.1.2"]
        assert (line[4], line[6], line[7]) == (PHRASE, None, None)
        assert PHRASE in history.content.decode()
        assert "1 critère récupéré de l’éditeur producteur" in tiles
        for text in (html, history.content.decode(), tiles):
            assert COMMENT not in text


def orient_again(enrolment, **answers):
    """Another orientation, its consequences confirmed."""
    answer(enrolment.response, values={**QUIET, **answers})
    enrolment.response.refresh_from_db()
    return orient(enrolment.response, confirmed=preview_consequences(enrolment.response).token, **answers)


class TestQueries:
    @pytest.mark.parametrize("others", [0, 2])
    def test_the_fill_page_asks_the_same_for_one_distributor_and_for_three(
        self, client, distributor, solution, django_assert_num_queries, others
    ):
        for _ in range(others):
            make_distributor(solution)
        for code, expected in {"interoperabilite": 9, "ethique": 10, "rgpd": 10}.items():
            with django_assert_num_queries(expected):
                client.get(page(distributor, code))

    @pytest.mark.parametrize("count", [1, 150])
    def test_the_fill_page_asks_the_same_for_one_criterion_and_for_150(
        self, client, solution, django_assert_num_queries, count
    ):
        enrolment = make_wide(count)
        manager = make_member(enrolment.product.organisation)
        Enrolment.objects.filter(pk=enrolment.pk).update(white_label=WhiteLabelRole.DISTRIBUTOR)
        enrolment.refresh_from_db()
        attach(enrolment, solution, manager)
        codes = [f"W.{number:03d}" for number in range(1, count + 1)]
        source = solution.pre_listing.pk
        recover(response=enrolment.response, codes=codes, source=source, actor=manager, at=timezone.now())
        client.force_login(manager)

        with django_assert_num_queries(9):
            html = client.get(page(enrolment)).content.decode()
        assert html.count(PHRASE) == count

    @pytest.mark.parametrize("count", [1, 150])
    def test_a_producer_s_page_asks_one_query_more_whatever_its_size(self, client, django_assert_num_queries, count):
        enrolment = make_wide(count)
        Enrolment.objects.filter(pk=enrolment.pk).update(white_label=WhiteLabelRole.PRODUCER)
        client.force_login(make_member(enrolment.product.organisation))

        with django_assert_num_queries(8):
            html = client.get(page(enrolment)).content.decode()
        assert html.count(QUESTION) == count
