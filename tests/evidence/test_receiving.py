import errno
import hashlib
import os
import threading
import tracemalloc
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, ProgrammingError, transaction
from django.test import RequestFactory
from django.utils import timezone

from convergence.jobs.models import Job
from evidence import services, uploads, vault
from evidence.enums import ScanState
from evidence.errors import FileWithheld, UploadRefused
from evidence.models import Blob, StoredFile
from evidence.scanners import EmbeddedScanner
from evidence.scanners.embedded import EICAR
from evidence.services import scanning
from tests.evidence import corpus

PDF = corpus.pdf()


def files_in(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def deposit(upload, person):
    def receive(name="preuve.pdf", content=PDF, **more):
        return services.receive(
            upload=upload(name, content), allowed_formats=("pdf", "zip", "docx"), max_size_mb=50, actor=person, **more
        )

    return receive


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


def test_a_clean_file_is_kept_by_content_and_opens(deposit, committed, person, storage_folder):
    with committed():
        stored = deposit("E\u0301tude.pdf")

    sha256 = hashlib.sha256(PDF).hexdigest()
    assert (stored.name, stored.uploaded_by) == ("Étude.pdf", person)
    assert (stored.blob.sha256, stored.blob.size, stored.blob.pages) == (sha256, len(PDF), 1)
    assert (stored.blob.state, stored.blob.scanner) == (ScanState.CLEAN, "embedded")
    path = storage_folder / "files" / sha256[:2] / sha256[2:4] / sha256
    assert path.read_bytes() == PDF
    assert path.stat().st_mode & 0o777 == 0o600
    assert services.read_bytes(stored) == PDF


def test_the_same_content_is_kept_and_scanned_once_under_two_names(deposit, committed, storage_folder):
    with committed():
        first, second = deposit("a.pdf"), deposit("b.pdf")

    assert first.blob == second.blob
    assert StoredFile.objects.count() == 2
    assert len([path for path in files_in(storage_folder) if "incoming" not in path.parts]) == 1


@pytest.mark.rule("BR-078")
def test_each_problem_carries_the_anchor_of_its_field(upload, person):
    with pytest.raises(UploadRefused) as refused:
        services.receive(
            upload=upload("a.exe", b""), allowed_formats=("pdf",), max_size_mb=1, actor=person, anchor="#id_file"
        )
    assert [(problem.code, problem.anchor) for problem in refused.value.problems] == [
        ("empty", "#id_file"),
        ("format_not_allowed", "#id_file"),
    ]
    assert Blob.objects.count() == 0


def test_a_rollback_leaves_neither_row_nor_file(upload, person, storage_folder, committed):
    sent = upload("preuve.pdf", PDF)
    with committed(), transaction.atomic():
        services.receive(upload=sent, allowed_formats=("pdf",), max_size_mb=1, actor=person)
        transaction.set_rollback(True)
    sent.close()

    assert files_in(storage_folder) == []
    assert Blob.objects.count() == StoredFile.objects.count() == 0


def test_a_refusal_leaves_neither_row_nor_file(upload, person, storage_folder):
    sent = upload("preuve.pdf", b"#!/bin/sh")
    with pytest.raises(UploadRefused):
        services.receive(upload=sent, allowed_formats=("pdf",), max_size_mb=1, actor=person)
    sent.close()

    assert files_in(storage_folder) == []
    assert Blob.objects.count() == 0


# -- antivirus


@pytest.mark.rule("BR-078")
@pytest.mark.parametrize(
    ("name", "content"),
    [("lot.zip", corpus.archive({"a.txt": EICAR})), ("preuve.pdf", corpus.pdf_with_eicar())],
)
def test_an_infected_file_is_refused_at_once_and_not_kept(deposit, storage_folder, name, content):
    with pytest.raises(UploadRefused, match="L’antivirus a reconnu un contenu dangereux") as refused:
        deposit(name, content)

    assert [problem.code for problem in refused.value.problems] == ["infected"]
    assert Blob.objects.count() == 0


def test_plain_eicar_under_a_document_name_is_refused(refusal):
    assert list(refusal("preuve.pdf", EICAR)) == ["content_mismatch"]


@pytest.mark.rule("A-12")
def test_a_big_file_waits_for_its_scan_by_job_and_is_withheld_meanwhile(deposit, committed, monkeypatch):
    monkeypatch.setattr("evidence.services.receiving.SCAN_INLINE_MAX", 10)
    with committed() as callbacks:
        stored = deposit()
        assert stored.blob.state == ScanState.PENDING
        assert services.withheld_reason(stored).code == "scan_pending"
        with pytest.raises(FileWithheld, match="n’est pas terminée"):
            services.stream(stored)
    assert callbacks

    stored.blob.refresh_from_db()
    assert stored.blob.state == ScanState.CLEAN
    assert services.withheld_reason(stored) is None


@pytest.mark.rule("A-12")
def test_a_big_infected_file_is_kept_closed(deposit, committed, monkeypatch):
    monkeypatch.setattr("evidence.services.receiving.SCAN_INLINE_MAX", 10)
    with committed():
        stored = deposit("lot.zip", corpus.archive({"a.txt": EICAR}))
    stored.blob.refresh_from_db()

    assert stored.blob.state == ScanState.INFECTED
    with pytest.raises(FileWithheld, match="contenu dangereux"):
        services.stream(stored)
    with pytest.raises(FileWithheld):
        services.render_page(stored, 0, width=320)
    with pytest.raises(UploadRefused, match="Eicar"):
        deposit("encore.zip", corpus.archive({"a.txt": EICAR}))


@pytest.mark.parametrize("state", ["error", "not_scanned"])
def test_without_verdict_a_file_stays_closed(deposit, committed, monkeypatch, state):
    from evidence.core.verdicts import Verdict

    monkeypatch.setattr(EmbeddedScanner, "scan", lambda self, file: Verdict(state, "absent"))
    with committed():
        stored = deposit()
    stored.blob.refresh_from_db()

    assert stored.blob.state == state
    assert services.withheld_reason(stored).code == f"scan_{state}"
    with pytest.raises(FileWithheld):
        services.read_bytes(stored)


def test_an_antivirus_that_was_away_is_asked_again(deposit, committed, monkeypatch):
    from evidence.core.verdicts import Verdict

    with monkeypatch.context() as away:
        away.setattr(EmbeddedScanner, "scan", lambda self, file: Verdict("error", "absent"))
        with committed():
            stored = deposit()
    assert services.request_missing_scans() == 0  # too early

    Blob.objects.update(requested_at=timezone.now() - timedelta(minutes=11))
    with committed():
        assert services.request_missing_scans() == 1
    stored.blob.refresh_from_db()
    assert stored.blob.state == ScanState.CLEAN


def test_a_lost_scan_job_is_sent_again_once(deposit, monkeypatch):
    monkeypatch.setattr("evidence.services.receiving.SCAN_INLINE_MAX", 10)
    deposit()
    Blob.objects.update(requested_at=timezone.now() - timedelta(minutes=11))

    services.request_missing_scans()

    assert Job.objects.filter(kind=scanning.SCAN_KIND).count() == 1


def test_scanning_a_settled_blob_changes_nothing(deposit, committed):
    with committed():
        stored = deposit()
    scanned_at = stored.blob.scanned_at

    assert services.scan(blob_id=stored.blob_id).scanned_at == scanned_at


def test_the_database_refuses_a_state_out_of_the_machine_and_a_changed_content(deposit):
    stored = deposit()
    with pytest.raises(ProgrammingError), transaction.atomic():
        Blob.objects.update(state=ScanState.INFECTED)  # clean → infected without a new scan
    with pytest.raises(ProgrammingError), transaction.atomic():
        Blob.objects.update(sha256="0" * 64)
    with pytest.raises(ProgrammingError), transaction.atomic():
        StoredFile.objects.update(name="autre.pdf")
    with pytest.raises(IntegrityError), transaction.atomic():
        Blob.objects.create(sha256="XYZ", size=1, requested_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Blob.objects.create(sha256="0" * 64, size=0, requested_at=timezone.now())
    assert stored.blob.sha256


# -- what the platform makes itself


def test_a_generated_file_is_kept_and_open_at_once(committed, person):
    with committed():
        stored = services.keep_generated(content=PDF, name="convention.pdf", code="pdf", actor=person)

    assert (stored.blob.state, stored.blob.scanner) == (ScanState.CLEAN, "plateforme")
    assert services.read_bytes(stored) == PDF


# -- R3: disk full


class FullDisk:
    """A file that takes `room` bytes and then says that the disk is full, at write or at flush."""

    def __init__(self, file, room, at_flush=False):
        self.file, self.room, self.at_flush, self.name = file, room, at_flush, file.name

    def _spend(self, size):
        self.room -= size
        if self.room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def write(self, content):
        if not self.at_flush:
            self._spend(len(content))
        return self.file.write(content)

    def flush(self):
        if self.at_flush:
            self._spend(1 << 40)
        self.file.flush()

    def __getattr__(self, name):
        return getattr(self.file, name)


@pytest.mark.parametrize("at_flush", [False, True])
def test_a_disk_that_fills_up_during_the_upload_is_told_and_leaves_nothing(
    person, storage_folder, monkeypatch, at_flush
):
    make = uploads.tempfile.NamedTemporaryFile
    monkeypatch.setattr(
        uploads.tempfile, "NamedTemporaryFile", lambda **options: FullDisk(make(**options), 100, at_flush)
    )
    sent = uploads.IncomingUpload("preuve.pdf")
    for start in range(0, len(PDF), 50):
        sent.append(PDF[start : start + 50])
    sent.complete()

    with pytest.raises(UploadRefused, match="espace de stockage de la plateforme est plein") as refused:
        services.receive(upload=sent, allowed_formats=("pdf",), max_size_mb=1, actor=person)

    assert "storage_full" in [problem.code for problem in refused.value.problems]
    assert files_in(storage_folder) == []
    assert Blob.objects.count() == 0
    monkeypatch.undo()
    assert services.receive(  # no restart needed
        upload=SimpleUploadedFile("preuve.pdf", PDF), allowed_formats=("pdf",), max_size_mb=1, actor=person
    )


def test_a_disk_without_room_for_a_new_file_is_told(monkeypatch, person, storage_folder):
    def no_room(**options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(uploads.tempfile, "NamedTemporaryFile", no_room)
    sent = uploads.IncomingUpload("preuve.pdf")
    sent.append(PDF)
    sent.complete()

    with pytest.raises(UploadRefused, match="est plein"):
        services.receive(upload=sent, allowed_formats=("pdf",), max_size_mb=1, actor=person)


def test_a_disk_that_is_full_when_the_file_takes_its_place_leaves_no_row(deposit, monkeypatch, storage_folder):
    def no_room(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(vault.os, "fsync", no_room)
    with pytest.raises(UploadRefused, match="est plein"):
        deposit()

    assert Blob.objects.count() == StoredFile.objects.count() == 0
    assert not (storage_folder / "files").exists() or files_in(storage_folder / "files") == []


# -- the sweeper


def test_the_sweeper_removes_what_has_no_row_and_places_what_was_committed(storage_folder, db):
    folder = vault.incoming_folder()
    committed, abandoned, arriving = b"committed", b"abandoned", b"arriving"
    for content in (committed, abandoned, arriving):
        (folder / f"{content.decode()}.part").write_bytes(content)
    Blob.objects.create(sha256=hashlib.sha256(committed).hexdigest(), size=9, requested_at=timezone.now())
    old = (timezone.now() - timedelta(hours=7)).timestamp()
    for name in ("committed", "abandoned"):
        os.utime(folder / f"{name}.part", (old, old))

    assert vault.sweep(at=timezone.now()) == 2

    assert [path.name for path in folder.iterdir()] == ["arriving.part"]
    with vault.open_blob(Blob.objects.get()) as file:
        assert file.read() == committed


# -- the upload handler


def test_the_handler_hashes_while_it_writes_and_removes_its_file_on_close(rf: RequestFactory, settings, storage_folder):
    settings.FILE_UPLOAD_HANDLERS = ["evidence.uploads.HashingUploadHandler"]
    content = os.urandom(3_000_000)
    request = rf.post("/", {"note": "gardée", "file": SimpleUploadedFile("étude.pdf", content)})

    sent = request.FILES["file"]
    assert request.POST["note"] == "gardée"
    assert (sent.name, sent.size, sent.sha256) == ("étude.pdf", 3_000_000, hashlib.sha256(content).hexdigest())
    assert len(files_in(storage_folder)) == 1
    request.close()
    assert files_in(storage_folder) == []


def test_an_upload_beyond_every_limit_is_not_written_and_the_form_survives(
    rf: RequestFactory, settings, storage_folder, monkeypatch, person
):
    settings.FILE_UPLOAD_HANDLERS = ["evidence.uploads.HashingUploadHandler"]
    monkeypatch.setattr(uploads, "UPLOAD_MAX", 1_000_000)
    request = rf.post("/", {"note": "gardée", "file": SimpleUploadedFile("a.pdf", b"%PDF-" + b"\0" * 2_000_000)})

    sent = request.FILES["file"]
    assert request.POST["note"] == "gardée"
    assert files_in(storage_folder) == []
    with pytest.raises(UploadRefused, match="pèse"):
        services.receive(upload=sent, allowed_formats=("pdf",), max_size_mb=1, actor=person)


@pytest.mark.rule("BR-078")
def test_a_big_upload_stays_out_of_memory(storage_folder):
    chunk = b"\0" * uploads.CHUNK
    tracemalloc.start()
    sent = uploads.IncomingUpload("gros.zip")
    for _ in range((120 << 20) // len(chunk)):
        sent.append(chunk)
    sent.complete()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    sent.close()

    assert sent.size == 120 << 20
    assert peak < 32 << 20


# -- two at once


@pytest.mark.django_db(transaction=True)
def test_the_same_content_sent_by_two_at_once_makes_one_blob(upload, storage_folder):
    from django.db import connection

    from tests.factories import UserFactory

    person = UserFactory()
    examined = [
        services.examine(upload=upload(f"{n}.pdf", PDF), allowed_formats=("pdf",), max_size_mb=1) for n in range(4)
    ]
    barrier = threading.Barrier(len(examined))
    failures = []

    def keep(each):
        barrier.wait()
        try:
            services.keep(examined=each, actor=person)
        except Exception as error:  # noqa: BLE001 - reported by the assertion below
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=keep, args=(each,)) for each in examined]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert (Blob.objects.count(), StoredFile.objects.count()) == (1, 4)
    assert len(files_in(storage_folder / "files")) == 1
