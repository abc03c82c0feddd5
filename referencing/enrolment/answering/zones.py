"""The drop zones of a criterion: one per expected type of evidence, parts of the page's single form.

One form for answers and files, so that depositing a file without scripts loses nothing of what was typed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse

from convergence.ui.typography import NBSP
from convergence.ui.values import Action
from evidence.values import DepositedFile, DropZone, deposited_file, drop_zone
from questionnaires.models import Deposit
from questionnaires.selectors import CriterionView, EvidenceView
from referencing.enrolment.models import Enrolment

FILE = "-file"

DEFINITIVE = f"Dépôt définitif{NBSP}: ce document ne s’archive ni ne se remplace."
TO_CONFIRM = "Ce dépôt attend votre confirmation."


@dataclass(frozen=True, slots=True)
class Zone:
    """A drop zone with what surrounds it: template to fill in, confirmation that is awaited, encrypted container."""

    drop: DropZone
    is_encrypted: bool
    is_single: bool
    template_url: str
    confirm_url: str
    container_url: str

    @property
    def file_name(self) -> str:
        """Name of the file input."""
        return self.drop.id + FILE


def make_zones(
    enrolment: Enrolment, view: CriterionView, *, can_write: bool, errors: Mapping[str, Collection[str]]
) -> list[Zone]:
    """The zones of a criterion, in the order of the grid. `errors` go by zone id."""
    return [_zone(enrolment, view, each, can_write, list(errors.get(each.anchor, ()))) for each in view.evidence]


def _zone(enrolment: Enrolment, view: CriterionView, each: EvidenceView, can_write: bool, errors: list[str]) -> Zone:
    expected = each.expected
    waiting = each.waiting
    locked = ""
    if each.is_definitive:
        locked = DEFINITIVE
    elif waiting and can_write:
        locked = TO_CONFIRM
    elif not can_write:
        locked = "Cette zone se consulte mais ne reçoit plus de fichier."
    return Zone(
        drop=drop_zone(
            id=each.anchor,
            label=expected.label,
            url="",
            formats=("zip",) if expected.encrypted else expected.formats,
            max_size_mb=expected.max_size_mb,
            required=expected.required,
            submit_label="Déposer le conteneur" if expected.encrypted else "Déposer le fichier",
            errors=errors,
            files=[_file(enrolment, deposit, can_write) for deposit in each.deposits],
            archived_url=reverse("enrolment:evidence_archived", args=[enrolment.pk, view.code]),
            locked=locked,
        ),
        is_encrypted=expected.encrypted,
        is_single=expected.single_deposit,
        template_url=(
            reverse("enrolment:evidence_template", args=[enrolment.pk, view.code, expected.code])
            if expected.template
            else ""
        ),
        confirm_url=(
            reverse("enrolment:evidence_confirm", args=[enrolment.pk, waiting.pk]) if waiting and can_write else ""
        ),
        container_url=reverse("enrolment:container_download", args=[enrolment.pk]) if expected.encrypted else "",
    )


def _file(enrolment: Enrolment, deposit: Deposit, can_write: bool) -> DepositedFile:
    archive = None
    if can_write and deposit.confirmed_at is None:
        url = reverse("enrolment:evidence_archive", args=[enrolment.pk, deposit.pk])
        archive = Action("Archiver", url, key=f"archive:{deposit.pk}")
    return deposited_file(deposit.file, download_url=download_url(enrolment, deposit.pk), archive=archive)


def download_url(enrolment: Enrolment, deposit: UUID) -> str:
    return reverse("enrolment:evidence_download", args=[enrolment.pk, deposit])
