from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms

from convergence.ui.forms import DsfrForm, HintedLabel
from referencing.candidature.core.checklist import CheckedLine
from referencing.candidature.enums import CheckResult
from referencing.candidature.services.admission import GivenAnswer
from referencing.candidature.services.assignment import ExpertChange
from referencing.candidature.services.suggestions import Seat

#: What an agent may say of a line that the platform checks: nothing, and its finding stands.
FOLLOW = ("", "Suivre le contrôle automatique")


class LineForm(DsfrForm):
    """The answer to one line of the checklist; its prefix is the code of the line."""

    result = forms.ChoiceField(label="Votre réponse", required=False, widget=forms.RadioSelect)
    note = forms.CharField(
        label="Note interne",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="L’éditeur ne la lit pas.",
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, checked: CheckedLine) -> None:
        answer = checked.answer
        super().__init__(
            data,
            prefix=checked.line.code,
            initial={
                "result": answer.result.value if answer else "",
                "note": answer.note if answer else "",
                "version": answer.version if answer else 0,
            },
        )
        self.fields["result"].choices = [*([FOLLOW] if checked.line.auto else []), *CheckResult.choices]  # type: ignore[attr-defined]

    @property
    def given(self) -> GivenAnswer:
        values = self.cleaned_data
        return GivenAnswer(values["result"], values["note"].strip(), values["version"] or 0)


class InadmissibleForm(DsfrForm):
    """The act of inadmissibility, for the minister under a delegation (T18, A-01)."""

    phrases = {
        "reasons": "au moins un motif",
        "text": "ce qui motive la décision pour ce dossier",
        "delegation": "la délégation de signature",
        "remedies": "les voies et délais de recours",
    }

    reasons = forms.MultipleChoiceField(label="Motifs", widget=forms.CheckboxSelectMultiple)
    text = forms.CharField(
        label="Motivation",
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="L’éditeur lit ce texte. Dites ce qui manque, ou ce qui exclut le service, pour ce dossier précis.",
    )
    delegation = forms.CharField(
        label="Délégation de signature", max_length=200, help_text="Référence et date de la délégation du ministre."
    )
    remedies = forms.CharField(
        label="Voies et délais de recours",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Texte notifié à l’éditeur avec la décision. À confirmer par l’opérateur avant tout usage réel.",
    )

    def __init__(self, data: Any = None, *, templates: Mapping[str, Mapping[str, Any]], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["reasons"].choices = [  # type: ignore[attr-defined]
            (code, HintedLabel(row["label"], hint=row["text"])) for code, row in templates.items()
        ]


class SeatForm(DsfrForm):
    """Who examines one theme; its prefix is the theme."""

    expert = forms.TypedChoiceField(label="Expert", required=False, coerce=UUID, empty_value=None)
    was = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, seat: Seat) -> None:
        current = seat.review.expert
        super().__init__(
            data,
            prefix=seat.review.theme,
            initial={"expert": current.pk if current else None, "was": current.pk if current else None},
        )
        free = [each for each in seat.candidates if not each.obstacles]
        choices = [("", "À désigner"), *((each.person.pk, f"{each.person} ({files(each.load)})") for each in free)]
        if current and current.pk not in {each.person.pk for each in free}:
            choices.append((current.pk, str(current)))
        self.fields["expert"].choices = choices  # type: ignore[attr-defined]

    @property
    def change(self) -> ExpertChange | None:
        """None when nothing was chosen anew."""
        was, becomes = self.cleaned_data["was"], self.cleaned_data["expert"]
        return ExpertChange(was, becomes) if was != becomes else None


def files(number: int) -> str:
    if number == 0:
        return "aucun dossier en cours"
    return f"{number} dossier{'s' if number > 1 else ''} en cours"
