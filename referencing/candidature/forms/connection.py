"""Forms of the connection tests."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone

from convergence.accounts.models import User
from convergence.ui.forms import DsfrForm, FrenchDateField
from convergence.ui.typography import PARIS, in_paris
from referencing.candidature.enums import KeysChannel, Ruling, TestResult
from referencing.candidature.models import TestLine
from referencing.candidature.people import tests_team

DURATIONS = [(30, "30 minutes"), (60, "1 heure"), (90, "1 h 30"), (120, "2 heures"), (180, "3 heures")]


def _long_text(label: str, help_text: str = "", *, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=help_text, required=required, max_length=5000, widget=forms.Textarea(attrs={"rows": 4})
    )


class UnitTestsForm(DsfrForm):
    comment = _long_text("Ce que vous avez vérifié", "Facultatif.", required=False)
    file = forms.FileField(
        label="Rapport ou capture", required=False, help_text="Facultatif. PDF, PNG ou JPEG, 10 Mo au plus."
    )


class KeysForm(DsfrForm):
    """The event alone: there is no field where a key could be typed."""

    phrases = {"to": "à qui les clés ont été envoyées", "channel": "le canal d’envoi", "sent_on": "la date d’envoi"}

    to = forms.CharField(
        label="Destinataire", max_length=200, help_text="Nom et fonction de la personne chez l’éditeur."
    )
    channel = forms.ChoiceField(label="Canal", choices=KeysChannel.choices, widget=forms.RadioSelect)
    sent_on = FrenchDateField(label="Envoyées le")

    def sent_at(self) -> datetime:
        """The moment of sending: now for today, else noon of that day in Paris."""
        day = self.cleaned_data["sent_on"]
        now = timezone.now()
        return now if day == in_paris(now).date() else datetime.combine(day, time(12), tzinfo=PARIS)


class AcceptForm(DsfrForm):
    phrases = {"modalities": "les modalités du raccordement"}

    modalities = _long_text(
        "Modalités du raccordement", "Environnement, personnes attendues, comptes de test, durée probable."
    )


class ReasonForm(DsfrForm):
    phrases = {"reason": "le motif"}

    reason = _long_text("Motif")


class SlotForm(DsfrForm):
    phrases = {"day": "la date", "hour": "l’heure de début", "place": "le lieu ou l’adresse de visioconférence"}

    day = FrenchDateField(label="Date")
    hour = forms.TimeField(
        label="Heure de début",
        help_text="À l’heure de Paris, par exemple\u00a0: 14:30",
        input_formats=["%H:%M", "%H h %M", "%Hh%M", "%H h", "%Hh"],
        widget=forms.TimeInput(format="%H:%M"),
    )
    minutes = forms.TypedChoiceField(label="Durée", choices=DURATIONS, coerce=int, initial=60)
    place = forms.CharField(label="Lieu ou adresse de visioconférence", max_length=300)

    def starts_at(self) -> datetime:
        return datetime.combine(self.cleaned_data["day"], self.cleaned_data["hour"], tzinfo=PARIS)


class JudgeForm(DsfrForm):
    phrases = {"ruling": "la décision", "note": "le motif de la décision", "result": "le résultat de la ligne"}

    ruling = forms.ChoiceField(label="Décision", choices=Ruling.choices, widget=forms.RadioSelect)
    result = forms.ChoiceField(
        label="Résultat de la ligne si la remarque est levée", required=False, widget=forms.RadioSelect
    )
    note = _long_text("Motif de la décision", "L’éditeur le lit.")

    def __init__(self, *args: Any, line: TestLine, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [choice for choice in TestResult.choices if choice[0] != "na" or line.allows_not_applicable]
        self.fields["result"].choices = offered  # type: ignore[attr-defined]


class CoachForm(DsfrForm):
    phrases = {"coach": "l’accompagnateur"}

    coach = forms.ModelChoiceField(label="Accompagnateur", queryset=User.objects.none(), empty_label="Choisissez")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = tests_team().order_by("last_name", "first_name", "pk")
        self.fields["coach"].queryset = people  # type: ignore[attr-defined]


class WorkbookForm(DsfrForm):
    phrases = {"file": "le cahier rempli"}

    file = forms.FileField(
        label="Cahier rempli (.xlsx)", help_text="2 Mo au plus. Rien n’est changé avant votre confirmation."
    )
