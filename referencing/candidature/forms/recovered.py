"""Forms of what is asked of a producer about a recovered answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from convergence.ui.forms import DsfrForm, FrenchDateField, HintedLabel
from referencing.candidature.enums import ProducerQuestionKind, Severity
from referencing.candidature.services.answering import COMMENT_MAX


class ProducerQuestionForm(DsfrForm):
    """A complement or a non-conformity; `also`: other files that recovered the same answer."""

    phrases = {"kind": "ce que vous adressez à l’éditeur producteur", "text": "ce qui est demandé ou constaté"}

    kind = forms.ChoiceField(
        label="Ce que vous adressez à l’éditeur producteur",
        widget=forms.RadioSelect,
        choices=[
            (ProducerQuestionKind.COMPLEMENT, "Une demande de complément"),
            (ProducerQuestionKind.NON_CONFORMITY, "Une non-conformité"),
        ],
    )
    severity = forms.ChoiceField(
        label="Gravité",
        widget=forms.RadioSelect,
        required=False,
        help_text="Pour une non-conformité seulement.",
        choices=[
            (
                value,
                HintedLabel(str(label), hint="N’appelle pas de réponse." if value == Severity.OBSERVATION else ""),
            )
            for value, label in Severity.choices
        ],
    )
    text = forms.CharField(
        label="Ce qui est demandé ou constaté",
        max_length=COMMENT_MAX,
        widget=forms.Textarea(attrs={"rows": 6, "data-grow": True}),
        help_text="L’éditeur producteur le lit. L’éditeur distributeur ne le lit jamais.",
    )
    due_on = FrenchDateField(label="Réponse attendue avant le", required=False)
    also = forms.MultipleChoiceField(
        label="Poser la même question pour d’autres candidatures",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Elles récupèrent la même réponse. Une seule réponse de l’éditeur producteur peut servir à toutes.",
    )

    def __init__(
        self,
        sharing: Sequence[tuple[str, str]],
        data: QueryDict | None = None,
        *,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        """`sharing`: (candidature, label) of the other files concerned."""
        super().__init__(data, initial=dict(initial or {}))
        field = self.fields["also"]
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = list(sharing)
        if not sharing:
            del self.fields["also"]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        is_gap = found.get("kind") == ProducerQuestionKind.NON_CONFORMITY
        if is_gap and not found.get("severity") and "severity" not in self.errors:
            self.add_error("severity", "Choisissez la gravité.")
        is_observation = is_gap and found.get("severity") == Severity.OBSERVATION
        if not is_observation and not found.get("due_on") and "due_on" not in self.errors:
            self.add_error("due_on", "Indiquez avant quel jour l’éditeur producteur doit répondre.")
        return found


class NoteForm(DsfrForm):
    """A reason that the producer reads, and a day where one is asked for."""

    phrases = {"note": "le motif", "due_on": "la date de réponse attendue"}

    note = forms.CharField(
        label="Motif, lu par l’éditeur producteur",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4, "data-grow": True}),
    )
    due_on = FrenchDateField(label="À traiter avant le", required=False)

    def __init__(self, data: QueryDict | None = None, *, asks_day: bool = False) -> None:
        super().__init__(data)
        if not asks_day:
            del self.fields["due_on"]
