"""Base classes of our forms: French messages that say what to do, dates as people write them, DSFR layout.

Templates render a form with `{% error_summary form %}` and `{% form_fields form %}` or `{% field form.name %}`.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, ClassVar

from django import forms

from convergence.kernel.errors import Blocker
from convergence.ui import fields
from convergence.ui.typography import NARROW_NBSP, NBSP

DATE_FORMATS = ["%d/%m/%Y", "%Y-%m-%d", "%d/%m/%y", "%d.%m.%Y", "%d-%m-%Y"]
REQUIRED_NOTE = "Les champs obligatoires sont signalés par un astérisque *"

_SEMICOLON = f"{NARROW_NBSP};"

# What to say instead of Django's own defaults, by the class that owns the message; the first match wins.
_MESSAGES: tuple[tuple[type[forms.Field], dict[str, str]], ...] = (
    (forms.FileField, {
        "invalid": "Le fichier n’est pas arrivé. Déposez-le de nouveau.",
        "missing": "Aucun fichier n’est arrivé. Déposez-le de nouveau.",
        "empty": "Ce fichier est vide. Déposez un fichier qui a un contenu.",
        "max_length": f"Le nom du fichier compte %(length)d caractères{_SEMICOLON} raccourcissez-le à %(max)d au plus.",
        "contradiction": f"Déposez un fichier ou cochez la case qui l’efface{_SEMICOLON} pas les deux.",
        "invalid_image": "Ce fichier n’est pas une image lisible.",
    }),
    (forms.DateField, {"invalid": f"Indiquez une date qui existe, par exemple{NBSP}: 8/7/2024."}),
    (forms.DateTimeField, {"invalid": f"Indiquez une date et une heure, par exemple{NBSP}: 8/7/2024 18:27."}),
    (forms.TimeField, {"invalid": f"Indiquez une heure, par exemple{NBSP}: 18:27."}),
    (forms.DurationField, {"invalid": "Indiquez une durée."}),
    (forms.IntegerField, {
        "invalid": "Indiquez un nombre entier, en chiffres.",
        "min_value": "Indiquez un nombre supérieur ou égal à %(limit_value)s.",
        "max_value": "Indiquez un nombre inférieur ou égal à %(limit_value)s.",
    }),
    (forms.DecimalField, {
        "max_digits": "Indiquez un nombre de %(max)s chiffres au plus.",
        "max_decimal_places": "Indiquez au plus %(max)s chiffres après la virgule.",
        "max_whole_digits": "Indiquez au plus %(max)s chiffres avant la virgule.",
    }),
    (forms.EmailField, {"invalid": f"Indiquez une adresse e-mail complète, par exemple{NBSP}: nom@exemple.fr."}),
    (forms.URLField, {"invalid": f"Indiquez une adresse de site complète, par exemple{NBSP}: https://exemple.fr."}),
    (forms.UUIDField, {"invalid": "Cet identifiant n’est pas valide."}),
    (forms.RegexField, {"invalid": "Cette valeur n’a pas la forme attendue."}),
    (forms.ModelMultipleChoiceField, {
        "list": "Choisissez parmi les réponses proposées.",
        "invalid_choice": f"«{NBSP}%(value)s{NBSP}» ne figure plus parmi les réponses proposées.",
        "invalid_pk_value": "Cette réponse ne figure pas parmi les réponses proposées.",
    }),
    (forms.MultipleChoiceField, {
        "invalid_choice": f"«{NBSP}%(value)s{NBSP}» ne figure pas parmi les réponses proposées.",
        "invalid_list": "Choisissez parmi les réponses proposées.",
    }),
    (forms.ChoiceField, {"invalid_choice": "Choisissez une des réponses proposées."}),
    (forms.JSONField, {"invalid": "Ce contenu n’est pas du JSON valide."}),
)  # fmt: skip

_LENGTHS = {
    "max_length": f"Ce texte compte %(show_value)d caractères{_SEMICOLON} raccourcissez-le à %(limit_value)d au plus.",
    "min_length": f"Ce texte compte %(show_value)d caractères{_SEMICOLON} il en faut au moins %(limit_value)d.",
    "null_characters_not_allowed": "Ce texte contient un caractère invisible interdit. Saisissez-le de nouveau.",
    "unique": f"Cette valeur est déjà utilisée{_SEMICOLON} indiquez-en une autre.",
}


def _class_default(field: forms.Field, code: str) -> Any:
    """The message that the field would have if its author had said nothing."""
    for cls in type(field).__mro__:
        messages: Mapping[str, Any] = cls.__dict__.get("default_error_messages", {})
        if code in messages:
            return messages[code]
    return None


def _required_message(field: forms.Field, label: str, phrase: str) -> str:
    widget = field.widget
    named = phrase or f"«{NBSP}{label}{NBSP}»"
    if isinstance(field, forms.FileField):
        return f"Déposez {phrase}." if phrase else f"Déposez un fichier pour {named}."
    if isinstance(widget, forms.CheckboxInput):
        return f"Cochez la case {named}."
    if isinstance(field, forms.MultipleChoiceField | forms.ModelMultipleChoiceField):
        return f"Choisissez {phrase}." if phrase else f"Choisissez au moins une réponse pour {named}."
    if isinstance(field, forms.ChoiceField):
        return f"Choisissez {phrase}." if phrase else f"Choisissez une réponse pour {named}."
    return f"Indiquez {phrase}." if phrase else f"Indiquez une réponse pour {named}."


class HintedLabel(str):
    """The label of a choice with a hint under it: `("mes", HintedLabel("Catalogue", hint="Référencement guidé"))`."""

    hint: str

    def __new__(cls, text: str, *, hint: str = "") -> "HintedLabel":
        label = super().__new__(cls, text)
        label.hint = hint
        return label


class DsfrFormMixin:
    """French error messages for every field whose author gave none.

    `phrases` completes « Indiquez … » in good French: `phrases = {"name": "le nom du produit"}`.
    """

    phrases: ClassVar[Mapping[str, str]] = {}
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.use_required_attribute = False  # the browser's bubbles would hide our summary
        for name, field in self.fields.items():
            self._speak_french(name, field)

    def _speak_french(self, name: str, field: forms.Field) -> None:
        label = str(field.label if field.label is not None else name)
        french = dict(_LENGTHS)
        for cls, messages in reversed(_MESSAGES):
            if isinstance(field, cls):
                french |= messages
        french["required"] = _required_message(field, label.rstrip(" ?:*"), self.phrases.get(name, ""))
        for code, message in french.items():
            default = _class_default(field, code)
            current = field.error_messages.get(code)
            if current is None or (default is not None and current == default):
                field.error_messages[code] = message

    def add_blockers(self, blockers: Iterable[Blocker]) -> None:
        """Put the reasons of a refusal beside the fields that their anchors name, or on top of the form."""
        by_anchor = {f"#{fields.anchor_of(bound)}": bound.name for bound in self}  # type: ignore[attr-defined]
        for blocker in blockers:
            self.add_error(by_anchor.get(blocker.anchor), blocker.message)  # type: ignore[attr-defined]


class DsfrForm(DsfrFormMixin, forms.Form):
    """Base of our plain forms."""


class DsfrModelForm(DsfrFormMixin, forms.ModelForm):
    """Base of our model forms."""


class FrenchDateField(forms.DateField):
    """A date typed as people do: 8/7/2024, 08/07/24, 8.7.2024, 8 juillet 2024, 2024-07-08."""

    widget = forms.DateInput(format="%d/%m/%Y", attrs={"inputmode": "text", "autocomplete": "off", "data-date": ""})

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", f"Par exemple{NBSP}: 8/7/2024")
        super().__init__(input_formats=DATE_FORMATS, **kwargs)

    def to_python(self, value: Any) -> date | None:
        if isinstance(value, str):
            value = _spelled_month(re.sub(r"\s+", " ", value).strip())
        return super().to_python(value)


_MONTHS = {
    name: number
    for number, names in enumerate(
        (("janvier", "janv"), ("février", "fevrier", "févr", "fevr"), ("mars",), ("avril", "avr"), ("mai",), ("juin",),
         ("juillet", "juil"), ("août", "aout"), ("septembre", "sept"), ("octobre", "oct"), ("novembre", "nov"),
         ("décembre", "decembre", "déc", "dec")),
        start=1,
    )
    for name in names
}  # fmt: skip


def _spelled_month(text: str) -> str:
    """« 8 juillet 2024 » becomes 8/7/2024; anything else is left as it is."""
    if found := re.fullmatch(r"(\d{1,2})(?:er)? ([^\W\d]+)\.? (\d{4})", text):
        day, month, year = found.groups()
        if number := _MONTHS.get(month.lower()):
            return f"{day}/{number}/{year}"
    return text
