"""Made-up values for the component page and the tests of components: every component in every state."""

from datetime import UTC, date, datetime
from typing import Any

from django import forms

from convergence.kernel.errors import Blocker
from convergence.ui.forms import DsfrForm, FrenchDateField, HintedLabel
from convergence.ui.values import (
    Action,
    Badge,
    Column,
    FilterTag,
    Item,
    Link,
    Page,
    Progress,
    Row,
    Series,
    Step,
    Tile,
    TimelineEntry,
)


class ExampleForm(DsfrForm):
    phrases = {"name": "le nom du produit", "opened_on": "la date d’ouverture"}

    name = forms.CharField(label="Nom du produit", max_length=100, help_text="Tel que vos clients le connaissent")
    email = forms.EmailField(label="Adresse e-mail", required=False)
    description = forms.CharField(label="Description de produit", widget=forms.Textarea)
    form = forms.ChoiceField(
        label="Forme juridique",
        choices=[("", "Sélectionner une forme"), ("sas", "SAS"), ("association", "Association")],
    )
    type = forms.ChoiceField(
        label="Type de produit", choices=[("socle", "Socle"), ("option", "Option")], widget=forms.RadioSelect
    )
    interests = forms.MultipleChoiceField(
        label="Par quels dispositifs êtes-vous intéressé ?",
        choices=[
            ("mes", HintedLabel("1. Catalogue de services de Mon espace santé", hint="Référencement guidé")),
            ("dmn", "2. Certification de conformité des dispositifs médicaux numériques"),
        ],
        widget=forms.CheckboxSelectMultiple,
    )
    opened_on = FrenchDateField(label="Date d’ouverture du service")
    proof = forms.FileField(label="Preuve", help_text="PDF de 10 Mo au plus", required=False)
    accept = forms.BooleanField(label="J’ai lu les informations importantes")
    locked = forms.CharField(label="Version du produit", disabled=True, initial="v0.1", required=False)


def refused_form() -> ExampleForm:
    """The form as it comes back when nearly everything is wrong."""
    form = ExampleForm({"email": "pas-une-adresse", "opened_on": "31/2/2024"}, prefix="refused")
    form.data = {f"refused-{name}": value for name, value in form.data.items()}
    return form


def values() -> dict[str, Any]:
    at = datetime(2024, 7, 8, 16, 27, tzinfo=UTC)
    return {
        "badges": [
            Badge("-"),
            Badge("À compléter", "info"),
            Badge("Terminé", "success"),
            Badge("En attente de correction", "warning"),
            Badge("Non conforme", "error"),
            Badge("À signer", "new", "ball-pen-fill"),
        ],
        "blockers": [
            Blocker("sheet_missing", "Indiquez le SIRET de votre structure.", "#id_name"),
            Blocker("questionnaires_open", "Validez le questionnaire « Éthique Mon espace santé ».", "/"),
            Blocker("open_candidature", "Une candidature est déjà en cours pour ce produit."),
        ],
        "actions": [
            Action("Enregistrer comme brouillon", "/ui/", style="secondary", key="draft"),
            Action("Retirer le fichier", "/ui/", style="tertiary", icon="delete-line", key="remove"),
            Action(
                "Transmettre la fiche administrative",
                "/ui/",
                confirm_url="/ui/",
                confirm_title="Transmettre la fiche administrative ?",
                confirm_text="L’équipe de référencement la recevra. Vous ne pourrez plus la modifier sans son accord.",
                key="submit",
            ),
        ],
        "progress": Progress(
            "L’étape « Fiche administrative » est complétée à",
            31,
            3,
            14,
            remaining=[Link("Adresse du siège", "#id_name"), Link("SIRET", "#id_email"), Link("Site web", "#id_form")],
        ),
        "progress_done": Progress("Critère « Interopérabilité » est complété à", 100, 3, 3, unit="critères évalués"),
        "steps": [
            Step("Fiche administrative", "done", "/ui/"),
            Step("Convention", "waiting"),
            Step("Questionnaires", "upcoming"),
        ],
        "phases": [
            TimelineEntry("Inscription du produit", "done", "P1", "Éditeur", at),
            TimelineEntry("Fiche administrative", "current", "P2", "Éditeur", detail="3 réponses sur 14"),
            TimelineEntry("Convention", "waiting", "P3", "Équipe de référencement"),
            TimelineEntry("Commission", "upcoming", "P10", "Commission"),
        ],
        "tiles": [
            Tile(
                "Orientation",
                "Questionnaire d’orientation",
                "/ui/",
                "Questions obligatoires renseignées 0/22",
                Badge("À compléter", "info"),
                "Démarrer",
            ),
            Tile(
                "Interopérabilité",
                "",
                "/ui/",
                "Critères renseignés 3/3",
                Badge("Terminé", "success"),
                "Éditer",
                ["Niveau d’auto-évaluation : Atteint pour Mon espace santé guidé"],
                [Link("Voir les résultats", "/ui/"), Link("Télécharger", "/ui/")],
            ),
        ],
        "columns": [
            Column("Produit", "/ui/?tri=produit", "ascending"),
            "État",
            Column("Déposé", "/ui/?tri=date"),
            Column("Critères", numeric=True),
        ],
        "rows": [
            Row(["Mon carnet – v0.1 – 3100", Badge("En instruction", "info"), at, 1234.5], "/ui/?ligne=1", "1"),
            Row(["Suivi du sommeil – v2 – 3101", Badge("Référencé", "success"), at, 12], "/ui/?ligne=2", "2"),
            Row(["Télérappel – v1 – 3102", Badge("Brouillon"), None, None], "/ui/?ligne=3", "3"),
        ],
        "page": Page("/ui/?avant=1", "/ui/?apres=3", "3 produits sur 128"),
        "tags": [FilterTag("État : en instruction", "/ui/"), FilterTag("Thème : éthique", "/ui/")],
        "items": [
            Item("Dénomination ou raison sociale", "Éditeur de démonstration", "/ui/"),
            Item("Forme juridique", "Association"),
            Item("N° RCS", ""),
            Item("Date de création", date(2019, 8, 1)),
            Item("Certifications", ["HDS", "ISO 27001"]),
        ],
        "before": "Le produit chiffre les données au repos.",
        "after": "Le produit chiffre toutes les données, au repos et en transit.",
        "axes": ["Interopérabilité", "Urbanisation", "Maturité Sécurité", "Éthique", "RGPD", "Sécurité des échanges"],
        "series": [
            Series("Dernière validation", [80, 60, 75, 90.5, 100, 40]),
            Series("Dernier brouillon", [90, 65, 70, 95, 100, None]),
        ],
        "at": at,
        "deadline": date(2026, 12, 1),
        "notes": "Consultez le [guide](https://exemple.fr).\n\n- **Premier** point\n- `code`\n\n<script>alert(1)</script>",
    }
