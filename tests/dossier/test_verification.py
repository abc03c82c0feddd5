import hashlib
import json
import random
from io import StringIO

import pgtrigger
import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from pypdfium2 import PdfDocument

from convergence.jobs.models import Job
from convergence.kernel.canonical import sha256_hex
from evidence.vault import key_of, private_storage
from referencing.dossier.models import Dossier, DossierFile
from referencing.dossier.outputs import PDF_JOB, make_pdf
from tests.dossier.factories import make_dossier

pytestmark = pytest.mark.django_db


def verify(subject):
    """Exit status and JSON verdict of the command."""
    out = StringIO()
    with pytest.raises(SystemExit) as exit_:
        call_command("verify_dossier", str(subject), "--json", stdout=out)
    return exit_.value.code, json.loads(out.getvalue())


@pytest.fixture
def dossier(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):  # deposited files reach their place on commit
        dossier, _ = make_dossier()
    return dossier


def tamper(rows, **changes):
    with pgtrigger.ignore():
        rows.update(**changes)


def test_untouched_dossier_is_intact(dossier):
    code, verdict = verify(dossier.reference)

    assert (code, verdict["outcome"], verdict["problems"]) == (0, "intact", [])
    assert len(verdict["checked"]) == 2 + dossier.files.count()


def test_unknown_reference_is_said_unknown():
    code, verdict = verify("N00000202001010000")

    assert (code, verdict["outcome"]) == (2, "unreadable")


def test_every_flipped_bit_of_the_payload_is_found(dossier):
    payload = bytes(dossier.payload)
    for position in random.Random(7).sample(range(len(payload) * 8), 12):
        changed = bytearray(payload)
        changed[position // 8] ^= 1 << position % 8
        tamper(Dossier.objects.filter(pk=dossier.pk), payload=bytes(changed))

        code, verdict = verify(dossier.reference)

        assert (code, verdict["outcome"]) == (1, "altered")


def test_payload_rehashed_by_a_forger_is_betrayed_by_the_seal(dossier):
    forged = bytes(dossier.payload).replace(b"conforme", b"Conforme")
    tamper(Dossier.objects.filter(pk=dossier.pk), payload=forged, sha256=sha256_hex(forged))

    code, verdict = verify(dossier.reference)

    assert code == 1
    assert "Cachet du contenu" in " ".join(verdict["problems"])


def test_changed_and_missing_evidence_are_named(dossier):
    first, second = dossier.files.filter(name__endswith=".pdf").order_by("pk")[:2]
    storage = private_storage()
    storage.delete(key_of(first.sha256))
    storage.save(key_of(first.sha256), ContentFile(b"autre contenu"))
    storage.delete(key_of(second.sha256))

    code, verdict = verify(dossier.reference)

    assert code == 1
    assert f"La preuve « {first.name} » a été modifiée." in verdict["problems"]
    assert f"La preuve « {second.name} » n’est plus dans le stockage." in verdict["problems"]


def test_list_of_files_is_compared_with_the_payload(dossier):
    tamper(DossierFile.objects.filter(pk=dossier.files.first().pk), sha256="0" * 64)

    code, verdict = verify(dossier.reference)

    assert code == 1
    assert "La liste des preuves ne correspond plus à celle du contenu." in verdict["problems"]


@pytest.fixture
def sealed(dossier, tmp_path):
    job = Job.objects.create(kind=PDF_JOB, payload={"dossier": str(dossier.pk)})
    path = tmp_path / "dossier.pdf"
    path.write_bytes(make_pdf(job, lambda percent, message: None).content)
    return path


def test_sealed_pdf_is_intact_without_the_database(sealed, django_db_blocker):
    with django_db_blocker.block():
        code, verdict = verify(sealed)

    assert (code, verdict["problems"]) == (0, [])


@pytest.mark.rule("A-37")
def test_sealed_pdf_leads_to_the_page_that_recognises_it(sealed, dossier, client):
    with PdfDocument(sealed) as document:
        last = document[len(document) - 1].get_textpage().get_text_range()
    printed = "".join(last.split())
    hashes = [dossier.sha256, hashlib.sha256(sealed.read_bytes()).hexdigest()]

    assert f"/verifier/?empreinte={dossier.sha256}" in printed
    for sha256 in hashes:
        assert "Authentique, scellé le" in client.get("/verifier/", {"empreinte": sha256}).content.decode()


def test_flipped_byte_of_the_sealed_pdf_is_found(sealed):
    content = bytearray(sealed.read_bytes())
    content[len(content) // 3] ^= 1
    sealed.write_bytes(bytes(content))

    code, verdict = verify(sealed)

    assert (code, verdict["outcome"]) == (1, "altered")


def test_json_beside_its_seal_is_checked_and_alone_is_not(dossier, tmp_path):
    path = tmp_path / "dossier.json"
    path.write_bytes(bytes(dossier.payload))
    assert verify(path)[0] == 2

    (tmp_path / "dossier.json.p7s").write_bytes(bytes(dossier.seal))
    assert verify(path)[0] == 0

    path.write_bytes(bytes(dossier.payload).replace(b"conforme", b"Conforme"))
    assert verify(path)[0] == 1


@pytest.mark.parametrize("content", [b"", b"bonjour", b"%PDF-1.7 rien"])
def test_unreadable_files_exit_with_two(tmp_path, content):
    path = tmp_path / "fichier"
    path.write_bytes(content)

    assert verify(path)[0] == 2


def test_missing_file_exits_with_two(tmp_path):
    code, verdict = verify(tmp_path / "absent.pdf")

    assert code == 2
    assert "ne peut pas être lu" in verdict["problems"][0]
