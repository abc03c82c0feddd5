"""Encrypted containers behind one interface: AES-256 ZIP by default, `.zed` as an opaque file when switched on."""

import io
import secrets
from typing import IO, Protocol

import pyzipper
from django.conf import settings

from evidence.core.containers import (
    PASSPHRASE_ALPHABET,
    PASSPHRASE_GROUP_LENGTH,
    PASSPHRASE_GROUPS,
    README_NAME,
    Credentials,
    readme,
)
from evidence.core.formats import FORMATS, ZED, Format
from evidence.core.messages import problem
from evidence.inspection import Findings, inspect


class ContainerBackend(Protocol):
    """`check_deposit` never raises for what a file contains; fact `passphrase` is the rank of the one that opens it."""

    format: Format

    def check_deposit(self, file: IO[bytes], *, passphrases: list[str]) -> Findings: ...


class AesZipBackend:
    """ZIP with AES-256 entries (WinZip AE): people open it with 7-Zip. Names of entries are not encrypted."""

    format = FORMATS["zip"]

    def make_container(self, credentials: Credentials) -> bytes:
        """An archive holding the instructions, encrypted with the passphrase that people will use for their files."""
        output = io.BytesIO()
        with pyzipper.AESZipFile(output, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive:
            archive.setpassword(credentials.passphrase.encode())
            # 7-Zip and Notepad need the mark to read accents.
            archive.writestr(README_NAME, readme(credentials.user_name).encode("utf-8-sig"))
        return output.getvalue()

    def check_deposit(self, file: IO[bytes], *, passphrases: list[str]) -> Findings:
        return inspect(file, task="check_container", passphrases=passphrases)


class ZedBackend:
    """Containers of a third-party tool: opaque, nothing of their content can be checked nor shown."""

    format = ZED

    def check_deposit(self, file: IO[bytes], *, passphrases: list[str]) -> Findings:
        file.seek(0)
        head = file.read(4)
        known = any(other.magic and head.startswith(other.magic[:4]) for other in FORMATS.values())
        return Findings((problem("container_expected"),) if known else (), {"passphrase": None})


def backend_for(name: str) -> ContainerBackend | None:
    """The backend that accepts a file of that name, or None."""
    extension = name.rpartition(".")[2].lower()
    enabled: list[ContainerBackend] = [AesZipBackend()]
    if settings.CONVERGENCE.get("ACCEPT_ZED_CONTAINERS", False):
        enabled.append(ZedBackend())
    return next((backend for backend in enabled if extension in backend.format.extensions), None)


def new_passphrase() -> str:
    """About 123 bits, in groups that one can read aloud."""
    return "-".join(
        "".join(secrets.choice(PASSPHRASE_ALPHABET) for _ in range(PASSPHRASE_GROUP_LENGTH))
        for _ in range(PASSPHRASE_GROUPS)
    )
