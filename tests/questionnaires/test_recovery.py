from uuid import uuid4

import pytest
from django.utils import timezone

from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from questionnaires.access import AccessPolicy
from questionnaires.models import Answer, Deposit, Recovery, Specificity
from questionnaires.selectors import (
    load_form,
    load_overview,
    load_results,
    load_validated,
    recovered_codes,
)
from questionnaires.services import answer_itself, ask_again, recover, request_validation, set_specificities, validate
from tests.factories import UserFactory
from tests.questionnaires.factories import (
    AT,
    FULL_ACCESS,
    answer,
    deposit,
    finish,
    make_response,
    orient,
    row,
)

pytestmark = pytest.mark.django_db

PRODUCER = AccessPolicy(owner_key="test:1", may_read=True, may_write=True, may_validate=True, asks_specificity=True)


def take(response, *codes, source=None):
    source = source or uuid4()
    return recover(response=response, codes=codes, source=source, actor=UserFactory(), at=timezone.now()), source


def give_back(response, *codes):
    return answer_itself(response=response, codes=codes, actor=UserFactory(), at=timezone.now(), why="Choix")


class TestRecover:
    @pytest.mark.rule("A-24", "BR-194")
    def test_a_recovered_criterion_counts_as_given_and_out_of_the_level_reached(self):
        response = orient(make_response(), Q3=["mesures"])
        answer(response, "interoperabilite", {"A06.1.3": {"level": "1"}})

        take(response, "A06.1.2")

        assert (row(response, "interoperabilite").answered, row(response, "interoperabilite").total) == (2, 2)
        done = finish(response, "interoperabilite")
        assert done.is_reached is True
        content = done.validation.content["answers"]
        assert content["A06.1.2"] == {
            "value": None,
            "comment": "",
            "evidence": [],
            "recovered": response.recovered["A06.1.2"],
        }
        assert "recovered" not in content["A06.1.3"]

    def test_the_level_reached_goes_by_own_answers_alone(self):
        response = orient(make_response(), Q3=["mesures"])
        answer(response, "interoperabilite", {"A06.1.3": {"level": "0"}})
        take(response, "A06.1.2")

        assert finish(response, "interoperabilite").is_reached is False
        assert load_validated(response).questionnaires[0].is_reached is False

    @pytest.mark.rule("BR-194")
    def test_the_former_answer_stays_beneath_and_counts_again_afterwards(self):
        response = orient(make_response())
        answer(response, "interoperabilite", {"A06.1.2": {"level": "2"}})
        finish(response, "interoperabilite")

        take(response, "A06.1.2")

        taken = row(response, "interoperabilite")
        assert (taken.state, taken.is_current) == ("draft", False)
        assert Answer.objects.get(response=response, code="A06.1.2").value == {"level": "2"}
        assert taken.validations.get().content["answers"]["A06.1.2"]["value"] == {"level": "2"}
        give_back(response, "A06.1.2")
        back = row(response, "interoperabilite")
        assert (back.answered, back.total) == (1, 1)
        assert finish(response, "interoperabilite").validation.content["answers"]["A06.1.2"]["value"] == {"level": "2"}

    def test_answering_itself_ends_the_validation_that_said_otherwise(self):
        response = orient(make_response())
        take(response, "A06.1.2")
        assert finish(response, "interoperabilite").is_current

        assert give_back(response, "A06.1.2", "U.1") == ("A06.1.2",)

        after = row(response, "interoperabilite")
        assert (after.state, after.is_current, after.answered, after.total) == ("draft", False, 0, 1)
        assert not load_overview(response).questionnaires[0].is_validated
        with pytest.raises(TransitionRefused):
            finish(response, "interoperabilite")

    def test_rows_and_column_say_the_same_with_one_line_of_journal(self):
        response = orient(make_response())
        changed, source = take(response, "A06.1.2", "A06.1.3", "A06.1.2")

        assert changed == ("A06.1.2", "A06.1.3")
        response.refresh_from_db()
        assert recovered_codes(response) == {"A06.1.2": source, "A06.1.3": source}
        assert response.recovered == {"A06.1.2": str(source), "A06.1.3": str(source)}
        entry = AuditEntry.objects.get(action="response.recover")
        assert entry.data == {"codes": ["A06.1.2", "A06.1.3"], "source": str(source)}
        assert take(response, "A06.1.2", source=source)[0] == ()

    def test_another_source_takes_the_place_of_the_first(self):
        response = orient(make_response())
        take(response, "A06.1.2")
        _, other = take(response, "A06.1.2")

        assert recovered_codes(response) == {"A06.1.2": other}

    @pytest.mark.rule("BR-199")
    def test_neither_documents_nor_the_orientation_are_ever_recovered(self):
        response = orient(make_response(), Q13="oui", Q14="Mesures")

        changed, _ = take(response, "RGPD.1", "SEC.1", "Q1", "inconnu")

        assert changed == ()
        assert not Recovery.objects.exists()

    def test_criteria_are_recovered_before_the_orientation_shows_any(self):
        response = make_response()
        take(response, "A06.1.2", "A06.1.3")

        orient(response)

        assert (row(response, "interoperabilite").answered, row(response, "interoperabilite").total) == (1, 1)

    def test_nothing_is_written_over_a_recovered_answer(self):
        response = orient(make_response())
        take(response, "A06.1.2", "DEV.1.2")

        result = answer(response, "interoperabilite", {"A06.1.2": {"level": "3"}})
        with pytest.raises(TransitionRefused) as refusal:
            deposit(response, "DEV.1.2", "declaration")

        assert "Répondre moi-même" in result.refused["A06.1.2"]
        assert not Answer.objects.filter(response=response, code="A06.1.2").exists()
        assert [each.code for each in refusal.value.blockers] == ["recovered"]
        assert not Deposit.objects.exists()

    def test_a_recovered_criterion_keeps_no_one_from_asking_for_a_validation(self):
        response = orient(make_response())
        take(response, "A06.1.2")

        asked = request_validation(
            response=response,
            questionnaire="interoperabilite",
            actor=UserFactory(),
            at=timezone.now(),
            access=FULL_ACCESS,
        )

        assert asked.questionnaire == "interoperabilite"

    @pytest.mark.rule("A-24")
    def test_form_and_results_know_nothing_of_it(self):
        response = orient(make_response())
        answer(response, "interoperabilite", {"A06.1.2": {"level": "1"}})
        finish(response, "interoperabilite")
        take(response, "A06.1.2")

        view = next(iter(load_form(response, "interoperabilite").criteria))
        (result,) = load_results(response, "interoperabilite").sections[0].criteria

        assert (view.is_recovered, view.is_answered) == (True, True)
        assert (result.is_recovered, result.was_recovered, result.validated, result.draft.level) == (
            True,
            False,
            None,
            None,
        )
        assert (result.is_reached, result.shows_recommendation) == (None, False)

    def test_a_later_cycle_counts_recovered_criteria_as_given(self):
        response = orient(make_response())
        take(response, "A06.1.2")
        finish(response, "interoperabilite")

        ask_again(response=response, only_orientation=False, reason="Renouvellement", actor=None, at=AT)

        assert row(response, "interoperabilite").answered == 1


class TestSpecificity:
    @pytest.mark.rule("BR-202")
    def test_a_producer_says_it_of_each_criterion_before_it_validates(self):
        response = orient(make_response(), Q3=["mesures"])
        answer(response, "interoperabilite", {"A06.1.2": {"level": "2"}, "A06.1.3": {"level": "1"}})
        say(response, "interoperabilite", {"A06.1.2": False})

        with pytest.raises(TransitionRefused) as refusal:
            produce(response, "interoperabilite")

        assert [(each.code, each.anchor) for each in refusal.value.blockers] == [
            ("missing_specificity", "#field-A06.1.3-specific")
        ]
        say(response, "interoperabilite", {"A06.1.3": True})
        content = produce(response, "interoperabilite").content["answers"]
        assert (content["A06.1.2"]["specific"], content["A06.1.3"]["specific"]) == (False, True)

    @pytest.mark.rule("BR-202")
    def test_the_grid_proposes_until_something_is_said(self):
        response = orient(make_response())

        before = {each.code: each.is_specific for each in asked(response, "ethique")}
        say(response, "ethique", {"DEV.1.2": False})
        after = {each.code: each.is_specific for each in asked(response, "ethique")}

        assert before == {"DEV.1.1": False, "DEV.1.2": True}
        assert after == {"DEV.1.1": False, "DEV.1.2": False}

    def test_nobody_is_asked_of_what_nobody_inherits_nor_outside_a_producer(self):
        response = orient(make_response())

        assert {each.is_specific for each in asked(response, "rgpd")} == {None}
        assert {each.is_specific for each in load_form(response, "ethique").criteria} == {None}
        assert say(response, "rgpd", {"RGPD.1": True}) == ()

    def test_keeping_what_the_grid_proposes_leaves_a_validation_as_it_is(self):
        response = orient(make_response())
        answer(response, "interoperabilite", {"A06.1.2": {"level": "2"}})
        finish(response, "interoperabilite")

        assert say(response, "interoperabilite", {"A06.1.2": False}) == ()
        assert row(response, "interoperabilite").state == "done"
        assert say(response, "interoperabilite", {"A06.1.2": True}) == ("A06.1.2",)
        assert row(response, "interoperabilite").state == "draft"
        assert Specificity.objects.get().is_specific


def asked(response, questionnaire):
    return list(load_form(response, questionnaire, asks_specificity=True).criteria)


def say(response, questionnaire, choices):
    return set_specificities(
        response=response,
        questionnaire=questionnaire,
        choices=choices,
        actor=UserFactory(),
        at=timezone.now(),
        access=PRODUCER,
    )


def produce(response, questionnaire):
    return validate(
        response=response, questionnaire=questionnaire, actor=UserFactory(), at=timezone.now(), access=PRODUCER
    )
