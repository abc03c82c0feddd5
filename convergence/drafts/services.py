"""Long texts are kept while they are typed, under a key that the page chooses, and forgotten once they are sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from convergence.drafts.models import TextDraft

if TYPE_CHECKING:
    from convergence.accounts.models import User

TEXT_LENGTH = 50_000
FIELDS = 20


@dataclass(frozen=True, slots=True)
class Restored:
    """Values of a form with the person’s drafts over them; `at` is None when no draft says anything else."""

    values: dict[str, str]
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Drafts:
    """The drafts of one person in several forms of a page."""

    rows: tuple[TextDraft, ...]

    def over(self, form: str, values: Mapping[str, str]) -> Restored:
        """`values` of that form (what is saved, by field) with what was typed since."""
        newer = [each for each in self.rows if each.form == form and each.text != values.get(each.field, each.text)]
        return Restored(
            {**values, **{each.field: each.text for each in newer}},
            max((each.updated_at for each in newer), default=None),
        )


@transaction.atomic
def save_drafts(*, user: User, form: str, texts: Mapping[str, str], at: datetime) -> list[str]:
    """Keep `texts` (by field). Returns the fields whose text is too long to be kept."""
    refused = [field for field, text in texts.items() if len(text) > TEXT_LENGTH]
    rows = [
        TextDraft(
            user=user, form=form, field=field[:100], text=text.replace("\x00", "").replace("\r\n", "\n"), updated_at=at
        )
        for field, text in list(texts.items())[:FIELDS]
        if field not in refused
    ]
    TextDraft.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["user", "form", "field"], update_fields=["text", "updated_at"]
    )
    return refused


def load_drafts(*, user: User, forms: Collection[str]) -> Drafts:
    """One query (none without forms): what the person typed in these forms and did not send."""
    rows = TextDraft.objects.filter(user=user, form__in=forms) if forms else ()
    return Drafts(tuple(rows))


def restore(*, user: User, form: str, values: Mapping[str, str]) -> Restored:
    """One query: `values` (what is saved, by field) with what the person typed since and did not send."""
    return load_drafts(user=user, forms=[form]).over(form, values)


def discard(*, user: User, form: str) -> None:
    """Forget the drafts of a form: it was sent, or its author gave them up."""
    TextDraft.objects.filter(user=user, form=form).delete()


def delete_older(*, before: datetime) -> int:
    """Drafts that nobody came back to. Returns how many."""
    return TextDraft.objects.filter(updated_at__lt=before).delete()[0]
