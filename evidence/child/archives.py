"""ZIP archives and the office files that are archives: structure first, then every byte is decompressed under limits."""

import stat
import zipfile
import zlib
from typing import BinaryIO

from evidence.child.answer import Answer, Problem, Refused
from evidence.core import limits
from evidence.core.formats import FORMATS
from evidence.core.names import ARCHIVES, EXECUTABLE, MACRO
from evidence.core.sizes import size_in_words

METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
MAIN_PART = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml", "odt": "content.xml", "ods": "content.xml"}
NAMED_AT_MOST = 5  # entries named per kind of problem: enough to mend, not a wall of text


def is_archive_too(file: BinaryIO) -> bool:
    """Whether a file of another format also opens as a ZIP with members (polyglot)."""
    file.seek(0)
    if not zipfile.is_zipfile(file):
        return False
    try:
        with zipfile.ZipFile(file) as archive:
            return bool(archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return False


def structure_problems(entries: list[zipfile.ZipInfo], *, size: int, max_entries: int) -> list[Problem]:
    """Limits, overlaps, paths and links, from the directory of an archive of `size` bytes. Decompresses nothing."""
    problems: list[Problem] = []
    if len(entries) > max_entries:
        raise Refused("zip_too_many_entries", entries=len(entries), limit=max_entries)
    packed = sum(entry.compress_size for entry in entries)
    total = sum(entry.file_size for entry in entries)
    if packed > size or len({entry.header_offset for entry in entries}) != len(entries):
        raise Refused("zip_overlap")
    if total > limits.ARCHIVE_TOTAL or (
        total > limits.ARCHIVE_RATIO_FROM and total > limits.ARCHIVE_RATIO * max(packed, 1)
    ):
        raise Refused("zip_bomb", limit=size_in_words(limits.ARCHIVE_TOTAL))
    for entry in entries:
        problems += _entry_problems(entry)
    return problems


def _entry_problems(entry: zipfile.ZipInfo) -> list[Problem]:
    name = entry.orig_filename.replace("\\", "/")
    if name.startswith("/") or name[1:2] == ":" or ".." in name.split("/"):
        return [{"code": "zip_slip", "entry": entry.orig_filename}]
    if not name.strip("/ ") or any(ord(char) < 32 or char == "\x7f" for char in name):
        return [{"code": "zip_name", "entry": entry.orig_filename}]
    if stat.S_ISLNK(entry.external_attr >> 16):
        return [{"code": "zip_link", "entry": entry.orig_filename}]
    return []


def few(problems: list[Problem]) -> list[Problem]:
    """At most NAMED_AT_MOST problems of each code, in their order."""
    seen: dict[str, int] = {}
    kept = []
    for problem in problems:
        seen[problem["code"]] = seen.get(problem["code"], 0) + 1
        if seen[problem["code"]] <= NAMED_AT_MOST:
            kept.append(problem)
    return kept


def _open(file: BinaryIO, *, malformed: Problem) -> tuple[zipfile.ZipFile, list[Problem]]:
    size = file.seek(0, 2)
    file.seek(0)
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError) as error:
        raise Refused(**malformed) from error
    entries = archive.infolist()
    problems = structure_problems(entries, size=size, max_entries=limits.ARCHIVE_ENTRIES)
    for entry in entries:
        if entry.flag_bits & 1:
            problems.append({"code": "zip_encrypted_entry", "entry": entry.filename})
        elif entry.compress_type not in METHODS:
            problems.append({"code": "zip_method", "entry": entry.filename})
    return archive, problems


def _read_everything(archive: zipfile.ZipFile, *, malformed: Problem) -> None:
    """Decompress each entry to nowhere: what the directory announces must be true (sizes, checksums)."""
    for entry in archive.infolist():
        try:
            with archive.open(entry) as content:
                while content.read(limits.CHUNK):
                    pass
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError, OSError, EOFError) as error:
            raise Refused(**malformed) from error


def check_zip(file: BinaryIO) -> Answer:
    malformed = {"code": "zip_malformed"}
    archive, problems = _open(file, malformed=malformed)
    files = [entry for entry in archive.infolist() if not entry.is_dir()]
    if not files:
        raise Refused("zip_empty")
    for entry in files:
        extension = entry.filename.rpartition(".")[2].lower() if "." in entry.filename else ""
        if extension in EXECUTABLE | MACRO:
            problems.append({"code": "zip_executable", "entry": entry.filename})
        elif extension in ARCHIVES:
            problems.append({"code": "zip_nested", "entry": entry.filename})
    if not problems:
        _read_everything(archive, malformed=malformed)
    return Answer(problems=few(problems), facts={"entries": len(files)})


def check_office(file: BinaryIO, *, code: str) -> Answer:
    malformed = {"code": "office_malformed", "label": FORMATS[code].label}
    archive, problems = _open(file, malformed=malformed)
    names = {entry.filename for entry in archive.infolist()}
    if MAIN_PART[code] not in names:
        raise Refused(**malformed)
    if problems:
        return Answer(problems=few(problems))
    _read_everything(archive, malformed=malformed)
    if code in {"docx", "xlsx"}:
        if "[Content_Types].xml" not in names:
            raise Refused(**malformed)
        macro = b"macroEnabled" in archive.read("[Content_Types].xml")
        macro = macro or any(name.lower().endswith("vbaproject.bin") for name in names)
    else:
        if "mimetype" not in names or archive.read("mimetype").decode(errors="replace").strip() != FORMATS[code].mime:
            raise Refused(**malformed)
        if "META-INF/manifest.xml" in names and b"encryption-data" in archive.read("META-INF/manifest.xml"):
            raise Refused("office_encrypted")
        macro = any(name.startswith(("Basic/", "Scripts/")) and not name.endswith("/") for name in names)
    return Answer(problems=[{"code": "office_macro"}] if macro else [])
