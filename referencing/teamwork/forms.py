"""Forms of a team, and the form of somebody without an account, made from the criterion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import forms

from convergence.accounts.models import User
from convergence.ui.forms import DsfrForm, FrenchDateField, HintedLabel
from convergence.ui.typography import join_no_break
from evidence.core.formats import accept_attribute, accepted_in_words
from evidence.core.limits import MIB
from evidence.core.sizes import size_in_words
from questionnaires.core import Criterion, Kind
from questionnaires.models import ORIENTATION
from referencing.enrolment.answering.forms import FrenchDecimalField
from referencing.enrolment.answering.wording import COMPLIANCES, LEVELS
from referencing.teamwork.core import Scope
from referencing.teamwork.selectors import Standing
from referencing.teamwork.services.inviting import DAYS_MAX
from referencing.teamwork.services.proposing import ANSWER, COMMENT, expected_evidence
from referencing.teamwork.wording import criterion_title, section_title

FILE = "file-"


class DelegationForm(DsfrForm):
    """Who answers which part, until when."""

    phrases = {"part": "ce que vous confiez", "assignee": "à qui vous le confiez"}

    part = forms.ChoiceField(label="Ce que vous confiez")
    assignee = forms.ChoiceField(label="À qui")
    due_on = FrenchDateField(label="Attendu le", required=False)
    message = forms.CharField(
        label="Message", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, standing: Standing, colleagues: Iterable[User], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        parts: Any = [("", "Choisissez une partie"), *part_choices(standing)]
        people: Any = [("", "Choisissez une personne"), *((str(each.pk), str(each)) for each in colleagues)]
        self.fields["part"].choices = parts  # type: ignore[attr-defined]
        self.fields["assignee"].choices = people  # type: ignore[attr-defined]


def part_choices(standing: Standing) -> list[tuple[str, Any]]:
    """The orientation, then by questionnaire what is asked: the whole, its sections, its criteria."""
    grid = standing.grid
    choices: list[tuple[str, Any]] = [(Scope(ORIENTATION).write(), grid.orientation_title)]
    for questionnaire in grid.questionnaires:
        asked = standing.asked.get(questionnaire.code, ())
        if not asked:
            continue
        within = [(Scope(questionnaire.code).write(), f"{questionnaire.title} (en entier)")]
        sections = {section.code: section for section in questionnaire.sections}
        for code in dict.fromkeys(section for section, _ in asked):
            label = f"Section {section_title(sections[code])}"
            within.append((Scope(questionnaire.code, section=code).write(), label))
            within += [
                (Scope(questionnaire.code, criterion=criterion).write(), criterion_title(grid, criterion))
                for section, criterion in asked
                if section == code
            ]
        choices.append((questionnaire.title, within))
    return choices


class MessageForm(DsfrForm):
    """A message about a criterion, and who must see it."""

    phrases = {"text": "votre message"}

    text = forms.CharField(label="Votre message", max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))
    mentioned = forms.MultipleChoiceField(
        label="Prévenir par e-mail", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, colleagues: Iterable[User], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = [(str(each.pk), f"@{each}") for each in colleagues]
        self.fields["mentioned"].choices = people  # type: ignore[attr-defined]
        if not people:
            del self.fields["mentioned"]


class LinkForm(DsfrForm):
    """To whom a proposal is asked, and for how long."""

    phrases = {"email": "l’adresse e-mail de la personne", "days": "la durée du lien"}

    email = forms.EmailField(
        label="Adresse e-mail",
        help_text="Une personne sans compte\u00a0: hébergeur, sous-traitant, expert de votre choix.",
    )
    message = forms.CharField(
        label="Message", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )
    days = forms.IntegerField(
        label="Durée du lien, en jours",
        initial=14,
        min_value=1,
        max_value=DAYS_MAX,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        help_text=f"De 1 à {DAYS_MAX} jours. Vous pouvez annuler le lien à tout moment.",
    )


class ProposalForm(DsfrForm):
    """What somebody without an account fills in: the guidance of the criterion stands in its choices."""

    phrases = {"author_name": "votre nom"}

    author_name = forms.CharField(label="Votre nom", max_length=150)
    author_organisation = forms.CharField(label="Votre structure", max_length=200, required=False)

    def __init__(self, criterion: Criterion, kind: Kind, *args: Any, **kwargs: Any) -> None:
        self.criterion = criterion
        super().__init__(*args, **kwargs)
        for name, field in _criterion_fields(criterion, kind):
            self.fields[name] = field
            self._speak_french(name, field)
        self.use_required_attribute = False

    @property
    def value(self) -> Mapping[str, object]:
        """The parts of the answer, as the questionnaires read them."""
        parts: dict[str, object] = {name: self.cleaned_data.get(name) for name in ("level", "compliance")}
        expected = self.criterion.value
        if expected is not None and "value" in self.fields:
            given = self.cleaned_data.get("value")
            parts[expected.type.value] = given.isoformat() if isinstance(given, date) else given
        return {name: part for name, part in parts.items() if part not in (None, "")}

    @property
    def uploads(self) -> list[tuple[str, Any]]:
        """The chosen files with the type of evidence that each is for."""
        return [(name.removeprefix(FILE), file) for name in self.files for file in self.files.getlist(name)]


def _criterion_fields(criterion: Criterion, kind: Kind) -> Iterable[tuple[str, forms.Field]]:
    if kind is Kind.LEVELS:
        choices = [
            (each.level, HintedLabel(LEVELS[each.level], hint=join_no_break(each.text))) for each in criterion.levels
        ]
        yield (
            "level",
            forms.ChoiceField(
                label="Niveau que vous proposez", choices=choices, required=False, widget=forms.RadioSelect
            ),
        )
    elif kind is Kind.COMPLIANCE:
        pairs = [(value.value, label) for value, label in COMPLIANCES.items()]
        yield (
            "compliance",
            forms.ChoiceField(
                label="Le produit est-il conforme à ce critère\u202f?",
                choices=pairs,
                required=False,
                widget=forms.RadioSelect,
            ),
        )
        if criterion.value is not None:
            unit = f" ({criterion.value.unit})" if criterion.value.unit else ""
            label = f"{criterion.value.label}{unit}"
            match criterion.value.type.value:
                case "number":
                    yield "value", FrenchDecimalField(label=label, required=False, max_digits=20, decimal_places=6)
                case "date":
                    yield "value", FrenchDateField(label=label, required=False)
                case _:
                    yield "value", forms.CharField(label=label, required=False, max_length=2000)
    for expected in expected_evidence(criterion):
        limit = size_in_words(expected.max_size_mb * MIB)
        yield (
            f"{FILE}{expected.code}",
            forms.FileField(
                label=expected.label,
                required=False,
                help_text=f"{'Preuve obligatoire. ' if expected.required else ''}Formats acceptés\u00a0: {accepted_in_words(expected.formats)}. Taille maximale\u00a0: {limit}.",
                widget=forms.FileInput(attrs={"accept": accept_attribute(expected.formats)}),
            ),
        )
    yield (
        "comment",
        forms.CharField(
            label="Commentaire", required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 4})
        ),
    )


class AcceptForm(DsfrForm):
    """What is taken over of a proposal; everything, unless a box is emptied."""

    phrases = {"parts": "ce que vous reprenez"}

    parts = forms.MultipleChoiceField(label="Ce que vous reprenez", widget=forms.CheckboxSelectMultiple)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, choices: list[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parts"].choices = choices  # type: ignore[attr-defined]
        self.fields["parts"].initial = [value for value, _ in choices]


class RejectForm(DsfrForm):
    phrases = {"why": "le motif du refus"}

    why = forms.CharField(
        label="Motif",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Il est envoyé par e-mail à la personne qui a proposé.",
    )


def accept_choices(value: Any, comment: str, files: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The boxes of a proposal: only what it holds."""
    choices = []
    if value:
        choices.append((ANSWER, "La réponse"))
    if comment:
        choices.append((COMMENT, "Le commentaire"))
    return choices + [(key, f"Le fichier « {name} »") for key, name in files]
