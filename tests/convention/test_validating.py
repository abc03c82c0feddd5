"""The verifier’s last word, and what a signature is worth afterwards."""

import shutil
import subprocess

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.urls import reverse

from convergence.documents.signatures import sign_pdf, verify_pdf
from convergence.kernel.errors import TransitionRefused
from evidence.services import read_bytes
from evidence.vault import key_of
from questionnaires.enums import Status
from questionnaires.models import ORIENTATION
from referencing.convention import core, drafting, services
from referencing.convention.enums import ConventionState
from tests.convention.factories import SIGNER
from tests.questionnaires.factories import row

pytestmark = pytest.mark.django_db


def store(stored_file, content):
    """Put other bytes in the place of a stored file, as a broken disk or a hand would."""
    storage, key = storages["default"], key_of(stored_file.blob.sha256)
    storage.delete(key)
    storage.save(key, ContentFile(content))


def flip(content, place):
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.fixture
def altered(signed):
    """One byte of the first page is not what it was."""
    content = read_bytes(signed.signed_document)
    store(signed.signed_document, flip(content, content.index(b"stream") + 60))
    return signed


@pytest.mark.rule("BR-031")
def test_validation_opens_the_orientation_and_tells_the_editor(signed, verifier, editor, commit, mailoutbox):
    with commit():
        convention = services.validate_convention(convention_id=signed.pk, actor=verifier)

    assert convention.state == ConventionState.VALIDATED
    assert convention.get_state_display() == "Votre convention a été validée"
    assert row(convention.enrolment.response, ORIENTATION).state == Status.TO_COMPLETE
    assert any(mail.to == [editor.email] and "votre convention a été validée" in mail.subject for mail in mailoutbox)


@pytest.mark.rule("BR-031")
def test_orientation_stays_closed_until_then(signed):
    assert row(signed.enrolment.response, ORIENTATION).state == Status.UNAVAILABLE


def test_unsigned_convention_cannot_be_validated(sent, verifier):
    with pytest.raises(TransitionRefused) as refusal:
        services.validate_convention(convention_id=sent.pk, actor=verifier)
    assert refusal.value.blockers[0].code == "wrong_state"


def test_editor_cannot_validate(signed, editor):
    with pytest.raises(PermissionDenied):
        services.validate_convention(convention_id=signed.pk, actor=editor)


def test_altered_document_cannot_be_validated(client, altered, verifier):
    client.force_login(verifier)

    response = client.post(reverse("convention:convention_validate", args=[altered.pk]))

    assert response.status_code == 422
    assert "L’empreinte du contenu ne correspond plus à celle qui a été signée." in response.content.decode()
    altered.refresh_from_db()
    assert altered.state == ConventionState.SIGNED


def test_our_page_finds_an_intact_signature(client, signed, editor):
    client.force_login(editor)

    page = client.get(reverse("convention:convention_verify", args=[signed.enrolment_id])).content.decode()

    assert "Signature intacte" in page
    assert "Anne Étienne" in page
    assert "autorité de démonstration" in page


def test_our_page_reports_one_flipped_byte(client, altered, editor):
    client.force_login(editor)

    page = client.get(reverse("convention:convention_verify", args=[altered.enrolment_id])).content.decode()

    assert "Document altéré" in page
    assert "L’empreinte du contenu ne correspond plus à celle qui a été signée." in page
    assert "L’empreinte du fichier n’est plus celle qui a été enregistrée" in page


def test_our_page_reports_a_lost_file(client, signed, editor):
    storages["default"].delete(key_of(signed.signed_document.blob.sha256))
    client.force_login(editor)

    page = client.get(reverse("convention:convention_verify", args=[signed.enrolment_id])).content.decode()

    assert "ne se trouve plus dans le stockage" in page


def test_a_signature_of_something_else_is_no_signature_of_the_convention(signed, sent):
    other = drafting.render_convention(sent, text="<p>Autre texte.</p>", at=sent.sent_at)
    foreign = sign_pdf(
        other,
        signer_name="Anne Étienne",
        signer_email=SIGNER,
        reason="",
        location="",
        field_name="editeur",
        at=sent.sent_at,
    )
    assert verify_pdf(foreign).is_intact
    store(signed.signed_document, foreign)
    signed.refresh_from_db()

    assert "Le document signé n’est pas la convention envoyée." in services.examine_signature(signed).problems


@pytest.mark.rule("A-03")
def test_minister_and_cnam_can_still_sign_the_same_document(signed):
    content = read_bytes(signed.signed_document)
    for party, name in ((core.MINISTER, "Le ministre"), (core.CNAM, "La Cnam")):
        content = sign_pdf(
            content,
            signer_name=name,
            signer_email="signataire@operateur.example",
            reason="Convention",
            location="France",
            field_name=party,
            at=signed.signed_at,
            box=drafting.signature_box(party),
        )

    verification = verify_pdf(content)
    assert verification.is_intact
    assert [check.signer for check in verification.signatures] == ["Anne Étienne", "Le ministre", "La Cnam"]
    assert all(check.intact for check in verification.signatures)
    assert b"/DocMDP" not in content


@pytest.mark.skipif(not shutil.which("pdfsig"), reason="poppler-utils is not installed")
def test_pdfsig_finds_it_intact_and_names_the_mismatch_after_one_flipped_byte(signed, tmp_path):
    content = read_bytes(signed.signed_document)
    path = tmp_path / "convention.pdf"

    def ask(pdf):
        path.write_bytes(pdf)
        return subprocess.run(["pdfsig", path], capture_output=True, text=True, check=False).stdout

    assert "Signature Validation: Signature is Valid." in ask(content)
    assert "Signature Validation: Digest Mismatch." in ask(flip(content, content.index(b"stream") + 60))
