"""Uploads: bytes go straight to the disk of their final place and are hashed on the way; memory stays flat."""

import hashlib
import io
import tempfile
from typing import IO, Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from evidence.core.limits import CHUNK, UPLOAD_MAX
from evidence.vault import FULL, incoming_folder


class IncomingUpload(UploadedFile):
    """A file that arrived whole, or `failure` (code of a problem) when it could not be kept.

    A failure is told by the form, beside what else was typed, and not by an error page in the middle of parsing.
    Closing it (Django does at the end of the request) or dropping it removes its temporary file.
    """

    file: IO[bytes]
    size: int

    def __init__(self, name: str, content_type: str = "", charset: str | None = None) -> None:
        self.failure = ""
        self._digest = hashlib.sha256()
        try:
            file: IO[bytes] = tempfile.NamedTemporaryFile(  # noqa: SIM115 - lives as long as the upload
                dir=incoming_folder(), suffix=".part"
            )
        except OSError as error:
            self._fail(error)
            file = io.BytesIO()
        super().__init__(file, name, content_type, 0, charset)

    def _fail(self, error: OSError) -> None:
        if error.errno not in FULL:
            raise error
        self.failure = "storage_full"

    def append(self, chunk: bytes) -> None:
        """Write and hash `chunk`; a full disk or an excess turns into `failure` and the rest is dropped."""
        self.size += len(chunk)
        if self.size > UPLOAD_MAX:
            self.failure = self.failure or "too_big"
        if self.failure:
            return
        try:
            self.file.write(chunk)
        except OSError as error:
            self._fail(error)
            return
        self._digest.update(chunk)

    def complete(self) -> None:
        """Flush to the disk: the last block may be the one that does not fit."""
        try:
            if not self.failure:
                self.file.flush()
                self.file.seek(0)
        except OSError as error:
            self._fail(error)
        if self.failure:
            self.release()

    def release(self) -> None:
        """Give the space back at once."""
        try:
            self.file.close()
        except OSError as error:  # the unwritten tail of a full disk is flushed again on close
            if error.errno not in FULL:
                raise
        self.file = io.BytesIO()

    def close(self) -> None:
        self.release()

    def temporary_file_path(self) -> str:
        return str(self.file.name)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


class HashingUploadHandler(FileUploadHandler):
    """The only upload handler of the house: every file, small or big, follows the same path."""

    chunk_size = CHUNK
    upload: IncomingUpload

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.upload = IncomingUpload(self.file_name or "", self.content_type or "", self.charset)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.upload.append(raw_data)

    def file_complete(self, file_size: int) -> IncomingUpload:
        self.upload.complete()
        return self.upload

    def upload_interrupted(self) -> None:
        if hasattr(self, "upload"):
            self.upload.close()


def incoming(upload: UploadedFile) -> IncomingUpload:
    """`upload` as an IncomingUpload: itself, or a hashed copy of one that came by another way (API, test, mail)."""
    if isinstance(upload, IncomingUpload):
        return upload
    copy = IncomingUpload(upload.name or "", upload.content_type or "")
    for chunk in upload.chunks(CHUNK):
        copy.append(chunk)
    copy.complete()
    return copy
