from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.validators import URLValidator

from convergence.ui.forms import DsfrForm, DsfrModelForm
from ecoscore.enums import Platform
from ecoscore.models import Application, ApplicationSecret, Measure

URL_MESSAGE = "Indiquez une adresse de site complète, par exemple\u00a0: https://exemple.fr."


class ApplicationForm(DsfrModelForm):
    """What is measured of a product."""

    phrases: ClassVar = {"name": "le nom de l’application", "platform": "la plateforme"}

    platform = forms.ChoiceField(
        label="Plateforme", choices=Platform.choices, initial=Platform.WEB, widget=forms.RadioSelect
    )

    class Meta:
        model = Application
        fields: ClassVar = ["name", "platform", "url", "package", "journey"]
        labels: ClassVar = {
            "name": "Nom de l’application",
            "url": "Adresse de la page d’accueil",
            "package": "Nom du paquet Android",
            "journey": "Parcours représentatif",
        }
        help_texts: ClassVar = {
            "name": "Par exemple\u00a0: site des patients.",
            "url": "Pour un site. Le banc l’ouvre comme un usager, sans compte.",
            "package": "Pour une application Android, par exemple\u00a0: fr.exemple.carnet.",
            "journey": (
                "Facultatif. En quelques lignes\u00a0: ce que fait l’usager le plus souvent, de l’ouverture à la dernière "
                "page."
            ),
        }
        widgets: ClassVar = {
            "url": forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
            "package": forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            "journey": forms.Textarea(attrs={"rows": 4, "data-grow": ""}),
        }

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if values.get("platform") == Platform.WEB:
            self._clean_url(values)
        elif values.get("platform") == Platform.ANDROID:
            values["url"] = ""
            if not values.get("package") and "package" not in self.errors:
                self.add_error("package", "Indiquez le nom du paquet Android.")
        return values

    def _clean_url(self, values: dict[str, Any]) -> None:
        values["package"] = ""
        url = values.get("url", "")
        if not url:
            self.add_error("url", "Indiquez l’adresse de la page d’accueil.")
            return
        if "," in url:
            self.add_error("url", "Une adresse qui contient une virgule ne s’écrit pas dans un scénario.")
            return
        try:
            URLValidator(schemes=["http", "https"], message=URL_MESSAGE)(url)
        except forms.ValidationError as error:
            self.add_error("url", error)


class SecretForm(DsfrModelForm):
    """A value that the script names and nobody reads."""

    phrases: ClassVar = {"name": "le nom du secret", "value": "la valeur du secret"}

    value = forms.CharField(
        label="Valeur",
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Chiffrée dès l’envoi. Seul le banc la lit\u00a0; elle ne s’affiche plus.",
    )

    class Meta:
        model = ApplicationSecret
        fields: ClassVar = ["name"]
        labels: ClassVar = {"name": "Nom"}
        help_texts: ClassVar = {"name": "Par exemple SECRET_MOT_DE_PASSE. Le scénario l’écrit ${SECRET_MOT_DE_PASSE}."}
        widgets: ClassVar = {"name": forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})}


class MeasureForm(DsfrModelForm):
    phrases: ClassVar = {"version": "la version de l’application"}

    class Meta:
        model = Measure
        fields: ClassVar = ["version"]
        labels: ClassVar = {"version": "Version de l’application à mesurer"}
        help_texts: ClassVar = {"version": "Celle que vos usagers ont, par exemple\u00a0: 2.1."}


class ScenarioForm(DsfrForm):
    """The script, kept with its errors too."""

    phrases: ClassVar = {"text": "un scénario"}

    text = forms.CharField(
        label="Scénario",
        strip=False,
        widget=forms.Textarea(
            attrs={"rows": 24, "spellcheck": "false", "autocomplete": "off", "class": "eco-script", "wrap": "off"}
        ),
        help_text="Une instruction par ligne. Une ligne qui commence par # est un commentaire.",
    )
