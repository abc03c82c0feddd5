"""The search for G004, G005 and G006 agrees with trying every set of answers."""

import itertools
import random

from questionnaires.core import Severity, load_yaml
from questionnaires.core.reachability import find_unreachable

from ..reference import evaluator as reference
from .random_grids import CHOICES, as_text, condition, random_grid

BOXES = [list(some) for size in (1, 2, 3) for some in itertools.combinations(CHOICES[:3], size)]
NUMBERS = [-2, -1, -0.5, 0, 0.25, 0.5, 0.7, 1, 5, 9.99, 9.995, 10, 10.005, 10.01, 500, 1000, 1001]
DAYS = [
    "2023-12-30",
    "2023-12-31",
    "2024-01-01",
    "2024-01-02",
    "2024-03-01",
    "2024-07-08",
    "2024-08-01",
    "2025-02-28",
    "2026-01-01",
]


def domain(question: dict) -> list[object]:
    match question["type"]:
        case "boolean":
            return [None, "oui", "non"]
        case "single_choice":
            return [None, *CHOICES]
        case "multiple_choice" if "exclusive" in question:
            return [None, ["aucune"], *BOXES]
        case "multiple_choice":
            return [None, *([*boxes] for size in (1, 2, 3, 4) for boxes in itertools.combinations(CHOICES, size))]
        case "number":
            return [None, *NUMBERS]
        case "date":
            return [None, *DAYS]
    return [None, "un texte"]


def small_grid(source: random.Random) -> dict:
    """A random grid with few questions and one criterion."""
    grid = random_grid(source)
    while len(grid["orientation"]["sections"][0]["questions"] + grid["orientation"]["sections"][1]["questions"]) > 4:
        grid = random_grid(source)
    questions = [question for section in grid["orientation"]["sections"] for question in section["questions"]]
    criterion = {
        "code": "C",
        "title": "C",
        "nature": "option",
        "levels": [{"level": "0", "text": "x"}],
        "visible_when": condition(source, questions),
    }
    questionnaire = {"code": "q", "title": "q", "kind": "levels"}
    if source.random() < 0.4:
        questionnaire["applicable_when"] = condition(source, questions)
    grid["questionnaires"] = [{**questionnaire, "sections": [{"code": "s", "title": "s", "criteria": [criterion]}]}]
    grid.pop("exchange_when", None)
    return grid


def expected_code(grid: dict) -> str | None:
    """The finding of the criterion's condition, by trying everything."""
    raw = reference.read(as_text(grid))
    questions = [question for section in raw["orientation"]["sections"] for question in section["questions"]]
    (questionnaire,) = raw["questionnaires"]
    if questionnaire["sections"][0]["criteria"][0]["visible_when"] == {"all": []}:
        return None
    every_set = [
        {question["code"]: value for question, value in zip(questions, values, strict=True)}
        for values in itertools.product(*map(domain, questions))
    ]

    def shown(content: dict) -> list[bool]:
        return [bool(reference.orient(content, answers)["questionnaires"]["q"]["criteria"]) for answers in every_set]

    asked = [{key: value for key, value in question.items() if key != "visible_when"} for question in questions]
    always_applicable = {key: value for key, value in questionnaire.items() if key != "applicable_when"}
    alone = {"orientation": {"sections": [{"questions": asked}]}, "questionnaires": [always_applicable]}
    if not any(shown(alone)):
        return "G004"
    if not any(shown(raw)):
        return "G005"
    return "G006" if all(shown({**raw, "questionnaires": [always_applicable]})) else None


def test_the_search_agrees_with_trying_everything():
    source = random.Random(7)
    seen = set()
    for _ in range(400):
        grid = small_grid(source)
        size = 1
        for section in grid["orientation"]["sections"]:
            for question in section["questions"]:
                size *= len(domain(question))
        if size > 250:
            continue
        found = [f for f in find_unreachable(load_yaml(as_text(grid)).require()) if ".criteria[0]" in f.path]
        expected = expected_code(grid)
        assert [finding.code for finding in found] == ([expected] if expected else []), as_text(grid)
        assert all((finding.code == "G006") == (finding.severity is Severity.WARNING) for finding in found)
        seen.add(expected)
    assert seen == {None, "G004", "G005", "G006"}
