"""Reading a grid: scalars stay what was written, and everything wrong is said at once, with its place."""

import random

import pytest

from questionnaires.core import Question, QuestionType, canonical, load_plain, load_yaml, to_yaml

from . import builders as b
from .random_grids import SAMPLE, as_text, random_grid, written_grids


def messages(content: str) -> list[tuple[str, str]]:
    return [(finding.code, finding.place) for finding in load_yaml(content).findings]


def test_scalars_stay_what_was_written():
    text = b.text(b.grid(b.boolean("X")))
    content = (
        text.replace('"X"', "04.03")
        .replace('"Question X ?"', "no")
        .replace('"1"', "1_0")
        .replace("2024-12-17", "2024-02-29")
    )
    grid = load_yaml(content).require()
    assert grid.questions == {"04.03": Question(code="04.03", label="no", type=QuestionType.BOOLEAN)}
    assert grid.version == "1_0"
    assert grid.effective_on.isoformat() == "2024-02-29"


def test_a_duplicate_key_is_refused_with_its_line():
    content = "schema: 1\ntitle: Une\ntitle: Deux\n"
    assert ("G013", "title (ligne 3)") in messages(content)


def test_every_schema_error_is_found_at_once():
    bad = b.boolean("Q1", type="boolan", extra="x", visible_when={"equal": ["Q2", "oui"]}, required="peut-être")
    found = messages(b.text(b.grid(bad, effective_on="17/12/2024", schema=2)))
    assert {place.split(" (")[0] for _, place in found} == {
        "schema",
        "effective_on",
        "orientation.sections[0].questions[0].extra",
        "orientation.sections[0].questions[0].type",
        "orientation.sections[0].questions[0].required",
        "orientation.sections[0].questions[0].visible_when.equal",
    }
    assert {code for code, _ in found} == {"G013"}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[",
        "- une liste",
        "a: !!python/object/apply:os.system [ls]",
        "? [a]\n: b",
        "a: &x [*x]",
        "[" * 3000 + "]" * 3000,
        "a: \u0007",
        "une: phrase: mal: écrite",
        "--- {}\n--- {}",
    ],
)
def test_unreadable_files_are_refused_not_raised(content):
    loaded = load_yaml(content)
    assert loaded.grid is None
    assert {finding.code for finding in loaded.findings} == {"G013"}


def test_aliases_that_multiply_are_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert load_yaml("\n".join(lines)).grid is None


@pytest.mark.parametrize(
    "condition",
    [
        {"equals": ["Q1"]},
        {"equals": "Q1"},
        {"in": ["Q1", "oui"]},
        {"all": {"equals": ["Q1", "oui"]}},
        {"equals": ["Q1", "oui"], "answered": "Q1"},
        {},
        "Q1",
        {"sometimes": []},
        {"not": []},
    ],
)
def test_anything_but_a_condition_is_refused(condition):
    assert set(b.codes(b.grid(b.boolean("Q1"), b.boolean("Q2", visible_when=condition)))) == {"G013"}


@pytest.mark.parametrize(
    ("kind", "criterion"),
    [
        ("levels", b.levels("C", levels=[])),
        ("levels", b.levels("C", levels=[{"level": "4", "text": "x"}])),
        ("compliance", b.conformity("C", evidence=[{"code": "e", "label": "E", "formats": ["exe"]}])),
        ("compliance", b.conformity("C", evidence=[{"code": "e", "label": "E", "max_size_mb": "0"}])),
    ],
)
def test_fields_that_do_not_fit_the_kind_are_refused(kind, criterion):
    assert set(b.codes(b.grid(b.boolean("Q1"), questionnaires=[b.questionnaire("q", criterion, kind=kind)]))) == {
        "G013"
    }


def test_an_endless_orientation_is_refused():
    assert load_yaml(b.text(b.grid(*(b.boolean(f"Q{n}") for n in range(300))))).grid is not None
    assert b.codes(b.grid(*(b.boolean(f"Q{n}") for n in range(301)))) == ["G013"]


def test_defaults():
    grid = b.load(
        b.grid(
            b.boolean("Q1"),
            questionnaires=[
                b.questionnaire("q", b.conformity("C", evidence=[{"code": "e", "label": "E"}]), kind="compliance")
            ],
        )
    )
    (evidence,) = grid.criteria["C"].evidence
    assert (evidence.required, evidence.single_deposit, evidence.encrypted) == (True, False, False)
    assert (evidence.max_size_mb, evidence.max_age_days) == (50, None)
    assert evidence.formats == ("pdf", "docx", "xlsx", "odt", "ods", "png", "jpg", "zip")
    assert grid.questions["Q1"].required
    assert not grid.questionnaire("q").core


def test_an_optional_field_left_null_is_absent():
    content = b.text(b.grid(b.boolean("Q1", help="AIDE"))).replace('"AIDE"', "~")
    assert load_yaml(content).require().questions["Q1"].help == ""


@pytest.mark.parametrize("path", written_grids(), ids=lambda path: path.stem)
def test_written_grids_survive_their_canonical_form(path):
    grid = load_yaml(path.read_text("utf-8")).require()
    assert load_plain(canonical(grid)).require() == grid
    assert load_yaml(to_yaml(grid)).require() == grid
    assert canonical(load_yaml(to_yaml(grid)).require()) == canonical(grid)


def test_random_grids_survive_their_yaml():
    source = random.Random(3)
    for _ in range(60):
        grid = load_yaml(as_text(random_grid(source))).require()
        assert load_yaml(to_yaml(grid)).require() == grid


def test_places_name_the_line_of_the_file():
    content = SAMPLE.read_text("utf-8").replace("kind: levels", "kind: niveaux")
    line = content[: content.index("kind: niveaux")].count("\n") + 1
    assert messages(content)[0] == ("G013", f"questionnaires[0].kind (ligne {line})")


HOSTILE = [
    "=1",
    "04.03",
    "no",
    "~",
    "null",
    "1_0",
    "  x ",
    "a\nb",
    "a: b",
    "# x",
    "- x",
    "'",
    '"',
    "{x}",
    "é\u202f!",
    "x\ty",
    "\ufeffx",
    "😀",
]


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_texts_survive_yaml(label):
    grid = b.load(b.grid(b.boolean("Q1", label=label, help=label)))
    assert grid.questions["Q1"].label == label.strip()
    assert load_yaml(to_yaml(grid)).require() == grid
