"""Forms of sessions, agendas, attendance and members."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.ui.forms import DsfrForm, FrenchDateField, HintedLabel
from convergence.ui.typography import NBSP, PARIS
from referencing.candidature.models import Candidature
from referencing.commission.enums import Capacity, Mode
from referencing.commission.models import AgendaPoint, Seat, Term
from referencing.commission.services.sessions import Arrival

URGENCY_HELP = (
    f"À remplir seulement si la convocation ne peut pas être reçue cinq jours francs avant la séance{NBSP}: les membres le "
    "lisent."
)


class HourField(forms.TimeField):
    """An hour of Paris, as people write it."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", f"À l’heure de Paris, par exemple{NBSP}: 14:30")
        super().__init__(
            input_formats=["%H:%M", "%H h %M", "%Hh%M", "%H h", "%Hh"],
            widget=forms.TimeInput(format="%H:%M"),
            **kwargs,
        )


def _text(label: str, help_text: str = "", *, required: bool = True, rows: int = 4) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=required,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": rows}),
    )


class PlaceForm(DsfrForm):
    place = forms.CharField(label="Lieu", max_length=300, required=False)
    remote_url = forms.URLField(
        label="Lien de visioconférence",
        required=False,
        assume_scheme="https",
        help_text="Un lieu, un lien, ou les deux.",
    )


class SessionForm(PlaceForm):
    phrases = {"day": "la date", "hour": "l’heure de début"}

    day = FrenchDateField(label="Date")
    hour = HourField(label="Heure de début")

    field_order = ["day", "hour", "place", "remote_url"]

    def held_at(self) -> datetime:
        return datetime.combine(self.cleaned_data["day"], self.cleaned_data["hour"], tzinfo=PARIS)


class UrgencyForm(DsfrForm):
    urgency_reason = _text("Motif d’urgence", URGENCY_HELP, required=False, rows=3)


class SecondConvocationForm(SessionForm):
    urgency_reason = _text("Motif d’urgence", URGENCY_HELP, required=False, rows=3)

    field_order = ["day", "hour", "place", "remote_url", "urgency_reason"]


class ReasonForm(DsfrForm):
    phrases = {"reason": "le motif"}

    reason = _text("Motif")


class DocumentsForm(DsfrForm):
    phrases = {"documents": "les documents demandés"}

    documents = _text("Documents demandés", "L’éditeur et l’équipe de référencement les lisent.")


class FilesForm(DsfrForm):
    phrases = {"chosen": "au moins un dossier"}

    chosen = forms.MultipleChoiceField(label="Dossiers prêts pour la commission", widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, candidatures: Iterable[Candidature], is_convoked: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["chosen"].choices = [  # type: ignore[attr-defined]
            (
                str(each.pk),
                HintedLabel(
                    each.enrolment.label,
                    hint=f"{each.enrolment.product.organisation.name} – proposition "
                    f"{each.get_proposal_display().lower()}, dossier {each.dossier.reference}",
                ),
            )
            for each in candidatures
        ]
        if is_convoked:
            self.fields["urgency_reason"] = _text("Motif d’urgence", URGENCY_HELP, required=False, rows=3)


class RapporteurForm(DsfrForm):
    rapporteur = forms.ModelChoiceField(
        label="Rapporteur",
        queryset=User.objects.none(),
        required=False,
        empty_label="Pas de rapporteur",
        help_text="De l’équipe de référencement ou expert du dossier, sans lien avec l’éditeur. Il présente le dossier et "
        "sort avant le vote.",
    )

    def __init__(self, *args: Any, candidature: Candidature, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(is_active=True, role_assignments__role=Role.LISTING_TEAM) | User.objects.filter(
            is_active=True, theme_reviews__candidature=candidature
        )
        self.fields["rapporteur"].queryset = people.distinct().order_by("last_name", "first_name", "pk")  # type: ignore[attr-defined]


class LinksForm(DsfrForm):
    """One question per point, on names alone (A-28); a point left without answer stays closed."""

    def __init__(self, *args: Any, points: Sequence[AgendaPoint], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.points = points
        for point in points:
            self.fields[f"link-{point.pk}"] = forms.ChoiceField(
                label=f"Point {point.position} – {point.product_name}, {point.organisation_name}",
                help_text="Avez-vous un lien d’intérêts avec cet éditeur ou ce produit ?",
                choices=[("no", "Aucun lien"), ("yes", "Oui, je me déporte")],
                widget=forms.RadioSelect,
                required=False,
            )

    def free(self) -> list[AgendaPoint]:
        return [each for each in self.points if self.cleaned_data.get(f"link-{each.pk}") == "no"]

    def conflicts(self) -> list[AgendaPoint]:
        return [each for each in self.points if self.cleaned_data.get(f"link-{each.pk}") == "yes"]


class OpeningForm(DsfrForm):
    """Who chairs, and the roll call: each seat absent, in the room or at a distance."""

    chair = forms.ChoiceField(label="La séance est présidée par", widget=forms.RadioSelect, required=False)

    def __init__(self, *args: Any, seats: Sequence[Seat], terms: dict[str, list[Term]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seats = seats
        chairs = [term.person for seat in seats if seat.is_ex_officio for term in terms.get(seat.code, ())]
        self.fields["chair"].choices = [(str(each.pk), each.get_full_name()) for each in chairs]  # type: ignore[attr-defined]
        for seat in seats:
            held = terms.get(seat.code, [])
            self.fields[f"seat-{seat.code}"] = forms.ChoiceField(
                label=_name(seat, held),
                help_text=seat.title,
                required=False,
                widget=forms.RadioSelect,
                choices=[
                    ("", "Absent" if held else "Siège vacant"),
                    *((f"{mode}:{term.person_id}", _presence(mode, term)) for term in held for mode in Mode),
                ],
            )

    @property
    def seat_fields(self) -> list[forms.BoundField]:
        return [self[f"seat-{seat.code}"] for seat in self.seats]

    def arrivals(self) -> list[Arrival]:
        found = []
        for seat in self.seats:
            if value := self.cleaned_data.get(f"seat-{seat.code}"):
                mode, _, person = value.partition(":")
                found.append(Arrival(seat.code, UUID(person), mode))
        return found


def _name(seat: Seat, held: Sequence[Term]) -> str:
    titular = [term for term in held if term.capacity == Capacity.TITULAR]
    return titular[0].person.get_full_name() if titular else "Siège vacant"


def _presence(mode: Mode, term: Term) -> str:
    if term.capacity == Capacity.REPRESENTATIVE:
        return f"{mode.label}, représenté par {term.person.get_full_name()}"
    return mode.label


class ArrivalForm(DsfrForm):
    phrases = {"who": "qui arrive", "arrived_at": "l’heure d’arrivée"}

    who = forms.ChoiceField(label="Membre")
    mode = forms.ChoiceField(label="Présence", choices=Mode.choices, widget=forms.RadioSelect)
    arrived_at = HourField(label="Heure d’arrivée")

    def __init__(self, *args: Any, terms: Iterable[Term], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["who"].choices = [  # type: ignore[attr-defined]
            ("", "Choisissez"),
            *(
                (f"{term.seat_id}:{term.person_id}", f"{term.person.get_full_name()} – {term.seat.title}")
                for term in terms
            ),
        ]


class HourForm(DsfrForm):
    """One hour of the day of the session; left empty, it is now."""

    left_at = HourField(label="Heure")


class MandateForm(DsfrForm):
    phrases = {"giver": "qui donne mandat", "holder": "qui reçoit le mandat"}

    giver = forms.ChoiceField(label="Membre absent")
    holder = forms.ChoiceField(label="Donne mandat à")

    def __init__(self, *args: Any, givers: Iterable[Term], holders: Iterable[Term], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, terms in (("giver", givers), ("holder", holders)):
            self.fields[name].choices = [  # type: ignore[attr-defined]
                ("", "Choisissez"),
                *((str(term.seat_id), term.person.get_full_name()) for term in terms),
            ]


class GuestForm(DsfrForm):
    phrases = {"name": "le nom de la personne", "quality": "sa qualité"}

    name = forms.CharField(label="Nom", max_length=200)
    quality = forms.CharField(label="Qualité", max_length=200)
    point = forms.ChoiceField(label="Entendue sur", required=False)

    def __init__(self, *args: Any, points: Iterable[AgendaPoint], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["point"].choices = [  # type: ignore[attr-defined]
            ("", "Toute la séance"),
            *((str(each.pk), f"Point {each.position} – {each.product_name}") for each in points),
        ]


class LetterForm(DsfrForm):
    phrases = {"received_on": "la date de réception", "proof": "la preuve de la remise"}

    received_on = FrenchDateField(label="Reçue le")
    proof = forms.CharField(
        label="Preuve", max_length=200, help_text="Numéro de recommandé, ou remise en main propre et à qui."
    )


class AppointForm(DsfrForm):
    phrases = {"person": "la personne", "started_on": "le premier jour du mandat"}

    person = forms.ModelChoiceField(
        label="Personne",
        queryset=User.objects.none(),
        empty_label="Choisissez",
        help_text="Parmi les personnes à qui un administrateur a donné un rôle de la commission.",
    )
    capacity = forms.ChoiceField(label="À titre de", choices=Capacity.choices, widget=forms.RadioSelect, required=False)
    started_on = FrenchDateField(label="Premier jour du mandat")
    ends_on = FrenchDateField(
        label="Dernier jour du mandat", required=False, help_text="Facultatif : deux ans sans précision."
    )
    act_reference = forms.CharField(label="Acte de nomination", max_length=200, required=False)

    def __init__(self, *args: Any, seat: Seat, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        role = Role.PRESIDENT if seat.is_ex_officio else Role.MEMBER
        self.fields["person"].queryset = User.objects.with_role(role)  # type: ignore[attr-defined]
        if not seat.is_ex_officio:
            del self.fields["capacity"]


class ReplaceForm(DsfrForm):
    phrases = {"person": "la personne", "started_on": "le premier jour du remplacement", "reason": "le motif"}

    person = forms.ModelChoiceField(label="Remplacé par", queryset=User.objects.none(), empty_label="Choisissez")
    started_on = FrenchDateField(label="À partir du")
    reason = _text("Motif du remplacement", "Démission, perte de la qualité, décès…", rows=2)
    act_reference = forms.CharField(label="Acte de nomination", max_length=200, required=False)

    def __init__(self, *args: Any, seat: Seat, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        role = Role.PRESIDENT if seat.is_ex_officio else Role.MEMBER
        self.fields["person"].queryset = User.objects.with_role(role)  # type: ignore[attr-defined]


class EndForm(DsfrForm):
    phrases = {"ended_on": "le dernier jour", "reason": "le motif"}

    ended_on = FrenchDateField(label="Dernier jour du mandat")
    reason = _text("Motif", rows=2)


def hour_of_today(day: Any, hour: Any) -> datetime:
    """That hour of that day of Paris."""
    return datetime.combine(timezone.localdate(day), hour, tzinfo=PARIS)
