from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms

from convergence.ui.forms import DsfrForm, FrenchDateField
from convergence.ui.typography import NBSP
from referencing.enrolment.enums import WhiteLabelRole

#: First question, variant A: the answer that opens the second one (SC-07).
WHITE = "white"
YES_NO = [("oui", "Oui"), ("non", "Non")]
#: More would not be read: the search narrows them.
SOLUTION_LIMIT = 50


class SolutionForm(DsfrForm):
    """The solution of a distributor, among those that are pre-listed and that the search keeps (BR-190)."""

    phrases = {"solution": "la solution de l’éditeur producteur"}

    search = forms.CharField(
        label="Rechercher une solution",
        required=False,
        max_length=200,
        help_text="Nom de la solution ou de son éditeur. Accents et majuscules sont indifférents.",
    )
    solution = forms.ChoiceField(
        label="Indiquez la solution de l’éditeur producteur pré-référencée à laquelle votre produit est rattaché :",
        choices=[],
    )

    def __init__(self, *args: Any, solutions: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["solution"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", "Sélectionner un produit"), *solutions]

    @property
    def chosen(self) -> UUID | None:
        return UUID(self.cleaned_data["solution"]) if self.cleaned_data.get("solution") else None


class AttachForm(SolutionForm):
    """Modal of SC-07, variant A, then what a white-label product must say; what does not apply is not asked."""

    phrases = {
        "white_label": "le cas de votre produit",
        "role": "s’il s’agit de la solution d’un éditeur producteur ou d’un éditeur distributeur",
        "solution": "la solution de l’éditeur producteur",
        "on_behalf": "si vous évaluez le produit pour le compte d’un tiers",
        "third_party": "le nom du tiers pour le compte duquel vous agissez",
    }

    white_label = forms.ChoiceField(
        label="Souhaitez-vous évaluer votre produit en tant qu’éditeur producteur ou éditeur distributeur d’une solution "
        "en marque blanche ?",
        choices=[
            (WHITE, "Je veux référencer un produit en marque blanche"),
            (WhiteLabelRole.NONE, "Je veux référencer un produit unique (cas nominal)"),
        ],
        widget=forms.RadioSelect,
    )
    role = forms.ChoiceField(
        label="Veuillez indiquer si votre produit est une solution d’un éditeur distributeur ou d’un éditeur producteur",
        choices=[
            (WhiteLabelRole.PRODUCER, WhiteLabelRole.PRODUCER.label),
            (WhiteLabelRole.DISTRIBUTOR, WhiteLabelRole.DISTRIBUTOR.label),
        ],
        widget=forms.RadioSelect,
    )
    on_behalf = forms.ChoiceField(
        label="Évaluez-vous le produit pour le compte d’un tiers ?",
        choices=YES_NO,
        widget=forms.RadioSelect,
        help_text="Un établissement de santé, par exemple. Ce tiers est alors l’éditeur du service : son représentant légal "
        "signe la convention, et les décisions lui sont adressées.",
    )
    third_party = forms.CharField(
        label="Nom du tiers",
        max_length=200,
        help_text="Sa dénomination ou raison sociale. Vous décrirez ce tiers dans la fiche administrative et vous déposerez "
        "le mandat qu’il vous a donné.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self._not_asked():
            field = self.fields[name]
            field.required = False
            field.label = f"{field.label}{NBSP}*"  # once its question is asked, it is mandatory

    def _not_asked(self) -> list[str]:
        said = self.data if self.is_bound else {}
        if said.get("white_label") != WHITE:
            return ["role", "solution", "on_behalf", "third_party"]
        if said.get("role") != WhiteLabelRole.DISTRIBUTOR:
            return ["solution", "on_behalf", "third_party"]
        return [] if said.get("on_behalf") == "oui" else ["third_party"]

    @property
    def answers(self) -> dict[str, Any]:
        """What `attach_product` takes."""
        values = self.cleaned_data
        return {
            "white_label": values["role"] if values["white_label"] == WHITE else values["white_label"],
            "solution": self.chosen,
            "is_on_behalf": {"oui": True, "non": False}.get(values["on_behalf"]),
            "third_party": values["third_party"],
        }


class WhyForm(DsfrForm):
    """A refusal or an end says its reason, which the other side reads."""

    phrases = {"why": "le motif : l’autre partie le lira"}

    why = forms.CharField(
        label="Motif",
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=2000,
        help_text="L’autre éditeur lit ce texte. N’y dites rien de confidentiel.",
    )


class MandateForm(DsfrForm):
    """The mandate of the third party (A-26)."""

    phrases = {"file": "le mandat signé par le tiers", "given_on": "la date à laquelle le mandat a été donné"}

    file = forms.FileField(label="Mandat", help_text="PDF signé par le représentant légal du tiers, 10 Mo au plus.")
    given_on = FrenchDateField(label="Donné le")
    ends_on = FrenchDateField(
        label="Jusqu’au", required=False, help_text="Facultatif : un mandat sans terme vaut jusqu’à sa révocation."
    )


class DissolutionForm(DsfrForm):
    """A verifier records that the editor of record no longer exists (A-26)."""

    phrases = {"file": "la preuve de la dissolution", "dissolved_on": "la date de la dissolution"}

    dissolved_on = FrenchDateField(label="Dissous le")
    file = forms.FileField(label="Preuve", help_text="Publication légale ou extrait du registre, PDF, 10 Mo au plus.")
    successor = forms.CharField(
        label="Successeur",
        required=False,
        max_length=200,
        help_text="Facultatif : dénomination de la structure qui succède. Elle signe une nouvelle convention.",
    )
    note = forms.CharField(label="Note", required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))
