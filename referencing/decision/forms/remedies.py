"""Forms of remedies, suits and their ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms

from convergence.ui.forms import DsfrForm, FrenchDateField
from referencing.decision.enums import AppealKind, Outcome
from referencing.decision.forms.acts import TEXT, PdfField


class AppealForm(DsfrForm):
    """A remedy lodged on the page."""

    phrases: ClassVar[Mapping[str, str]] = {"kind": "la nature du recours", "text": "les motifs du recours"}
    kind = forms.ChoiceField(
        label="Nature du recours", choices=AppealKind.choices, widget=forms.RadioSelect, initial=AppealKind.GRACIOUS
    )
    text = forms.CharField(
        label="Motifs du recours",
        max_length=TEXT,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text="Dites ce que vous contestez et pourquoi. Rien ne vous oblige à prendre un avocat.",
    )
    document = PdfField(label="Pièce jointe", required=False)


class LetterAppealForm(AppealForm):
    """A remedy received by letter, which the ministry records."""

    phrases: ClassVar[Mapping[str, str]] = {
        **AppealForm.phrases,
        "author_name": "l’auteur du recours",
        "lodged_on": "la date de réception",
    }
    author_name = forms.CharField(label="Auteur du recours", max_length=200)
    lodged_on = FrenchDateField(label="Reçu le")
    field_order = ("author_name", "lodged_on", "kind")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].help_text = "Résumez le courrier, ou recopiez-le."


class AnswerForm(DsfrForm):
    """`outcomes`: those that the kind of the act allows."""

    phrases: ClassVar[Mapping[str, str]] = {"outcome": "la suite donnée", "answer": "les motifs de la réponse"}
    outcome = forms.ChoiceField(label="Suite donnée", widget=forms.RadioSelect)
    answer = forms.CharField(label="Motifs de la réponse", max_length=TEXT, widget=forms.Textarea(attrs={"rows": 8}))

    def __init__(self, *args: Any, outcomes: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["outcome"].choices = [(each, Outcome(each).label) for each in outcomes]  # type: ignore[attr-defined]


class SuitForm(DsfrForm):
    phrases: ClassVar[Mapping[str, str]] = {
        "court": "la juridiction",
        "case_number": "le numéro de l’affaire",
        "claimant": "le requérant",
        "lodged_on": "la date de la requête",
    }
    court = forms.CharField(label="Juridiction", max_length=200)
    case_number = forms.CharField(label="Numéro de l’affaire", max_length=60)
    claimant = forms.CharField(label="Requérant", max_length=200)
    lodged_on = FrenchDateField(label="Requête enregistrée le")


#: What a court may say, in the order of the page.
RULINGS = {
    "suspend": "La décision est suspendue en référé",
    "reject": "La requête est rejetée : la décision reprend ses effets",
    "annul": "La décision est annulée",
    "end": "Désistement ou non-lieu : la décision reprend ses effets",
}


class RulingForm(DsfrForm):
    phrases: ClassVar[Mapping[str, str]] = {
        "step": "le sens de la décision de justice",
        "ruling": "le résumé de la décision de justice",
        "ruled_on": "la date de la décision de justice",
    }
    step = forms.ChoiceField(
        label="Sens de la décision de justice", choices=list(RULINGS.items()), widget=forms.RadioSelect
    )
    ruled_on = FrenchDateField(label="Date de la décision de justice")
    ruling = forms.CharField(label="Résumé", max_length=TEXT, widget=forms.Textarea(attrs={"rows": 5}))
    injunction = forms.CharField(
        label="Injonction",
        required=False,
        max_length=TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Ce que le juge ordonne de faire, s’il y a lieu.",
    )
    injunction_due_on = FrenchDateField(label="À exécuter avant le", required=False)


class ExecutionForm(DsfrForm):
    phrases: ClassVar[Mapping[str, str]] = {"executed_on": "la date d’exécution"}
    executed_on = FrenchDateField(label="Injonction exécutée le")


class ResumeForm(DsfrForm):
    phrases: ClassVar[Mapping[str, str]] = {"outcome": "où le dossier reprend", "reason": "le motif"}
    outcome = forms.ChoiceField(
        label="Où le dossier reprend",
        choices=[
            (Outcome.INSTRUCTION, "À l’instruction"),
            (Outcome.COMMISSION, "Devant la commission"),
            (Outcome.RECONSIDERED, "Devant le ministre, qui décide de nouveau"),
        ],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(label="Motif", max_length=4000, widget=forms.Textarea(attrs={"rows": 4}))
