"""Encrypted containers (AES-256 ZIP): proof that each entry is encrypted and opens, then opening in memory."""

import io
import zipfile
import zlib
from typing import BinaryIO

import pyzipper
from pyzipper.zipfile_aes import AESZipInfo

from evidence.child.answer import Answer, Problem, Refused
from evidence.child.archives import few, structure_problems
from evidence.child.render import render
from evidence.child.text import search
from evidence.core import limits
from evidence.core.containers import README_NAME
from evidence.core.formats import format_of
from evidence.core.names import printable

AES_256 = 3  # strength byte of extra field 0x9901 (WinZip AE specification)
BITS = {1: 128, 2: 192}
# pyzipper carries its own copy of zipfile, hence its own BadZipFile.
MALFORMED = (pyzipper.BadZipFile, zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError, OSError, EOFError)


def _open(file: BinaryIO) -> pyzipper.AESZipFile:
    size = file.seek(0, 2)
    file.seek(0)
    if file.read(2) != b"PK":
        raise Refused("container_expected")
    file.seek(0)
    try:
        archive = pyzipper.AESZipFile(file)
    except MALFORMED as error:
        raise Refused("zip_malformed") from error
    problems = structure_problems(archive.infolist(), size=size, max_entries=limits.CONTAINER_ENTRIES)
    if problems:
        raise Refused(**problems[0])
    return archive


def _deposits(archive: pyzipper.AESZipFile) -> list[AESZipInfo]:
    """The entries that people added: all but folders and our own instructions."""
    return [entry for entry in archive.infolist() if not entry.is_dir() and entry.filename != README_NAME]


def _weakness(entry: AESZipInfo) -> Problem | None:
    if not entry.flag_bits & 1:
        return {"code": "container_plain_entry", "entry": entry.filename}
    if entry.wz_aes_strength is None:
        return {"code": "container_zipcrypto_entry", "entry": entry.filename}
    if entry.wz_aes_strength != AES_256:
        return {"code": "container_weak_entry", "entry": entry.filename, "bits": BITS.get(entry.wz_aes_strength, 0)}
    if entry.compress_type not in {pyzipper.ZIP_STORED, pyzipper.ZIP_DEFLATED}:
        return {"code": "zip_method", "entry": entry.filename}
    return None


def check_container(file: BinaryIO, *, passphrases: list[str]) -> Answer:
    """Every entry really AES-256 and opened by one same passphrase; fact `passphrase` is its rank in the list.

    Each entry is decrypted to its end, so that its authentication code proves it: flags alone may lie.
    """
    archive = _open(file)
    weak = [problem for entry in archive.infolist() if not entry.is_dir() and (problem := _weakness(entry))]
    entries = _deposits(archive)
    if not entries and not weak:
        raise Refused("container_empty")
    strong = [entry for entry in entries if _weakness(entry) is None]
    chosen = _passphrase_for(archive, strong, passphrases)
    problems = weak + [
        problem
        for entry in strong
        if (problem := _opening_problem(archive, entry, passphrases[chosen] if chosen is not None else None))
    ]
    return Answer(problems=few(problems), facts={"passphrase": chosen, "entries": len(entries)})


def _passphrase_for(archive: pyzipper.AESZipFile, entries: list[AESZipInfo], passphrases: list[str]) -> int | None:
    """Rank of the passphrase of the first entries; one that passes the two-byte check of an altered entry is a candidate."""
    candidate = None
    for entry in entries[:3]:
        for rank, passphrase in enumerate(passphrases):
            try:
                with archive.open(entry, pwd=passphrase.encode()) as content:
                    content.read(1)
                return rank
            except RuntimeError:  # pyzipper: wrong password
                continue
            except MALFORMED:
                candidate = rank
    return candidate


def _opening_problem(archive: pyzipper.AESZipFile, entry: AESZipInfo, passphrase: str | None) -> Problem | None:
    if passphrase is None:
        return {"code": "container_passphrase", "entry": entry.filename}
    try:
        with archive.open(entry, pwd=passphrase.encode()) as content:
            while content.read(limits.CHUNK):
                pass
    except RuntimeError:  # pyzipper: wrong password
        return {"code": "container_passphrase", "entry": entry.filename}
    except MALFORMED:
        return {"code": "container_altered", "entry": entry.filename}
    return None


def list_entries(file: BinaryIO) -> Answer:
    """Fact `entries`: index, name and size of each deposited file. Names are not secret in an AES ZIP."""
    entries = _deposits(_open(file))
    return Answer(
        facts={
            "entries": [
                {"index": index, "name": printable(entry.filename), "size": entry.file_size}
                for index, entry in enumerate(entries)
            ]
        }
    )


def open_entry(file: BinaryIO, *, index: int, passphrase: str) -> Answer:
    """Bytes of one deposited file, decrypted in memory."""
    archive = _open(file)
    entries = _deposits(archive)
    if not 0 <= index < len(entries):
        raise Refused("entry_missing")
    entry = entries[index]
    try:
        content = archive.read(entry, pwd=passphrase.encode())
    except RuntimeError as error:
        raise Refused("container_passphrase", entry=entry.filename) from error
    except MALFORMED as error:
        raise Refused("container_altered", entry=entry.filename) from error
    return Answer(facts={"name": printable(entry.filename)}, payload=content)


def render_entry(file: BinaryIO, *, index: int, passphrase: str, page: int, width: int) -> Answer:
    """One page of one deposited file as PNG; nothing is written anywhere."""
    opened = open_entry(file, index=index, passphrase=passphrase)
    return render(io.BytesIO(opened.payload), code=_code_of(opened.facts["name"]), page=page, width=width)


def search_entry(file: BinaryIO, *, index: int, passphrase: str, query: str) -> Answer:
    """What `search` says of one deposited file; nothing is written anywhere."""
    opened = open_entry(file, index=index, passphrase=passphrase)
    return search(io.BytesIO(opened.payload), code=_code_of(opened.facts["name"]), query=query)


def _code_of(name: str) -> str:
    known = format_of(name)
    if known is None:
        raise Refused("not_renderable")
    return known.code
