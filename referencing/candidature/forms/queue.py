from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from convergence.accounts.rules import is_listing_team
from convergence.ui.forms import DsfrForm
from referencing.candidature.models import QueueView

if TYPE_CHECKING:
    from convergence.accounts.models import User


class QueueViewForm(DsfrForm):
    """A view of one’s own; of somebody else’s, only whether the queue opens on it. The listing team alone shares."""

    phrases = {"name": "un nom pour cette vue"}

    name = forms.CharField(label="Nom de la vue", max_length=60)
    is_shared = forms.BooleanField(
        label="Partager avec mes collègues",
        required=False,
        help_text="Chacun n’y voit que les candidatures auxquelles il a accès.",
    )
    is_default = forms.BooleanField(label="Ouvrir la file de travail sur cette vue", required=False)

    def __init__(self, *args: Any, person: User, view: QueueView | None, is_default: bool, **kwargs: Any) -> None:
        initial: dict[str, Any] = {"is_default": is_default}
        if view is not None:
            initial |= {"name": view.name, "is_shared": view.is_shared}
        super().__init__(*args, initial=initial, **kwargs)
        self.person, self.view = person, view
        self.is_owner = view is None or view.owner_id == person.pk
        if not self.is_owner:
            del self.fields["name"]
        if not self.is_owner or not is_listing_team(person, None):
            del self.fields["is_shared"]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = QueueView.objects.filter(owner=self.person, name=name)
        if self.view is not None:
            others = others.exclude(pk=self.view.pk)
        if others.exists():
            raise ValidationError("Vous avez déjà une vue de ce nom.")
        return name

    def choices(self) -> dict[str, Any]:
        """What `save_view` takes; a field that the person does not have keeps its value."""
        kept = {
            "name": self.view.name if self.view else "",
            "is_shared": self.view.is_shared if self.view else False,
        }
        return kept | self.cleaned_data
