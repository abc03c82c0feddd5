"""The commands: exact output, exit codes, no database."""

import json
import shutil
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from questionnaires.core import load_yaml, write_xlsx

from . import builders as b
from .random_grids import SAMPLE


def run(*arguments: object) -> tuple[int, str]:
    """Exit code and standard output. These tests have no database fixture: pytest-django forbids any connection."""
    output = StringIO()
    with pytest.raises(SystemExit) as stop:
        call_command(*map(str, arguments), stdout=output)
    return int(stop.value.code or 0), output.getvalue()


def write(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def test_lint_of_a_good_grid():
    assert run("grid_lint", SAMPLE) == (0, "Aucune anomalie.\n")
    assert run("grid_lint", SAMPLE, "--json") == (0, '{\n  "findings": []\n}\n')


def test_lint_exits_with_1_on_an_error_and_0_on_a_warning(tmp_path):
    bad = write(tmp_path / "bad.yaml", b.grid(b.boolean("Q1", visible_when={"answered": "Q9"})))
    code, text = run("grid_lint", bad, "--json")
    (finding,) = json.loads(text)["findings"]
    assert (code, finding["code"], finding["severity"]) == (1, "G001", "error")
    assert finding["place"].startswith("orientation.sections[0].questions[0].visible_when.answered (ligne ")
    code, text = run("grid_lint", bad)
    assert text.endswith("1 erreur, 0 avertissement.\n")
    always = {"any": [{"answered": "Q1"}, {"not": {"answered": "Q1"}}]}
    warned = write(tmp_path / "warned.yaml", b.grid(b.boolean("Q1"), b.boolean("Q2", visible_when=always)))
    code, text = run("grid_lint", warned)
    assert code == 0
    assert "G006 avertissement" in text


def test_lint_finds_templates_beside_the_grid(tmp_path):
    evidence = {"code": "e", "label": "E", "template": "modeles/m.docx"}
    criterion = b.conformity("C", evidence=[evidence])
    content = b.grid(b.boolean("Q1"), questionnaires=[b.questionnaire("q", criterion, kind="documents")])
    grid = write(tmp_path / "grille.yaml", content)
    assert run("grid_lint", grid)[0] == 1
    (tmp_path / "modeles").mkdir()
    write(tmp_path / "modeles" / "m.docx", "x")
    assert run("grid_lint", grid)[0] == 0


def test_orient_prints_the_decision_and_nothing_else(tmp_path):
    answers = write(tmp_path / "a.json", {"Q1": "oui"})
    code, text = run("grid_orient", SAMPLE, "--answers", answers)
    content = json.loads(text)
    assert code == 0
    assert list(content) == ["questions", "questionnaires", "because"]
    assert content["because"]["Q2"] == ["Q1"]


def test_orient_reads_excel_as_yaml(tmp_path):
    workbook = tmp_path / "grille.xlsx"
    workbook.write_bytes(write_xlsx(load_yaml(SAMPLE.read_text("utf-8")).require()))
    answers = write(tmp_path / "a.json", {"Q1": "oui", "Q3": ["documents"]})
    assert run("grid_orient", workbook, "--answers", answers) == run("grid_orient", SAMPLE, "--answers", answers)
    assert run("grid_lint", workbook) == (0, "Aucune anomalie.\n")


@pytest.mark.parametrize(
    ("grid", "answers", "codes"),
    [
        (None, {"Q1": True, "Q99": 1}, ["wrong_type", "unknown_question"]),
        (None, '{"\\ud800": 1, "Q4": "\\ud800"}', ["unknown_question"]),
        (None, "[]", ["not_an_object"]),
        (None, "{", ["invalid_json"]),
        ("a: [", {}, ["G013"]),
        (
            b.grid(b.boolean("Q1", visible_when={"answered": "Q1"}), b.multiple("Q3", exclusive="x"), b.boolean("Q3")),
            {},
            ["G002", "G012", "G003"],
        ),
    ],
)
def test_orient_refuses_with_every_error_and_exit_code_2(tmp_path, grid, answers, codes):
    path = SAMPLE if grid is None else write(tmp_path / "g.yaml", grid)
    code, text = run("grid_orient", path, "--answers", write(tmp_path / "a.json", answers))
    content = json.loads(text)
    assert (code, list(content)) == (2, ["errors"])
    assert [error["code"] for error in content["errors"]] == codes
    assert all(set(error) == {"code", "place", "message"} for error in content["errors"])


def test_orient_works_with_findings_that_do_not_change_its_meaning(tmp_path):
    never = {"all": [{"equals": ["Q1", "oui"]}, {"equals": ["Q1", "non"]}]}
    content = b.grid(
        b.boolean("Q1"), questionnaires=[b.questionnaire("q", b.levels("C", nature="obligation", visible_when=never))]
    )
    grid = write(tmp_path / "g.yaml", content)
    assert run("grid_lint", grid)[0] == 1
    assert run("grid_orient", grid, "--answers", write(tmp_path / "a.json", {}))[0] == 0


def test_orient_says_in_json_that_a_file_is_missing(tmp_path):
    code, text = run("grid_orient", tmp_path / "absent.yaml", "--answers", tmp_path / "absent.json")
    assert (code, json.loads(text)["errors"][0]["code"]) == (2, "unreadable_file")


def test_lint_says_that_a_file_is_missing(tmp_path):
    with pytest.raises(CommandError, match="introuvable"):
        call_command("grid_lint", str(tmp_path / "absent.yaml"))


def test_diff(tmp_path):
    copy = shutil.copy(SAMPLE, tmp_path / "b.yaml")
    assert run("grid_diff", SAMPLE, copy) == (0, "Aucune différence.\n")
    write(tmp_path / "b.yaml", SAMPLE.read_text("utf-8").replace('version: "1.0"', 'version: "1.1"'))
    assert run("grid_diff", SAMPLE, copy) == (0, "~ grille essai «\u00a0Grille d’essai\u00a0»\u00a0: version\n")
    write(tmp_path / "b.yaml", "a: [")
    assert run("grid_diff", SAMPLE, copy)[0] == 2
