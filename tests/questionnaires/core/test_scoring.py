"""What an answer to a criterion is worth, and how it is counted."""

from decimal import Decimal

import pytest

from questionnaires.core import (
    Compliance,
    CriterionAnswer,
    Kind,
    Progress,
    anchor,
    is_below_recommended,
    is_questionnaire_reached,
    is_reached,
    missing,
    missing_core,
    orientation_progress,
    parse_criterion_answer,
    questionnaire_progress,
)

from . import builders as b

CONFORME = CriterionAnswer(compliance=Compliance.CONFORME)
NON_CONFORME = CriterionAnswer(compliance=Compliance.NON_CONFORME)


def criterion_of(content: dict, kind: str = "levels"):
    return b.load(b.grid(b.boolean("Q1"), questionnaires=[b.questionnaire("q", content, kind=kind)])).criteria["C"]


def obligation(**fields: object) -> dict:
    offered = [{"level": level, "text": level} for level in ("na", "0", "1", "2", "3")]
    return b.levels("C", nature="obligation", levels=offered, acceptable=["na", "2", "3"], **fields)


ETHICS = b.conformity(
    "C", evidence=[{"code": "charte", "label": "Charte"}, {"code": "annexe", "label": "A", "required": False}]
)
ECOSCORE = b.conformity("C", value={"type": "number", "label": "Écoscore", "unit": "/100"})
RGPD = b.conformity("C", evidence=[{"code": code, "label": code} for code in ("questionnaire", "cgu", "aipd")])


@pytest.mark.rule("BR-060")
@pytest.mark.parametrize(("level", "reached"), [("na", True), ("0", False), ("1", False), ("2", True), ("3", True)])
def test_an_obligation_is_reached_at_its_acceptable_levels(level, reached):
    answer, errors = parse_criterion_answer(criterion_of(obligation()), Kind.LEVELS, {"level": level})
    assert errors == ()
    assert answer == CriterionAnswer(level=level)
    assert is_reached(criterion_of(obligation()), Kind.LEVELS, answer) is reached


@pytest.mark.rule("BR-061")
@pytest.mark.parametrize("level", ["0", "1", "2", "3"])
def test_an_option_is_reached_at_any_level(level):
    assert is_reached(criterion_of(b.levels("C")), Kind.LEVELS, CriterionAnswer(level=level))


@pytest.mark.rule("BR-062")
def test_a_questionnaire_is_reached_when_every_shown_obligation_is():
    hidden = {**obligation(), "code": "H", "visible_when": {"equals": ["Q1", "oui"]}}
    grid = b.load(b.grid(b.boolean("Q1"), questionnaires=[b.questionnaire("q", obligation(), hidden, b.levels("O"))]))
    shown, more = b.evaluate(grid, {"Q1": "non"}), b.evaluate(grid, {"Q1": "oui"})
    answers = {"C": CriterionAnswer(level="2"), "O": CriterionAnswer(level="0")}
    assert is_questionnaire_reached(grid, shown, "q", answers)
    assert not is_questionnaire_reached(grid, more, "q", answers)
    assert not is_questionnaire_reached(grid, shown, "q", {**answers, "C": CriterionAnswer(level="1")})
    assert not is_questionnaire_reached(grid, shown, "q", {})


@pytest.mark.rule("BR-063")
def test_a_level_that_is_not_offered_is_refused():
    answer, (error,) = parse_criterion_answer(criterion_of(b.levels("C")), Kind.LEVELS, {"level": "na"})
    assert (error.code, error.place, answer.level) == ("level_not_offered", "C.level", None)


@pytest.mark.parametrize(
    ("content", "kind", "raw", "codes"),
    [
        (b.levels("C"), "levels", {"compliance": "conforme"}, ["unknown_key"]),
        (b.levels("C"), "levels", {"level": 2}, ["level_not_offered"]),
        (ETHICS, "compliance", {"compliance": "peut-être", "level": "2"}, ["unknown_key", "unknown_choice"]),
        (ECOSCORE, "compliance", {"number": "beaucoup"}, ["wrong_type"]),
    ],
)
def test_answers_that_do_not_fit_a_criterion_are_refused(content, kind, raw, codes):
    _, errors = parse_criterion_answer(criterion_of(content, kind), Kind(kind), raw)
    assert [error.code for error in errors] == codes


@pytest.mark.rule("BR-070", "A-12")
def test_conforme_needs_every_required_evidence():
    criterion = criterion_of(ETHICS, "compliance")
    (lacking,) = missing(criterion, Kind.COMPLIANCE, CONFORME)
    assert (lacking.evidence, lacking.anchor) == ("charte", anchor("C", "evidence", "charte"))
    assert not is_reached(criterion, Kind.COMPLIANCE, CONFORME)
    with_charter, _ = parse_criterion_answer(criterion, Kind.COMPLIANCE, {"compliance": "conforme"}, ["charte"])
    assert missing(criterion, Kind.COMPLIANCE, with_charter) == ()
    assert is_reached(criterion, Kind.COMPLIANCE, with_charter)


@pytest.mark.rule("BR-071")
def test_non_conforme_needs_no_evidence_and_is_not_reached():
    criterion = criterion_of(ETHICS, "compliance")
    assert missing(criterion, Kind.COMPLIANCE, NON_CONFORME) == ()
    assert not is_reached(criterion, Kind.COMPLIANCE, NON_CONFORME)


@pytest.mark.rule("BR-079")
def test_the_ecoscore_is_needed_and_has_no_threshold():
    criterion = criterion_of(ECOSCORE, "compliance")
    assert [each.part for each in missing(criterion, Kind.COMPLIANCE, CONFORME)] == ["value"]
    assert not is_reached(criterion, Kind.COMPLIANCE, CONFORME)
    for score in (0, 0.5, 100):
        answer, errors = parse_criterion_answer(criterion, Kind.COMPLIANCE, {"compliance": "conforme", "number": score})
        assert errors == ()
        assert answer.value == Decimal(str(score))
        assert is_reached(criterion, Kind.COMPLIANCE, answer)


@pytest.mark.rule("BR-075", "A-12")
def test_documents_count_required_evidence_types():
    grid = b.load(b.grid(b.boolean("Q1"), questionnaires=[b.questionnaire("rgpd", RGPD, kind="documents")]))
    evaluation = b.evaluate(grid, {})
    two = {"C": CriterionAnswer(evidence=frozenset({"cgu", "aipd"}))}
    progress = questionnaire_progress(grid, evaluation, "rgpd", two)
    assert (str(progress), progress.percent) == ("2/3", 66)
    assert [(each.label, each.anchor) for each in progress.remaining] == [
        ("questionnaire", "field-C-evidence-questionnaire")
    ]
    assert not is_questionnaire_reached(grid, evaluation, "rgpd", two)
    three = {"C": CriterionAnswer(evidence=frozenset({"cgu", "aipd", "questionnaire"}))}
    assert questionnaire_progress(grid, evaluation, "rgpd", three).is_complete
    assert is_questionnaire_reached(grid, evaluation, "rgpd", three)


@pytest.mark.rule("BR-021")
@pytest.mark.parametrize(
    ("answered", "total", "percent"), [(0, 3, 0), (1, 3, 33), (2, 3, 66), (3, 3, 100), (199, 200, 99), (0, 0, 100)]
)
def test_percentages_are_rounded_down(answered, total, percent):
    assert Progress(answered, total).percent == percent


@pytest.mark.rule("BR-021")
def test_remaining_questions_are_listed_with_their_anchor():
    grid = b.load(b.grid(b.boolean("Q1"), b.boolean("Q2"), b.boolean("Q3", required=False)))
    progress = orientation_progress(grid, b.evaluate(grid, {"Q1": "oui"}))
    assert (str(progress), progress.percent, progress.is_complete) == ("1/2", 50, False)
    assert [(each.code, each.label, each.anchor) for each in progress.remaining] == [
        ("Q2", "Question Q2 ?", "field-Q2")
    ]


@pytest.mark.rule("BR-051")
def test_tile_and_form_count_with_the_same_function():
    """`answered`, `total` and what remains always add up, whatever is answered."""
    ethics = [{**ETHICS, "code": f"E{n}", "visible_when": {"equals": ["Q1", "oui"]}} for n in range(3)]
    grid = b.load(b.grid(b.boolean("Q1"), questionnaires=[b.questionnaire("q", *ethics, kind="compliance")]))
    evaluation = b.evaluate(grid, {"Q1": "oui"})
    for done in range(4):
        answers = {f"E{n}": NON_CONFORME for n in range(done)}
        progress = questionnaire_progress(grid, evaluation, "q", answers)
        assert (progress.answered, progress.total) == (done, 3)
        assert progress.answered + len(progress.remaining) == progress.total
    assert str(questionnaire_progress(grid, b.evaluate(grid, {"Q1": "non"}), "q", {})) == "0/0"


@pytest.mark.rule("A-12")
def test_core_questionnaires_with_nothing_to_answer_do_not_forbid_a_dossier():
    conditional = b.questionnaire("vide", b.levels("V", visible_when={"equals": ["Q1", "oui"]}), core=True)
    content = b.grid(
        b.boolean("Q1"),
        questionnaires=[
            b.questionnaire("q", b.levels("C"), core=True),
            conditional,
            b.questionnaire("libre", b.levels("L")),
        ],
    )
    grid = b.load(content)
    assert missing_core(grid, b.evaluate(grid, {"Q1": "non"}), []) == ("q",)
    assert missing_core(grid, b.evaluate(grid, {"Q1": "oui"}), ["q"]) == ("vide",)
    assert missing_core(grid, b.evaluate(grid, {"Q1": "non"}), ["q"]) == ()


def test_the_recommendation_is_shown_below_its_level_only():
    criterion = criterion_of(obligation(recommended="2", recommendation="Faites mieux."))
    below = [
        level
        for level in ("na", "0", "1", "2", "3", None)
        if is_below_recommended(criterion, CriterionAnswer(level=level))
    ]
    assert below == ["0", "1"]
