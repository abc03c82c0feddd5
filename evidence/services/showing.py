"""Handing files over: originals as attachments, pages as images, and nothing before the antivirus has said « clean »."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from django.conf import settings
from django.http import FileResponse

from convergence.kernel.errors import Blocker
from evidence import vault
from evidence.core.limits import RENDER_WIDTHS, SEARCH_QUERY
from evidence.core.messages import problem
from evidence.enums import ScanState
from evidence.errors import FileWithheld
from evidence.inspection import inspect
from evidence.models import StoredFile
from evidence.values import TextSearch

_REASONS = {
    ScanState.PENDING: "scan_pending",
    ScanState.INFECTED: "scan_infected",
    ScanState.ERROR: "scan_error",
    ScanState.NOT_SCANNED: "scan_not_scanned",
}


def withheld_reason(stored_file: StoredFile) -> Blocker | None:
    """Why this file cannot be opened, or None. Also what bars it from a dossier (A-12)."""
    state = ScanState(stored_file.blob.state)
    return None if state == ScanState.CLEAN else problem(_REASONS[state])


def _require_clean(stored_file: StoredFile) -> None:
    if reason := withheld_reason(stored_file):
        raise FileWithheld(reason)


def stream(stored_file: StoredFile) -> FileResponse:
    """The original, always as an attachment that no browser runs. Raises FileWithheld unless scanned and clean."""
    _require_clean(stored_file)
    response = FileResponse(
        vault.open_blob(stored_file.blob),
        as_attachment=True,
        filename=stored_file.name,
        content_type=stored_file.blob.mime,
    )
    response["Content-Length"] = str(stored_file.blob.size)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    response["Cache-Control"] = "no-store, private"
    return response


def read_bytes(stored_file: StoredFile) -> bytes:
    """The whole content, for the platform's own work on a small file. Raises FileWithheld unless clean."""
    _require_clean(stored_file)
    with vault.open_blob(stored_file.blob) as file:
        return file.read()


def render_page(stored_file: StoredFile, page: int, *, width: int) -> bytes:
    """Page `page` (from 0) of a PDF or an image as PNG, at the smallest width of RENDER_WIDTHS that covers `width`.

    Kept in a cache by content hash; never used for encrypted containers (`render_container_page` is). Raises
    FileWithheld when the file is not clean, has no such page or is of a format without pages.
    """
    _require_clean(stored_file)
    if stored_file.passphrase_id is not None:
        raise FileWithheld(problem("not_renderable"))
    width = next((known for known in RENDER_WIDTHS if known >= width), RENDER_WIDTHS[-1])
    blob = stored_file.blob
    cached = _cache_folder() / blob.sha256[:2] / blob.sha256 / f"{page}-{width}.png"
    with contextlib.suppress(OSError):
        return cached.read_bytes()
    with vault.as_real_file(blob) as file:
        findings = inspect(file, task="render", format=blob.format, page=page, width=width)
    if findings.problems:
        raise FileWithheld(findings.problems[0])
    with contextlib.suppress(OSError):  # a cache that cannot be written (disk full) costs time only
        _write(cached, findings.payload)
    return findings.payload


def search_text(stored_file: StoredFile, query: str) -> TextSearch:
    """Where `query` stands in a PDF, whatever its accents and case. Raises FileWithheld as `render_page` does."""
    _require_clean(stored_file)
    if stored_file.passphrase_id is not None:
        raise FileWithheld(problem("not_renderable"))
    with vault.as_real_file(stored_file.blob) as file:
        findings = inspect(file, task="search", format=stored_file.blob.format, query=query[:SEARCH_QUERY])
    if findings.problems:
        raise FileWithheld(findings.problems[0])
    return TextSearch.of(findings.facts)


def _cache_folder() -> Path:
    return Path(getattr(settings, "VAR_DIR", tempfile.gettempdir())) / "rendered"


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as draft:
        try:
            draft.write(content)
            draft.close()
            os.replace(draft.name, path)
        except OSError:
            Path(draft.name).unlink(missing_ok=True)
            raise
