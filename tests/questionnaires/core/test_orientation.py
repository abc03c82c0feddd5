"""Orientation rules on small grids: what appears, what is counted, why."""

import pytest

from questionnaires.core import Evaluator, orientation_progress

from . import builders as b
from .random_grids import SAMPLE

Q2_AFTER_Q1 = b.grid(b.boolean("Q1"), b.boolean("Q2", visible_when={"equals": ["Q1", "oui"]}))


@pytest.mark.rule("BR-041")
def test_a_question_appears_becomes_required_and_the_denominator_grows():
    grid = b.load(Q2_AFTER_Q1)
    before, after = b.evaluate(grid, {}), b.evaluate(grid, {"Q1": "oui"})
    assert (before.visible, str(orientation_progress(grid, before))) == (("Q1",), "0/1")
    assert (after.visible, str(orientation_progress(grid, after))) == (("Q1", "Q2"), "1/2")
    assert after.remaining == ("Q2",)
    assert after.because == {"Q2": ("Q1",)}


@pytest.mark.rule("BR-042")
def test_a_question_disappears_and_its_answer_no_longer_counts_then_comes_back():
    grid = b.load(
        b.grid(
            *Q2_AFTER_Q1["orientation"]["sections"][0]["questions"], b.boolean("Q3", visible_when={"answered": "Q2"})
        )
    )
    kept = {"Q2": "oui", "Q3": "oui"}
    hidden = b.evaluate(grid, {"Q1": "non", **kept})
    assert (hidden.visible, hidden.required, hidden.answered) == (("Q1",), 1, 1)
    assert b.evaluate(grid, {"Q1": "oui", **kept}).answered == 3


@pytest.mark.rule("BR-043")
def test_the_exclusive_choice_with_another_is_refused():
    grid = b.load(b.grid(b.multiple("Q3")))
    with pytest.raises(AssertionError):
        b.evaluate(grid, {"Q3": ["aucune", "mesures"]})
    assert b.evaluate(grid, {"Q3": ["aucune"]}).answered == 1


@pytest.mark.rule("BR-045", "A-10")
def test_the_exchange_questionnaire_follows_two_answers():
    applicable_when = {"all": [{"equals": ["Q13", "oui"]}, {"equals": ["Q9", "non"]}]}
    criterion = b.conformity("SE.1", evidence=[{"code": "passi", "label": "Rapport"}])
    exchange = b.questionnaire("securite-echanges", criterion, kind="documents", applicable_when=applicable_when)
    grid = b.load(
        b.grid(b.boolean("Q9"), b.boolean("Q13"), questionnaires=[exchange], exchange_when={"equals": ["Q13", "oui"]})
    )
    opened = b.evaluate(grid, {"Q9": "non", "Q13": "oui"})
    assert opened.applicable == {"securite-echanges": True}
    assert opened.criteria == {"securite-echanges": ("SE.1",)}
    assert opened.because == {"securite-echanges": ("Q9", "Q13")}
    assert opened.exchange is True
    closed = b.evaluate(grid, {"Q9": "non", "Q13": "non"})
    assert (closed.applicable["securite-echanges"], closed.exchange) == (False, False)
    assert closed.criteria == {"securite-echanges": ()}
    unknown = b.evaluate(grid, {"Q9": "non"})
    assert (unknown.applicable["securite-echanges"], unknown.exchange) == (None, None)


@pytest.mark.rule("A-12")
def test_an_applicable_questionnaire_without_criteria_is_not_open():
    criterion = b.levels("C", visible_when={"equals": ["Q1", "oui"]})
    grid = b.load(b.grid(b.boolean("Q1"), questionnaires=[b.questionnaire("q", criterion)]))
    evaluation = b.evaluate(grid, {"Q1": "non"})
    assert evaluation.applicable == {"q": True}
    assert not evaluation.is_open("q")
    assert b.evaluate(grid, {"Q1": "oui"}).is_open("q")


def test_a_negation_shows_nothing_while_the_question_is_empty():
    grid = b.load(b.grid(b.boolean("Q9"), b.boolean("Q10", visible_when={"not": {"equals": ["Q9", "oui"]}})))
    assert b.evaluate(grid, {}).visible == ("Q9",)
    assert b.evaluate(grid, {"Q9": "non"}).visible == ("Q9", "Q10")


def test_because_names_every_true_branch_and_only_those():
    condition = {
        "any": [
            {"equals": ["Q1", "oui"]},
            {
                "all": [
                    {"contains": ["Q3", "agenda"]},
                    {"not": {"any": [{"answered": "Q4"}, {"equals": ["Q1", "oui"]}]}},
                ]
            },
            {"equals": ["Q5", "oui"]},
        ]
    }
    questions = [b.boolean("Q5"), b.boolean("Q4"), b.multiple("Q3"), b.boolean("Q1")]
    grid = b.load(b.grid(*questions, questionnaires=[b.questionnaire("q", b.levels("C", visible_when=condition))]))
    assert b.evaluate(grid, {"Q1": "oui", "Q5": "oui"}).because == {"C": ("Q5", "Q1")}
    assert b.evaluate(grid, {"Q1": "non", "Q3": ["agenda"]}).because == {"C": ("Q4", "Q3", "Q1")}
    assert b.evaluate(grid, {"Q1": "non"}).because == {}


def test_a_condition_may_name_a_later_question():
    grid = b.load(b.grid(b.boolean("Q2", visible_when={"equals": ["Q1", "oui"]}), b.boolean("Q1")))
    evaluation = b.evaluate(grid, {"Q1": "oui"})
    assert (evaluation.visible, evaluation.remaining) == (("Q2", "Q1"), ("Q2",))


def test_a_long_chain_of_questions_is_not_too_deep():
    chain = [b.boolean("Q0")]
    chain += [b.boolean(f"Q{n}", visible_when={"equals": [f"Q{n - 1}", "oui"]}) for n in range(1, 200)]
    grid = b.load(b.grid(*reversed(chain)))
    assert len(b.evaluate(grid, {f"Q{n}": "oui" for n in range(200)}).visible) == 200


def test_secrets_are_not_remembered_by_the_evaluator():
    grid = b.load(
        b.grid({"code": "Q6", "label": "Compte ?", "type": "secret"}, b.boolean("Q7", visible_when={"answered": "Q6"}))
    )
    evaluator = Evaluator(grid)
    assert evaluator.evaluate({"Q6": "mot-de-passe"}).visible == ("Q6", "Q7")
    assert all(reader.remembered == {} for _, _, reader, *_ in evaluator._questions)


def test_the_sample_grid_answers_as_expected():
    from questionnaires.core import load_yaml

    grid = load_yaml(SAMPLE.read_text("utf-8")).require()
    answers = {"Q1": "oui", "Q2": "iii", "Q3": ["documents"], "Q5": "oui", "Q6": 5000, "Q7": "2024-01-01"}
    assert b.evaluate(grid, answers).as_json() == {
        "questions": {
            "visible": ["Q1", "Q2", "Q3", "Q4", "Q7", "Q5", "Q6", "Q8", "Q9", "Q10"],
            "required": 9,
            "answered": 6,
            "remaining": ["Q8", "Q9", "Q10"],
        },
        "questionnaires": {
            "securite": {"applicable": True, "criteria": ["04.03.01"]},
            "ethique": {"applicable": True, "criteria": ["DEV.1", "DEV.2", "DEV.3"]},
            "securite-echanges": {"applicable": True, "criteria": ["SE.1"]},
        },
        "because": {
            "Q2": ["Q1"],
            "Q7": ["Q3", "Q5"],
            "Q9": ["Q6"],
            "Q10": ["Q2"],
            "DEV.2": ["Q2"],
            "DEV.3": ["Q6", "Q10"],
            "securite-echanges": ["Q7", "Q5"],
            "SE.1": ["Q7"],
        },
    }
