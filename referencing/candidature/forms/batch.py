from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from convergence.ui.forms import DsfrForm
from referencing.candidature.core.moves import REFERENT

KEEP = ("", "Ne rien changer")


class HandoverForm(DsfrForm):
    """One successor per part that somebody holds; a part may stay where it is, but not all of them.

    `parts`: (part, label, number of files, people who may take it as (key, name)).
    """

    def __init__(self, *args: Any, parts: Sequence[tuple[str, str, int, list[tuple[str, str]]]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for part, label, count, people in parts:
            files = "1 dossier" if count == 1 else f"{count} dossiers"
            what = "Référent de" if part == REFERENT else f"Thème {label} :"
            self.fields[part] = forms.ChoiceField(
                label=f"{what} {files}",
                choices=[KEEP, *people],
                required=False,
                help_text="" if people else "Personne d’autre ne tient ce rôle pour le moment.",
            )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.fields and not self.errors and not any(cleaned.values()):
            self.add_error(next(iter(self.fields)), "Choisissez au moins une personne à qui confier des dossiers.")
        return cleaned

    def successors(self) -> dict[str, str]:
        """By part, the key of who takes it."""
        return {part: key for part, key in self.cleaned_data.items() if key}
