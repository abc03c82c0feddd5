from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from phonenumber_field.formfields import PhoneNumberField

from convergence.accounts.enums import WITHOUT_RCS, LegalForm
from convergence.ui.forms import DsfrForm, DsfrModelForm
from referencing.enrolment import core
from referencing.enrolment.enums import Purpose
from referencing.enrolment.models import AdministrativeSheet, ExchangeScope

PHONE_MESSAGE = "Indiquez un numéro de téléphone complet, par exemple : 01 23 45 67 89 ou +32 2 123 45 67."


class SheetForm(DsfrModelForm):
    """Fiche administrative (SC-09). Nothing is required of a draft, but what is typed must have its form (BR-025)."""

    phone = PhoneNumberField(
        label="N° de téléphone", required=False, region="FR", error_messages={"invalid": PHONE_MESSAGE}
    )
    representative_phone = PhoneNumberField(
        label="N° de téléphone (représentant)", required=False, region="FR", error_messages={"invalid": PHONE_MESSAGE}
    )
    website = forms.URLField(label="Site web", required=False, assume_scheme="https")
    legal_form = forms.ChoiceField(
        label="Forme juridique", required=False, choices=[("", "Choisir une forme juridique"), *LegalForm.choices]
    )
    extract = forms.FileField(
        label="Extrait du registre (structure étrangère)",
        required=False,
        help_text="PDF, 10 Mo au plus, de moins de trois mois.",
    )
    base_version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = AdministrativeSheet
        fields = [
            "organisation_name",
            "legal_form",
            "address",
            "rcs",
            "rcs_not_applicable",
            "siret",
            "register_number",
            "finess",
            "website",
            "phone",
            "representative_last_name",
            "representative_first_name",
            "representative_function",
            "representative_email",
            "representative_phone",
        ]
        labels = {
            "organisation_name": "Dénomination ou raison sociale",
            "address": "Adresse du siège",
            "rcs": "N° RCS",
            "rcs_not_applicable": "Sans objet : ma structure n’est pas inscrite au registre du commerce et des sociétés",
            "siret": "SIRET",
            "register_number": "N° au registre du pays (structure étrangère)",
            "finess": "N° FINESS (facultatif)",
            "representative_last_name": "Nom",
            "representative_first_name": "Prénom",
            "representative_function": "Fonction",
            "representative_email": "Adresse e-mail",
        }
        help_texts = {
            "rcs": "Ville et numéro, par exemple : Lyon B 812 345 678",
            "siret": "14 chiffres. Une structure étrangère indique plutôt son numéro au registre de son pays.",
            "finess": "9 caractères, pour un établissement de santé ou médico-social.",
            "representative_email": "Le lien de signature de la convention sera envoyé à cette adresse.",
        }
        widgets = {"address": forms.Textarea(attrs={"rows": 3})}

    def clean_siret(self) -> str:
        number = "".join(self.cleaned_data["siret"].split())
        if number and (problem := core.explain_siret(number)):
            raise forms.ValidationError(problem, code="siret")
        return number

    def clean_finess(self) -> str:
        number: str = "".join(self.cleaned_data["finess"].split())
        if number and not (len(number) == 9 and number.isalnum()):
            raise forms.ValidationError("Un numéro FINESS compte 9 caractères.", code="finess")
        return number

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("rcs_not_applicable") and values.get("legal_form") and values["legal_form"] not in WITHOUT_RCS:
            self.add_error(
                "rcs",
                "Une société commerciale est inscrite au RCS : indiquez son numéro, ou corrigez la forme juridique.",
            )
        return values

    @property
    def sheet_changes(self) -> Mapping[str, Any]:
        """The cleaned columns of the sheet, for `services.save_sheet`."""
        return {name: self.cleaned_data[name] for name in self.Meta.fields}


class ReasonForm(DsfrForm):
    """A verifier gives the fiche back (T04)."""

    phrases = {"reason": "le motif : l’éditeur le lira"}

    reason = forms.CharField(
        label="Motif de la demande de correction",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="L’éditeur lit ce texte. Dites ce qu’il faut changer, et pourquoi.",
    )


class RejectionForm(DsfrForm):
    """A verifier refuses, for the minister, under a delegation (T05, A-01)."""

    phrases = {
        "reason": "le motif du refus",
        "delegation": "la délégation de signature",
        "remedies": "les voies et délais de recours",
    }

    reason = forms.CharField(label="Motif du refus", widget=forms.Textarea(attrs={"rows": 4}))
    delegation = forms.CharField(
        label="Délégation de signature", max_length=200, help_text="Référence et date de la délégation du ministre."
    )
    remedies = forms.CharField(
        label="Voies et délais de recours",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Texte notifié à l’éditeur avec la décision. À confirmer par l’opérateur avant tout usage réel.",
    )


class ExchangeScopeForm(DsfrModelForm):
    """One interface in one direction: a draft may be incomplete, the dossier may not (BR-118)."""

    purpose = forms.ChoiceField(
        label="Finalité",
        required=False,
        choices=[("", "Choisir une finalité"), *Purpose.choices],
        help_text="La loi ne permet aucune autre finalité pour les données de Mon espace santé.",
        error_messages={"invalid_choice": "Cette finalité n’est pas permise pour les données de Mon espace santé."},
    )

    class Meta:
        model = ExchangeScope
        fields = ["purpose", "necessity", "access", "retention", "security", "consent_text"]
        labels = {
            "necessity": "Nécessité",
            "access": "Modalités d’accès",
            "retention": "Durée de conservation",
            "security": "Conditions de sécurité",
            "consent_text": "Texte d’information de l’usager",
        }
        help_texts = {
            "necessity": "Pourquoi le service ne peut pas s’en passer.",
            "access": "Qui accède aux données, comment, à quel moment.",
            "retention": "Combien de temps les données sont gardées, et ce qu’elles deviennent ensuite.",
            "security": "Comment elles sont protégées, du transport à l’archivage.",
            "consent_text": "Le texte que l’usager lit quand vous recueillez son accord.",
        }
        widgets = {name: forms.Textarea(attrs={"rows": 3}) for name in fields[1:]}
