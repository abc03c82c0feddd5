"""The drop zones of a criterion: one per expected type of evidence, parts of the page's single form.

One form for answers and files, so that depositing a file without scripts loses nothing of what was typed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from convergence.ui.addresses import address_of_each
from convergence.ui.typography import NBSP
from convergence.ui.values import Action
from evidence.values import DepositedFile, DropZone, deposited_file, drop_zone
from questionnaires.core import EvidenceType
from questionnaires.models import Deposit
from questionnaires.selectors import CriterionView, EvidenceView
from referencing.enrolment.models import Enrolment

FILE = "-file"

DEFINITIVE = f"Dépôt définitif{NBSP}: ce document ne s’archive ni ne se remplace."
TO_CONFIRM = "Ce dépôt attend votre confirmation."


@dataclass(frozen=True, slots=True)
class ZoneFrame:
    """What a zone says around its files: title, document to fill in, confirmation that is awaited, field of the file."""

    id: str
    label: str
    required: bool
    accepted: str
    accept: str
    max_size: str
    max_bytes: int
    submit_label: str
    errors: tuple[str, ...]
    locked: str
    can_write: bool
    is_encrypted: bool
    is_single: bool
    template_url: str
    confirm_url: str
    container_url: str

    @property
    def file_name(self) -> str:
        """Name of the file input."""
        return self.id + FILE


# As for the text of a criterion (see `criteria`): mostly the same for every product.
@lru_cache(maxsize=2048)
def render_frame(zone: ZoneFrame) -> tuple[SafeString, SafeString]:
    """Head and field of the zone."""
    parts = ("enrolment/answering/zone_head.html", "enrolment/answering/zone_field.html")
    head, field = (render_to_string(part, {"zone": zone}) for part in parts)
    return head, field


@lru_cache(maxsize=2048)
def _expect(anchor: str, expected: EvidenceType) -> DropZone:
    """What the grid says of a zone, in words and for the browser."""
    return drop_zone(
        id=anchor,
        label=expected.label,
        url="",
        formats=("zip",) if expected.encrypted else expected.formats,
        max_size_mb=expected.max_size_mb,
        required=expected.required,
        submit_label="Déposer le conteneur" if expected.encrypted else "Déposer le fichier",
    )


@dataclass(frozen=True, slots=True)
class Zone:
    """A drop zone on the page."""

    id: str
    label: str
    head: SafeString
    field: SafeString
    files: tuple[DepositedFile, ...]
    archived_url: str


class ZoneMaker:
    """Makes the zones of the criteria of one page. `errors` go by zone id."""

    def __init__(self, enrolment: Enrolment, *, can_write: bool, errors: Mapping[str, Collection[str]]) -> None:
        self.enrolment, self.can_write, self._errors = enrolment, can_write, errors
        self._download_url = address_of_each("enrolment:evidence_download", enrolment.pk)
        self._archive_url = address_of_each("enrolment:evidence_archive", enrolment.pk)
        self._archived_url = address_of_each("enrolment:evidence_archived", enrolment.pk, like="critere")

    def zones_of(self, view: CriterionView) -> tuple[Zone, ...]:
        """In the order of the grid."""
        return tuple(self._zone(view, each) for each in view.evidence)

    def _zone(self, view: CriterionView, each: EvidenceView) -> Zone:
        expected, key = each.expected, self.enrolment.pk
        waiting = each.waiting if self.can_write else None
        locked = ""
        if each.is_definitive:
            locked = DEFINITIVE
        elif waiting:
            locked = TO_CONFIRM
        elif not self.can_write:
            locked = "Cette zone se consulte mais ne reçoit plus de fichier."
        drop = _expect(each.anchor, expected)
        frame = ZoneFrame(
            id=drop.id,
            label=drop.label,
            required=drop.required,
            accepted=drop.accepted,
            accept=drop.accept,
            max_size=drop.max_size,
            max_bytes=drop.max_bytes,
            submit_label=drop.submit_label,
            errors=tuple(self._errors.get(each.anchor, ())),
            locked=locked,
            can_write=self.can_write,
            is_encrypted=expected.encrypted,
            is_single=expected.single_deposit,
            template_url=(
                reverse("enrolment:evidence_template", args=[key, view.code, expected.code])
                if expected.template
                else ""
            ),
            confirm_url=reverse("enrolment:evidence_confirm", args=[key, waiting.pk]) if waiting else "",
            container_url=reverse("enrolment:container_download", args=[key]) if expected.encrypted else "",
        )
        files = tuple(self._file(deposit) for deposit in each.deposits)
        return Zone(drop.id, drop.label, *render_frame(frame), files, self._archived_url(view.code))

    def _file(self, deposit: Deposit) -> DepositedFile:
        archive = None
        if self.can_write and deposit.confirmed_at is None:
            archive = Action("Archiver", self._archive_url(deposit.pk), key=f"archive:{deposit.pk}")
        return deposited_file(deposit.file, download_url=self._download_url(deposit.pk), archive=archive)


def download_url(enrolment: Enrolment, deposit: UUID) -> str:
    return reverse("enrolment:evidence_download", args=[enrolment.pk, deposit])
