"""Uploads in pieces, for lines that cut: the sender asks how far the file got and goes on from there.

The pieces wait in the incoming folder; the size of that file is the truth, the row only says whose it is.
"""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from convergence.accounts.models import User
from evidence import vault
from evidence.core.limits import MIB, UPLOAD_MAX
from evidence.core.messages import problem
from evidence.core.names import display_name
from evidence.core.sizes import size_in_words
from evidence.errors import UploadRefused
from evidence.models import PartialUpload
from evidence.uploads import IncomingUpload, incoming


class WrongOffset(Exception):
    """The piece does not follow what has arrived; `expected` is where the sender must go on."""

    def __init__(self, expected: int) -> None:
        super().__init__(expected)
        self.expected = expected


def _path(upload_id: UUID) -> Path:
    return vault.incoming_folder() / f"{upload_id}.partial"


def start_upload(*, name: str, size: int, max_size_mb: int, actor: User) -> PartialUpload:
    """Announce a file of `size` bytes. Raises UploadRefused before the first byte when it is too big or empty."""
    limit = min(max_size_mb * MIB, UPLOAD_MAX)
    if size <= 0:
        raise UploadRefused([problem("empty")])
    if size > limit:
        raise UploadRefused([problem("too_big", size=size_in_words(size), limit=size_in_words(limit))])
    return PartialUpload.objects.create(name=display_name(name)[:255], size=size, uploaded_by=actor)


def received(*, upload_id: UUID, actor: User) -> int:
    """How many bytes have arrived. Raises PartialUpload.DoesNotExist for somebody else's upload."""
    PartialUpload.objects.get(pk=upload_id, uploaded_by=actor)
    path = _path(upload_id)
    return path.stat().st_size if path.exists() else 0


@transaction.atomic
def append_chunk(*, upload_id: UUID, offset: int, content: bytes, actor: User) -> int:
    """Write `content` at `offset`; returns how many bytes have arrived. The same piece sent twice is accepted.

    Raises WrongOffset, UploadRefused (more than announced, storage full) or PartialUpload.DoesNotExist.
    """
    upload = PartialUpload.objects.select_for_update().get(pk=upload_id, uploaded_by=actor)
    if offset + len(content) > upload.size:
        raise UploadRefused([problem("upload_cut")])
    with _path(upload_id).open("ab") as file:
        arrived = file.tell()
        if arrived >= offset + len(content):
            return arrived
        if arrived != offset:
            raise WrongOffset(arrived)
        try:
            file.write(content)
            file.flush()
        except OSError as error:
            file.truncate(arrived)
            if error.errno not in vault.FULL:
                raise
            raise UploadRefused([problem("storage_full")]) from error
    return offset + len(content)


@transaction.atomic
def finish_upload(*, upload_id: UUID, actor: User) -> IncomingUpload:
    """The complete file, to be given to `receive`. Raises UploadRefused when bytes are missing."""
    upload = PartialUpload.objects.select_for_update().get(pk=upload_id, uploaded_by=actor)
    path = _path(upload_id)
    if not path.exists() or path.stat().st_size != upload.size:
        raise UploadRefused([problem("upload_cut")])
    with path.open("rb") as file:
        whole = incoming(UploadedFile(file, upload.name, "", upload.size))
    upload.delete()
    transaction.on_commit(lambda: path.unlink(missing_ok=True))
    return whole
