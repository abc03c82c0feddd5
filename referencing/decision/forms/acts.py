"""Forms of drafts, signatures and notifications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from convergence.ui.forms import DsfrForm, FrenchDateField
from convergence.ui.typography import NBSP
from evidence.core.formats import accept_attribute
from evidence.errors import UploadRefused
from evidence.services import Examined, examine
from referencing.decision.core.act import Signatory
from referencing.decision.enums import DecisionKind

TEXT = 20_000
PDF_MB = 20


class PdfField(forms.FileField):
    """One PDF, examined as evidence is; cleaned to what was found, or to None when none is asked."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", f"PDF, {PDF_MB} Mo au plus.")
        super().__init__(widget=forms.FileInput({"accept": accept_attribute(("pdf",))}), **kwargs)

    def clean(self, data: Any, initial: Any = None) -> Examined | None:
        upload: UploadedFile[Any] | None = super().clean(data, initial)
        if not upload:
            return None
        try:
            return examine(upload=upload, allowed_formats=("pdf",), max_size_mb=PDF_MB)
        except UploadRefused as refusal:
            raise forms.ValidationError([blocker.message for blocker in refusal.problems]) from refusal


class DraftForm(DsfrForm):
    """What an act says. `kinds`: those that the opinion allows, empty when the kind is fixed."""

    phrases: ClassVar[Mapping[str, str]] = {"kind": "la nature de la décision"}
    kind = forms.ChoiceField(label="Nature de la décision", widget=forms.RadioSelect)
    reasons = forms.CharField(
        label="Motifs",
        required=False,
        max_length=TEXT,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text="Obligatoires pour une décision défavorable. Les faits, puis la règle : l’éditeur doit comprendre pourquoi.",
    )
    remedies = forms.CharField(
        label="Voies et délais de recours",
        required=False,
        max_length=TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="Obligatoires pour une décision défavorable : sans eux, les délais de recours ne courent pas.",
    )

    def __init__(self, *args: Any, kinds: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(kind, DecisionKind(kind).label) for kind in kinds]  # type: ignore[attr-defined]
        if not kinds:
            del self.fields["kind"]


class TermsForm(DraftForm):
    """The same for an act about a listing (A-02)."""

    condition_text = forms.CharField(
        label="Condition de référencement qui n’est plus remplie",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    invited_on = FrenchDateField(label="Éditeur invité à présenter ses observations le", required=False)
    urgency = forms.CharField(
        label="Urgence qui dispense de l’y inviter",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    effective_on = FrenchDateField(label="Prend effet le", required=False)
    comply_by = FrenchDateField(label="À exécuter avant le", required=False)
    ends_on = FrenchDateField(label="Nouvelle fin du référencement", required=False)

    #: What goes into the terms of the act.
    TERMS = ("condition_text", "invited_on", "urgency", "effective_on", "comply_by", "ends_on")

    def terms(self) -> dict[str, str]:
        values = {key: self.cleaned_data[key] for key in self.TERMS}
        return {key: value.isoformat() if hasattr(value, "isoformat") else value or "" for key, value in values.items()}


class SignatoryForm(DsfrForm):
    """Who signs, and under which delegation."""

    phrases: ClassVar[Mapping[str, str]] = {
        "signatory_name": "le nom du signataire",
        "signatory_quality": "la qualité du signataire",
        "delegation": "la référence de la délégation",
        "delegation_from": "le début de la délégation",
        "delegation_until": "la fin de la délégation",
        "signed_on": "la date de l’acte",
    }
    signatory_name = forms.CharField(label="Nom du signataire", max_length=200)
    signatory_quality = forms.CharField(
        label="Qualité du signataire",
        max_length=300,
        help_text=f"Telle qu’elle figure sur l’acte, par exemple{NBSP}: délégué au numérique en santé.",
    )
    delegation = forms.CharField(
        label="Référence de la délégation de signature",
        max_length=300,
        help_text=f"Par exemple{NBSP}: arrêté du 3 mars 2026, article 2.",
    )
    delegation_from = FrenchDateField(label="Délégation valable du")
    delegation_until = FrenchDateField(label="Délégation valable jusqu’au")
    signed_on = FrenchDateField(label="Date de l’acte", initial=timezone.localdate)

    def signatory(self, *, email: str) -> Signatory:
        values = self.cleaned_data
        return Signatory(
            name=values["signatory_name"],
            quality=values["signatory_quality"],
            email=email,
            delegation=values["delegation"],
            delegation_from=values["delegation_from"],
            delegation_until=values["delegation_until"],
        )


class BatchForm(SignatoryForm):
    """Several rows and one signatory. `rows`: (key, words)."""

    rows = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple)
    field_order = ("rows",)

    def __init__(self, *args: Any, rows: Sequence[tuple[str, str]], label: str, phrase: str, **kwargs: Any) -> None:
        self.phrases = {**type(self).phrases, "rows": phrase}  # type: ignore[misc]
        super().__init__(*args, **kwargs)
        self.fields["rows"].label = label
        self.fields["rows"].choices = list(rows)  # type: ignore[attr-defined]


class ReceivedActForm(SignatoryForm):
    """An act signed elsewhere: its file, and what it bears."""

    phrases: ClassVar[Mapping[str, str]] = {
        **SignatoryForm.phrases,
        "file": "l’acte signé",
        "number": "le numéro de l’acte",
    }
    file = PdfField(label="Acte signé")
    number = forms.CharField(label="Numéro de l’acte", max_length=40)
    field_order = ("file", "number", "signed_on")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("delegation", "delegation_from", "delegation_until"):
            self.fields[name].required = False
        self.fields["delegation"].help_text = "Laissez vide si le ministre a signé lui-même."


class LetterForm(DsfrForm):
    phrases: ClassVar[Mapping[str, str]] = {"tracking": "le numéro de suivi", "sent_on": "la date d’envoi"}
    tracking = forms.CharField(label="Numéro de suivi de la lettre recommandée", max_length=60)
    sent_on = FrenchDateField(label="Envoyée le")
    received_on = FrenchDateField(
        label="Reçue le",
        required=False,
        help_text="Date de l’avis de réception. Sans elle, la décision est réputée notifiée 15 jours après l’envoi.",
    )
