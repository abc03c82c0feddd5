"""The declaration as a form: one question, then as many links as there are; lines come and go without scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from convergence.accounts.models import Organisation
from convergence.interests.core import InterestLine
from convergence.interests.enums import Nature
from convergence.interests.models import InterestDeclaration
from convergence.kernel.identifiers import parse_siret
from convergence.ui.fields import summarise
from convergence.ui.forms import DsfrForm, FrenchDateField, HintedLabel
from convergence.ui.values import Link

MAX_LINES = 40
NONE, SOME = "none", "some"
LINE_FIELDS = ("name", "nature", "detail", "since", "until")


class SituationForm(DsfrForm):
    phrases = {"situation": "si vous avez des liens d’intérêts"}

    situation = forms.ChoiceField(
        label="Avez-vous des liens d’intérêts avec des éditeurs de services numériques en santé ?",
        widget=forms.RadioSelect,
        choices=[
            (NONE, "Non, je n’en ai aucun"),
            (SOME, HintedLabel("Oui", hint="Décrivez chaque lien ci-dessous.")),
        ],
    )


class InterestLineForm(DsfrForm):
    """One link; a line left empty counts as absent."""

    phrases = {"name": "la structure avec laquelle vous avez un lien", "nature": "la nature du lien"}

    name = forms.CharField(
        label="Structure",
        max_length=200,
        help_text="Dénomination complète, ou SIRET",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    nature = forms.ChoiceField(label="Nature du lien", choices=[("", "Choisir"), *Nature.choices])
    detail = forms.CharField(
        label="Précisions",
        required=False,
        max_length=500,
        help_text="Facultatif. Par exemple : fonction occupée, proche concerné",
    )
    since = FrenchDateField(label="Depuis le", required=False)
    until = FrenchDateField(label="Jusqu’au", required=False, help_text="À laisser vide si le lien continue")

    organisation: Organisation | None = None

    def clean_name(self) -> str:
        """A SIRET becomes the organisation that bears it."""
        name = " ".join(self.cleaned_data["name"].split())
        if sum(character.isdigit() for character in name) < 14:
            return name
        try:
            siret = parse_siret(name)
        except ValueError:
            return name
        self.organisation = Organisation.objects.filter(siret=siret).first()
        if self.organisation is None:
            raise forms.ValidationError("Aucune structure n’est inscrite avec ce SIRET : indiquez sa dénomination.")
        return self.organisation.name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", "La fin du lien ne peut pas précéder son début.")
        return cleaned

    def as_line(self) -> InterestLine:
        values = {name: self.cleaned_data[name] for name in LINE_FIELDS}
        return InterestLine(**values, organisation_id=self.organisation.pk if self.organisation else None)


class DeclarationForm:
    """The question and its lines as one form. `data` is what was posted; `rows` are lines to start from."""

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, situation: str = "", rows: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        if data is None:
            self.situation = SituationForm(initial={"situation": situation})
            self.lines = [_line(number, initial=row) for number, row in enumerate(rows or [{}])]
        else:
            self.situation = SituationForm(data)
            self.lines = [_line(number, data=data) for number in range(_count(data))]

    def is_valid(self) -> bool:
        """Also false for links declared beside « aucun », and for « oui » without any."""
        is_valid = all([self.situation.is_valid(), *(line.is_valid() for line in self.lines)])
        given = self.situation.cleaned_data.get("situation")
        if given == NONE and self._filled():
            self.situation.add_error("situation", "Vous avez décrit des liens : retirez-les, ou répondez « Oui ».")
        if given == SOME and not self._filled():
            self.situation.add_error("situation", "Décrivez au moins un lien, ou répondez que vous n’en avez aucun.")
        return is_valid and not self.situation.errors

    @property
    def has_none(self) -> bool:
        return bool(self.situation.cleaned_data["situation"] == NONE)

    @property
    def errors(self) -> list[Link]:
        return summarise([self.situation, *self.lines])

    def as_lines(self) -> list[InterestLine]:
        return [line.as_line() for line in self._filled()]

    def _filled(self) -> list[InterestLineForm]:
        return [line for line in self.lines if line.has_changed()]


def typed_rows(data: Mapping[str, Any]) -> list[dict[str, str]]:
    """The lines of a posted form as they were typed, right or wrong."""
    return [{name: data.get(f"lien-{number}-{name}", "") for name in LINE_FIELDS} for number in range(_count(data))]


def declared_rows(declaration: InterestDeclaration | None) -> list[dict[str, Any]]:
    """The lines of a declaration to start a new one from; its `interests` are loaded by the caller."""
    if declaration is None:
        return []
    return [{name: getattr(interest, name) for name in LINE_FIELDS} for interest in declaration.interests.all()]


def _count(data: Mapping[str, Any]) -> int:
    asked = data.get("lines", "")
    return max(1, min(int(asked), MAX_LINES)) if asked.isdecimal() else 1


def _line(number: int, **values: Any) -> InterestLineForm:
    return InterestLineForm(prefix=f"lien-{number}", empty_permitted=True, use_required_attribute=False, **values)
