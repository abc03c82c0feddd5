"""French messages, dates as people write them, field markup."""

from datetime import date

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile

from convergence.kernel.errors import Blocker
from convergence.ui import fields
from convergence.ui.examples import ExampleForm, refused_form
from convergence.ui.forms import DsfrForm, FrenchDateField

DJANGO_DEFAULTS = ("Ce champ est obligatoire", "Saisissez", "Assurez-vous", "Sélectionnez un choix")


class EveryField(DsfrForm):
    phrases = {"text": "le nom du produit"}

    text = forms.CharField(label="Nom", max_length=5, min_length=3)
    other = forms.CharField(label="Adresse du siège")
    number = forms.IntegerField(label="Âge", min_value=1, max_value=9)
    amount = forms.DecimalField(label="Montant", max_digits=4, decimal_places=1)
    email = forms.EmailField(label="E-mail")
    site = forms.URLField(label="Site web", assume_scheme="https")
    day = FrenchDateField(label="Date")
    one = forms.ChoiceField(label="Forme", choices=[("a", "A")])
    many = forms.MultipleChoiceField(label="Thèmes", choices=[("a", "A")])
    box = forms.BooleanField(label="J’accepte")
    file = forms.FileField(label="Preuve")
    own = forms.CharField(label="Code", error_messages={"required": "Recopiez le code reçu."})


def messages(data, files=None) -> dict[str, list[str]]:
    form = EveryField(data, files)
    assert not form.is_valid()
    return {name: [str(error) for error in errors] for name, errors in form.errors.items()}


def test_missing_answers_say_what_to_do():
    said = messages({})
    assert said["text"] == ["Indiquez le nom du produit."]
    assert said["other"] == ["Indiquez une réponse pour «\u00a0Adresse du siège\u00a0»."]
    assert said["one"] == ["Choisissez une réponse pour «\u00a0Forme\u00a0»."]
    assert said["many"] == ["Choisissez au moins une réponse pour «\u00a0Thèmes\u00a0»."]
    assert said["box"] == ["Cochez la case «\u00a0J’accepte\u00a0»."]
    assert said["file"] == ["Déposez un fichier pour «\u00a0Preuve\u00a0»."]
    assert said["own"] == ["Recopiez le code reçu."]


@pytest.mark.parametrize(
    ("data", "field", "begins"),
    [
        ({"text": "ab"}, "text", "Ce texte compte 2 caractères"),
        ({"text": "abcdef"}, "text", "Ce texte compte 6 caractères"),
        ({"text": "ab\x00c"}, "text", "Ce texte contient un caractère invisible"),
        ({"number": "x"}, "number", "Indiquez un nombre entier"),
        ({"number": "0"}, "number", "Indiquez un nombre supérieur ou égal à 1"),
        ({"number": "10"}, "number", "Indiquez un nombre inférieur ou égal à 9"),
        ({"amount": "12345"}, "amount", "Indiquez un nombre de 4 chiffres au plus"),
        ({"amount": "1.23"}, "amount", "Indiquez au plus 1 chiffres après la virgule"),
        ({"email": "x"}, "email", "Indiquez une adresse e-mail complète"),
        ({"site": "http://"}, "site", "Indiquez une adresse de site complète"),
        ({"day": "31/2/2024"}, "day", "Indiquez une date qui existe"),
        ({"one": "z"}, "one", "Choisissez une des réponses proposées"),
        ({"many": ["z"]}, "many", "«\u00a0z\u00a0» ne figure pas parmi"),
    ],
)
def test_wrong_answers_say_what_to_do(data, field, begins):
    said = messages(data)[field]
    assert said[0].startswith(begins)


def test_no_default_message_of_django_is_left():
    wrong = {"text": "ab", "number": "x", "email": "x", "site": "http://", "day": "x", "one": "z", "many": ["z"]}
    for data, files in (({}, None), (wrong, {"file": SimpleUploadedFile("vide.pdf", b"")})):
        for errors in messages(data, files).values():
            for error in errors:
                assert not error.startswith(DJANGO_DEFAULTS)


@pytest.mark.parametrize(
    "typed",
    ["8/7/2024", "08/07/2024", "2024-07-08", "8/7/24", "8.7.2024", " 8 juillet 2024 ", "08 Juil. 2024", "8-7-2024"],
)
def test_dates_are_read_as_people_write_them(typed):
    assert FrenchDateField().clean(typed) == date(2024, 7, 8)


def test_first_of_the_month_is_read():
    assert FrenchDateField().clean("1er août 2024") == date(2024, 8, 1)


@pytest.mark.parametrize("typed", ["31/2/2024", "8 brumaire 2024", "demain", "2024"])
def test_dates_that_do_not_exist_are_refused(typed):
    with pytest.raises(forms.ValidationError):
        FrenchDateField().clean(typed)


def test_refusal_goes_beside_the_field_that_its_anchor_names():
    form = ExampleForm({})
    form.add_blockers(
        [Blocker("x", "Ce nom existe déjà.", "#id_name"), Blocker("y", "Une démarche est ouverte.", "/z/")]
    )
    assert "Ce nom existe déjà." in form.errors["name"]
    assert form.non_field_errors() == ["Une démarche est ouverte."]


def test_summary_links_every_error_to_its_control():
    form = refused_form()
    links = fields.summarise([form])
    assert {link.url for link in links} >= {"#id_refused-name", "#id_refused-type", "#id_refused-interests"}
    html = "".join(str(fields.render(bound)) for bound in form)
    for link in links:
        assert f'id="{link.url[1:]}"' in html


def test_summary_of_a_fresh_form_is_empty():
    assert fields.summarise([ExampleForm()]) == []


def test_control_points_at_its_hint_and_error():
    form = refused_form()
    html = str(fields.render(form["name"]))
    assert 'aria-describedby="id_refused-name-hint id_refused-name-error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_refused-name-hint"' in html
    assert 'id="id_refused-name-error"' in html


def test_field_escapes_what_people_typed_and_what_authors_wrote():
    class Hostile(forms.Form):
        text = forms.CharField(label="<b>x</b>", help_text="<i>y</i>", widget=forms.Textarea)
        choice = forms.ChoiceField(choices=[("<u>", "<u>z</u>")], widget=forms.RadioSelect)

    form = Hostile({"text": "</textarea><script>alert(1)</script>", "choice": '"><script>'})
    html = "".join(str(fields.render(bound)) for bound in form)
    for raw in ("<b>", "<i>", "<u>", "<script>"):
        assert raw not in html
