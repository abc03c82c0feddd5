"""P6: an upload of 120 MiB, parsed, hashed and put on disk, against Django's own temporary-file handler."""

import gc
import hashlib
import os
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

from benchmarks.harness import ROUNDS, Bench, Figure, measure

SIZE = 120 << 20
RATIO = 2.0
MEMORY_MIB = 32
BOUNDARY = "convergence-bench"


@measure("P6", what="upload of 120 MiB with SHA-256, before the scan", bar="≤ 2 × Django, + ≤ 32 MiB")
def upload(bench: Bench) -> Figure:
    """Median of A B B A ratios, both ending with a complete temporary file; the note adds the flush to the disk."""
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        body = _write_body(Path(folder) / "body")
        ratios, kept = pool.submit(_compare, str(body), folder).result()
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
            memory = fresh.submit(_memory, str(body), folder).result()
    ratio = statistics.median(ratios)
    return Figure(
        value=ratio,
        unit="×",
        passes=ratio <= RATIO and memory <= MEMORY_MIB,
        raw={"ratios": ratios, "kept": kept, "memory_mib": memory},
        note=f"memory + {memory:.1f} MiB; {statistics.median(kept):.2f} × once flushed to the disk and placed",
    )


def _write_body(path: Path) -> Path:
    with path.open("wb") as body:
        body.write(
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="preuve.zip"\r\n'
            "Content-Type: application/zip\r\n\r\n".encode()
        )
        for _ in range(SIZE >> 20):
            body.write(os.urandom(1 << 20))
        body.write(f"\r\n--{BOUNDARY}--\r\n".encode())
    return path


def _configure(folder: str) -> None:
    """The house's settings, with files under `folder`; no query is made."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "convergence.settings.test")
    import django
    from django.test import override_settings

    django.setup()
    private = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": f"{folder}/private"},
    }
    override_settings(STORAGES={"default": private}, FILE_UPLOAD_TEMP_DIR=folder).enable()


def _parse(body: str, handler: object) -> object:
    from django.http.multipartparser import MultiPartParser

    with open(body, "rb") as stream:
        meta = {
            "CONTENT_TYPE": f"multipart/form-data; boundary={BOUNDARY}",
            "CONTENT_LENGTH": str(Path(body).stat().st_size),
        }
        _, files = MultiPartParser(meta, stream, [handler]).parse()
    return files["file"]


def _bare(body: str) -> None:
    from django.core.files.uploadhandler import TemporaryFileUploadHandler

    _parse(body, TemporaryFileUploadHandler()).close()


def _ours(body: str) -> None:
    from evidence import uploads

    _parse(body, uploads.HashingUploadHandler()).close()


def _kept(body: str) -> None:
    """As `_ours`, then what Django's handler does not do: flushed to the disk, under its final name."""
    from evidence import uploads, vault

    sent = _parse(body, uploads.HashingUploadHandler())
    sent.file.flush()
    os.fsync(sent.file.fileno())
    final = vault.incoming_folder() / sent.sha256
    vault.Placing(sent.temporary_file_path(), final)()
    sent.close()
    final.unlink()


def _compare(body: str, folder: str) -> tuple[list[float], list[float]]:
    """Ratios ours / Django's over A B B A runs, and those of a file kept for good."""
    _configure(folder)
    _bare(body), _ours(body)
    ratios, kept = [], []
    for _ in range(ROUNDS):
        taken = []
        for run in (_bare, _ours, _ours, _bare):
            gc.collect()
            began = time.perf_counter()
            run(body)
            taken.append(time.perf_counter() - began)
        ratios.append((taken[1] + taken[2]) / (taken[0] + taken[3]))
        began = time.perf_counter()
        _kept(body)
        kept.append(2 * (time.perf_counter() - began) / (taken[0] + taken[3]))
    return ratios, kept


def _memory(body: str, folder: str) -> float:
    """MiB that one upload adds to the peak of a process that has everything imported."""
    _configure(folder)
    from evidence import uploads, vault  # noqa: F401 - imported before the first reading

    hashlib.sha256(b"x")
    before = getrusage(RUSAGE_SELF).ru_maxrss
    _kept(body)
    return (getrusage(RUSAGE_SELF).ru_maxrss - before) / 1024
