"""The grids that we publish: no finding, and the facts that the field knows of them."""

import pytest

from questionnaires.core import compare_evaluations, explain_display, load_yaml

from . import builders as b
from .random_grids import ROOT

GUIDED = ROOT / "fixtures" / "grids" / "referencement-guide" / "2024.12.yaml"


@pytest.fixture(scope="module")
def grid():
    return load_yaml(GUIDED.read_text("utf-8")).require()


@pytest.mark.rule("A-10")
def test_twenty_two_questions_are_asked_at_first(grid):
    evaluation = b.evaluate(grid, {})
    assert (len(evaluation.visible), evaluation.required, evaluation.answered) == (22, 22, 0)
    assert len(grid.questions) == 35


@pytest.mark.rule("BR-046")
def test_q10_opens_the_first_interoperability_criterion_and_says_why(grid):
    evaluation = b.evaluate(grid, {"Q10": "oui"})
    assert "A06.1.1" in evaluation.criteria["interoperabilite"]
    assert evaluation.because["A06.1.1"] == ("Q10",)
    sentence = explain_display(grid, grid.criteria["A06.1.1"].visible_when, ("Q10",), {"Q10": "oui"})
    assert sentence.startswith("Affiché parce que vous avez répondu «\u00a0Oui\u00a0» à la question 10 «\u00a0")
    assert "A06.1.1" not in b.evaluate(grid, {"Q10": "non"}).criteria["interoperabilite"]


@pytest.mark.rule("BR-045")
def test_exchanging_with_the_health_record_opens_the_exchange_questionnaire(grid):
    without, exchanging = b.evaluate(grid, {"Q9": "non", "Q13": "non"}), b.evaluate(grid, {"Q9": "non", "Q13": "oui"})
    assert (without.applicable["securite-echanges"], without.exchange) == (False, False)
    assert (exchanging.applicable["securite-echanges"], exchanging.exchange) == (True, True)
    assert "securite-echanges" in compare_evaluations(without, exchanging).questionnaires_opened
