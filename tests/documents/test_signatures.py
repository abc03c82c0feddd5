"""What we sign reads as signed, by us and by poppler; what is changed by one bit never does."""

import random
import re
import shutil
import subprocess

import pytest

from convergence.documents import authority, verification
from convergence.documents.pdf import render_html
from convergence.documents.signatures import (
    SignatureFailed,
    Status,
    seal_bytes,
    seal_pdf,
    verify_bytes,
    verify_pdf,
)

from .conftest import AT, sign

needs_pdfsig = pytest.mark.skipif(not shutil.which("pdfsig"), reason="pdfsig (poppler-utils) is not installed")


def flip(data: bytes, position: int, bit: int = 0) -> bytes:
    return data[:position] + bytes([data[position] ^ (1 << bit)]) + data[position + 1 :]


def signed_positions(pdf: bytes) -> range | list[int]:
    first, length, second, rest = map(int, re.findall(rb"/ByteRange\s*\[([\d ]+)", pdf)[-1].split())
    return [*range(first, first + length), *range(second, second + rest)]


def pdfsig(tmp_path, pdf: bytes) -> str:
    path = tmp_path / "signed.pdf"
    path.write_bytes(pdf)
    return subprocess.run(["pdfsig", path], capture_output=True, text=True, check=False).stdout


def test_signature_names_signer_date_and_authority(document):
    answer = verify_pdf(sign(document))
    assert answer.status is Status.INTACT
    (check,) = answer.signatures
    assert (check.field, check.signer, check.signed_at, check.problem) == ("editeur", "Anne Étienne", AT, "")
    assert (check.intact, check.covers_whole_file, check.trusted, check.is_demo) == (True, True, True, True)
    assert "DÉMONSTRATION — sans valeur" in check.issuer


@pytest.mark.rule("A-03")
def test_three_parties_sign_the_same_file(countersigned_by_three):
    answer = verify_pdf(countersigned_by_three)
    assert answer.status is Status.INTACT
    assert [check.signer for check in answer.signatures] == ["Łukasz Nowak-d’Été", "La ministre", "La CNAM"]
    assert [check.covers_whole_file for check in answer.signatures] == [False, False, True]
    assert b"/DocMDP" not in countersigned_by_three


def test_visible_signature_is_drawn_where_asked(countersigned_by_three):
    from pypdfium2 import PdfDocument

    with PdfDocument(countersigned_by_three) as pdf:
        pdf.init_forms()
        blank = pdf[1].render(may_draw_forms=False).to_pil().convert("L")
        shown = pdf[1].render(may_draw_forms=True).to_pil().convert("L")
    box = (51, 200, 51 + 213, 200 + 79)
    assert min(blank.crop(box).tobytes()) > 200
    assert min(shown.crop(box).tobytes()) < 100


def test_signing_twice_in_one_field_is_refused(document):
    with pytest.raises(SignatureFailed, match="déjà signé"):
        sign(sign(document))


@pytest.mark.parametrize("junk", [b"", b"%PDF-1.7", b"not a pdf", b"%PDF-1.7\n" + b"\x00" * 500])
def test_signing_something_else_than_a_pdf_is_refused(junk):
    with pytest.raises(SignatureFailed, match="PDF lisible"):
        sign(junk)


def test_time_stamping_service_that_does_not_answer_is_said(document, settings):
    settings.TSA_URL = "http://127.0.0.1:9/"
    with pytest.raises(SignatureFailed, match="horodatage"):
        sign(document)


def test_one_flipped_bit_is_always_reported(sealed):
    rng = random.Random(20240708)
    positions = signed_positions(sealed)
    # The end of the file holds what a parser follows first: look there harder.
    chosen = rng.sample(positions, 150) + rng.sample(positions[-3000:], 100)
    for position in chosen:
        answer = verify_pdf(flip(sealed, position, rng.randrange(8)))
        assert answer.status is Status.ALTERED, position
        assert answer.reason


def test_one_flipped_bit_in_a_countersigned_file_is_reported(countersigned_by_three):
    rng = random.Random(3)
    for position in rng.sample(signed_positions(countersigned_by_three), 12):
        assert verify_pdf(flip(countersigned_by_three, position)).status is Status.ALTERED, position


def test_flipped_byte_is_named_a_digest_mismatch(sealed):
    answer = verify_pdf(flip(sealed, sealed.index(b"stream") + 20))
    assert answer.reason == verification.DIGEST_MISMATCH
    assert answer.signatures[0].problem == verification.DIGEST_MISMATCH
    assert not answer.signatures[0].trusted


@needs_pdfsig
def test_pdfsig_agrees_on_intact_and_on_one_flipped_byte(countersigned_by_three, tmp_path):
    told = pdfsig(tmp_path, countersigned_by_three)
    assert told.count("Signature is Valid.") == 3
    assert told.count("Total document signed") == 1
    assert "ETSI.CAdES.detached" in told
    told = pdfsig(tmp_path, flip(countersigned_by_three, countersigned_by_three.index(b"stream") + 20))
    assert told.count("Digest Mismatch.") == 3
    assert "Signature is Valid." not in told


def test_what_is_added_after_the_signatures_is_reported(sealed):
    assert verify_pdf(sealed + b"\n% one more line\n").reason == verification.BYTES_APPENDED


def test_content_changed_by_an_incremental_update_is_reported(sealed):
    from io import BytesIO

    from pyhanko.pdf_utils.generic import pdf_name, pdf_string
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(BytesIO(sealed))
    page = writer.prev.find_page_for_modification(0)[0]
    page.get_object()[pdf_name("/Contents")] = writer.add_object(pdf_string("another page"))
    writer.mark_update(page)
    output = BytesIO()
    writer.write(output)
    assert verify_pdf(output.getvalue()).status is Status.ALTERED
    # a new signature over the change does not heal the first one
    resigned = verify_pdf(seal_pdf(output.getvalue(), reason="après", field_name="second", at=AT))
    assert resigned.status is Status.ALTERED
    assert resigned.signatures[0].problem == verification.MODIFIED_AFTER


def test_unsigned_pdf_is_unsigned(document):
    assert verify_pdf(document).status is Status.UNSIGNED


@pytest.mark.parametrize("junk", [b"", b"hello", b"%PDF-1.7\n%%EOF", b"\x00" * 4096, b"%PDF-1.4\n1 0 obj<</Type"])
def test_unreadable_file_is_answered_not_raised(junk):
    answer = verify_pdf(junk)
    assert answer.status is Status.UNREADABLE
    assert answer.reason == verification.NOT_A_PDF


def test_cut_or_scrambled_files_are_never_intact(sealed):
    rng = random.Random(7)
    for _ in range(40):
        assert not verify_pdf(sealed[: rng.randrange(len(sealed))]).is_intact
    for _ in range(40):
        scrambled = bytearray(sealed)
        for position in rng.sample(signed_positions(sealed), 20):
            scrambled[position] ^= 0xFF
        assert not verify_pdf(bytes(scrambled)).is_intact


def test_certificate_of_another_authority_is_intact_but_not_trusted(document, settings, tmp_path):
    signed = sign(document)
    settings.SIGNATURE_DIR = tmp_path / "elsewhere"
    answer = verify_pdf(signed)
    assert answer.status is Status.INTACT
    assert not answer.signatures[0].trusted


def test_pdf_a_is_signed_too(tmp_path):
    pdf = render_html("<!doctype html><html lang=fr><title>D</title><p>Dossier</p>", variant="pdf/a-3a")
    assert verify_pdf(seal_pdf(pdf, reason="Dossier figé", at=AT)).is_intact


def test_seal_of_bytes_is_verified():
    payload = '{"référence":"N00001"}'.encode()
    answer = verify_bytes(payload, seal_bytes(payload, at=AT))
    assert answer.status is Status.INTACT
    assert (answer.signatures[0].signed_at, answer.signatures[0].trusted) == (AT, True)


def test_every_flipped_bit_of_a_sealed_payload_is_reported():
    payload = b'{"reference":"N00001"}'
    seal = seal_bytes(payload, at=AT)
    for position in range(len(payload)):
        assert verify_bytes(flip(payload, position), seal).reason == verification.DIGEST_MISMATCH


def test_damaged_seal_never_raises_and_never_trusts():
    payload = b"payload"
    seal = seal_bytes(payload, at=AT)
    rng = random.Random(11)
    for position in rng.sample(range(len(seal)), 150):
        answer = verify_bytes(payload, flip(seal, position, rng.randrange(8)))
        # The root that travels along is not under the seal; whoever is trusted is still the same signer.
        believed = [check.signer for check in answer.signatures if check.intact and check.trusted]
        assert believed in ([], [authority.SEAL_NAME]), position
    for junk in (b"", b"\x30\x80", seal[:-10], payload, seal + b"\x00"):
        assert verify_bytes(payload, junk).status is Status.UNREADABLE


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_openssl_verifies_the_seal(tmp_path, roots):
    (tmp_path / "payload").write_bytes(b"payload")
    (tmp_path / "payload.p7s").write_bytes(seal_bytes(b"payload", at=AT))
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "payload.p7s", "-content", "payload"]
    told = subprocess.run(
        [*command, "-CAfile", roots, "-purpose", "any"], cwd=tmp_path, capture_output=True, check=False
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout == b"payload"
