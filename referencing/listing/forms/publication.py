from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import URLValidator

from convergence.ui.forms import DsfrForm
from referencing.listing.core.sheet import LONG_LENGTH, LONG_MINIMUM, NAME_LENGTH, PRICE_LENGTH, SHORT_LENGTH
from referencing.listing.enums import AccessibilityLevel, Category, Platform, Price


class PublicAddressField(forms.URLField):
    """A page that citizens will open: over HTTPS only."""

    default_validators = [URLValidator(schemes=["https"])]

    def __init__(self, **kwargs: Any) -> None:
        invalid = "Indiquez une adresse complète, qui commence par https://."
        super().__init__(
            required=False, max_length=300, assume_scheme="https", error_messages={"invalid": invalid}, **kwargs
        )


class PublicationForm(DsfrForm):
    """What the editor writes for the catalogue. A draft may be incomplete: what is missing is said before submitting."""

    public_name = forms.CharField(
        label="Nom du service",
        max_length=NAME_LENGTH,
        required=False,
        help_text="Tel que les usagers le connaissent, sans numéro de version.",
        widget=forms.TextInput(attrs={"data-counter": str(NAME_LENGTH)}),
    )
    short_text = forms.CharField(
        label="Présentation courte",
        max_length=SHORT_LENGTH,
        required=False,
        help_text=f"Une phrase, {SHORT_LENGTH} caractères au plus : ce que le service apporte à l’usager. Elle paraît dans la "
        "liste du catalogue.",
        widget=forms.Textarea(attrs={"rows": 2, "data-counter": str(SHORT_LENGTH)}),
    )
    long_text = forms.CharField(
        label="Présentation détaillée",
        max_length=LONG_LENGTH,
        required=False,
        help_text=f"De {LONG_MINIMUM} à {LONG_LENGTH} caractères, en texte simple : à qui s’adresse le service, ce qu’il "
        "permet de faire, ce qu’il ne remplace pas. Une ligne vide sépare deux paragraphes.",
        widget=forms.Textarea(attrs={"rows": 10, "data-counter": str(LONG_LENGTH)}),
    )
    categories = forms.MultipleChoiceField(
        label="Catégories",
        choices=Category.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Celles où les usagers le chercheront.",
    )
    price = forms.ChoiceField(label="Prix", choices=Price.choices, required=False, widget=forms.RadioSelect)
    price_note = forms.CharField(
        label="Détail du prix",
        max_length=PRICE_LENGTH,
        required=False,
        help_text="Par exemple : 4,90 € par mois, sans engagement.",
    )
    platforms = forms.MultipleChoiceField(
        label="Où s’utilise le service", choices=Platform.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    web_url = PublicAddressField(label="Adresse du site")
    android_url = PublicAddressField(label="Page dans le magasin d’applications Android")
    ios_url = PublicAddressField(label="Page dans l’App Store")
    accessibility = forms.ChoiceField(
        label="Accessibilité du service aux personnes handicapées",
        choices=AccessibilityLevel.choices,
        required=False,
        widget=forms.RadioSelect,
        help_text="D’après le référentiel général d’amélioration de l’accessibilité (RGAA).",
    )
    accessibility_url = PublicAddressField(label="Déclaration d’accessibilité", help_text="Facultatif.")
    support_email = forms.EmailField(
        label="Adresse e-mail d’aide", required=False, help_text="Où les usagers vous écrivent. Elle sera publique."
    )
    support_url = PublicAddressField(label="Page d’aide", help_text="Facultatif si vous donnez une adresse e-mail.")

    def clean_public_name(self) -> str:
        return one_line(self.cleaned_data["public_name"])

    def clean_short_text(self) -> str:
        return one_line(self.cleaned_data["short_text"])

    def clean_price_note(self) -> str:
        return one_line(self.cleaned_data["price_note"])

    def clean_long_text(self) -> str:
        lines = self.cleaned_data["long_text"].replace("\r\n", "\n").split("\n")
        return "\n".join(printable(line).rstrip() for line in lines)


def printable(text: str) -> str:
    """Without control characters, which no feed may carry."""
    return "".join(each if each.isprintable() else " " for each in text)


def one_line(text: str) -> str:
    return " ".join(printable(text).split())


class ChangesForm(DsfrForm):
    """What the editor must correct in its sheet."""

    phrases = {"reason": "ce qu’il faut corriger"}

    reason = forms.CharField(
        label="Ce qu’il faut corriger",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="L’éditeur le lit tel quel.",
    )
