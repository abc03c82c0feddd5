from __future__ import annotations

from typing import Any

from django import forms

from convergence.ui.forms import DsfrForm
from referencing.convention import core
from referencing.convention.enums import DataCategory
from referencing.enrolment.enums import Purpose


class TermsForm(DsfrForm):
    """The verifier’s choices (A-04): data categories, purposes in the closed list."""

    phrases = {"data_categories": "au moins une catégorie, ou « Aucune donnée »"}

    data_categories = forms.MultipleChoiceField(
        label="Catégories de données de Mon espace santé concernées",
        choices=DataCategory.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text="« Aucune donnée » exclut les autres catégories.",
    )
    purposes = forms.MultipleChoiceField(
        label="Finalités",
        choices=Purpose.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="Au moins une, sauf si aucune donnée n’est concernée. Aucune autre finalité n’est permise.",
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if "data_categories" in values and "purposes" in values:
            for code, message, field in core.explain_terms(values["data_categories"], values["purposes"]):
                self.add_error(field, forms.ValidationError(message, code=code))
        return values


class ReadForm(DsfrForm):
    """The signer says to have read, before a code is sent."""

    read = forms.BooleanField(
        label="J’ai lu la convention et je suis habilité à la signer",
        error_messages={"required": "Cochez cette case après avoir lu la convention : le code vous sera alors envoyé."},
    )


class CodeForm(DsfrForm):
    """The one-time code; spaces are forgiven."""

    phrases = {"code": "le code reçu par e-mail"}

    code = forms.CharField(
        label="Code à 6 chiffres",
        max_length=20,
        help_text="Envoyé par e-mail, valable 10 minutes.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )

    def clean_code(self) -> str:
        code = "".join(self.cleaned_data["code"].split())
        if not (len(code) == core.CODE_DIGITS and code.isascii() and code.isdigit()):
            raise forms.ValidationError("Le code compte 6 chiffres.", code="form")
        return code


class RefusalForm(DsfrForm):
    phrases = {"reason": "pourquoi vous ne signez pas : l’éditeur et les vérificateurs le liront"}

    reason = forms.CharField(
        label="Motif de votre refus",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="L’éditeur et les vérificateurs liront ce texte.",
    )


class RepresentativeForm(DsfrForm):
    """Why the legal representative changes (A-05)."""

    phrases = {"reason": "pourquoi le représentant légal change"}

    reason = forms.CharField(
        label="Motif du changement de représentant légal",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Par exemple : la personne indiquée a quitté ses fonctions.",
    )
