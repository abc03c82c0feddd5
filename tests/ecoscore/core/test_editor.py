"""The script editor and the public pages of the écoscore."""

import re
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory
from django.urls import reverse

from ecoscore.factors import load
from ecoscore.gdsl import COMMANDS, Platform, check
from ecoscore.gdsl.codes import CODES
from ecoscore.gdsl.models import MODELS, insert, models_of
from ecoscore.views.editor import MAX_SCRIPT, Edit, editor_values, pending_edit, summary_of
from tests.factories import UserFactory


def words(response):
    """The text of a page, tags removed and spaces made plain."""
    text = unescape(re.sub(r"<[^>]+>", " ", response.content.decode()))
    return re.sub(r"\s+", " ", text)


# --- models to begin with


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.code)
def test_every_model_is_right(model):
    checked = check(model.text, model.platform, final=model.is_whole)
    assert not checked.errors
    assert not model.is_whole or checked.diagnostics == ()


def test_each_platform_begins_with_a_whole_scenario():
    for platform in Platform:
        whole, *pieces = models_of(platform)
        assert whole.is_whole
        assert pieces
        assert not any(piece.is_whole for piece in pieces)


def test_inserting_keeps_what_is_written():
    assert insert("", "web-pause", Platform.WEB).startswith("measureStart,PAUSE_")
    assert insert("# à moi\n\n\n", "web-pause", Platform.WEB).startswith("# à moi\n\nmeasureStart,PAUSE_")
    with pytest.raises(KeyError):
        insert("", "android-pause", Platform.WEB)


# --- buttons of the editor, before anything is saved


def post(**data):
    return RequestFactory().post("/", data)


def test_sending_the_form_is_no_edit():
    assert pending_edit(post(text="pause,3"), Platform.WEB) is None


def test_the_button_of_a_model_adds_it():
    edit = pending_edit(post(text="# à moi", insert="web-pause"), Platform.WEB)
    assert edit.text.startswith("# à moi\n\nmeasureStart")
    assert edit.notice
    assert pending_edit(post(text="# à moi", insert="x"), Platform.WEB) == Edit(
        "# à moi", problem="Ce modèle n’existe pas."
    )


def test_a_loaded_file_takes_the_place_of_the_text_which_is_still_shown():
    file = SimpleUploadedFile("a.testgb", b"\xef\xbb\xbfpause,3\r\n")
    edit = pending_edit(post(text="# à moi", load="1", script_file=file), Platform.WEB)
    assert (edit.text, edit.replaced, edit.problem) == ("pause,3\r\n", "# à moi", "")


def test_a_loaded_file_that_is_the_same_replaces_nothing():
    file = SimpleUploadedFile("a.testgb", b"pause,3\n")
    assert pending_edit(post(text="pause,3\r\n", load="1", script_file=file), Platform.WEB).replaced == ""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "Choisissez d’abord un fichier"),
        ("été".encode("latin-1"), "Ligne 1, colonne 1"),
        (b"a\x00b", "n’est pas un texte"),
        (b"#" * (MAX_SCRIPT + 1), "trop long"),
    ],
)
def test_a_file_that_cannot_be_read_changes_nothing(content, expected):
    files = {} if content is None else {"script_file": SimpleUploadedFile("a.testgb", content)}
    edit = pending_edit(post(text="# à moi", load="1", **files), Platform.WEB)
    assert edit.text == "# à moi"
    assert expected in edit.problem.replace("\u00a0", " ")


def test_the_summary_says_what_may_be_done():
    def of(text):
        return summary_of(check(text)).replace("\u00a0", " ")

    step = "measureStart,ACTION_A\nclickByText,a\nmeasureStop\n"
    assert of("") == "2 avertissements : le scénario ne mesure encore aucune étape."
    assert of(step) == "2 avertissements : le scénario peut être mesuré, mais pas encore de façon finale."
    assert of(step + "pose") == "1 erreur et 2 avertissements : corrigez les erreurs avant de mesurer."
    assert of(MODELS[0].text) == "Aucune remarque : le scénario peut être mesuré."


@pytest.mark.parametrize("platform", list(Platform))
def test_the_editor_helps_with_every_command_of_its_platform(platform):
    values = editor_values(platform, check("", platform))
    helped = {command.name for _, commands in values["families"] for command in commands}
    assert helped == {name for name, command in COMMANDS.items() if platform in command.platforms}


# --- the check while typing


@pytest.fixture
def member(client, db):
    client.force_login(UserFactory())
    return client


def ask(client, **data):
    return client.post(reverse("ecoscore:script_check"), data, headers={"HX-Request": "true"})


def test_errors_are_linked_to_their_line(member):
    response = ask(member, text="measureStart,ACTION_A\n  clickBytext,a\nmeasureStop", platform="web")
    assert response.status_code == 200
    page = response.content.decode()
    assert 'data-script-line="2" data-script-column="3" data-script-error' in page
    assert "<code>clickByText</code>" in page
    assert "<html" not in page


def test_what_is_typed_is_never_markup(member):
    page = ask(member, text="<script>alert(1)</script>,a", platform="web").content.decode()
    assert "<script" not in page
    assert "&lt;script" in page


def test_the_platform_decides(member):
    line = "applicationStart,fr.exemple.sante"
    assert "E010" in words(ask(member, text=line, platform="web"))
    assert "E010" not in words(ask(member, text=line, platform="android"))


def test_many_remarks_are_counted_not_all_shown(member):
    response = ask(member, text="pose\n" * 3000, platform="web")
    assert response.content.decode().count("data-script-line") == 50
    assert "Et 2952 autres" in words(response)


@pytest.mark.parametrize(
    "data", [{"text": "a", "platform": "ios"}, {"text": "a" * (MAX_SCRIPT + 1), "platform": "web"}]
)
def test_what_cannot_be_checked_is_refused(member, data):
    assert ask(member, **data).status_code == 422


def test_checking_reads_no_row_of_its_own(member, django_assert_num_queries):
    ask(member, text="", platform="web")
    with django_assert_num_queries(2):  # the session, the person
        ask(member, text="pose\n" * 100, platform="web")


def test_a_stranger_is_sent_to_the_login_page(client, db):
    response = ask(client, text="")
    assert response.status_code == 302
    assert "connexion" in response.url or "login" in response.url


# --- public pages


@pytest.mark.parametrize("name", ["methodology", "faq", "language"])
def test_public_pages_set_no_cookie_and_may_be_kept(client, db, name, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get(reverse(f"ecoscore:{name}"))
    assert response.status_code == 200
    assert not response.cookies
    assert "public" in response["Cache-Control"]
    assert "csrfmiddlewaretoken" not in response.content.decode()


def test_the_method_shows_every_figure_of_its_file(client, db):
    factors = load()
    text = words(client.get(reverse("ecoscore:methodology")))
    for figure in factors.figures.values():
        assert figure.source in text, figure.code
        assert figure.label in text or figure.code.endswith(("_good", "_bad")), figure.code
    for shown in (
        "144,7 ko",
        "5 400 ko",
        "84 000 gCO₂e",
        "13 000 L",
        "44,18 gCO₂e/kWh",
        factors.sha256,
        factors.version,
    ):
        assert shown in text
    assert "0,102 gCO₂e" in text  # the worked example is computed, not written


def test_the_language_page_explains_every_command_and_every_code(client, db):
    text = words(client.get(reverse("ecoscore:language")))
    for command in COMMANDS.values():
        assert command.signature in text
        assert words_of(command.help) in text
    for code in CODES:
        assert code in text


def words_of(text):
    return re.sub(r"\s+", " ", text)


def test_the_questions_say_that_no_phone_is_attached(client, db):
    assert "Terminal de ce banc : aucun terminal connecté." in words(client.get(reverse("ecoscore:faq")))


def test_every_diagnostic_that_the_checker_may_say_is_explained():
    from pathlib import Path

    said = set(re.findall(r'"([EW]\d{3})"', Path("ecoscore/gdsl/checker.py").read_text()))
    assert said == set(CODES)
