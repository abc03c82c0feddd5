"""Antivirus verdicts: asked inline or by a job, never assumed."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import IO
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.jobs.services import enqueue
from evidence import vault
from evidence.core.verdicts import Verdict, worst
from evidence.enums import ScanState
from evidence.inspection import inspect
from evidence.models import Blob, ContainerPassphrase
from evidence.scanners import get_scanner
from evidence.services.passphrases import read_passphrase

SCAN_KIND = "evidence.scan"
#: A blob without verdict for that long is sent to the antivirus again.
UNSETTLED_AFTER = timedelta(minutes=10)
_TRANSITIONS = {
    ScanState.CLEAN: "mark_clean",
    ScanState.INFECTED: "mark_infected",
    ScanState.ERROR: "mark_error",
    ScanState.NOT_SCANNED: "mark_not_scanned",
}


def send(blob: Blob) -> None:
    """Have a job ask the antivirus once the transaction commits."""
    enqueue(kind=SCAN_KIND, payload={"blob": str(blob.pk)}, key=str(blob.pk))


def scan(*, blob_id: UUID) -> Blob:
    """Ask the antivirus about a pending blob and write its verdict; a blob already settled is left alone."""
    blob = Blob.objects.get(pk=blob_id)
    if blob.state != ScanState.PENDING:
        return blob
    scanner = get_scanner()
    opening = ContainerPassphrase.objects.filter(files__blob=blob).first()
    with vault.as_real_file(blob) as file:
        verdict = _scan_container(file, opening) if opening else scanner.scan(file)
    with transaction.atomic():
        blob = Blob.objects.select_for_update().get(pk=blob_id)
        if blob.state == ScanState.PENDING:
            settle(blob, verdict, scanner=scanner.name)
    return blob


def _scan_container(file: IO[bytes], opening: ContainerPassphrase) -> Verdict:
    """Entries of an encrypted container one by one, decrypted in memory: its outside says nothing."""
    listed = inspect(file, task="list_container")
    if listed.problems:
        return Verdict("not_scanned", listed.problems[0].code)
    verdicts = []
    for entry in listed.facts["entries"]:
        opened = inspect(
            file,
            task="open_container",
            index=entry["index"],
            passphrase=read_passphrase(opening),
        )
        if opened.problems:
            verdicts.append(Verdict("not_scanned", opened.problems[0].code))
        else:
            verdicts.append(get_scanner().scan(io.BytesIO(opened.payload)))
    return worst(verdicts)


def settle(blob: Blob, verdict: Verdict, *, scanner: str) -> None:
    """Write `verdict` on a locked pending blob."""
    workflow.fire(
        blob,
        _TRANSITIONS[ScanState(verdict.state)],
        actor=None,
        at=timezone.now(),
        scanner=scanner,
        detail=verdict.detail,
    )


@transaction.atomic
def request_missing_scans() -> int:
    """Send again the blobs that wait for a verdict for too long (job lost, antivirus away). Returns how many."""
    now = timezone.now()
    blobs = Blob.objects.unsettled(before=now - UNSETTLED_AFTER).select_for_update(skip_locked=True).order_by("pk")
    sent = 0
    for blob in blobs:
        if blob.state == ScanState.ERROR:
            workflow.fire(blob, "request_scan", actor=None, at=now)
        send(blob)
        sent += 1
    return sent
