"""Forms of the correspondence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any, ClassVar

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from convergence.ui.forms import DsfrForm, FrenchDateField
from convergence.ui.typography import NBSP
from evidence.core.formats import accept_attribute, accepted_in_words
from evidence.errors import UploadRefused
from evidence.services import Examined, examine
from referencing.candidature.enums import LetterKind, Side
from referencing.candidature.services.correspondence import ATTACHMENT_FORMATS, ATTACHMENT_MB, MAIL_FORMATS

FILES = 10
SUBJECT, TEXT = 200, 20_000
READ = "Lu dans le courriel (.eml) si vous laissez ce champ vide."


class ManyFilesInput(forms.FileInput):
    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return files.getlist(name) if hasattr(files, "getlist") else files.get(name) or []


class ManyFilesField(forms.FileField):
    """Several files of one field; cleaned to a list of what was examined, or every problem of every file."""

    def __init__(self, *, formats: Sequence[str], most: int = FILES, required: bool = False, **kwargs: Any) -> None:
        self.formats, self.most = formats, most
        attributes = {"accept": accept_attribute(formats)}
        widget = ManyFilesInput({**attributes, "multiple": True}) if most > 1 else ManyFilesInput(attributes)
        hint = f"Formats acceptés{NBSP}: {accepted_in_words(formats)}. {ATTACHMENT_MB} Mo au plus par fichier."
        super().__init__(required=required, widget=widget, help_text=hint, **kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[Examined]:
        uploads: list[UploadedFile[Any]] = [each for each in (data or []) if each]
        if self.required and not uploads:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        if len(uploads) > self.most:
            raise forms.ValidationError(f"Joignez {self.most} fichiers au plus.")
        found: list[Examined] = []
        problems: list[str] = []
        for upload in uploads:
            try:
                found.append(examine(upload=upload, allowed_formats=self.formats, max_size_mb=ATTACHMENT_MB))
            except UploadRefused as refusal:
                problems += [f"«{NBSP}{upload.name}{NBSP}»{NBSP}: {blocker.message}" for blocker in refusal.problems]
        if problems:
            raise forms.ValidationError([*problems, "Choisissez de nouveau tous les fichiers à joindre."])
        return found


class MessageForm(DsfrForm):
    """A message to the other side."""

    phrases: ClassVar[Mapping[str, str]] = {"subject": "l’objet du message", "text": "le texte du message"}
    subject = forms.CharField(label="Objet", max_length=SUBJECT)
    text = forms.CharField(label="Message", max_length=TEXT, widget=forms.Textarea(attrs={"rows": 10}))
    attachments = ManyFilesField(label="Pièces jointes", formats=ATTACHMENT_FORMATS)
    waits_for_answer = forms.BooleanField(label="Ce message attend une réponse", required=False)


class _FiledForm(DsfrForm):
    """What an agent keeps in the file: who reads it, who must act."""

    readers = forms.ChoiceField(
        label="Qui peut lire cette pièce",
        choices=[("agents", "Les agents seulement"), ("both", "Les agents et l’éditeur")],
        initial="agents",
        widget=forms.RadioSelect,
    )
    answer_by = forms.ChoiceField(label="Qui doit répondre", choices=[("", "Personne"), *Side.choices], required=False)

    @property
    def is_internal(self) -> bool:
        return bool(self.cleaned_data["readers"] == "agents")


class NoteForm(_FiledForm):
    """A call or a meeting."""

    phrases: ClassVar[Mapping[str, str]] = {
        "subject": "l’objet",
        "text": "ce qui s’est dit",
        "happened_on": "la date",
        "readers": "qui peut lire cette note",
    }
    kind = forms.ChoiceField(
        label="Nature",
        choices=[(each.value, each.label) for each in (LetterKind.CALL, LetterKind.MEETING)],
        initial=LetterKind.CALL.value,
        widget=forms.RadioSelect,
    )
    happened_on = FrenchDateField(label="Date")
    happened_time = forms.TimeField(
        label="Heure",
        required=False,
        help_text=f"Facultative. Par exemple{NBSP}: 14:30",
        input_formats=["%H:%M", "%Hh%M", "%H h %M"],
    )
    subject = forms.CharField(label="Objet", max_length=SUBJECT)
    text = forms.CharField(
        label="Compte rendu",
        max_length=TEXT,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="Avec qui, ce qui s’est dit, ce qui est convenu.",
    )
    attachments = ManyFilesField(label="Pièces jointes", formats=ATTACHMENT_FORMATS)
    field_order = ("kind", "happened_on", "happened_time", "subject", "text", "attachments", "readers", "answer_by")

    @property
    def happened_at(self) -> datetime:
        """In Paris; noon when only the day is known, or now if noon is still to come."""
        at: time | None = self.cleaned_data["happened_time"]
        day = self.cleaned_data["happened_on"]
        found = timezone.make_aware(datetime.combine(day, at or time(12)))
        return min(found, timezone.now()) if at is None and day == timezone.localdate() else found


class MailForm(_FiledForm):
    """A mail that came outside the platform, filed as a file; a .eml says by itself who wrote it, when, about what."""

    phrases: ClassVar[Mapping[str, str]] = {"readers": "qui peut lire ce courrier"}
    attachments = ManyFilesField(label="Courrier", formats=MAIL_FORMATS, most=1, required=True)
    sender = forms.CharField(label="Expéditeur", max_length=300, required=False, help_text=READ)
    subject = forms.CharField(label="Objet", max_length=SUBJECT, required=False, help_text=READ)
    happened_on = FrenchDateField(label="Date d’envoi", required=False)
    text = forms.CharField(
        label="Ce qu’il faut en retenir",
        max_length=TEXT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    field_order = ("attachments", "sender", "subject", "happened_on", "text", "readers", "answer_by")

    def clean(self) -> dict[str, Any]:
        """What was typed wins over what the mail says; what neither says is asked."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        facts = data["attachments"][0].facts if data.get("attachments") else {}
        data["sender"] = data.get("sender") or facts.get("sender", "")
        data["subject"] = data.get("subject") or facts.get("subject", "")[:SUBJECT]
        sent_at = datetime.fromisoformat(facts["sent_at"]) if facts.get("sent_at") else None
        if day := data.get("happened_on"):
            data["happened_at"] = timezone.make_aware(datetime.combine(day, time.min))
        else:
            data["happened_at"] = sent_at
        for field, value, phrase in (
            ("sender", data["sender"], "Indiquez l’expéditeur du courrier."),
            ("subject", data["subject"], "Indiquez l’objet du courrier."),
            ("happened_on", data["happened_at"], "Indiquez la date d’envoi du courrier."),
        ):
            if not value and field not in self.errors:
                self.add_error(field, phrase)
        return data
