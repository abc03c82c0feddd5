"""The engine and an evaluator written apart from it decide the same, on thousands of random answer sets."""

import json
import random
from pathlib import Path

import pytest

from questionnaires.core import Evaluator, load_answers, load_yaml, require_orientable
from questionnaires.core.cli import run_orient

from ..reference import evaluator as reference
from .random_grids import as_text, random_answers, random_grid, written_grids

RANDOM_GRIDS, SETS_PER_RANDOM_GRID, SETS_PER_WRITTEN_GRID = 250, 40, 1_000


def compare(text: str, source: random.Random, count: int) -> int:
    """Compare `count` answer sets on one grid; the number of those that both accepted."""
    grid = require_orientable(load_yaml(text))
    evaluator, raw = Evaluator(grid), reference.read(text)
    accepted = 0
    for number in range(count):
        answers = random_answers(source, raw, hostile=number % 4 == 0)
        expected = reference.orient(raw, answers)
        parsed = load_answers(grid, json.dumps(answers))
        if expected is None:
            assert parsed.errors, answers
        else:
            assert parsed.errors == (), answers
            assert evaluator.evaluate(parsed.answers).as_json() == expected, answers
            accepted += 1
    return accepted


def test_random_grids_are_decided_as_by_the_reference():
    source = random.Random(2024)
    accepted = sum(compare(as_text(random_grid(source)), source, SETS_PER_RANDOM_GRID) for _ in range(RANDOM_GRIDS))
    assert accepted > RANDOM_GRIDS * SETS_PER_RANDOM_GRID * 0.8


@pytest.mark.parametrize("path", written_grids(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_written_grids_are_decided_as_by_the_reference(path: Path):
    assert compare(path.read_text("utf-8"), random.Random(17), SETS_PER_WRITTEN_GRID) > SETS_PER_WRITTEN_GRID * 0.7


def test_the_command_prints_what_the_reference_decides():
    source = random.Random(5)
    for _ in range(30):
        text = as_text(random_grid(source))
        raw = reference.read(text)
        answers = random_answers(source, raw, hostile=True)
        outcome = run_orient(text.encode(), "grille.yaml", json.dumps(answers).encode())
        expected = reference.orient(raw, answers)
        assert outcome.exit_code == (2 if expected is None else 0)
        content = json.loads(outcome.text)
        assert list(content) == ["errors"] if expected is None else content == expected


@pytest.mark.rule("BR-042")
def test_an_answer_to_a_hidden_question_changes_nothing():
    """No orphan answers: dropping what is hidden gives the same evaluation."""
    source = random.Random(42)
    for _ in range(300):
        text = as_text(random_grid(source))
        grid = load_yaml(text).require()
        evaluator = Evaluator(grid)
        answers = load_answers(grid, json.dumps(random_answers(source, reference.read(text)))).answers
        evaluation = evaluator.evaluate(answers)
        kept = {code: answer for code, answer in answers.items() if code in evaluation.visible}
        assert evaluator.evaluate(kept) == evaluation


@pytest.mark.rule("BR-041")
def test_recomputing_is_stable_and_independent_of_the_order_of_answers():
    source = random.Random(43)
    for _ in range(300):
        text = as_text(random_grid(source))
        grid = load_yaml(text).require()
        evaluator = Evaluator(grid)
        answers = dict(load_answers(grid, json.dumps(random_answers(source, reference.read(text)))).answers)
        first = evaluator.evaluate(answers)
        shuffled = dict(source.sample(list(answers.items()), len(answers)))
        assert evaluator.evaluate(shuffled) == first == Evaluator(grid).evaluate(answers)
        assert first.required == first.answered + len(first.remaining)
