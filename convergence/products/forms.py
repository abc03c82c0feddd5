from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from convergence.accounts.models import User
from convergence.products.enums import Interest, ProductType
from convergence.products.models import Product
from convergence.ui.forms import DsfrModelForm

if TYPE_CHECKING:
    from convergence.accounts.models import Organisation


class ProductForm(DsfrModelForm):
    """Identification of a product (SC-04, BR-001, BR-002)."""

    phrases = {
        "name": "le nom du produit",
        "version": "la version du produit",
        "type": "le type de produit",
        "owner": "le responsable du produit",
        "description": "une description du produit",
        "interests": "au moins un dispositif, ou « Aucun dispositif identifié pour le moment »",
    }

    type = forms.ChoiceField(label="Type de produit", choices=ProductType.choices, widget=forms.RadioSelect)
    owner = forms.ModelChoiceField(
        label="Responsable", queryset=User.objects.none(), empty_label="Choisir une personne"
    )
    interests = forms.MultipleChoiceField(
        label="Par quels dispositifs de référencement et/ou de certification êtes-vous intéressé pour le produit ?",
        choices=Interest.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text="À titre indicatif : cocher un dispositif n’y rattache pas votre produit.",
    )

    class Meta:
        model = Product
        fields = ["name", "version", "type", "nil", "owner", "description", "certifications", "interests"]
        labels = {
            "name": "Nom du produit",
            "version": "Version",
            "nil": "N° d’identification (NIL délivré par le CNDA)",
            "description": "Description de produit",
            "certifications": "Certifications",
        }
        help_texts = {
            "name": "Le nom que les usagers voient.",
            "version": "Par exemple : 2.1",
            "nil": "Facultatif.",
            "description": "Ce que fait le service, et pour qui.",
            "certifications": "Facultatif. Une par ligne.",
        }
        widgets = {
            "description": forms.Textarea(attrs={"rows": 4}),
            "certifications": forms.Textarea(attrs={"rows": 2}),
        }

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.organisation = organisation
        self.fields["owner"].queryset = User.objects.in_organisation(organisation)  # type: ignore[attr-defined]

    def clean_interests(self) -> list[str]:
        """« Aucun dispositif » stands alone (BR-005)."""
        interests: list[str] = self.cleaned_data["interests"]
        if Interest.NONE in interests and len(interests) > 1:
            raise forms.ValidationError(
                "« Aucun dispositif identifié pour le moment » ne se combine pas avec un autre choix.", code="exclusive"
            )
        return interests

    def _get_validation_exclusions(self) -> set[str]:
        """The organisation is not a field, yet name and version are unique within it (BR-007)."""
        return super()._get_validation_exclusions() - {"organisation"}  # type: ignore[misc]  # not in the stubs
