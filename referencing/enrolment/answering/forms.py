"""The orientation as a Django form, made from the grid: it reads what was typed; the service judges and keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.http import QueryDict

from convergence.ui.forms import DsfrForm, FrenchDateField
from convergence.ui.typography import NBSP, format_datetime
from questionnaires.core import QuestionType
from questionnaires.selectors import QuestionView
from questionnaires.services import Change, StaleAnswer
from referencing.enrolment.answering.pages import number_of

VERSION = "-version"


class FrenchDecimalField(forms.DecimalField):
    """A number as people write it: `1 234,5` or `1234.5`."""

    widget = forms.TextInput(attrs={"inputmode": "decimal"})

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = value.replace(",", ".").translate({ord(blank): None for blank in " \u00a0\u202f"})
        return super().to_python(value)


class OrientationForm(DsfrForm):
    """One field per question, named by its code; a draft may leave any of them empty.

    `required` on the fields is set for display once the data was read: it marks what a validation asks for.
    """

    def __init__(self, views: Iterable[QuestionView], data: QueryDict | None = None) -> None:
        self.views = {view.code: view for view in views}
        self.versions = {code: view.version for code, view in self.views.items()}
        initial = {code: initial_value(view) for code, view in self.views.items()}
        super().__init__(data=data, initial=initial, auto_id="field-%s")
        for code, view in self.views.items():
            self.fields[code] = make_field(view)
            self._speak_french(code, self.fields[code])

    @property
    def changes(self) -> dict[str, Change]:
        """What the service is asked to save: every readable field, with the version that the page showed.

        An empty secret means « unchanged »: it is never sent to the browser.
        """
        found = {}
        for code in self.views:
            if code not in self.cleaned_data:
                continue
            value = self.cleaned_data[code]
            if self.is_secret(code) and not value:
                continue
            found[code] = Change(value=plain(value), base_version=posted_version(self.data, code))
        return found

    def is_secret(self, code: str) -> bool:
        return self.views[code].question.type is QuestionType.SECRET

    def mark_required(self) -> None:
        """Put the asterisks on, once the data was read."""
        for code, view in self.views.items():
            self.fields[code].required = view.question.required


def make_field(view: QuestionView) -> forms.Field:
    question = view.question
    options: dict[str, Any] = {
        "label": f"{number_of(question.code)}. {question.label}",
        "help_text": question.help,
        "required": False,
    }
    choices = [(value, question.label_of(value)) for value in question.values]
    match question.type:
        case QuestionType.BOOLEAN | QuestionType.SINGLE_CHOICE:
            return forms.ChoiceField(choices=choices, widget=forms.RadioSelect, **options)
        case QuestionType.MULTIPLE_CHOICE:
            attrs = {"data-exclusive": question.exclusive} if question.exclusive else {}
            return forms.MultipleChoiceField(
                choices=choices, widget=forms.CheckboxSelectMultiple(attrs=attrs), **options
            )
        case QuestionType.NUMBER:
            return FrenchDecimalField(**options)
        case QuestionType.DATE:
            return FrenchDateField(**options)
        case QuestionType.EMAIL:
            return forms.CharField(widget=forms.TextInput(attrs={"inputmode": "email"}), **options)
        case QuestionType.URL:
            return forms.CharField(widget=forms.TextInput(attrs={"inputmode": "url"}), **options)
        case QuestionType.SECRET:
            if view.is_answered and view.updated_at:
                saved = f"Enregistré le {format_datetime(view.updated_at)}, chiffré. Saisissez un nouveau texte pour le remplacer."
                options["help_text"] = f"{question.help} {saved}".strip()
    return forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), strip=False, **options)


def initial_value(view: QuestionView) -> Any:
    """What the field shows of a kept answer: dates as dates, numbers with a comma, secrets never."""
    if view.value is None:
        return None
    match view.question.type:
        case QuestionType.DATE:
            return date.fromisoformat(view.value)
        case QuestionType.NUMBER:
            return str(view.value).replace(".", ",")
    return view.value


def plain(value: Any) -> Any:
    """A cleaned value as the service takes it."""
    return value.isoformat() if isinstance(value, date) else value


def posted_version(data: Mapping[str, Any], code: str) -> int:
    """The version that the page had; 0, « nothing yet », when it says none."""
    text = str(data.get(f"{code}{VERSION}", ""))
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def conflict_texts(view: QuestionView, stale: StaleAnswer) -> tuple[str, str]:
    """Both texts of a conflict as people read them; nothing of a secret."""
    return words(view, stale.theirs), words(view, stale.mine)


def words(view: QuestionView, kept: Any) -> str:
    if view.question.type is QuestionType.SECRET:
        return f"(réponse chiffrée{NBSP}: elle ne s’affiche pas)"
    if kept is None:
        return "(sans réponse)"
    if isinstance(kept, list):
        return ", ".join(view.question.label_of(code) for code in kept)
    return view.question.label_of(str(kept))
