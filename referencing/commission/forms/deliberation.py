"""Forms of the reading file, the vote, the opinion and its reservations, and the minutes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from convergence.ui.forms import DsfrForm, FrenchDateField
from referencing.commission.core.opinion import NewReservation
from referencing.commission.core.voting import ABSTENTION
from referencing.commission.enums import Choice, OpinionKind

#: Reservations that one opinion may carry, as a form shows them.
RESERVATIONS_MAX = 20


def rows(count: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": count, "data-grow": True})


class NoteForm(DsfrForm):
    prefix = "note"

    text = forms.CharField(
        label="Note personnelle",
        required=False,
        widget=rows(4),
        help_text="Vous seul la lisez. Videz-la pour l’effacer.",
    )


class PreparedForm(DsfrForm):
    prefix = "prepared"

    kind = forms.ChoiceField(
        label="Avis que vous envisagez",
        required=False,
        choices=[("", "Aucun pour le moment"), *OpinionKind.choices],
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label="Observations",
        required=False,
        widget=rows(4),
        help_text="Les autres membres les lisent quand l’examen du point commence, pas avant. Elles ne vous engagent pas.",
    )


class DeliberationForm(DsfrForm):
    has_rapporteur_left = forms.BooleanField(label="Le rapporteur a quitté la séance", required=False)


class OpenVoteForm(DsfrForm):
    phrases = {"is_secret": "la nature du scrutin"}

    is_secret = forms.TypedChoiceField(
        label="Scrutin",
        choices=[("0", "À main levée, sur son poste ou relevé par le secrétariat"), ("1", "Secret")],
        coerce=lambda value: value == "1",
        initial="0",
        widget=forms.RadioSelect,
    )


def choices_among(options: Sequence[str]) -> list[tuple[str, str]]:
    """The opinions put to the vote, then the abstention."""
    return [(code, str(Choice(code).label)) for code in (*options, ABSTENTION)]


class BallotForm(DsfrForm):
    """The voice of one seat; its prefix is the code of the seat."""

    phrases = {"choice": "votre voix"}

    choice = forms.ChoiceField(label="Votre voix", widget=forms.RadioSelect)
    wants_dissent_noted = forms.BooleanField(
        label="Mentionner mon désaccord au procès-verbal si l’avis rendu est un autre", required=False
    )

    def __init__(
        self, data: QueryDict | None = None, *, seat: str, options: Sequence[str], is_secret: bool, label: str = ""
    ) -> None:
        super().__init__(data, prefix=seat)
        field = self.fields["choice"]
        field.choices = choices_among(options)  # type: ignore[attr-defined]
        field.label = label or "Votre voix"
        if is_secret:
            del self.fields["wants_dissent_noted"]


class RecordForm(DsfrForm):
    """The voices of an open vote, one line per seat that has not voted; those left empty are not recorded."""

    def __init__(self, data: QueryDict | None = None, *, seats: Mapping[str, str], options: Sequence[str]) -> None:
        """`seats`: who casts the voice, by code."""
        super().__init__(data)
        for code, label in seats.items():
            self.fields[f"choice-{code}"] = forms.ChoiceField(
                label=label, required=False, choices=[("", "Ne vote pas encore"), *choices_among(options)]
            )
            self._speak_french(f"choice-{code}", self.fields[f"choice-{code}"])
            self.fields[f"dissent-{code}"] = forms.BooleanField(
                label=f"Mentionner le désaccord éventuel : {label}", required=False
            )
        self.codes = list(seats)

    @property
    def given(self) -> dict[str, str]:
        return {code: self.cleaned_data[f"choice-{code}"] for code in self.codes if self.cleaned_data[f"choice-{code}"]}

    @property
    def dissents(self) -> set[str]:
        return {code for code in self.codes if self.cleaned_data[f"dissent-{code}"]}


class ReasonForm(DsfrForm):
    phrases = {"reason": "le motif"}

    reason = forms.CharField(label="Motif", max_length=4000, widget=rows(3))


class TieForm(DsfrForm):
    phrases = {"choice": "l’avis"}

    choice = forms.ChoiceField(label="Avis retenu par la présidence", widget=forms.RadioSelect)

    def __init__(self, data: QueryDict | None = None, *, leaders: Sequence[str]) -> None:
        super().__init__(data)
        self.fields["choice"].choices = choices_among(leaders)[:-1]  # type: ignore[attr-defined]


class ReasonsForm(DsfrForm):
    reasons = forms.CharField(
        label="Motifs de l’avis *",
        required=False,
        max_length=20_000,
        widget=rows(6),
        help_text="L’éditeur et le ministère les lisent. N’y dites rien du vote de chacun.",
    )


class ReservationForm(DsfrForm):
    """One reservation of an opinion being written; what is missing is told by the service, all at once."""

    text = forms.CharField(label="Réserve *", required=False, max_length=4000, widget=rows(3))
    criterion = forms.ChoiceField(label="Critère *", required=False)
    expected = forms.CharField(label="Preuve attendue *", required=False, max_length=4000, widget=rows(2))
    due_on = FrenchDateField(label="À lever avant le *", required=False)
    is_suspensive = forms.BooleanField(
        label="Suspensive : le ministre ne décide qu’une fois cette réserve levée", required=False
    )

    def __init__(self, data: QueryDict | None, *, number: int, criteria: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(data, prefix=f"reservations-{number}", **kwargs)
        titles = [(code, f"{code} {title}") for code, title in criteria.items()]
        self.fields["criterion"].choices = [("", "Choisissez un critère"), *titles]  # type: ignore[attr-defined]
        self.number = number + 1

    @property
    def value(self) -> NewReservation:
        """As far as it was understood: a day that is not one is missing, and its field says so."""
        data = self.cleaned_data
        return NewReservation(
            text=data.get("text", ""),
            is_suspensive=data.get("is_suspensive", False),
            criterion=data.get("criterion", ""),
            expected=data.get("expected", ""),
            due_on=data.get("due_on"),
        )


class AnswerForm(DsfrForm):
    phrases = {"text": "votre réponse"}

    text = forms.CharField(
        label="Votre réponse",
        max_length=10_000,
        widget=rows(6),
        help_text="Dites ce que vous avez fait, et où se trouve la preuve. Une fois envoyée, elle ne change plus.",
    )


class LiftForm(DsfrForm):
    """Lift, or ask for another answer."""

    phrases = {"decision": "votre décision", "note": "votre appréciation"}

    decision = forms.ChoiceField(
        label="Votre décision",
        choices=[("lift", "Lever la réserve"), ("send_back", "Demander une autre réponse")],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label="Appréciation", max_length=4000, widget=rows(4), help_text="L’éditeur et la commission la lisent."
    )
    due_on = FrenchDateField(
        label="Nouvelle échéance",
        required=False,
        help_text="Facultative, pour une autre réponse. Par exemple : 8/7/2024",
    )


class CommentForm(DsfrForm):
    prefix = "comment"
    phrases = {"text": "votre avis technique"}

    text = forms.CharField(
        label="Avis technique",
        max_length=4000,
        widget=rows(3),
        help_text="Les agents seuls le lisent. Il éclaire la décision de lever la réserve.",
    )


class MinutesForm(DsfrForm):
    """What the secretary adds to what the platform tells: one text before, one after, one per point that they may know."""

    opening = forms.CharField(label="Ouverture de la séance", required=False, widget=rows(4))
    closing = forms.CharField(label="Fin de la séance", required=False, widget=rows(4))

    def __init__(self, data: QueryDict | None = None, *, points: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        """`points`: (id, label)."""
        super().__init__(data, **kwargs)
        self.ids = []
        closing = self.fields.pop("closing")
        for key, label in points:
            self.ids.append(key)
            self.fields[f"point-{key}"] = forms.CharField(label=label, required=False, widget=rows(4))
            self._speak_french(f"point-{key}", self.fields[f"point-{key}"])
        self.fields["closing"] = closing

    @property
    def texts(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "opening": data["opening"],
            "closing": data["closing"],
            "points": {key: data[f"point-{key}"] for key in self.ids},
        }


class ErratumForm(DsfrForm):
    phrases = {"text": "la rectification"}

    point = forms.ChoiceField(label="Point concerné", required=False)
    text = forms.CharField(
        label="Rectification",
        max_length=10_000,
        widget=rows(5),
        help_text="Par exemple : « Au point 2, lire “six voix” au lieu de “cinq voix”. » Ne nommez que le point concerné.",
    )

    def __init__(self, data: QueryDict | None = None, *, points: Iterable[tuple[str, str]]) -> None:
        super().__init__(data)
        self.fields["point"].choices = [("", "La séance en général"), *points]  # type: ignore[attr-defined]
