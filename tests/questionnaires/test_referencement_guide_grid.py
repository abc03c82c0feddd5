"""The grid that ships with the platform: what it holds, and what it decides for products whose result we know."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from questionnaires.core import Evaluation, Evaluator, Grid, Nature, QuestionType, lint, load_yaml, parse_answers
from questionnaires.core.conditions import Condition, questions_named
from questionnaires.management.files import template_finder

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "grids" / "referencement-guide"
GRID_FILE = FOLDER / "2024.12.yaml"
EXAMPLES: dict[str, dict[str, Any]] = {
    example["name"]: example
    for example in yaml.safe_load((FOLDER / "2024.12.examples.yaml").read_text(encoding="utf-8"))["examples"]
}
GUIDE = "compteurs-du-guide"
GUIDE_OUTSIDE_EU = "compteurs-avec-sous-traitant-hors-ue"

SPECIFIC = (
    {"04.03", "09.02", "09.04", "QUA.1.5"}
    | {"ACC.1.1", "ACC.1.5", "ACC.1.6", "ACC.1.7"}
    | {"ETH.1.1", "ETH.1.4", "ETH.1.7", "ETH.1.8"}
    | {"DEV.1.1", "DEV.1.2", "DEV.1.4", "DEV.1.5"}
)
COMMON = {"A06.1.1", "A08.5.22", "A08.5.23"}

each_example = pytest.mark.parametrize("name", EXAMPLES)


@pytest.fixture(scope="module")
def grid() -> Grid:
    return load_yaml(GRID_FILE.read_text(encoding="utf-8")).require()


@pytest.fixture(scope="module")
def evaluator(grid: Grid) -> Evaluator:
    return Evaluator(grid)


def evaluate(evaluator: Evaluator, answers: dict[str, Any]) -> Evaluation:
    parsed = parse_answers(evaluator.grid, answers)
    assert parsed.errors == ()
    return evaluator.evaluate(parsed.answers)


def counters(evaluation: Evaluation, grid: Grid) -> dict[str, int]:
    """What the tiles count: shown criteria, or required types of evidence where documents are deposited."""
    return {
        each.code: sum(
            len(grid.criteria[code].required_evidence) if each.kind == "documents" else 1
            for code in evaluation.criteria[each.code]
        )
        for each in grid.questionnaires
    }


def conditions(grid: Grid) -> Iterator[tuple[str, Condition]]:
    if grid.exchange_when is not None:
        yield "exchange_when", grid.exchange_when
    for each in (*grid.questions.values(), *grid.criteria.values()):
        if each.visible_when is not None:
            yield each.code, each.visible_when
    for questionnaire in grid.questionnaires:
        if questionnaire.applicable_when is not None:
            yield questionnaire.code, questionnaire.applicable_when


def texts(content: object) -> Iterator[str]:
    """Every text that people read in a YAML tree: all but the codes, addresses and file names."""
    if isinstance(content, dict):
        for key, value in content.items():
            if key in ("title", "label", "help", "introduction", "objective", "text", "recommendation", "description"):
                yield value
            else:
                yield from texts(value)
    elif isinstance(content, list):
        for item in content:
            yield from texts(item)


# -- what it holds


def test_lint_finds_nothing() -> None:
    loaded = load_yaml(GRID_FILE.read_text(encoding="utf-8"))
    assert [str(finding) for finding in lint(loaded, has_template=template_finder(GRID_FILE))] == []


def test_six_questionnaires_in_the_order_of_the_tiles(grid: Grid) -> None:
    assert [(each.code, each.kind, each.core, each.inheritable) for each in grid.questionnaires] == [
        ("interoperabilite", "levels", True, True),
        ("urbanisation", "levels", True, True),
        ("maturite-securite", "levels", True, True),
        ("ethique", "compliance", False, True),
        ("rgpd", "documents", False, False),
        ("securite-echanges", "documents", False, False),
    ]


def test_enough_criteria_and_none_passes_for_official(grid: Grid) -> None:
    assert len(grid.criteria) >= 120
    assert not any(criterion.official for criterion in grid.criteria.values())


def test_every_criterion_has_substance(grid: Grid) -> None:
    for code, criterion in grid.criteria.items():
        assert criterion.objective, code
        if grid.questionnaire_of[code].kind == "levels":
            assert {"0", "1", "2", "3"} <= {level.level for level in criterion.levels}, code
            assert criterion.recommended, code
            assert criterion.recommendation, code
        else:
            assert criterion.evidence, code


def test_no_sentence_is_repeated_between_criteria(grid: Grid) -> None:
    seen: dict[str, str] = {}
    for code, criterion in grid.criteria.items():
        levels = (level.text for level in criterion.levels)
        for text in filter(None, (criterion.title, criterion.objective, criterion.recommendation, *levels)):
            assert seen.setdefault(text, code) == code, text


@pytest.mark.parametrize("file", ["2024.12.yaml", "2024.12.examples.yaml"])
def test_texts_follow_french_typography(file: str) -> None:
    content = yaml.safe_load((FOLDER / file).read_text(encoding="utf-8"))
    wrong = re.compile(r"'|[^\W\d]\"| [;:!?%»]|« |\u00a0[;!?]|\u202f:|[^\W\d][;!?]")
    assert [text for text in texts(content) if wrong.search(text)] == []


@pytest.mark.rule("A-10")
def test_the_orientation_questions_are_numbered_and_typed_as_expected(grid: Grid) -> None:
    assert list(grid.questions) == [f"Q{number}" for number in range(1, 36)]
    assert all(question.required for question in grid.questions.values())
    assert grid.questions["Q6"].type is QuestionType.SECRET
    assert grid.questions["Q33"].type is QuestionType.URL


def test_known_criteria_keep_their_ids_and_their_white_label_setting(grid: Grid) -> None:
    assert grid.criteria.keys() >= SPECIFIC | COMMON
    assert {code for code, criterion in grid.criteria.items() if criterion.specific_by_default} == SPECIFIC


def test_known_criteria_keep_their_nature(grid: Grid) -> None:
    assert grid.criteria["A06.1.1"].nature is Nature.OPTION
    assert grid.criteria["A08.5.22"].nature is Nature.OPTION
    assert grid.criteria["A08.5.23"].nature is Nature.OBLIGATION
    assert grid.criteria["A08.5.23"].acceptable == ("na", "2", "3")
    ecoscore = grid.criteria["DEV.1.1"]
    assert ecoscore.nature is Nature.OBLIGATION
    assert ecoscore.value is not None
    assert (ecoscore.value.type, ecoscore.value.unit) == ("number", "/100")


# -- what it decides


@pytest.mark.rule("A-10", "BR-041")
def test_22_questions_at_first_and_35_in_the_guide(evaluator: Evaluator) -> None:
    empty = evaluate(evaluator, {})
    assert (len(empty.visible), empty.required, empty.answered) == (22, 22, 0)
    guide = evaluate(evaluator, EXAMPLES[GUIDE]["answers"])
    assert (len(guide.visible), guide.required, guide.answered) == (35, 35, 35)


@pytest.mark.rule("BR-041")
def test_an_answer_brings_its_dependent_questions(evaluator: Evaluator) -> None:
    evaluation = evaluate(evaluator, {"Q10": "oui"})
    assert evaluation.required == 24
    assert {"Q11", "Q12"} <= set(evaluation.remaining)
    assert evaluation.because["Q11"] == ("Q10",)
    assert evaluate(evaluator, {"Q10": "non"}).required == 22


@pytest.mark.parametrize(("name", "security"), [(GUIDE, 21), (GUIDE_OUTSIDE_EU, 23)])
def test_the_counters_of_the_guide(grid: Grid, evaluator: Evaluator, name: str, security: int) -> None:
    assert counters(evaluate(evaluator, EXAMPLES[name]["answers"]), grid) == {
        "interoperabilite": 3,
        "urbanisation": 3,
        "maturite-securite": security,
        "ethique": 11,
        "rgpd": 3,
        "securite-echanges": 1,
    }


@each_example
def test_an_example_shows_exactly_its_criteria(evaluator: Evaluator, name: str) -> None:
    example = EXAMPLES[name]
    evaluation = evaluate(evaluator, example["answers"])
    assert {code: list(criteria) for code, criteria in evaluation.criteria.items()} == example["expected"]


@each_example
def test_an_example_answers_what_is_asked_and_nothing_else(evaluator: Evaluator, name: str) -> None:
    answers = EXAMPLES[name]["answers"]
    evaluation = evaluate(evaluator, answers)
    assert evaluation.is_complete
    assert list(evaluation.visible) == list(answers)


def test_every_criterion_is_reached_by_an_example(grid: Grid) -> None:
    reached = {code for example in EXAMPLES.values() for codes in example["expected"].values() for code in codes}
    assert set(grid.criteria) - reached == set()


def test_every_condition_of_a_criterion_hides_it_from_an_example(grid: Grid) -> None:
    everywhere = set.intersection(
        *({code for codes in example["expected"].values() for code in codes} for example in EXAMPLES.values())
    )
    assert [code for code in everywhere if grid.criteria[code].visible_when is not None] == []


@pytest.mark.rule("BR-045")
def test_exchanging_with_mon_espace_sante_opens_the_security_of_exchanges(evaluator: Evaluator) -> None:
    answers = EXAMPLES[GUIDE]["answers"]
    exchanging = evaluate(evaluator, answers)
    assert exchanging.exchange is True
    assert exchanging.criteria["securite-echanges"] == ("SEC.1",)
    alone = evaluate(evaluator, {**answers, "Q13": "non"})
    assert alone.exchange is False
    assert alone.applicable["securite-echanges"] is False
    assert alone.criteria["securite-echanges"] == ()


@pytest.mark.rule("A-10", "BR-045")
def test_a_service_that_only_informs_has_no_security_of_exchanges_and_q9_acts_on_nothing_else(
    grid: Grid, evaluator: Evaluator
) -> None:
    assert {code for code, condition in conditions(grid) if "Q9" in questions_named(condition)} == {"securite-echanges"}
    answers = EXAMPLES[GUIDE]["answers"]
    full, informing = evaluate(evaluator, answers), evaluate(evaluator, {**answers, "Q9": "oui"})
    assert informing.applicable["securite-echanges"] is False
    assert informing.visible == full.visible
    assert {**informing.criteria, "securite-echanges": ("SEC.1",)} == full.criteria


@pytest.mark.rule("BR-046")
def test_exchanging_with_professionals_shows_a06_1_1_and_says_why(evaluator: Evaluator) -> None:
    evaluation = evaluate(evaluator, {"Q10": "oui"})
    assert evaluation.criteria["interoperabilite"] == ("A06.1.1",)
    assert evaluation.because["A06.1.1"] == ("Q10",)
    assert evaluate(evaluator, {"Q10": "non"}).criteria["interoperabilite"] == ()


@pytest.mark.parametrize(
    ("answers", "opened"),
    [
        ({}, {"DEV.1.1", "ACC.1.1"}),
        ({"Q7": "oui"}, {"09.02", "09.04"}),
        ({"Q7": "oui", "Q21": "oui"}, {"A03.1.1"}),
        ({"Q10": "oui", "Q11": "oui"}, {"A08.5.22", "A08.5.1"}),
        ({"Q10": "oui", "Q12": "oui"}, {"A08.5.23"}),
        ({"Q15": "oui"}, {"04.03"}),
        ({"Q19": "oui"}, {"IA.1.1"}),
        ({"Q19": "oui", "Q20": "oui"}, {"ACC.1.6", "IA.1.2", "IA.1.3"}),
        ({"Q21": "oui"}, {"ETH.1.1", "RGPD.1"}),
        ({"Q21": "oui", "Q22": ["sous-traitants-ue"]}, {"ETH.1.7"}),
        ({"Q28": "oui"}, {"QUA.1.1", "QUA.1.2"}),
        ({"Q28": "oui", "Q29": "oui"}, {"QUA.1.5"}),
        ({"Q30": "oui"}, {"ETH.1.4"}),
        ({"Q34": "oui"}, {"ACC.1.5", "ACC.1.7"}),
    ],
)
def test_an_answer_opens_its_criteria(evaluator: Evaluator, answers: dict[str, Any], opened: set[str]) -> None:
    def shown(given: dict[str, Any]) -> set[str]:
        return {code for codes in evaluate(evaluator, given).criteria.values() for code in codes}

    assert shown(answers) >= opened
    if answers:
        assert shown(dict(list(answers.items())[:-1])).isdisjoint(opened)
