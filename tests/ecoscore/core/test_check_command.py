"""`manage.py ecoscore_check`: what it prints and the code it leaves with, without any database."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from benchmarks.ecoscore.check import CODES, hostile_script
from ecoscore.gdsl import check
from tests.ecoscore.core.test_checker import RIGHT


def run(capsys, path, *options):
    with pytest.raises(SystemExit) as leaving:
        call_command("ecoscore_check", str(path), *options)
    return leaving.value.code, capsys.readouterr().out


def test_a_right_script_leaves_with_0(tmp_path, capsys):
    path = tmp_path / "a.testgb"
    path.write_text(RIGHT)
    assert run(capsys, path, "--final") == (0, "Aucune remarque.\n")
    assert run(capsys, path, "--json") == (0, "[]\n")


def test_errors_leave_with_1_and_are_json(tmp_path, capsys):
    path = tmp_path / "a.testgb"
    path.write_bytes(b"\xef\xbb\xbfpose,3\r\n")
    code, out = run(capsys, path, "--json")
    assert code == 1
    (first, *_) = json.loads(out)
    assert list(first) == ["line", "column", "code", "message", "suggestion"]
    assert (first["line"], first["column"], first["code"], first["suggestion"]) == (1, 1, "E001", "pause")
    code, out = run(capsys, path)
    assert out.startswith("1:1 E001 La commande «\u00a0pose\u00a0» n’existe pas. → pause\n")


def test_warnings_leave_with_0_unless_the_measure_is_final(tmp_path, capsys):
    path = tmp_path / "a.testgb"
    path.write_text("measureStart,ACTION_A\nmeasureStop\n")
    assert run(capsys, path)[0] == 0
    assert run(capsys, path, "--final")[0] == 1


def test_platform_and_private_addresses_are_options(tmp_path, capsys):
    path = tmp_path / "a.testgb"
    path.write_text("applicationStart,fr.exemple.sante\nbrowserGoToUrl,http://127.0.0.1/\n")
    assert run(capsys, path, "--platform", "android")[0] == 1
    assert run(capsys, path, "--platform", "android", "--allow-private")[0] == 0
    assert run(capsys, path, "--allow-private")[0] == 1


def test_a_file_in_another_encoding_is_a_diagnostic(tmp_path, capsys):
    path = tmp_path / "a.testgb"
    path.write_bytes("enterText,été".encode("latin-1"))
    code, out = run(capsys, path, "--json")
    assert (code, json.loads(out)[0]["code"]) == (1, "E002")


def test_a_missing_file_is_said_in_french(tmp_path):
    with pytest.raises(CommandError, match="introuvable ou illisible"):
        call_command("ecoscore_check", str(tmp_path / "b.testgb"))


def test_no_database_is_needed(tmp_path):
    path = tmp_path / "a.testgb"
    path.write_text(RIGHT)
    nowhere = {**os.environ, "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none", "SECRET_KEY": "x"}
    done = subprocess.run(
        [sys.executable, "manage.py", "ecoscore_check", str(path)],
        cwd=settings.BASE_DIR,
        env=nowhere,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "Aucune remarque.\n"), done.stderr


def test_three_thousand_wrong_lines_are_all_said():
    found = check(hostile_script())
    assert {each.code for each in found.diagnostics} >= CODES
    right = {7 + 10 * number for number in range(300)} | {8}
    assert {each.line for each in found.errors} == set(range(1, 3001)) - right
