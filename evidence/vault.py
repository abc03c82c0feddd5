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
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
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
        # `file` is held until then: closing a temporary file removes it.
        transaction.on_commit(partial(_link, file, path, final))
    else:
        key = key_of(sha256)
        if storage.exists(key):  # left by a rollback: the sweeper may be about to take it away
            storage.delete(key)
        file.seek(0)
        storage.save(key, File(file))


def _link(held: IO[bytes], path: str, final: Path) -> None:
    del held
    with contextlib.suppress(FileExistsError):  # the same content arrived twice at once
        os.link(path, final)


def is_placed(sha256: str) -> bool:
    return private_storage().exists(key_of(sha256))


def open_blob(blob: Blob) -> IO[bytes]:
    """The bytes for reading. Raises FileNotFoundError when they are gone (`verify_dossier` reports it)."""
    opened: IO[bytes] = private_storage().open(key_of(blob.sha256), "rb")
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
