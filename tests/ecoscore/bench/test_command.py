"""`manage.py ecoscore_measure`: what it prints and when it refuses. The bench is the deterministic one."""

import json
from functools import partial

import pytest
from django.core.management import CommandError, call_command

from ecoscore.bench.driver import BenchError
from ecoscore.bench.runner import measure
from tests.ecoscore.bench.fake import FakeBench, fail
from tests.ecoscore.bench.test_runner import SCRIPT

COMMAND = "ecoscore.management.commands.ecoscore_measure.measure"


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "essai.testgb"
    path.write_text(SCRIPT, encoding="utf-8")
    return path


@pytest.fixture
def put(monkeypatch):
    """`put(bench)`: the command measures on it, by its clock."""
    return lambda bench: monkeypatch.setattr(COMMAND, partial(measure, bench=bench, clock=bench.clock))


@pytest.mark.rule("BR-079")
def test_it_prints_the_figures_of_each_step_then_scores_and_impacts(script, put, capsys):
    put(FakeBench())
    call_command("ecoscore_measure", script, runs=3)
    printed = capsys.readouterr().out
    for expected in (
        "bytes_down",
        "cpu_ms",
        "Exécution 3",
        "CHRGT_ACCUEIL",
        "Écoscore : ",
        "Gaz à effet de serre : ",
        "Adresse refusée : 10.0.0.1:80",
    ):
        assert expected in printed
    assert "Ne peut pas être une mesure finale" not in printed


def test_json_holds_every_column_scores_and_impacts(script, put, capsys):
    put(FakeBench())
    call_command("ecoscore_measure", script, runs=1, json=True)
    found = json.loads(capsys.readouterr().out)
    step = found["runs"][0]["steps"][1]
    assert step["name"] == "CHRGT_ACCUEIL"
    assert (step["bytes_down"], step["bytes_up"], step["requests"], step["cpu_ms"]) == (10_000, 500, 4, 211.0)
    assert {"response_ms", "duration_ms", "is_quiet"} <= step.keys()
    assert 0 <= found["scores"]["ecoscore"] <= 100
    assert float(found["impacts"]["co2"]["value"]) > 0
    (reason,) = found["refused_as_final"]
    assert reason.startswith("Une mesure finale demande 3 exécutions valides")
    assert found["bench"]["pause_ms"] == 5000


def test_a_failed_run_is_said_and_the_command_fails(script, put, capsys):
    put(FakeBench(fail("wait", "Absent.")))
    with pytest.raises(SystemExit) as ended:
        call_command("ecoscore_measure", script, runs=3)
    assert ended.value.code == 1
    assert "Échec : ligne 1 : Absent." in capsys.readouterr().out


def test_a_script_with_errors_is_not_measured(tmp_path, capsys):
    path = tmp_path / "faux.testgb"
    path.write_text("browserGoToUrl,http://127.0.0.1/\nmesureStart,X\n", encoding="utf-8")
    with pytest.raises(CommandError, match="rien n’a été mesuré"):
        call_command("ecoscore_measure", path)
    said = capsys.readouterr().err
    assert "1:16 E009" in said
    assert "2:1 E001" in said


def test_a_bench_that_cannot_measure_says_why(script, monkeypatch):
    def refuse(*_, **__):
        raise BenchError("no_browser", "Chromium n’est pas installé sur cette machine.")

    monkeypatch.setattr(COMMAND, refuse)
    with pytest.raises(CommandError, match="Chromium n’est pas installé"):
        call_command("ecoscore_measure", script)
