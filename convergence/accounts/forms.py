from __future__ import annotations

from typing import Any

from django import forms

from convergence.accounts.countries import COUNTRIES
from convergence.accounts.enums import LegalForm, MembershipType
from convergence.accounts.models import User
from convergence.kernel.identifiers import parse_siret
from convergence.ui.forms import DsfrForm, DsfrModelForm

FRENCH_FORMS = [choice for choice in LegalForm.choices if choice[0] != LegalForm.FOREIGN]


class SiretField(forms.CharField):
    """A SIRET with any spaces; gives its 14 digits (BR-025)."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", "SIRET")
        kwargs.setdefault("help_text", "14 chiffres, avec ou sans espaces. Par exemple : 356 000 000 00048")
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}))
        super().__init__(max_length=40, **kwargs)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        if not text:
            return ""
        try:
            return parse_siret(text)
        except ValueError as error:
            digits = "".join(text.split()).replace(".", "")
            if not digits.isdecimal() or len(digits) != 14:
                message = "Un SIRET compte 14 chiffres : vérifiez celui que vous avez saisi."
            else:
                message = (
                    "Ce SIRET n’existe pas : un de ses chiffres est faux. Vérifiez-le sur votre avis de situation."
                )
            raise forms.ValidationError(message, code="siret") from error


class CountryField(forms.ChoiceField):
    """Countries by French name, France left out; the code is ISO 3166-1."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label="Pays", choices=[("", "Choisir un pays"), *COUNTRIES], **kwargs)


class OrganisationForm(DsfrForm):
    """What both kinds of organisation say. An existing one is no error: the service sends to its page (BR-222)."""

    name = forms.CharField(label="Dénomination ou raison sociale", max_length=200)
    address = forms.CharField(
        label="Adresse du siège",
        required=False,
        max_length=1000,
        help_text="Facultatif.",
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "street-address"}),
    )


class FrenchOrganisationForm(OrganisationForm):
    """An organisation that has a SIRET."""

    siret = SiretField()
    legal_form = forms.ChoiceField(
        label="Forme juridique", choices=[("", "Choisir une forme juridique"), *FRENCH_FORMS]
    )
    field_order = ["siret", "name", "legal_form", "address"]
    phrases = {
        "siret": "le SIRET de votre structure",
        "name": "la dénomination de votre structure",
        "legal_form": "la forme juridique de votre structure",
    }


class ForeignOrganisationForm(OrganisationForm):
    """An organisation of another country: its number in the register there stands for the SIRET (A-06)."""

    country = CountryField()
    register_number = forms.CharField(
        label="Numéro au registre",
        max_length=50,
        help_text="Par exemple : HRB 12345 (Allemagne), 0123.456.789 (Belgique). "
        "Un extrait du registre vous sera demandé plus tard.",
    )
    field_order = ["country", "register_number", "name", "address"]
    phrases = {
        "country": "le pays de votre structure",
        "register_number": "le numéro de votre structure au registre de son pays",
        "name": "la dénomination de votre structure",
    }

    def clean_register_number(self) -> str:
        return " ".join(self.cleaned_data["register_number"].split())


class FindOrganisationForm(DsfrForm):
    """The organisation to join, by its SIRET or by its foreign number."""

    siret = SiretField(required=False)
    country = CountryField(required=False)
    register_number = forms.CharField(label="Numéro au registre de ce pays", max_length=50, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "siret" in self.errors or cleaned.get("siret"):
            return cleaned
        if cleaned.get("country") and not cleaned.get("register_number"):
            self.add_error("register_number", "Indiquez le numéro de la structure au registre de ce pays.")
        elif cleaned.get("register_number") and not cleaned.get("country"):
            self.add_error("country", "Choisissez le pays de ce registre.")
        elif not cleaned.get("country"):
            self.add_error("siret", "Indiquez le SIRET de la structure à rejoindre.")
        return cleaned


class MemberForm(DsfrForm):
    """Type of account and right to validate (A-07)."""

    type = forms.ChoiceField(
        label="Type de compte",
        choices=[
            (MembershipType.MANDATAIRE, "Mandataire : représente la structure et gère ses comptes"),
            (MembershipType.REPRESENTANT, "Représentant : mène les démarches et gère aussi les comptes"),
            (MembershipType.SALARIE, "Contributeur : remplit les fiches et les questionnaires"),
        ],
        widget=forms.RadioSelect,
    )
    is_validator = forms.BooleanField(
        label="Peut valider les questionnaires",
        required=False,
        help_text="Utile pour un contributeur : mandataires et représentants le peuvent déjà.",
    )
    phrases = {"type": "un type de compte"}


class InvitationForm(MemberForm):
    email = forms.EmailField(
        label="Adresse e-mail",
        help_text="Adresse professionnelle de la personne. Par exemple : nom@exemple.fr",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    field_order = ["email", "type", "is_validator"]
    phrases = {"type": "un type de compte", "email": "l’adresse de la personne à inviter"}


class RefusalForm(DsfrForm):
    reason = forms.CharField(
        label="Motif du refus",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="La personne le lira.",
    )
    phrases = {"reason": "le motif du refus"}


class NameForm(DsfrModelForm):
    phrases = {"first_name": "votre prénom", "last_name": "votre nom"}

    class Meta:
        model = User
        fields = ["first_name", "last_name"]
        labels = {"first_name": "Prénom", "last_name": "Nom"}
        widgets = {
            "first_name": forms.TextInput(attrs={"autocomplete": "given-name"}),
            "last_name": forms.TextInput(attrs={"autocomplete": "family-name"}),
        }


class SupportForm(DsfrForm):
    reason = forms.CharField(
        label="Motif",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Par exemple : le numéro de la demande de la personne. Il est gardé dans le journal.",
    )
    phrases = {"reason": "le motif de cette consultation"}
