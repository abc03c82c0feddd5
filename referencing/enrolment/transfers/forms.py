from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from convergence.accounts.models import User
from convergence.ui.forms import DsfrForm


class ColleagueForm(DsfrForm):
    """A new responsable inside the organisation."""

    phrases = {"colleague": "votre collègue"}

    colleague = forms.TypedChoiceField(label="Collègue qui devient responsable du produit", coerce=int)

    def __init__(self, *arguments: Any, people: Iterable[User], **options: Any) -> None:
        super().__init__(*arguments, **options)
        shown = [(each.pk, each.get_full_name() or each.email) for each in people]
        self.fields["colleague"].choices = [("", "Choisir une personne"), *shown]  # type: ignore[attr-defined]


class OfferForm(DsfrForm):
    """The organisation that takes over, by its identifier; it must be on the platform."""

    phrases = {"identifier": "l’identifiant de la structure"}

    identifier = forms.CharField(
        label="SIRET de la structure qui reprend le produit",
        help_text="Ou son numéro dans un registre étranger. Cette structure doit être inscrite sur la plateforme.",
        max_length=60,
    )
    message = forms.CharField(
        label="Message",
        help_text="Les personnes qui engagent cette structure le lisent.",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class RefusalForm(DsfrForm):
    why = forms.CharField(
        label="Motif du refus",
        help_text="L’autre structure le lit.",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
