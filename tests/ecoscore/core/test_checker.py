"""GDSL: every diagnostic, where it stands and what it proposes; and the plan of a script that is right."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecoscore.gdsl import COMMANDS, Instruction, Platform, StepKind, check, commands_of, kind_of, read
from ecoscore.gdsl.checker import DEFAULT_VARIABLES

RIGHT = """# Recherche d’un professionnel
setBrowser,chrome
browserPrepareAndOpenForReference
measureStart,REFERENCE
pause,${PAUSEDURATION}
measureStop
browserGoToUrl,https://www.exemple.fr/
measureStart,CHRGT_ACCUEIL
pressEnter
waitUntilText, Bienvenue ,10000
pause,${PAUSEAFTERLOAD}
measureStop
clickById,email
enterText,${SECRET_EMAIL}
measureStart,PAUSE_ACCUEIL
pause,30000
measureStop
goBackground
measureStart,BACKGROUND
pause,${PAUSEDURATION}
measureStop
"""


def found(text, *codes, platform=Platform.WEB, **options):
    """(line, column, code, suggestion) of the diagnostics, only of these codes if some are given."""
    diagnostics = check(text, platform, **options).diagnostics
    return [(d.line, d.column, d.code, d.suggestion) for d in diagnostics if not codes or d.code in codes]


def message(text, code, **options):
    return next(d.message for d in check(text, **options).diagnostics if d.code == code)


def test_a_right_script_gives_its_plan_and_no_remark():
    checked = check(RIGHT, final=True)

    assert checked.diagnostics == ()
    steps = checked.plan.steps
    assert [step.name for step in steps] == ["REFERENCE", "CHRGT_ACCUEIL", "PAUSE_ACCUEIL", "BACKGROUND"]
    assert [step.kind for step in steps] == [StepKind.REFERENCE, StepKind.LOAD, StepKind.PAUSE, StepKind.BACKGROUND]
    assert steps[1].line == 8
    assert steps[1].instructions == (
        Instruction(9, "pressEnter"),
        Instruction(10, "waitUntilText", ("Bienvenue", "10000")),
        Instruction(11, "pause", (DEFAULT_VARIABLES["PAUSEAFTERLOAD"],)),
    )
    assert checked.plan.parts[0] == Instruction(2, "setBrowser", ("chrome",))
    assert checked.secrets == ("SECRET_EMAIL",)
    assert Instruction(14, "enterText", ("${SECRET_EMAIL}",)) in checked.plan.parts


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_ends_of_line_and_byte_order_mark_change_nothing(end):
    assert check("\ufeff" + RIGHT.replace("\n", end), final=True) == check(RIGHT, final=True)
    assert found("\ufeff" + end + "pose,3", "E001") == [(2, 1, "E001", "pause")]
    assert found("\ufeffpose,3", "E001") == [(1, 1, "E001", "pause")]


def test_bytes_that_are_not_utf8_are_located():
    text, wrong = read("﻿pause,3\r\nenterText,".encode() + b"caf\xe9")
    assert (text, wrong.line, wrong.column, wrong.code) == ("", 2, 14, "E002")
    assert read(b"\xef\xbb\xbfpause,3") == ("pause,3", None)


@pytest.mark.parametrize(
    ("line", "column", "suggestion"),
    [
        ("startMeasure,REFERENCE", 1, "measureStart"),
        ("  StopMeasure", 3, "measureStop"),
        ("swipeDownard", 1, "swipeDownward"),
        ("Pause,3000", 1, "pause"),
        ("waitUntilTxt,a", 1, "waitUntilText"),
        ("ClickText,a", 1, "clickByText"),
        ("sleep,3", 1, "pause"),
        ("browserPrepareForReference", 1, "browserPrepareAndOpenForReference"),
        ("fabriquerUnCafe", 1, ""),
        ("a" * 5000, 1, ""),
    ],
)
def test_e001_unknown_command(line, column, suggestion):
    assert found(line, "E001") == [(1, column, "E001", suggestion)]


@pytest.mark.parametrize(
    ("line", "column", "suggestion"),
    [
        ("waitUntilText username,10000", 1, "waitUntilText,username,10000"),
        ("\tpause;3000", 2, "pause,3000"),
        ("pause = 3000", 1, "pause,3000"),
        ("clickByText(Valider)", 1, "clickByText,Valider"),
        ("click_by_text,Valider", 1, "clickByText"),
        ("measureStart,CHRGT ACCUEIL", 14, "CHRGT_ACCUEIL"),
        ("measureStart,../../etc", 14, "etc"),
        (",3000", 1, ""),
        ("{pause}", 1, "pause"),
    ],
)
def test_e002_badly_written_name(line, column, suggestion):
    assert found(line, "E002") == [(1, column, "E002", suggestion)]


def test_e002_names_of_packages_and_files():
    assert found("applicationStart,fr.exemple;reboot", "E002", platform=Platform.ANDROID)[0][:3] == (1, 18, "E002")
    assert found("applicationInstall,../a.apk", "E002", platform=Platform.ANDROID)[0][:3] == (1, 20, "E002")


@pytest.mark.parametrize(
    ("line", "column"), [("pause", 6), ("pause,", 7), ("clickByPosition,50", 19), ("browserGoToUrl ", 15)]
)
def test_e003_missing_argument(line, column):
    assert [each[:3] for each in found(line, "E003")] == [(1, column, "E003")]


@pytest.mark.parametrize(
    ("line", "column"), [("enterText,Bonjour, docteur", 20), ("pressEnter,1", 12), ("pause,1,2,3", 9)]
)
def test_e004_extra_argument_is_said_once_at_its_column(line, column):
    assert [each[:3] for each in found(line, "E004")] == [(1, column, "E004")]


def test_e004_explains_the_comma():
    assert "la virgule n’est pas permise dans un paramètre" in message("enterText,Bonjour, docteur", "E004")


@pytest.mark.parametrize(
    ("line", "column", "suggestion"),
    [
        ("pause,dix", 7, ""),
        ("pause,10s", 7, "10000"),
        ("pause,2 min", 7, "120000"),
        ("pause,120001", 7, "120000"),
        ("pause,-1", 7, ""),
        ("pause,1.5", 7, ""),
        ("pause,٣", 7, ""),
        ("pause,3000 # attente", 7, "3000"),
        ("waitUntilText,a, 99999999999999999999", 18, "120000"),
        ("clickByPosition,50,101", 20, "100"),
        ("clickByText,a,0", 15, "1"),
    ],
)
def test_e005_not_a_number_or_out_of_range(line, column, suggestion):
    assert found(line, "E005") == [(1, column, "E005", suggestion)]


@pytest.mark.parametrize("value", ["0", "120000", "007"])
def test_bounds_of_a_pause_are_accepted(value):
    assert found(f"pause,{value}", "E005") == []


@pytest.mark.parametrize(
    ("line", "column", "suggestion"),
    [
        ("pause,${PAUSEDURATIN}", 7, "${PAUSEDURATION}"),
        ("enterText,a ${AUTRE}", 13, ""),
        ("pause,${PAUSEDURATION", 7, "${PAUSEDURATION}"),
        ("clickByText,${SECRET_NOM}", 13, ""),
        ("enterText,${SECRET_}", 11, ""),
        ("enterText,${SECRET_mdp}", 11, "${SECRET_MDP}"),
    ],
)
def test_e006_unknown_variable(line, column, suggestion):
    assert found(line, "E006") == [(1, column, "E006", suggestion)]


def test_variables_of_the_measure_replace_and_extend_the_default_ones():
    script = RIGHT.replace("Bienvenue", "${ACCUEIL} !")
    checked = check(script, variables={"PAUSEDURATION": "5000", "ACCUEIL": "Bonjour, vous"})

    assert checked.diagnostics == ()
    assert checked.plan.steps[0].instructions[0].args == ("5000",)
    assert checked.plan.steps[1].instructions[1].args == ("Bonjour, vous !", "10000")


def test_a_variable_is_checked_by_its_value():
    assert found("pause,${PAUSEDURATION}", "E005", variables={"PAUSEDURATION": "x"}) == [(1, 7, "E005", "")]


def test_e007_stop_without_start():
    assert found("pause,3\nmeasureStop", "E007") == [(2, 1, "E007", "measureStart,CHRGT_…")]


def test_e007_nested_start():
    assert found("measureStart,ACTION_A\nmeasureStart,ACTION_B\nmeasureStop", "E007") == [(2, 1, "E007", "measureStop")]


def test_e007_unclosed_start_stands_at_its_start():
    assert found("pause,3\n measureStart,ACTION_A\npause,3", "E007") == [(2, 2, "E007", "measureStop")]


def test_a_slip_in_start_or_stop_is_said_once():
    slips = RIGHT.replace("measureStart,REFERENCE", "startMeasure,REFERENCE").replace("measureStop", "StopMeasure")
    assert {each[2] for each in found(slips)} == {"E001"}
    assert {each[2] for each in found(RIGHT.replace("measureStart,REF", "measureStart REF"))} == {"E002"}


def test_e008_duplicate_step():
    twice = "measureStart,ACTION_A\nmeasureStop\nmeasureStart,ACTION_A\nmeasureStop"
    assert found(twice, "E008") == [(3, 14, "E008", "ACTION_A_2")]


@pytest.mark.parametrize(
    ("url", "suggestion"),
    [
        ("ftp://exemple.fr/a", "https://exemple.fr/a"),
        ("exemple.fr/a", "https://exemple.fr/a"),
        ("javascript:alert(1)", ""),
        ("file:///etc/passwd", ""),
        ("https://", ""),
        ("https://a b.fr/", ""),
        ("https://exemple.fr:99999/", ""),
        ("https://[::1", ""),
        ("http://8.8.8.8\\@127.0.0.1/", ""),
        ("http://localhost/", ""),
        ("http://intranet/", ""),
        ("http://127.1/", ""),
        ("http://2130706433/", ""),
        ("http://[::ffff:10.0.0.1]/", ""),
        ("http://user@192.168.0.1:8080/", ""),
        ("http://169.254.169.254/latest/", ""),
        ("http://1.2.3.4.5/", ""),
    ],
)
def test_e009_address_that_the_bench_does_not_go_to(url, suggestion):
    assert found(f"browserGoToUrl,{url}", "E009") == [(1, 16, "E009", suggestion)]
    assert check(f"browserGoToUrl,{url}").plan is None


@pytest.mark.parametrize("url", ["https://www.exemple.fr/", "http://8.8.8.8/", "HTTPS://exemple.fr:8443/a?b=c#d"])
def test_public_addresses_are_accepted(url):
    assert found(f"browserGoToUrl,{url}", "E009") == []


def test_a_bench_that_may_see_its_own_machine_accepts_private_addresses():
    assert found("browserGoToUrl,http://127.0.0.1:8000/", "E009", allow_private=True) == []
    assert [each[2] for each in found("browserGoToUrl,ftp://127.0.0.1/", "E009", allow_private=True)] == ["E009"]


def test_e010_command_of_the_other_platform():
    assert [each[:3] for each in found("applicationStart,fr.exemple.sante", "E010")] == [(1, 1, "E010")]
    assert found("applicationStart,fr.exemple.sante", "E010", platform=Platform.ANDROID) == []
    assert found("setBrowser,firefox", "E010") == [(1, 12, "E010", "setBrowser,chrome")]


def test_w101_mandatory_steps_forbid_a_final_measure_only():
    script = "measureStart,ACTION_A\nclickByText,a\nmeasureStop\n"
    assert [each[:3] for each in found(script)] == [(1, 1, "W101"), (1, 1, "W101")]
    assert check(script).plan is not None
    assert check(script).blockers == ()
    assert check(script, final=True).plan is None
    assert [each.code for each in check(script, final=True).blockers] == ["W101", "W101"]


def test_w101_mandatory_steps_stand_first_and_last():
    lines = RIGHT.splitlines()
    script = "\n".join([*lines[:3], *lines[17:], *lines[6:12], *lines[3:6]])
    assert [each[2] for each in found(script)] == ["W101", "W101"]
    assert [each[0] for each in found(script)] == [5, 14]
    assert "doit être la dernière" in message(script, "W101")


@pytest.mark.parametrize("text", ["", "\n\n", "# rien\n", "pause,3000"])
def test_a_script_without_step_has_no_plan(text):
    checked = check(text)
    assert checked.plan is None
    assert checked.errors == ()
    assert {each.code for each in checked.blockers} == {"W101"}


def test_w102_load_without_wait():
    assert found("measureStart,CHRGT_A\npressEnter\nmeasureStop", "W102") == [(1, 1, "W102", "waitUntilText,…")]
    assert found("measureStart,CHRGT_A\npressEnter\nwaitUntilId,a\nmeasureStop", "W102") == []


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("ACCUEIL", "ACTION_ACCUEIL"),
        ("chrgt_A", "CHRGT_A"),
        ("Load_A", "CHRGT_A"),
        ("Reference", "REFERENCE"),
        ("CHRGT", "CHRGT_CHRGT"),
    ],
)
def test_w103_step_without_known_prefix(name, suggestion):
    assert found(f"measureStart,{name}\nmeasureStop", "W103") == [(1, 14, "W103", suggestion)]
    assert kind_of(name) is StepKind.OTHER


def test_w104_action_in_a_pause():
    script = "measureStart,PAUSE_A\npause,3\nwaitUntilText,a\nassertId,b\n clickByText,a\nmeasureStop"
    assert [each[:3] for each in found(script, "W104")] == [(5, 2, "W104")]


def test_w105_pauses_longer_than_the_bench_gives():
    assert [each[:3] for each in found("pause,120000\n" * 6, "W105")] == [(7, 1, "W105")]
    assert found("pause,120000\n" * 5, "W105") == []


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ("clickById,password\nenterText,soleil", 2),
        ("clickById,userPassword\nclearText\nenterText,soleil", 3),
        ("clickByText,Mot de passe\nenterText,1234", 2),
        ("enterText,Xy7!abcd", 1),
        ("browserGoToUrl,https://marie:soleil@exemple.fr/", 1),
    ],
)
def test_w106_secret_in_clear(script, line):
    (diagnostic,) = [each for each in check(script).diagnostics if each.code == "W106"]
    assert diagnostic.line == line
    assert "${SECRET_" in diagnostic.suggestion


@pytest.mark.parametrize(
    "script",
    [
        "clickById,password\nenterText,${SECRET_MDP}",
        "enterText,infirmière",
        "enterText,",
        "enterText,12 rue de l’Église",
    ],
)
def test_w106_is_not_said_of_ordinary_texts(script):
    assert found(script, "W106") == []


def test_diagnostics_stand_in_the_order_of_the_file():
    places = [
        (d.line, d.column) for d in check("measureStart,ACTION_A\npause,x,y\nmeasureStart,ACTION_A\npose").diagnostics
    ]
    assert places == sorted(places)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_checked(text):
    checked = check(text)
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for each in checked.diagnostics:
        assert 1 <= each.line <= len(lines)
        assert 1 <= each.column <= len(lines[each.line - 1]) + 1
        assert each.message
    assert (checked.plan is None) == bool(checked.blockers)


@settings(deadline=None)
@given(st.lists(st.sampled_from([*RIGHT.splitlines(), *(each.example for each in COMMANDS.values())]), max_size=40))
def test_any_order_of_known_lines_is_checked(lines):
    checked = check("\n".join(lines), Platform.ANDROID)
    assert {each.code for each in checked.errors} <= {"E007", "E008"}


@pytest.mark.parametrize("platform", list(Platform))
def test_the_example_of_each_command_is_right(platform):
    for command in commands_of(platform):
        codes = {d.code for d in check(command.example, platform).errors}
        assert codes <= {"E007"}, command.name
        assert command.help.endswith(".")


def test_arguments_left_out_have_their_default():
    wait = COMMANDS["waitUntilText"]
    assert wait.signature == "waitUntilText,texte,[délai=30000]"
    assert wait.argument(("Bienvenue",), 1) == "30000"
    assert wait.argument(("Bienvenue", "500"), 1) == "500"
