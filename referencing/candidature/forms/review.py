from __future__ import annotations

from typing import Any

from django import forms

from convergence.ui.forms import DsfrForm
from referencing.candidature.enums import Outcome


class LongText(forms.CharField):
    """A text of several lines, kept with one kind of line ends whatever the browser sends."""

    def __init__(self, *, rows: int = 4, **kwargs: Any) -> None:
        super().__init__(max_length=20_000, widget=forms.Textarea(attrs={"rows": rows, "data-grow": ""}), **kwargs)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return text.replace("\r\n", "\n")


class VerdictForm(DsfrForm):
    outcome = forms.ChoiceField(label="Verdict", choices=Outcome.choices, required=False, widget=forms.RadioSelect)
    text = LongText(label="Motif", required=False, help_text="Lu par l’éditeur avec une demande ou la conclusion.")
    note = LongText(label="Note interne", required=False, rows=2, help_text="Jamais montrée à l’éditeur.")
    base_version = forms.IntegerField(widget=forms.HiddenInput)


class MessageForm(DsfrForm):
    phrases = {"message": "votre message"}

    message = LongText(label="Message", rows=2)


class DiscussionForm(MessageForm):
    """`audience` is asked from agents only."""

    audience = forms.ChoiceField(
        label="Qui le lira ?",
        choices=[("internal", "Les agents seulement"), ("shared", "L’éditeur et les agents")],
        initial="internal",
        widget=forms.RadioSelect,
    )
    field_order = ["audience", "message"]


class PinForm(DsfrForm):
    phrases = {"note": "la note du repère"}

    x = forms.IntegerField(label="Horizontale (0 à gauche, 1000 à droite)", min_value=0, max_value=1000, initial=500)
    y = forms.IntegerField(label="Verticale (0 en haut, 1000 en bas)", min_value=0, max_value=1000, initial=500)
    note = LongText(label="Note", rows=2)
    is_shared = forms.BooleanField(label="Montrer ce repère à l’éditeur", required=False)


class ThemeSummaryForm(DsfrForm):
    text = LongText(
        label="Synthèse du thème", required=False, help_text="Facultative. Reprise dans le rapport de l’instruction."
    )


class ThemeReasonForm(DsfrForm):
    phrases = {"text": "le motif"}

    text = LongText(label="Motif")
