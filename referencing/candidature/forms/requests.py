"""Forms of requests, answers and non-conformities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.http import QueryDict

from convergence.ui.forms import DsfrForm, FrenchDateField, HintedLabel
from convergence.ui.typography import NBSP
from questionnaires.core import Kind
from referencing.candidature.enums import Severity
from referencing.candidature.models import ComplementItem
from referencing.candidature.services.answering import COMMENT_MAX, Expected
from referencing.enrolment.answering.criteria import ValueForm
from referencing.enrolment.answering.wording import COMPLIANCES, LEVELS

ROWS = forms.Textarea(attrs={"rows": 4, "data-grow": True})


class RequestForm(DsfrForm):
    """A request being composed: one question per chosen code, in the order in which they were chosen."""

    phrases = {"due_on": "la date de réponse attendue"}

    text = forms.CharField(
        label="Message à l’éditeur",
        required=False,
        max_length=10_000,
        widget=ROWS,
        help_text="Il précède les points demandés.",
    )
    due_on = FrenchDateField(label="Réponse attendue avant le")

    def __init__(
        self,
        chosen: Mapping[str, str],
        data: QueryDict | None = None,
        *,
        questions: Mapping[str, str] | None = None,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        """`chosen`: titles by code. `questions`: what each is first asked."""
        super().__init__(data=data, initial=dict(initial or {}))
        self.codes = list(chosen)
        for code, title in chosen.items():
            field = forms.CharField(
                label=f"{code} {title}",
                max_length=4000,
                widget=ROWS,
                initial=(questions or {}).get(code, ""),
                error_messages={"required": f"Indiquez ce qui est demandé sur {code}."},
            )
            self.fields[f"question-{code}"] = field
            self._speak_french(f"question-{code}", field)

    @property
    def items(self) -> list[tuple[str, str]]:
        """(code, question), once cleaned."""
        return [(code, self.cleaned_data[f"question-{code}"]) for code in self.codes]

    @property
    def questions(self) -> list[tuple[str, Any]]:
        return [(code, self[f"question-{code}"]) for code in self.codes]


class MotiveForm(DsfrForm):
    """A reason that the other side reads."""

    phrases = {"reason": "le motif"}

    reason = forms.CharField(label="Motif", max_length=4000, widget=ROWS)

    def __init__(self, data: QueryDict | None = None, *, hint: str = "") -> None:
        super().__init__(data)
        self.fields["reason"].help_text = hint


class GraceForm(DsfrForm):
    phrases = {"grace_until": "le dernier délai"}

    grace_until = FrenchDateField(
        label="Dernier délai de réponse",
        help_text="Passé ce jour, l’équipe de référencement pourra constater l’abandon.",
    )


class ExtensionForm(DsfrForm):
    phrases = {"wanted_on": "la date souhaitée", "reason": "le motif"}

    wanted_on = FrenchDateField(label="Nouvelle date souhaitée")
    reason = forms.CharField(label="Motif", max_length=4000, widget=ROWS)


class ExtensionDecisionForm(DsfrForm):
    phrases = {"decision": "votre réponse"}

    decision = forms.ChoiceField(
        label="Votre réponse",
        choices=[("grant", "Accorder un délai"), ("refuse", "Refuser")],
        widget=forms.RadioSelect,
    )
    granted_on = FrenchDateField(label="Délai accordé jusqu’au", required=False)
    answer = forms.CharField(
        label="Message à l’éditeur",
        required=False,
        max_length=4000,
        widget=ROWS,
        help_text="Obligatoire si vous refusez.",
    )

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if found.get("decision") == "grant" and not found.get("granted_on") and "granted_on" not in self.errors:
            self.add_error("granted_on", "Indiquez jusqu’à quel jour le délai est accordé.")
        if found.get("decision") == "refuse" and not found.get("answer", "").strip():
            self.add_error("answer", "Indiquez pourquoi le délai est refusé : l’éditeur le lira.")
        return found

    @property
    def granted(self) -> date | None:
        day: date | None = self.cleaned_data["granted_on"] if self.cleaned_data["decision"] == "grant" else None
        return day


class ItemForm(DsfrForm):
    """The buffer of one item. `answer` offers the levels or conformities of the grid, and to leave things as they are."""

    def __init__(
        self, item: ComplementItem, expected: Expected | None, current_words: str, data: QueryDict | None = None
    ) -> None:
        super().__init__(data=data, prefix=item.code, initial=self._initial(item, expected))
        self.item, self.expected = item, expected
        if expected is not None and expected.kind is not Kind.DOCUMENTS:
            self._add_answer(expected, current_words)
        self.fields["comment"] = forms.CharField(
            label="Votre réponse", required=False, max_length=COMMENT_MAX, strip=False, widget=ROWS
        )
        for name, field in self.fields.items():
            self._speak_french(name, field)

    @staticmethod
    def _initial(item: ComplementItem, expected: Expected | None) -> dict[str, Any]:
        initial = {
            "comment": item.comment,
            "answer": item.answer.get("level") or item.answer.get("compliance") or "",
        }
        if expected is not None and expected.criterion.value is not None:
            value = item.answer.get(expected.criterion.value.type.value)
            initial["value"] = str(value).replace(".", ",") if value is not None else ""
        return initial

    def _add_answer(self, expected: Expected, current_words: str) -> None:
        same = f"Sans changement{NBSP}: {current_words}" if current_words else "Sans changement"
        choices: list[tuple[str, Any]] = [("", same)]
        if expected.kind is Kind.LEVELS:
            choices += [
                (each.level, HintedLabel(LEVELS[each.level], hint=each.text)) for each in expected.criterion.levels
            ]
        else:
            choices += [(value.value, label) for value, label in COMPLIANCES.items()]
        self.fields["answer"] = forms.ChoiceField(
            label="Niveau de maturité" if expected.kind is Kind.LEVELS else "Conformité",
            choices=choices,
            required=False,
            widget=forms.RadioSelect,
        )
        if expected.kind is Kind.COMPLIANCE and (value := expected.criterion.value) is not None:
            field = ValueForm().fields[value.type.value]
            field.label = f"{value.label} ({value.unit})" if value.unit else value.label
            self.fields["value"] = field

    @property
    def given(self) -> dict[str, Any]:
        """The answer as the service takes it, once cleaned; {} for « as it was »."""
        chosen = self.cleaned_data.get("answer", "")
        value = self.cleaned_data.get("value")
        expected = self.expected
        if expected is None or (not chosen and value in (None, "")):
            return {}
        if expected.kind is Kind.LEVELS:
            return {"level": chosen}
        current = dict(expected.current.answer or {})
        given = {**current, **({"compliance": chosen} if chosen else {})}
        if expected.criterion.value is not None and value not in (None, ""):
            given[expected.criterion.value.type.value] = value.isoformat() if isinstance(value, date) else value
        return given

    @property
    def name_of_version(self) -> str:
        return f"{self.item.code}-version"


class ReplyForm(DsfrForm):
    reply = forms.CharField(label="Votre réponse", required=False, max_length=COMMENT_MAX, strip=False, widget=ROWS)


class NonConformityForm(DsfrForm):
    phrases = {"criterion": "le critère", "severity": "la gravité", "rationale": "le constat"}

    criterion = forms.ChoiceField(label="Critère")
    severity = forms.ChoiceField(label="Gravité", widget=forms.RadioSelect)
    rationale = forms.CharField(
        label="Constat",
        max_length=COMMENT_MAX,
        widget=forms.Textarea(attrs={"rows": 6, "data-grow": True}),
        help_text="L’éditeur le lit : ce que vous avez constaté, ce que le critère demande.",
    )
    due_on = FrenchDateField(label="À traiter avant le", required=False, help_text="Sans objet pour une observation.")

    def __init__(
        self,
        criteria: Sequence[tuple[str, str]],
        blocking: Sequence[str],
        data: QueryDict | None = None,
        *,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=dict(initial or {}))
        _offer(self, "criterion", [("", "Choisissez un critère"), *criteria])
        _offer(
            self,
            "severity",
            [
                (
                    value,
                    HintedLabel(
                        str(label),
                        hint="N’appelle pas de réponse."
                        if value == Severity.OBSERVATION
                        else "Empêche une conclusion favorable tant qu’elle n’est pas levée."
                        if value in blocking
                        else "N’empêche pas une conclusion favorable.",
                    ),
                )
                for value, label in Severity.choices
            ],
        )

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        is_observation = found.get("severity") == Severity.OBSERVATION
        if not is_observation and not found.get("due_on") and "due_on" not in self.errors:
            self.add_error("due_on", "Indiquez avant quel jour l’éditeur doit répondre.")
        return found


class DecisionForm(DsfrForm):
    """Lift, maintain or reopen; the note reaches the editor."""

    phrases = {"decision": "la décision", "note": "le motif"}

    decision = forms.ChoiceField(label="Décision", widget=forms.RadioSelect)
    note = forms.CharField(label="Motif, lu par l’éditeur", max_length=4000, widget=ROWS)
    due_on = FrenchDateField(label="À traiter avant le", required=False)

    def __init__(
        self,
        decisions: Sequence[tuple[str, str]],
        *,
        asks_day: bool,
        data: QueryDict | None = None,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=dict(initial or {}))
        _offer(self, "decision", decisions)
        if not asks_day:
            del self.fields["due_on"]


class ScopeForm(DsfrForm):
    phrases = {"given_up": "au moins un échange", "reason": "le motif"}

    given_up = forms.MultipleChoiceField(label="Échanges auxquels vous renoncez", widget=forms.CheckboxSelectMultiple)
    reason = forms.CharField(label="Motif", max_length=4000, widget=ROWS)

    def __init__(self, exchanges: Sequence[tuple[str, str]], data: QueryDict | None = None) -> None:
        super().__init__(data)
        _offer(self, "given_up", exchanges)


def _offer(form: DsfrForm, name: str, choices: Sequence[tuple[str, Any]]) -> None:
    field = form.fields[name]
    if isinstance(field, forms.ChoiceField):
        field.choices = choices
