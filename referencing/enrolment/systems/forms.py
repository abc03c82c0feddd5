from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms

from convergence.ui.forms import DsfrForm, FrenchDateField, HintedLabel
from questionnaires.core import Criterion, Kind
from questionnaires.services.answers import MAX_TEXT
from referencing.enrolment.answering.forms import FrenchDecimalField
from referencing.enrolment.answering.wording import COMPLIANCES, LEVELS


class OpenExceptionForm(DsfrForm):
    """Which criterion differs, on which system."""

    phrases = {"criterion": "le critère", "system": "le système"}

    criterion = forms.ChoiceField(label="Critère dont la réponse diffère")
    system = forms.ChoiceField(label="Système d’exploitation", widget=forms.RadioSelect)

    def __init__(
        self, *arguments: Any, criteria: Iterable[Criterion], systems: Iterable[tuple[str, str]], **options: Any
    ) -> None:
        super().__init__(*arguments, **options)
        shown = [(each.code, f"{each.code} {each.title}") for each in criteria]
        self.fields["criterion"].choices = [("", "Choisir un critère"), *shown]  # type: ignore[attr-defined]
        self.fields["system"].choices = list(systems)  # type: ignore[attr-defined]


class ExceptionForm(DsfrForm):
    """The answer to one criterion on one system: what the questionnaire asks, the value that it expects, why it differs."""

    answer = forms.ChoiceField(label="Réponse", required=False, widget=forms.RadioSelect)
    comment = forms.CharField(
        label="En quoi ce système diffère",
        help_text="L’équipe de référencement et les experts lisent ce texte.",
        required=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    base_version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *arguments: Any, criterion: Criterion, kind: Kind, system: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.criterion, self.kind = criterion, kind
        answer: Any = self.fields["answer"]
        answer.label = f"Réponse sur {system}"
        match kind:
            case Kind.LEVELS:
                answer.choices = [
                    (each.level, HintedLabel(LEVELS[each.level], hint=each.text)) for each in criterion.levels
                ]
            case Kind.COMPLIANCE:
                answer.choices = [(each.value, label) for each, label in COMPLIANCES.items()]
            case _:
                del self.fields["answer"]
        expected = criterion.value if kind is Kind.COMPLIANCE else None
        if expected is not None:
            label = f"{expected.label} ({expected.unit})" if expected.unit else expected.label
            self.fields["value"] = _value_field(expected.type.value, label)
            self.order_fields(["answer", "value", "comment"])

    @property
    def value(self) -> dict[str, Any]:
        """The answer as `save_exception` takes it."""
        found: dict[str, Any] = {}
        if "answer" in self.fields:
            found["level" if self.kind is Kind.LEVELS else "compliance"] = self.cleaned_data.get("answer") or None
        if "value" in self.fields and self.criterion.value is not None:
            value = self.cleaned_data.get("value")
            found[self.criterion.value.type.value] = value.isoformat() if isinstance(value, date) else value
        return found


def _value_field(kind: str, label: str) -> forms.Field:
    match kind:
        case "number":
            return FrenchDecimalField(label=label, required=False, max_digits=20, decimal_places=6)
        case "date":
            return FrenchDateField(label=label, required=False)
    return forms.CharField(label=label, required=False, max_length=500)


class DecisionForm(DsfrForm):
    """What the listing team says of an exception."""

    note = forms.CharField(
        label="Motif",
        help_text="L’éditeur le lit. Obligatoire pour refuser.",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
