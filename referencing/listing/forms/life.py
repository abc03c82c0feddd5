"""Forms of the life of a listing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms

from convergence.ui.forms import DsfrForm, FrenchDateField
from referencing.candidature.forms.letters import ManyFilesField
from referencing.candidature.services.correspondence import ATTACHMENT_FORMATS
from referencing.decision.enums import DecisionKind
from referencing.listing.enums import Condition, ReportKind, ReportOutcome, VersionChange

LONG, SHORT = 10_000, 4000
ROWS = forms.Textarea(attrs={"rows": 6, "data-grow": True})


class EmptyForm(DsfrForm):
    """A page that only asks for a confirmation."""


class ReasonForm(DsfrForm):
    phrases: ClassVar[Mapping[str, str]] = {"reason": "le motif"}

    reason = forms.CharField(label="Motif", max_length=SHORT, widget=ROWS)


class VersionForm(DsfrForm):
    phrases: ClassVar[Mapping[str, str]] = {
        "version": "le numéro de la version",
        "released_on": "la date de mise en service",
        "summary": "ce que cette version apporte",
    }

    version = forms.CharField(label="Numéro de la version", max_length=30, help_text="Par exemple : 2.1.0")
    released_on = FrenchDateField(label="Mise en service le")
    summary = forms.CharField(label="Ce que cette version apporte", max_length=SHORT, widget=ROWS)
    changes = forms.MultipleChoiceField(
        label="Cette version change",
        choices=VersionChange.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Un de ces changements, ou un nouveau premier chiffre, rend la version majeure.",
    )


class UpdateForm(DsfrForm):
    phrases: ClassVar[Mapping[str, str]] = {"statement": "ce qui change dans votre déclaration"}

    statement = forms.CharField(
        label="Ce qui change dans votre déclaration de conformité", max_length=LONG, widget=ROWS
    )
    confirmed = forms.MultipleChoiceField(
        label="Je confirme que cette version respecte encore chaque critère obligatoire",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, criteria: Sequence[tuple[str, str]], data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        field = self.fields["confirmed"]
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = [(code, f"{code} {title}") for code, title in criteria]


class VersionDecisionForm(DsfrForm):
    phrases: ClassVar[Mapping[str, str]] = {"decision": "votre réponse"}

    decision = forms.ChoiceField(
        label="Votre réponse",
        choices=[("accept", "Accepter la mise à jour"), ("refuse", "Refuser la mise à jour")],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label="Motif, lu par l’éditeur",
        required=False,
        max_length=SHORT,
        widget=ROWS,
        help_text="Obligatoire si vous refusez. Une mise en demeure est alors proposée au ministère.",
    )


class ProcedureForm(DsfrForm):
    phrases: ClassVar[Mapping[str, str]] = {
        "kind": "la mesure envisagée",
        "condition": "la condition qui n’est plus remplie",
        "facts": "les faits",
    }

    kind = forms.ChoiceField(
        label="Mesure envisagée",
        choices=[
            (kind.value, kind.label)
            for kind in (DecisionKind.FORMAL_NOTICE, DecisionKind.SUSPENSION, DecisionKind.WITHDRAWAL)
        ],
        widget=forms.RadioSelect,
    )
    condition = forms.ChoiceField(
        label="Condition qui n’est plus remplie",
        choices=[each for each in Condition.choices if each[0] != Condition.PUBLICATION],
        widget=forms.RadioSelect,
    )
    facts = forms.CharField(label="Faits reprochés, lus par l’éditeur", max_length=LONG, widget=ROWS)
    urgency = forms.CharField(
        label="Motif de l’urgence",
        required=False,
        max_length=SHORT,
        widget=ROWS,
        help_text="Laissez vide : l’éditeur a alors 15 jours pour présenter ses observations. Ne remplissez ce champ que si "
        "l’attente expose les usagers à un danger.",
    )


class ObservationsForm(DsfrForm):
    phrases: ClassVar[Mapping[str, str]] = {"text": "vos observations"}

    text = forms.CharField(label="Vos observations", max_length=LONG, widget=ROWS)
    documents = ManyFilesField(label="Pièce jointe", formats=ATTACHMENT_FORMATS, most=1)


class MeasureForm(DsfrForm):
    phrases: ClassVar[Mapping[str, str]] = {
        "reasons": "les motifs de la décision",
        "comply_by": "le dernier jour pour se mettre en règle",
    }

    reasons = forms.CharField(
        label="Motifs de la décision",
        max_length=LONG,
        widget=ROWS,
        help_text="Les textes appliqués, les faits, et la réponse aux observations de l’éditeur.",
    )
    comply_by = FrenchDateField(label="À régulariser avant le")
    effective_on = FrenchDateField(
        label="Prend effet le", required=False, help_text="Sans date, la décision prend effet à sa signature."
    )

    def __init__(self, kind: str, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        del self.fields["effective_on" if kind == DecisionKind.FORMAL_NOTICE else "comply_by"]


class ReliefForm(DsfrForm):
    phrases: ClassVar[Mapping[str, str]] = {"kind": "la décision à préparer", "reasons": "les motifs"}

    kind = forms.ChoiceField(
        label="Décision à préparer",
        choices=[
            (kind.value, kind.label)
            for kind in (DecisionKind.NOTICE_LIFTING, DecisionKind.REINSTATEMENT, DecisionKind.EXTENSION)
        ],
        widget=forms.RadioSelect,
    )
    reasons = forms.CharField(label="Motifs de la décision", max_length=LONG, widget=ROWS)
    ends_on = FrenchDateField(
        label="Nouvelle fin du référencement", required=False, help_text="Pour une prolongation seulement."
    )


class AuditForm(DsfrForm):
    phrases: ClassVar[Mapping[str, str]] = {"motive": "pourquoi ce service est audité"}

    motive = forms.CharField(label="Motif de l’audit", max_length=SHORT, widget=ROWS)


class AnnounceForm(DsfrForm):
    phrases: ClassVar[Mapping[str, str]] = {
        "starts_on": "la date du début",
        "plan": "le périmètre et les modalités",
        "plan_file": "le plan d’audit",
    }

    starts_on = FrenchDateField(label="L’audit commence le")
    plan = forms.CharField(
        label="Périmètre et modalités",
        max_length=LONG,
        widget=ROWS,
        help_text="Ce qui est vérifié, avec quels documents, selon quel calendrier.",
    )
    plan_file = ManyFilesField(label="Plan d’audit", formats=("pdf",), most=1, required=True)


class FilingForm(DsfrForm):
    phrases: ClassVar[Mapping[str, str]] = {"text": "ce que contiennent vos documents", "documents": "vos documents"}

    confirms_answers = forms.BooleanField(
        label="Les réponses de mon dossier de référencement sont encore exactes",
        required=False,
        help_text="Sinon, dites ci-dessous ce qui a changé.",
    )
    text = forms.CharField(label="Présentation de vos documents", max_length=LONG, widget=ROWS)
    documents = ManyFilesField(label="Documents", formats=ATTACHMENT_FORMATS, required=True)


class ComplementForm(DsfrForm):
    phrases: ClassVar[Mapping[str, str]] = {"text": "ce qui manque", "due_on": "la date de réponse"}

    text = forms.CharField(label="Ce qui est demandé", max_length=LONG, widget=ROWS)
    due_on = FrenchDateField(label="Réponse attendue avant le")


class VisitForm(DsfrForm):
    phrases: ClassVar[Mapping[str, str]] = {
        "visited_on": "la date de la visite",
        "place": "le lieu",
        "people": "les personnes rencontrées",
        "findings": "les constats",
    }

    visited_on = FrenchDateField(label="Date de la visite")
    place = forms.CharField(label="Lieu", max_length=300)
    people = forms.CharField(label="Personnes rencontrées", max_length=500)
    findings = forms.CharField(label="Constats", max_length=LONG, widget=ROWS)


class FindingsForm(DsfrForm):
    phrases: ClassVar[Mapping[str, str]] = {"findings": "les constats de l’audit"}

    findings = forms.CharField(label="Constats de l’audit", max_length=LONG * 2, widget=ROWS)


class AuditConclusionForm(DsfrForm):
    phrases: ClassVar[Mapping[str, str]] = {"decision": "la conclusion", "text": "le texte de la conclusion"}

    decision = forms.ChoiceField(
        label="Conclusion",
        choices=[
            ("favourable", "Favorable : le service reste au catalogue"),
            ("unfavourable", "Proposer une mise en demeure au ministère"),
        ],
        widget=forms.RadioSelect,
    )
    text = forms.CharField(label="Conclusion, lue par l’éditeur", max_length=LONG, widget=ROWS)


class DrawForm(DsfrForm):
    phrases: ClassVar[Mapping[str, str]] = {"sample": "combien de services tirer"}

    sample = forms.IntegerField(label="Services à tirer", min_value=1, max_value=1000)


class ReportForm(DsfrForm):
    """What a visitor writes. `site` is hidden to people by the page’s style: only robots fill it."""

    phrases: ClassVar[Mapping[str, str]] = {"kind": "l’objet de votre signalement", "text": "ce que vous avez constaté"}

    kind = forms.ChoiceField(label="Votre signalement porte sur", choices=ReportKind.choices, widget=forms.RadioSelect)
    text = forms.CharField(
        label="Ce que vous avez constaté",
        max_length=SHORT,
        widget=ROWS,
        help_text="N’indiquez ni votre nom ni des informations sur votre santé.",
    )
    email = forms.EmailField(
        label="Votre adresse e-mail",
        required=False,
        max_length=254,
        help_text="Facultative, pour être prévenu de la suite. L’éditeur ne la voit jamais.",
    )
    site = forms.CharField(label="Ne remplissez pas ce champ", required=False, max_length=200)


class TriageForm(DsfrForm):
    phrases: ClassVar[Mapping[str, str]] = {"outcome": "la suite à donner", "note": "le motif"}

    outcome = forms.ChoiceField(label="Suite à donner", choices=ReportOutcome.choices, widget=forms.RadioSelect)
    note = forms.CharField(label="Motif, lu par les agents", max_length=SHORT, widget=ROWS)


class OutcomeForm(DsfrForm):
    """What the review of a white-label service found (BR-203)."""

    phrases: ClassVar[Mapping[str, str]] = {"outcome": "ce que la revue a constaté"}

    outcome = forms.CharField(label="Conclusion de la revue", max_length=SHORT, widget=ROWS)
