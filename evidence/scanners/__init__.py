"""Antivirus backends behind one interface: `CLAMD_URL` set → ClamAV, else a demonstration backend that says so."""

from typing import IO, Protocol

from django.conf import settings

from evidence.core.verdicts import Verdict
from evidence.scanners.clamd import ClamdScanner
from evidence.scanners.embedded import EmbeddedScanner


class Scanner(Protocol):
    """`label` is shown to people beside the verdict. `scan` reads `file` from its start and never raises OSError."""

    name: str
    label: str

    def scan(self, file: IO[bytes]) -> Verdict: ...


def get_scanner() -> Scanner:
    url: str = getattr(settings, "CLAMD_URL", "")
    return ClamdScanner(url) if url else EmbeddedScanner()
