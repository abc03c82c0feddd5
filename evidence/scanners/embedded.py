"""Demonstration backend: it knows the EICAR test file and nothing else, and its label says so."""

import zipfile
import zlib
from typing import IO

from evidence.core.limits import ARCHIVE_TOTAL, CHUNK
from evidence.core.verdicts import CLEAN, Verdict

# In two parts, so that this source file is not itself taken for the test file (https://www.eicar.org).
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SIGNATURE = "Eicar-Test-Signature"


class EmbeddedScanner:
    name = "embedded"
    label = "Démonstration : reconnaît seulement le fichier de test EICAR (archives ZIP ouvertes sur un niveau)"

    def scan(self, file: IO[bytes]) -> Verdict:
        file.seek(0)
        if _contains_eicar(file):
            return Verdict("infected", SIGNATURE)
        file.seek(0)
        return _scan_members(file) if zipfile.is_zipfile(file) else CLEAN


def _contains_eicar(content: IO[bytes]) -> bool:
    tail = b""
    while chunk := content.read(CHUNK):
        if EICAR in tail + chunk:
            return True
        tail = chunk[-len(EICAR) :]
    return False


def _scan_members(file: IO[bytes]) -> Verdict:
    """Members of an archive, one level deep; what cannot be read to its end is not called clean."""
    try:
        with zipfile.ZipFile(file) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > ARCHIVE_TOTAL:
                return Verdict("not_scanned", "archive")
            for entry in archive.infolist():
                if entry.flag_bits & 1:  # containers are decrypted by the caller, entry by entry
                    continue
                with archive.open(entry) as content:
                    if _contains_eicar(content):
                        return Verdict("infected", SIGNATURE)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError, OSError, EOFError):
        return Verdict("not_scanned", "archive")
    return CLEAN
