"""What a new orientation changes, and what a new version of a grid changes."""

import copy

import pytest

from questionnaires.core import compare_evaluations, compare_grids, load_yaml

from . import builders as b
from .random_grids import SAMPLE

CRITERIA = [
    b.levels("C1"),
    b.levels("C2", visible_when={"equals": ["Q1", "oui"]}),
    b.levels("C3", visible_when={"equals": ["Q1", "non"]}),
]
OTHER = b.questionnaire("r", b.levels("R1"), applicable_when={"equals": ["Q1", "oui"]})
CONTENT = b.grid(
    b.boolean("Q1"),
    b.boolean("Q2", visible_when={"equals": ["Q1", "oui"]}),
    questionnaires=[b.questionnaire("q", *CRITERIA), OTHER],
)


@pytest.mark.rule("BR-047", "BR-048")
def test_consequences_name_what_opens_and_what_closes():
    grid = b.load(CONTENT)
    no, yes = b.evaluate(grid, {"Q1": "non"}), b.evaluate(grid, {"Q1": "oui"})
    opening = compare_evaluations(no, yes)
    assert (opening.questions_added, opening.questions_removed) == (("Q2",), ())
    assert (opening.questionnaires_opened, opening.questionnaires_closed) == (("r",), ())
    assert opening.criteria_added == {"q": ("C2",), "r": ("R1",)}
    assert opening.criteria_removed == {"q": ("C3",)}
    closing = compare_evaluations(yes, no)
    assert closing.questionnaires_closed == ("r",)
    assert closing.criteria_removed == {"q": ("C2",), "r": ("R1",)}
    assert compare_evaluations(yes, yes).is_empty


def test_the_first_orientation_opens_everything_it_shows():
    grid = b.load(CONTENT)
    first = compare_evaluations(None, b.evaluate(grid, {"Q1": "non"}))
    assert first.questionnaires_opened == ("q",)
    assert first.criteria_added == {"q": ("C1", "C3")}


def test_equal_grids_have_no_difference():
    content = SAMPLE.read_text("utf-8")
    assert compare_grids(load_yaml(content).require(), load_yaml(content).require()) == ()


def test_differences_are_named_field_by_field():
    after = copy.deepcopy(CONTENT)
    after["version"] = "2"
    after["orientation"]["sections"][0]["questions"][0]["label"] = "Autre ?"
    criteria = after["questionnaires"][0]["sections"][0]["criteria"]
    criteria[1]["visible_when"] = {"answered": "Q1"}
    del criteria[2]
    criteria.append(b.levels("C4"))
    assert [str(change) for change in compare_grids(b.load(CONTENT), b.load(after))] == [
        "~ grille essai « Essai » : version",
        "~ question Q1 « Autre ? » : label",
        "~ critère C2 « Critère C2 » : visible_when",
        "+ critère C4 « Critère C4 »",
        "- critère C3 « Critère C3 »",
    ]


def test_a_new_order_is_a_difference():
    after = copy.deepcopy(CONTENT)
    after["questionnaires"][0]["sections"][0]["criteria"].reverse()
    assert [str(change) for change in compare_grids(b.load(CONTENT), b.load(after))] == ["~ grille essai : ordre"]
