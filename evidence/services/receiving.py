"""From an upload to a stored file, or to every reason why not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.db import transaction
from django.utils import timezone

from convergence.accounts.models import User
from convergence.kernel.errors import Blocker
from evidence import vault
from evidence.containers import backend_for
from evidence.core.formats import FORMATS, IMAGES, ZED, accepted_in_words, format_of
from evidence.core.limits import MIB, SCAN_INLINE_MAX, UPLOAD_MAX
from evidence.core.messages import problem
from evidence.core.names import display_name, name_problems
from evidence.core.sizes import size_in_words
from evidence.core.verdicts import CLEAN, Verdict
from evidence.enums import ScanState
from evidence.errors import UploadRefused
from evidence.inspection import inspect
from evidence.models import Blob, ContainerPassphrase, EncryptedContainer, StoredFile
from evidence.scanners import get_scanner
from evidence.services import scanning
from evidence.services.passphrases import read_passphrase
from evidence.uploads import IncomingUpload, incoming


@dataclass(frozen=True, slots=True)
class Examined:
    """An upload found fit to be kept. `verdict` is None when the antivirus will be asked by a job."""

    upload: IncomingUpload
    name: str
    format: str
    facts: Mapping[str, Any]
    verdict: Verdict | None
    passphrase: ContainerPassphrase | None


def receive(
    *,
    upload: UploadedFile[Any],
    allowed_formats: Collection[str],
    max_size_mb: int,
    encrypted_for: EncryptedContainer | None = None,
    actor: User | None,
    anchor: str = "",
) -> StoredFile:
    """Examine then keep `upload`. Raises UploadRefused with every problem found (BR-076, BR-078).

    Looking into the file may take seconds: a caller that locks rows calls `examine` before, `keep` under its locks.
    """
    examined = examine(
        upload=upload,
        allowed_formats=allowed_formats,
        max_size_mb=max_size_mb,
        encrypted_for=encrypted_for,
        anchor=anchor,
    )
    return keep(examined=examined, actor=actor)


def examine(
    *,
    upload: UploadedFile[Any],
    allowed_formats: Collection[str],
    max_size_mb: int,
    encrypted_for: EncryptedContainer | None = None,
    anchor: str = "",
) -> Examined:
    """Check name, size, type by content, structure and, for small files, antivirus. Writes nothing to the database.

    `allowed_formats`: codes of `evidence.core.formats`; ignored for an encrypted zone, where only its container is
    accepted. `anchor`: fragment of the form field, put on each problem. Raises UploadRefused.
    """
    file = incoming(upload)
    name = display_name(file.name or "")
    problems = [problem(code, anchor=anchor) for code in name_problems(name)]
    size_problems = list(_size_problems(file, max_size_mb, anchor))
    problems += size_problems
    facts: Mapping[str, Any] = {}
    passphrase = None
    if encrypted_for is not None:
        found, facts, passphrase = ([], {}, None) if size_problems else _look_into_container(file, name, encrypted_for)
        code = "zip" if name.lower().endswith(".zip") else ZED.code
    else:
        known = format_of(name)
        code = known.code if known else ""
        found = []
        if code not in allowed_formats or code not in FORMATS:
            found.append(problem("format_not_allowed", accepted=accepted_in_words(allowed_formats)))
        elif not size_problems:
            findings = inspect(file.file, task="check", format=code)
            found, facts = list(findings.problems), findings.facts
    problems += [Blocker(each.code, each.message, anchor) for each in found]
    if problems:
        raise UploadRefused(problems)
    verdict = None
    if encrypted_for is None and file.size <= SCAN_INLINE_MAX:
        verdict = get_scanner().scan(file.file)
        if verdict.state == ScanState.INFECTED:
            raise UploadRefused([problem("infected", signature=verdict.detail, anchor=anchor)])
    return Examined(file, name, code, facts, verdict, passphrase)


def read_workbook(*, upload: UploadedFile[Any], max_size_mb: int, anchor: str = "") -> list[list[list[str]]]:
    """The rows of texts of each sheet of an Excel workbook, read in the limited child process; nothing is kept.

    Raises UploadRefused: not a sound workbook, a virus, a formula, too many rows.
    """
    examined = examine(upload=upload, allowed_formats=["xlsx"], max_size_mb=max_size_mb, anchor=anchor)
    findings = inspect(examined.upload.file, task="read_workbook")
    if findings.problems:
        raise UploadRefused(Blocker(each.code, each.message, anchor) for each in findings.problems)
    return [sheet["rows"] for sheet in findings.facts["sheets"]]


def _size_problems(file: IncomingUpload, max_size_mb: int, anchor: str) -> Iterator[Blocker]:
    limit = min(max_size_mb * MIB, UPLOAD_MAX)
    if file.size == 0 and not file.failure:
        yield problem("empty", anchor=anchor)
    elif file.size > limit:
        yield problem("too_big", size=size_in_words(file.size), limit=size_in_words(limit), anchor=anchor)
    elif file.failure:
        yield problem(file.failure, anchor=anchor)


def _look_into_container(
    file: IncomingUpload, name: str, container: EncryptedContainer
) -> tuple[list[Blocker], Mapping[str, Any], ContainerPassphrase | None]:
    backend = backend_for(name)
    if backend is None:
        return [problem("container_expected")], {}, None
    rows = list(container.passphrases.order_by("-generation"))
    findings = backend.check_deposit(file.file, passphrases=[read_passphrase(row) for row in rows])
    rank = findings.facts.get("passphrase")
    return list(findings.problems), findings.facts, None if rank is None else rows[rank]


@transaction.atomic
def keep(*, examined: Examined, actor: User | None) -> StoredFile:
    """Keep what `examine` accepted, in the caller's transaction: a rollback leaves neither row nor file.

    Raises UploadRefused when the storage is full, or when the same content is already known as infected.
    """
    blob = _blob_for(examined.upload, code=examined.format, pages=examined.facts.get("pages"), verdict=examined.verdict)
    return StoredFile.objects.create(
        blob=blob,
        name=examined.name,
        uploaded_by=actor,
        uploaded_at=timezone.now(),
        passphrase=examined.passphrase,
    )


def share(*, file: StoredFile, actor: User) -> StoredFile:
    """The same content under the same name, given again by somebody else; never that of an encrypted container, which
    belongs to its owner. The caller answers for the right to it. Raises ValueError."""
    if file.passphrase_id is not None:
        raise ValueError("an encrypted container is not shared")
    return StoredFile.objects.create(
        blob_id=file.blob_id, name=file.name, uploaded_by=actor, uploaded_at=timezone.now()
    )


def redraw_image(*, upload: UploadedFile[Any], width: int, max_size_mb: int, anchor: str = "") -> bytes:
    """The pixels of a PNG or JPEG as a new PNG, at most `width` wide: neither the file nor what it hides is kept.

    For an image that strangers will see (a logo). Decoded and drawn again in the limited child process; writes nothing.
    Raises UploadRefused.
    """
    examined = examine(upload=upload, allowed_formats=IMAGES, max_size_mb=max_size_mb, anchor=anchor)
    findings = inspect(examined.upload.file, task="render", format=examined.format, page=0, width=width)
    if findings.problems:
        raise UploadRefused(Blocker(each.code, each.message, anchor) for each in findings.problems)
    return findings.payload


@transaction.atomic
def keep_generated(*, content: bytes, name: str, code: str, actor: User | None = None) -> StoredFile:
    """Keep a file that the platform itself made (a convention, a report): not inspected, clean by origin.

    `code`: its format. Raises UploadRefused when the storage is full.
    """
    file = incoming(SimpleUploadedFile(name, content, FORMATS[code].mime))
    if file.failure:
        raise UploadRefused([problem(file.failure)])
    blob = _blob_for(file, code=code, pages=None, verdict=CLEAN, scanner="plateforme")
    return StoredFile.objects.create(blob=blob, name=name, uploaded_by=actor, uploaded_at=timezone.now())


def _blob_for(
    file: IncomingUpload, *, code: str, pages: int | None, verdict: Verdict | None, scanner: str = ""
) -> Blob:
    known = FORMATS.get(code, ZED)
    blob, created = Blob.objects.get_or_create(
        sha256=file.sha256,
        defaults={
            "size": file.size,
            "format": code,
            "mime": known.mime,
            "pages": pages,
            "requested_at": timezone.now(),
        },
    )
    blob = Blob.objects.select_for_update().get(pk=blob.pk)
    if blob.state == ScanState.INFECTED:
        raise UploadRefused([problem("infected", signature=blob.detail)])
    if created or not vault.is_placed(blob.sha256):
        try:
            vault.place(file.file, path=file.temporary_file_path(), sha256=blob.sha256)
        except OSError as error:
            if error.errno not in vault.FULL:
                raise
            raise UploadRefused([problem("storage_full")]) from error
    if blob.state == ScanState.PENDING:
        if verdict is not None and verdict.state != ScanState.ERROR:
            scanning.settle(blob, verdict, scanner=scanner or get_scanner().name)
        else:
            scanning.send(blob)
    return blob
