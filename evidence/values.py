"""What the fragments of this app show: values only, built here so that every stage words a file the same way."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from convergence.ui.values import Action, Badge, Tone
from evidence.core.formats import accept_attribute, accepted_in_words
from evidence.core.limits import MIB
from evidence.core.sizes import size_in_words
from evidence.enums import ScanState
from evidence.models import StoredFile

_TONES: dict[ScanState, Tone] = {
    ScanState.PENDING: "info",
    ScanState.CLEAN: "success",
    ScanState.INFECTED: "error",
    ScanState.ERROR: "warning",
    ScanState.NOT_SCANNED: "warning",
}


@dataclass(frozen=True, slots=True)
class DepositedFile:
    """One line of a zone. `download_url` is empty while the file cannot be opened; `archive` while it must stay."""

    name: str
    size: str
    state: Badge
    deposited_at: datetime
    deposited_by: str = ""
    download_url: str = ""
    archive: Action | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class TextHit:
    """What a search found on one page (from 0). `boxes`: (left, top, width, height) in thousandths of the page."""

    page: int
    count: int
    excerpt: str
    boxes: tuple[tuple[int, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class TextSearch:
    """`has_text` is False for a scan, in which nothing can be looked for."""

    pages: int
    has_text: bool
    total: int
    hits: tuple[TextHit, ...]

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> TextSearch:
        hits = tuple(
            TextHit(hit["page"], hit["count"], hit["excerpt"], tuple(tuple(box) for box in hit["boxes"]))
            for hit in facts["hits"]
        )
        return cls(facts["pages"], facts["has_text"], facts["total"], hits)


@dataclass(frozen=True, slots=True)
class DropZone:
    """A place where one deposits files of one kind. It is a form of its own: never put it inside another form.

    `id` anchors errors (`#<id>`); `url` receives the file under `field_name`; `locked` says why nothing can be
    deposited any more (single deposit confirmed, questionnaire closed) and hides the form.
    """

    id: str
    label: str
    url: str
    accepted: str
    accept: str
    max_size: str
    max_bytes: int
    hint: str = ""
    required: bool = False
    field_name: str = "file"
    submit_label: str = "Déposer le fichier"
    errors: Sequence[str] = ()
    files: Sequence[DepositedFile] = ()
    hidden: Mapping[str, str] = field(default_factory=dict)
    archived_url: str = ""
    locked: str = ""
    heading_level: int = 4


def deposited_file(
    stored_file: StoredFile, *, download_url: str = "", archive: Action | None = None, note: str = ""
) -> DepositedFile:
    """The line of `stored_file`, read `with_blob()` and its depositor; its link is dropped unless it is clean."""
    state = ScanState(stored_file.blob.state)
    return DepositedFile(
        name=stored_file.name,
        size=size_in_words(stored_file.blob.size),
        state=Badge(str(state.label), _TONES[state]),
        deposited_at=stored_file.uploaded_at,
        deposited_by=str(stored_file.uploaded_by or ""),
        download_url=download_url if state == ScanState.CLEAN else "",
        archive=archive,
        note=note,
    )


def drop_zone(
    *,
    id: str,
    label: str,
    url: str,
    formats: Collection[str],
    max_size_mb: int,
    hint: str = "",
    required: bool = False,
    submit_label: str = "Déposer le fichier",
    errors: Sequence[str] = (),
    files: Sequence[DepositedFile] = (),
    hidden: Mapping[str, str] | None = None,
    archived_url: str = "",
    locked: str = "",
    heading_level: int = 4,
) -> DropZone:
    """A zone whose limits are told in words and to the browser alike. `formats`: codes of `evidence.core.formats`."""
    return DropZone(
        id=id,
        label=label,
        url=url,
        accepted=accepted_in_words(formats),
        accept=accept_attribute(formats),
        max_size=size_in_words(max_size_mb * MIB),
        max_bytes=max_size_mb * MIB,
        hint=hint,
        required=required,
        submit_label=submit_label,
        errors=errors,
        files=files,
        hidden=hidden or {},
        archived_url=archived_url,
        locked=locked,
        heading_level=heading_level,
    )
