"""A file that is only hashed: each piece is forgotten as soon as it was read, nothing touches the disk."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

#: Our documents weigh far less; beyond, the rest of the file is not even hashed.
UPLOAD_MAX = 64 * 1024 * 1024


class HashedUpload(UploadedFile):
    """What is left of an upload: its size, and its hash unless it was too big. It has no content."""

    def __init__(self, name: str, size: int, sha256: str) -> None:
        super().__init__(BytesIO(), name, "", size)
        self.sha256 = sha256

    @property
    def is_too_big(self) -> bool:
        return (self.size or 0) > UPLOAD_MAX


class ForgettingUploadHandler(FileUploadHandler):
    """Set on the request of the public verification, in place of the handler of the house, which keeps files."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.digest = hashlib.sha256()
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.received += len(raw_data)
        if self.received <= UPLOAD_MAX:
            self.digest.update(raw_data)

    def file_complete(self, file_size: int) -> HashedUpload:
        return HashedUpload(self.file_name or "", self.received, self.digest.hexdigest())
