"""Where bytes are kept: `files/ab/cd/<sha256>` in the private storage, written once and never replaced.

On a file system, bytes wait in `incoming/` on the same volume and a hard link gives them their final name when the
transaction commits: a rollback leaves nothing behind, and no reader sees half a file. On an object store, the object
is written before the row, and `sweep` removes those whose row was rolled back.
"""

import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
import uuid
import weakref
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.db import transaction

from evidence.core.limits import CHUNK
from evidence.models import Blob, PartialUpload

ABANDONED_AFTER = timedelta(hours=6)
FULL = {errno.ENOSPC, errno.EDQUOT}


def key_of(sha256: str) -> str:
    return f"files/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def private_storage() -> Storage:
    return storages["default"]


def incoming_folder() -> Path:
    """Where uploads are written while they arrive: on the volume of their final place, when it has one."""
    storage = private_storage()
    folder = (
        Path(storage.location) / "incoming"
        if isinstance(storage, FileSystemStorage)
        else Path(tempfile.gettempdir()) / "convergence-incoming"
    )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def place(file: IO[bytes], *, path: str, sha256: str) -> None:
    """Give the bytes of `file` (complete, at `path`) their final place if the current transaction commits.

    Raises OSError when the storage is full: nothing is left behind then.
    """
    storage = private_storage()
    if isinstance(storage, FileSystemStorage):
        file.flush()
        os.fsync(file.fileno())  # the row must not outlive the bytes after a power cut
        final = Path(storage.location) / key_of(sha256)
        final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        transaction.on_commit(Placing(path, final))
    else:
        key = key_of(sha256)
        if storage.exists(key):  # left by a rollback: the sweeper may be about to take it away
            storage.delete(key)
        file.seek(0)
        storage.save(key, File(file))


class Placing:
    """Bytes between an upload and their final place: a second hard link, which survives the closing of the upload.

    Called when the transaction commits; forgotten by a rollback, and removed with it. Within the transaction,
    `open_blob` reads it.
    """

    def __init__(self, path: str, final: Path) -> None:
        self.final = final
        self.waiting = incoming_folder() / f"{final.name}.{uuid.uuid4().hex}"
        os.link(path, self.waiting)
        self._forget = weakref.finalize(self, self.waiting.unlink, missing_ok=True)

    def __call__(self) -> None:
        with contextlib.suppress(FileExistsError):  # the same content arrived twice at once
            os.link(self.waiting, self.final)
        self._forget()


def is_placed(sha256: str) -> bool:
    return private_storage().exists(key_of(sha256))


def open_blob(blob: Blob) -> IO[bytes]:
    """The bytes for reading. Raises FileNotFoundError when they are gone (`verify_dossier` reports it)."""
    storage = private_storage()
    key = key_of(blob.sha256)
    if isinstance(storage, FileSystemStorage) and not storage.exists(key):
        for waiting in incoming_folder().glob(f"{blob.sha256}.*"):
            return waiting.open("rb")
    opened: IO[bytes] = storage.open(key, "rb")
    return opened


@contextlib.contextmanager
def as_real_file(blob: Blob) -> Iterator[IO[bytes]]:
    """The bytes as a file that has a descriptor, which the child process can inherit."""
    with open_blob(blob) as opened:
        source = getattr(opened, "file", opened)
        try:
            source.fileno()
        except (AttributeError, OSError):
            with tempfile.TemporaryFile(dir=incoming_folder()) as copy:
                shutil.copyfileobj(opened, copy, CHUNK)
                copy.seek(0)
                yield copy
        else:
            yield source


def sweep(*, at: datetime) -> int:
    """Finish or remove what a killed process left: bytes without row are removed, committed bytes get their place.

    Returns how many files were dealt with.
    """
    PartialUpload.objects.filter(started_at__lt=at - ABANDONED_AFTER).delete()
    storage = private_storage()
    limit = (at - ABANDONED_AFTER).timestamp()
    dealt = 0
    for path in incoming_folder().iterdir():
        if path.stat().st_mtime > limit:
            continue
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if isinstance(storage, FileSystemStorage) and Blob.objects.filter(sha256=sha256).exists():
            with contextlib.suppress(FileExistsError):
                final = Path(storage.location) / key_of(sha256)
                final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                os.link(path, final)
        path.unlink(missing_ok=True)
        dealt += 1
    if not isinstance(storage, FileSystemStorage):
        dealt += _sweep_objects(storage, limit)
    return dealt


def _sweep_objects(storage: Storage, limit: float) -> int:
    removed = 0
    for first in storage.listdir("files")[0]:
        for second in storage.listdir(f"files/{first}")[0]:
            names = storage.listdir(f"files/{first}/{second}")[1]
            known = set(Blob.objects.filter(sha256__in=names).values_list("sha256", flat=True))
            for name in set(names) - known:
                if storage.get_modified_time(key_of(name)).timestamp() <= limit:
                    storage.delete(key_of(name))
                    removed += 1
    return removed
