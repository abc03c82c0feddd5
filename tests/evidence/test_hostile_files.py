"""S2: hostile uploads. Each gets a French reason in less than ten seconds; none makes the service fail."""

import time

import pytest

from evidence.core.limits import ARCHIVE_ENTRIES
from tests.evidence import corpus

SECONDS = 10


@pytest.mark.rule("BR-078")
@pytest.mark.parametrize(
    ("name", "content", "code", "words"),
    [
        ("rapport.pdf", corpus.windows_program, "content_mismatch", "programme Windows"),
        ("rapport.pdf", lambda: b"#!/bin/sh\nrm -rf /\n", "content_mismatch", "changer l’extension ne suffit pas"),
        ("rapport.pdf", lambda: b"<html><script>alert(1)</script></html>", "content_mismatch", "page web"),
        ("rapport.pdf", lambda: bytes(range(255, 0, -1)) * 40, "content_mismatch", "données sans format connu"),
        ("photo.png", corpus.pdf, "content_mismatch", "reconnu\u00a0: PDF"),
        ("rapport.docx", lambda: corpus.image("png"), "content_mismatch", "image PNG"),
        ("rapport.pdf", lambda: b"\n\n" + corpus.pdf(), "content_mismatch", "n’est pas celui d’un fichier PDF"),
        ("rapport.pdf", lambda: b"", "empty", "Le fichier est vide"),
        ("rapport.pdf", lambda: b"%PDF-1.7\nrien du tout", "pdf_malformed", "Ce PDF est abîmé"),
        ("rapport.pdf", lambda: corpus.pdf()[:-80], "pdf_malformed", "enregistrez-le à nouveau"),
        ("rapport.pdf", lambda: corpus.pdf(0), "pdf_no_page", "aucune page"),
        ("rapport.pdf", lambda: corpus.protected_pdf(user="motdepasse"), "pdf_encrypted", "sans mot de passe"),
        ("rapport.pdf", corpus.pdf_object_stream_bomb, "pdf_malformed", "Ce PDF est abîmé"),
        ("rapport.pdf", lambda: corpus.pdf() + corpus.archive({"a.txt": b"a"}), "polyglot", "archive cachée"),
        ("photo.png", lambda: corpus.image("png") + corpus.archive({"a.txt": b"a"}), "polyglot", "archive cachée"),
        ("photo.jpg", lambda: corpus.image("jpg") + corpus.archive({"a.exe": b"a"}), "polyglot", "archive cachée"),
        ("photo.png", corpus.huge_png, "image_too_large", "100000 × 100000\u00a0pixels"),
        ("photo.png", lambda: corpus.image("png")[:-30], "image_malformed", "abîmée ou incomplète"),
        ("photo.jpg", lambda: corpus.image("jpg", (600, 600))[:-600], "image_malformed", "abîmée ou incomplète"),
        ("lot.zip", lambda: b"PK\x03\x04" + b"\0" * 100, "zip_malformed", "abîmée"),
        ("lot.zip", lambda: corpus.windows_program() + corpus.archive({"a.txt": b"a"}), "content_mismatch", "programme"),
        ("lot.zip", lambda: corpus.archive({"../../a.pdf": b"a"}), "zip_slip", "sort de l’archive"),
        ("lot.zip", lambda: corpus.archive({"/etc/a.pdf": b"a"}), "zip_slip", "/etc/a.pdf"),
        ("lot.zip", lambda: corpus.archive({"..\\a.pdf": b"a"}), "zip_slip", "sort de l’archive"),
        ("lot.zip", lambda: corpus.archive({"c:a.pdf": b"a"}), "zip_slip", "c:a.pdf"),
        ("lot.zip", corpus.archive_with_link, "zip_link", "lien.pdf"),
        ("lot.zip", corpus.archive_bomb, "zip_bomb", "300\u00a0Mo"),
        ("lot.zip", corpus.archive_overlapping, "zip_overlap", "superposés"),
        ("lot.zip", corpus.archive_lying, "zip_malformed", "Créez-la à nouveau"),
        ("lot.zip", lambda: corpus.archive({"a.exe": b"a"}), "zip_executable", "a.exe"),
        ("lot.zip", lambda: corpus.archive({"b.zip": b"a"}), "zip_nested", "b.zip"),
        ("lot.zip", lambda: corpus.archive({"a\nb.txt": b"a"}), "zip_name", "a�b.txt"),
        ("lot.zip", lambda: corpus.archive({"a.txt": b"a"}, method=14), "zip_method", "Deflate"),
        ("lot.zip", lambda: corpus.archive({f"{n}.txt": b"" for n in range(ARCHIVE_ENTRIES + 1)}), "zip_too_many_entries", "2001"),
        ("lot.zip", lambda: corpus.container({"a.pdf": b"a"}), "zip_encrypted_entry", "Retirez le mot de passe"),
        ("lot.zip", lambda: corpus.zipcrypto("a.pdf", b"a"), "zip_encrypted_entry", "a.pdf"),
        ("lot.zip", lambda: corpus.archive({"dossier/": b""}), "zip_empty", "aucun fichier"),
        ("note.docx", lambda: corpus.office("docx", macro=True), "office_macro", "sans macro"),
        ("note.xlsx", lambda: corpus.office("xlsx", macro=True), "office_macro", "sans macro"),
        ("note.odt", lambda: corpus.office("odt", macro=True), "office_macro", "sans macro"),
        ("note.docx", lambda: corpus.office("docx", extra={"../a": b"a"}), "zip_slip", "../a"),
        ("note.docx", lambda: corpus.archive({"a.txt": b"a"}), "office_malformed", "fichier Word est abîmé"),
        ("note.odt", lambda: corpus.office("odt", extra={"META-INF/manifest.xml": b"<encryption-data/>"}), "office_encrypted", "protégé par un mot de passe"),
        ("note.docx", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000, "office_encrypted", "protégé"),
        ("facture.pdf.exe", corpus.windows_program, "name_double_extension", "deux extensions"),
        ("a.php.pdf", corpus.pdf, "name_double_extension", "deux extensions"),
        ("macro.docm", lambda: corpus.office("docx"), "format_not_allowed", "Formats acceptés\u00a0: PDF, Word (.docx)"),
    ],
)  # fmt: skip
def test_a_hostile_file_is_refused_with_its_reason_and_in_time(refusal, name, content, code, words):
    made = content()
    started = time.monotonic()

    problems = refusal(name, made)

    assert time.monotonic() - started < SECONDS
    assert words in problems[code]


@pytest.mark.rule("BR-078")
def test_all_the_problems_of_a_file_are_told_at_once(refusal):
    problems = refusal("con.exe.pdf", corpus.windows_program())

    assert list(problems) == ["name_reserved", "name_double_extension", "content_mismatch"]


@pytest.mark.rule("BR-078")
def test_a_file_over_the_limit_of_its_zone_is_refused(refusal):
    problems = refusal("gros.pdf", corpus.pdf() + b"\0" * (2 << 20), max_size_mb=1)

    assert list(problems) == ["too_big"]
    assert "pèse 2\u00a0Mo et la limite est de 1\u00a0Mo" in problems["too_big"]


@pytest.mark.rule("BR-078")
def test_a_format_that_the_zone_does_not_take_is_refused(refusal):
    assert list(refusal("photo.png", corpus.image("png"), formats=("pdf",))) == ["format_not_allowed"]


@pytest.mark.parametrize(
    ("name", "content", "pages"),
    [
        ("a.pdf", lambda: corpus.pdf(3), 3),
        ("a.pdf", lambda: corpus.protected_pdf(user=""), 1),
        ("a.png", lambda: corpus.image("png"), 1),
        ("a.JPEG", lambda: corpus.image("jpg"), 1),
        ("a.docx", lambda: corpus.office("docx"), None),
        ("a.xlsx", lambda: corpus.office("xlsx"), None),
        ("a.odt", lambda: corpus.office("odt"), None),
        ("a.ods", lambda: corpus.office("ods"), None),
        ("a.zip", lambda: corpus.archive({"dossier/a.pdf": corpus.pdf(), "b.txt": b"b"}), None),
    ],
)
def test_an_honest_file_passes(look, name, content, pages):
    code = {"jpeg": "jpg"}.get(name.rpartition(".")[2].lower(), name.rpartition(".")[2])

    findings = look(content(), task="check", format=code)

    assert findings.problems == ()
    assert findings.facts.get("pages") == pages


def test_a_child_that_hangs_is_killed_and_told_as_too_complex(look):
    started = time.monotonic()

    findings = look(corpus.archive_bomb(250), task="check", format="zip", seconds=0.05)

    assert [problem.code for problem in findings.problems] == ["too_complex"]
    assert time.monotonic() - started < SECONDS


def test_the_child_cannot_take_more_memory_than_its_limit():
    import subprocess
    import sys

    from evidence.inspection import ROOT

    program = (
        "from evidence.child.__main__ import limit_myself; limit_myself()\n"
        "try: bytearray(600 << 20)\n"
        "except MemoryError: print('bounded')"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=20)

    assert done.stdout.strip() == "bounded"


def test_the_child_sees_no_secret_of_ours(monkeypatch, look):
    import subprocess

    seen = {}
    spawn = subprocess.Popen

    def spy(*args, **kwargs):
        seen.update(env=kwargs["env"], args=args[0])
        return spawn(*args, **kwargs)

    monkeypatch.setenv("SECRET_KEY", "tres-secret")
    monkeypatch.setattr(subprocess, "Popen", spy)
    look(corpus.container({"a.pdf": corpus.pdf()}), task="check_container", passphrases=[corpus.PASSPHRASE])

    assert "tres-secret" not in seen["env"].values()
    assert corpus.PASSPHRASE not in " ".join(seen["args"])
