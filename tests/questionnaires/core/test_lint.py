"""One good and one bad grid for each code of the lint."""

import pytest

from questionnaires.core import Severity, lint, load_yaml
from questionnaires.core.reachability import find_unreachable

from . import builders as b
from .random_grids import SAMPLE

YES = {"equals": ["Q1", "oui"]}
NO = {"equals": ["Q1", "non"]}


def with_criterion(criterion: dict, *, kind: str = "levels") -> dict:
    return b.grid(b.boolean("Q1"), questionnaires=[b.questionnaire("q", criterion, kind=kind)])


def with_condition(condition: dict, *questions: dict, **fields: object) -> dict:
    """A grid whose only criterion has the condition."""
    criterion = b.levels("C", visible_when=condition)
    return b.grid(
        *(questions or (b.boolean("Q1"), b.multiple("Q3"))), questionnaires=[b.questionnaire("q", criterion, **fields)]
    )


EVIDENCE = {"code": "e", "label": "Preuve"}
GOOD = {
    "G001": b.grid(b.boolean("Q2", visible_when=YES), b.boolean("Q1")),
    "G002": b.grid(b.boolean("Q1"), questionnaires=[b.questionnaire("q", b.levels("s"))]),
    "G003": b.grid(
        b.boolean("Q1"), b.boolean("Q2", visible_when=YES), b.boolean("Q3", visible_when={"equals": ["Q2", "oui"]})
    ),
    "G004": with_condition({"all": [YES, {"not": {"contains": ["Q3", "aucune"]}}]}),
    "G005": with_condition(
        {"all": [YES, {"equals": ["Q2", "non"]}]},
        b.boolean("Q1"),
        b.boolean("Q2", visible_when=YES),
        applicable_when=YES,
    ),
    "G006": with_condition({"all": []}),
    "G007": with_condition({"in": ["Q5", [1, 2.5]]}, {"code": "Q5", "label": "Combien ?", "type": "number"}),
    "G008": with_criterion(b.levels("C", nature="obligation", acceptable=["2", "3"], recommended="3")),
    "G009": with_criterion(b.levels("C", levels=[{"level": each, "text": each} for each in ("na", "0", "2")])),
    "G010": with_criterion(b.conformity("C", nature="option"), kind="compliance"),
    "G011": with_criterion(b.conformity("C", evidence=[{**EVIDENCE, "template": "m/ok.docx"}]), kind="documents"),
    "G012": b.grid(b.multiple("Q3", exclusive="aucune")),
    "G013": b.grid(b.boolean("Q1")),
}
BAD = {
    "G001-question": ("G001", b.grid(b.boolean("Q1", visible_when={"equals": ["Q9", "oui"]}))),
    "G001-choice": ("G001", b.grid(b.boolean("Q1"), b.boolean("Q2", visible_when={"equals": ["Q1", "true"]}))),
    "G001-criterion": ("G001", with_condition({"answered": "q"})),
    "G001-exchange": ("G001", b.grid(b.boolean("Q1"), exchange_when={"equals": ["Q13", "oui"]})),
    "G002-question": ("G002", b.grid(b.boolean("Q1"), b.boolean("Q1"))),
    "G002-criterion": ("G002", b.grid(b.boolean("Q1"), questionnaires=[b.questionnaire("q", b.levels("Q1"))])),
    "G002-questionnaire": ("G002", b.grid(b.boolean("q"), questionnaires=[b.questionnaire("q")])),
    "G002-choice": ("G002", b.grid(b.multiple("Q3", choices=[*b.CHOICES, b.CHOICES[0]]))),
    "G003-self": ("G003", b.grid(b.boolean("Q1", visible_when=YES))),
    "G003-long": (
        "G003",
        b.grid(
            b.boolean("Q1", visible_when={"answered": "Q2"}), b.boolean("Q2", visible_when={"not": {"answered": "Q1"}})
        ),
    ),
    "G004-values": ("G004", with_condition({"all": [YES, NO]})),
    "G004-exclusive": (
        "G004",
        with_condition({"all": [{"contains": ["Q3", "aucune"]}, {"contains": ["Q3", "agenda"]}]}),
    ),
    "G004-never": ("G004", with_condition({"any": []})),
    "G004-no-box": (
        "G004",
        with_condition(
            {"all": [{"answered": "Q3"}, *({"not": {"contains": ["Q3", each["code"]]}} for each in b.CHOICES)]}
        ),
    ),
    "G004-numbers": (
        "G004",
        with_condition(
            {"all": [{"less_than": ["Q5", 1]}, {"greater_than": ["Q5", 1]}]},
            {"code": "Q5", "label": "Combien ?", "type": "number"},
        ),
    ),
    "G004-days": (
        "G004",
        with_condition(
            {"all": [{"greater_than": ["Q5", "2024-02-28"]}, {"less_than": ["Q5", "2024-02-29"]}]},
            {"code": "Q5", "label": "Quand ?", "type": "date"},
        ),
    ),
    "G005-visibility": (
        "G005",
        with_condition({"all": [NO, {"answered": "Q2"}]}, b.boolean("Q1"), b.boolean("Q2", visible_when=YES)),
    ),
    "G005-chain": (
        "G005",
        with_condition(
            {"all": [NO, {"answered": "Q3"}]},
            b.boolean("Q1"),
            b.boolean("Q2", visible_when=YES),
            b.boolean("Q3", visible_when={"answered": "Q2"}),
        ),
    ),
    "G005-applicable": ("G005", with_condition(NO, applicable_when=YES)),
    "G006-answered": ("G006", with_condition({"any": [{"answered": "Q1"}, {"not": {"answered": "Q1"}}]})),
    "G006-nested": ("G006", with_condition({"all": [{"not": {"any": []}}]})),
    "G006-hidden": (
        "G006",
        with_condition({"any": [YES, {"not": {"answered": "Q2"}}]}, b.boolean("Q1"), b.boolean("Q2", visible_when=YES)),
    ),
    "G007-operator": ("G007", with_condition({"contains": ["Q1", "oui"]})),
    "G007-text": ("G007", with_condition({"equals": ["Q5", "x"]}, {"code": "Q5", "label": "Nom ?", "type": "text"})),
    "G007-number": (
        "G007",
        with_condition({"equals": ["Q5", "1_0"]}, {"code": "Q5", "label": "Combien ?", "type": "number"}),
    ),
    "G007-date": (
        "G007",
        with_condition({"less_than": ["Q5", "2024-13-01"]}, {"code": "Q5", "label": "Quand ?", "type": "date"}),
    ),
    "G008-none": ("G008", with_criterion(b.levels("C", nature="obligation"))),
    "G008-not-offered": ("G008", with_criterion(b.levels("C", nature="obligation", acceptable=["na", "2"]))),
    "G008-recommended": ("G008", with_criterion(b.levels("C", recommended="na"))),
    "G009-order": (
        "G009",
        with_criterion(b.levels("C", levels=[{"level": each, "text": each} for each in ("1", "0")])),
    ),
    "G009-repeated": (
        "G009",
        with_criterion(b.levels("C", levels=[{"level": each, "text": each} for each in ("1", "1")])),
    ),
    "G010-compliance": ("G010", with_criterion(b.conformity("C"), kind="compliance")),
    "G010-documents": ("G010", with_criterion(b.conformity("C", nature="option"), kind="documents")),
    "G010-formats": (
        "G010",
        with_criterion(b.conformity("C", evidence=[{**EVIDENCE, "formats": []}]), kind="documents"),
    ),
    "G011": ("G011", with_criterion(b.conformity("C", evidence=[{**EVIDENCE, "template": "../x"}]), kind="documents")),
    "G012": ("G012", b.grid(b.multiple("Q3", exclusive="rien"))),
    "G013": ("G013", b.grid(b.boolean("Q1", colour="bleu"))),
}


@pytest.mark.parametrize("code", GOOD)
def test_a_good_grid_has_no_finding(code):
    assert lint(load_yaml(b.text(GOOD[code])), has_template=lambda template: template == "m/ok.docx") == ()


@pytest.mark.parametrize("name", BAD)
def test_a_bad_grid_has_its_finding_and_no_other(name):
    code, content = BAD[name]
    found = b.findings(content)
    assert {finding.code for finding in found} == {code}
    for finding in found:
        assert finding.severity is (Severity.WARNING if code == "G006" else Severity.ERROR)
        assert "ligne" in finding.place
        assert finding.message.endswith(".")


def test_every_code_has_a_good_and_a_bad_grid():
    codes = {f"G{number:03}" for number in range(1, 14)}
    assert set(GOOD) == {code for code, _ in BAD.values()} == codes


@pytest.mark.parametrize(
    ("kind", "criterion", "fields"),
    [
        ("levels", b.levels("C", acceptable=["1"], value={"type": "number", "label": "x"}), {"acceptable", "value"}),
        ("compliance", b.levels("C", acceptable=["1"], recommended="1"), {"levels", "acceptable", "recommended"}),
        ("documents", b.conformity("C", evidence=[EVIDENCE], value={"type": "number", "label": "x"}), {"value"}),
    ],
)
def test_what_is_written_where_it_means_nothing_is_a_warning(kind, criterion, fields):
    found = b.findings(with_criterion(criterion, kind=kind))
    assert {finding.path.rpartition(".")[2] for finding in found} == fields
    assert {(finding.code, finding.severity) for finding in found} == {("G013", Severity.WARNING)}


def test_the_cycle_is_shown():
    (finding,) = b.findings(BAD["G003-long"][1])
    assert "Q1 → Q2 → Q1" in finding.message


def test_the_contradiction_is_shown_without_what_it_does_not_need():
    (finding,) = b.findings(with_condition({"all": [{"answered": "Q3"}, {"all": [YES, NO]}]}))
    assert finding.message.endswith("Q1 = oui et Q1 = non.")
    (finding,) = b.findings(BAD["G005-chain"][1])
    assert "Q3 n’est posée que si Q2 est répondue" in finding.message
    assert "Q2 n’est posée que si Q1 = oui" in finding.message


def test_a_search_that_gives_up_says_so():
    grid = load_yaml(b.text(BAD["G004-values"][1])).require()
    (finding,) = find_unreachable(grid, max_steps=0)
    assert finding.severity is Severity.WARNING
    assert "Non démontré" in finding.message


def test_a_long_chain_of_visibility_is_judged():
    """Each link names the previous question twice: naive recursion would double at every link."""
    length = 30
    chain = [b.boolean("Q0")]
    for number in range(1, length):
        previous = f"Q{number - 1}"
        either = {"any": [{"equals": [previous, "oui"]}, {"in": [previous, ["oui"]]}]}
        chain.append(b.boolean(f"Q{number}", visible_when=either))
    never = {"all": [{"answered": f"Q{length - 1}"}, {"equals": ["Q0", "non"]}]}
    found = b.findings(b.grid(*chain, questionnaires=[b.questionnaire("q", b.levels("C", visible_when=never))]))
    criterion = [finding for finding in found if "criteria" in finding.path]
    assert [finding.code for finding in criterion] == ["G005"]


def test_the_sample_grid_has_no_finding():
    assert lint(load_yaml(SAMPLE.read_text("utf-8"))) == ()
