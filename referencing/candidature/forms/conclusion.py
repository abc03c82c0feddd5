from __future__ import annotations

from datetime import date

from django import forms
from django.utils import timezone

from convergence.ui.forms import DsfrForm
from referencing.candidature.enums import Proposal


class ConclusionForm(DsfrForm):
    """What the instruction proposes to the commission, and why."""

    phrases = {"proposal": "la proposition", "text": "la synthèse"}

    proposal = forms.ChoiceField(
        label="Proposition à la commission", choices=Proposal.choices, widget=forms.RadioSelect
    )
    text = forms.CharField(
        label="Synthèse",
        max_length=10000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="Les membres de la commission la lisent en premier : ce qu’apporte le service, ce qui a été vérifié, ce "
        "qui reste à surveiller.",
    )


class ReasonForm(DsfrForm):
    phrases = {"reason": "le motif"}

    reason = forms.CharField(label="Motif", max_length=4000, widget=forms.Textarea(attrs={"rows": 4}))


class PreListingForm(DsfrForm):
    expires_on = forms.DateField(
        label="Pré-référencé jusqu’au",
        required=False,
        help_text="Facultatif. Format : 8/7/2027. Sans date, le pré-référencement court jusqu’à son remplacement.",
        input_formats=["%d/%m/%Y", "%Y-%m-%d"],
    )

    @property
    def today(self) -> date:
        return timezone.localdate()
