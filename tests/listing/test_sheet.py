"""The publication sheet: what it must say, where it comes from, who moves it."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse
from PIL import Image

from convergence.accounts.enums import MembershipType, Role
from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from evidence.errors import UploadRefused
from evidence.models import StoredFile
from evidence.services import read_bytes
from referencing.candidature.enums import CandidatureState
from referencing.enrolment.models import Enrolment
from referencing.listing import services
from referencing.listing.core import sheet as core
from referencing.listing.enums import PublicationState
from referencing.listing.models import PublicationSheet
from referencing.listing.services.describing import StaleSheet
from tests.candidature.campaigns import give_scope
from tests.candidature.factories import make_candidature
from tests.factories import make_agent, make_member
from tests.listing.factories import SHEET, make_sheet, png

pytestmark = pytest.mark.django_db


def make_described(state: CandidatureState = CandidatureState.EVALUATION, **fields: Any) -> tuple[Enrolment, Any]:
    candidature, manager = make_candidature(state, complete=False, **fields)
    return candidature.enrolment, manager


# what it must say


def test_a_complete_sheet_lacks_nothing() -> None:
    assert core.find_missing(SHEET, has_logo=True) == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"public_name": ""}, "public_name"),
        ({"short_text": ""}, "short_text"),
        ({"long_text": "Trop court."}, "long_text"),
        ({"categories": []}, "categories"),
        ({"price": ""}, "price"),
        ({"price": "payant"}, "price_note"),
        ({"platforms": [], "web_url": ""}, "platforms"),
        ({"platforms": ["web", "ios"]}, "ios_url"),
        ({"accessibility": ""}, "accessibility"),
        ({"support_email": ""}, "support_email"),
    ],
)
def test_what_is_missing_is_said_beside_its_field(fields: dict[str, Any], code: str) -> None:
    (blocker,) = core.find_missing({**SHEET, **fields}, has_logo=True)

    assert (blocker.code, blocker.anchor) == (code, f"#id_{code}")


def test_everything_missing_is_said_at_once() -> None:
    empty = {**dict.fromkeys(SHEET, ""), "categories": [], "platforms": []}

    codes = [blocker.code for blocker in core.find_missing(empty, has_logo=False)]

    assert codes == [
        "public_name", "short_text", "long_text", "logo", "categories", "price", "platforms", "accessibility",
        "support_email",
    ]  # fmt: skip


def test_hints_come_from_the_frozen_orientation() -> None:
    answers = [
        ("Q4", ["web", "android", "ios"]),
        ("Q5", "https://magasin.example/android/suivi, puis https://magasin.example/ios/suivi."),
        ("Q25", "payant"),
        ("Q33", "https://suivi.example/accessibilite"),
    ]
    content = {"orientation": {"answers": [{"code": code, "value": value} for code, value in answers]}}

    hints = core.read_hints(content)

    assert hints.platforms == ("web", "android", "ios")
    assert hints.addresses == {
        "android": "https://magasin.example/android/suivi",
        "ios": "https://magasin.example/ios/suivi",
    }
    assert (hints.price, hints.accessibility_url) == ("payant", "https://suivi.example/accessibilite")


def test_the_ecoscore_is_the_frozen_one() -> None:
    criteria = [{"code": "DEV.1.1", "answer": {"compliance": "conforme", "number": "63.2"}}]

    assert core.find_ecoscore({"questionnaires": [{"criteria": criteria}]}) == "63.2"
    assert core.find_ecoscore({"questionnaires": [{"criteria": []}]}) == ""


# who writes it, and when


def test_the_first_save_begins_with_what_the_dossier_says() -> None:
    enrolment, manager = make_described()

    sheet = services.save_sheet(enrolment_id=enrolment.pk, values={"short_text": "Une phrase."}, actor=manager)

    assert sheet.public_name == enrolment.product.name
    assert (sheet.state, sheet.short_text, sheet.version) == (PublicationState.DRAFT, "Une phrase.", 2)
    assert sheet.updated_by == manager


@pytest.mark.parametrize("state", [CandidatureState.APPLIED, CandidatureState.ADMISSIBILITY])
def test_the_sheet_opens_with_the_evaluation(state: CandidatureState, client: Any) -> None:
    enrolment, manager = make_described(state)
    client.force_login(manager)

    with pytest.raises(TransitionRefused) as refusal:
        services.save_sheet(enrolment_id=enrolment.pk, values={"short_text": "Tôt."}, actor=manager)

    assert [each.code for each in refusal.value.blockers] == ["too_early"]
    assert client.get(reverse("listing:publication_edit", args=[enrolment.pk])).status_code == 404


def test_a_stranger_finds_no_sheet(client: Any) -> None:
    enrolment, _ = make_described()
    _, stranger = make_described()

    with pytest.raises(Enrolment.DoesNotExist):
        services.save_sheet(enrolment_id=enrolment.pk, values={}, actor=stranger)
    client.force_login(stranger)
    assert client.get(reverse("listing:publication_edit", args=[enrolment.pk])).status_code == 404


def test_a_colleague_who_saved_meanwhile_is_not_overwritten() -> None:
    enrolment, manager = make_described()
    first = services.save_sheet(enrolment_id=enrolment.pk, values={"short_text": "Un."}, actor=manager)
    services.save_sheet(enrolment_id=enrolment.pk, values={"short_text": "Deux."}, actor=manager, version=first.version)

    with pytest.raises(StaleSheet) as stale:
        services.save_sheet(
            enrolment_id=enrolment.pk, values={"short_text": "Trois."}, actor=manager, version=first.version
        )

    assert stale.value.sheet.short_text == "Deux."


def test_submit_says_everything_that_is_missing() -> None:
    enrolment, manager = make_described()
    make_sheet(enrolment, PublicationState.DRAFT, logo=None, short_text="", categories=[])

    with pytest.raises(TransitionRefused) as refusal:
        services.submit_sheet(enrolment_id=enrolment.pk, actor=manager)

    assert [each.code for each in refusal.value.blockers] == ["short_text", "logo", "categories"]


@pytest.mark.parametrize("state", [PublicationState.DRAFT, PublicationState.CHANGES_REQUESTED])
def test_submit_hands_the_sheet_to_the_team(state: PublicationState, django_capture_on_commit_callbacks: Any) -> None:
    verifier = make_agent(Role.LISTING_TEAM)
    enrolment, manager = make_described()
    make_sheet(enrolment, state)

    with django_capture_on_commit_callbacks(execute=True):
        sheet = services.submit_sheet(enrolment_id=enrolment.pk, actor=manager)

    assert (sheet.state, sheet.decision_reason) == (PublicationState.SUBMITTED, "")
    assert sheet.submitted_at is not None
    assert AuditEntry.objects.filter(action="publicationsheet.submit").count() == 1
    assert any(verifier.email in each.to for each in mail.outbox)


def test_a_contributor_writes_and_does_not_submit(client: Any) -> None:
    enrolment, _ = make_described()
    colleague = make_member(enrolment.product.organisation, MembershipType.SALARIE)
    make_sheet(enrolment, PublicationState.DRAFT)

    services.save_sheet(enrolment_id=enrolment.pk, values={"short_text": "Autre."}, actor=colleague)
    client.force_login(colleague)

    assert client.post(reverse("listing:publication_submit", args=[enrolment.pk])).status_code == 403


def test_a_submitted_sheet_is_not_written_until_it_is_taken_back() -> None:
    enrolment, manager = make_described()
    make_sheet(enrolment, PublicationState.SUBMITTED)

    with pytest.raises(TransitionRefused) as refusal:
        services.save_sheet(enrolment_id=enrolment.pk, values={"short_text": "Autre."}, actor=manager)
    assert [each.code for each in refusal.value.blockers] == ["not_writable"]

    services.revise_sheet(enrolment_id=enrolment.pk, actor=manager)
    sheet = services.save_sheet(enrolment_id=enrolment.pk, values={"short_text": "Autre."}, actor=manager)

    assert (sheet.state, sheet.short_text) == (PublicationState.DRAFT, "Autre.")


def test_the_team_accepts_or_says_what_to_correct(django_capture_on_commit_callbacks: Any) -> None:
    verifier = make_agent(Role.LISTING_TEAM)
    enrolment, manager = make_described()
    make_sheet(enrolment, PublicationState.SUBMITTED)

    with django_capture_on_commit_callbacks(execute=True):
        sheet = services.request_sheet_changes(enrolment_id=enrolment.pk, reason="Donnez le prix.", actor=verifier)
    assert (sheet.state, sheet.decision_reason) == (PublicationState.CHANGES_REQUESTED, "Donnez le prix.")
    assert "Donnez le prix." in next(each for each in mail.outbox if manager.email in each.to).body

    services.submit_sheet(enrolment_id=enrolment.pk, actor=manager)
    sheet = services.accept_sheet(enrolment_id=enrolment.pk, actor=verifier)
    assert (sheet.state, sheet.decided_by) == (PublicationState.ACCEPTED, verifier)


def test_a_correction_needs_its_reason() -> None:
    enrolment, _ = make_described()
    make_sheet(enrolment, PublicationState.SUBMITTED)

    with pytest.raises(TransitionRefused) as refusal:
        services.request_sheet_changes(enrolment_id=enrolment.pk, reason="  ", actor=make_agent(Role.LISTING_TEAM))

    assert [each.code for each in refusal.value.blockers] == ["reason"]


@pytest.mark.parametrize("address", ["http://carnet.example/", "javascript:alert(1)", "data:text/html,x"])
def test_the_database_refuses_an_address_that_is_not_https(address: str) -> None:
    enrolment, _ = make_described()
    sheet = make_sheet(enrolment, PublicationState.DRAFT)

    with pytest.raises(IntegrityError, match="publication_addresses_are_https"), transaction.atomic():
        PublicationSheet.objects.filter(pk=sheet.pk).update(web_url=address)


# its logo


def test_the_logo_is_drawn_again_and_the_original_is_not_kept() -> None:
    enrolment, manager = make_described()
    sent = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "position de la photo"
    Image.new("RGB", (900, 600), "navy").save(sent, "JPEG", exif=exif)

    sheet = services.deposit_logo(
        enrolment_id=enrolment.pk,
        upload=SimpleUploadedFile("logo.jpg", sent.getvalue(), "image/jpeg"),
        actor=manager,
    )

    drawn = Image.open(io.BytesIO(read_bytes(sheet.logo)))
    assert (drawn.format, drawn.size) == ("PNG", (320, 213))
    assert not drawn.getexif()
    assert b"position" not in read_bytes(sheet.logo)
    assert not StoredFile.objects.filter(name="logo.jpg").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
        ("logo.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("logo.png", png()[:40]),
    ],
)
def test_what_is_no_image_is_refused(name: str, content: bytes) -> None:
    enrolment, manager = make_described()

    with pytest.raises(UploadRefused):
        services.deposit_logo(enrolment_id=enrolment.pk, upload=SimpleUploadedFile(name, content), actor=manager)

    assert not PublicationSheet.objects.filter(logo__isnull=False).exists()


# its pages


def test_the_page_offers_what_the_dossier_says_and_keeps_what_is_typed(client: Any) -> None:
    enrolment, manager = make_described(has_exchange=True)
    give_scope(enrolment.candidatures.get().dossier, [("mesures", "ecriture")])
    client.force_login(manager)
    address = reverse("listing:publication_edit", args=[enrolment.pk])

    page = client.get(address).content.decode()
    assert "Ajouter des mesures de santé – prévention" in page
    refused = client.post(address, {"public_name": "X" * 81, "web_url": "http://carnet.example", "version": "1"})

    assert refused.status_code == 422
    assert "X" * 81 in refused.content.decode()
    assert "raccourcissez-le à 80 au plus" in refused.content.decode()
    assert "qui commence par https://" in refused.content.decode()


def test_autosave_keeps_a_field_and_says_the_progress(client: Any) -> None:
    enrolment, manager = make_described()
    client.force_login(manager)
    address = reverse("listing:publication_save", args=[enrolment.pk])

    response = client.post(
        address,
        {"categories": ["acces-aux-soins"], "_fields": "categories", "version": "1"},
        headers={"X-Autosave": "1"},
    )

    assert response.status_code == 200
    assert 'hx-swap-oob="true"' in response.content.decode()
    assert response.headers["X-Autosave-Versions"] == '{"version": "2"}'
    assert PublicationSheet.objects.get().categories == ["acces-aux-soins"]


def test_autosave_says_errors_and_conflicts(client: Any) -> None:
    enrolment, manager = make_described()
    make_sheet(enrolment, PublicationState.DRAFT, version=7)
    client.force_login(manager)
    address = reverse("listing:publication_save", args=[enrolment.pk])

    wrong = client.post(address, {"support_email": "aide", "_fields": "support_email", "version": "7"})
    stale = client.post(address, {"short_text": "Le mien.", "_fields": "short_text", "version": "3"})

    assert wrong.status_code == 422
    assert list(wrong.json()["errors"]) == ["support_email"]
    assert stale.status_code == 409
    assert "Deux versions de « Présentation courte »" in stale.content.decode()
    assert "mien" in stale.content.decode()
    assert stale.headers["X-Autosave-Versions"] == '{"version": "7"}'


def test_the_whole_way_through_the_pages(client: Any) -> None:
    enrolment, manager = make_described()
    client.force_login(manager)
    edit = reverse("listing:publication_edit", args=[enrolment.pk])
    upload = SimpleUploadedFile("logo.png", png(40, 40), "image/png")

    assert client.post(reverse("listing:publication_logo", args=[enrolment.pk]), {"file": upload}).status_code == 302
    typed = client.post(edit, {**SHEET, "version": str(PublicationSheet.objects.get().version), "next": "1"})
    assert typed.status_code == 302
    preview = client.get(typed.url).content.decode()
    assert "Carnet de tension" in preview
    assert "Soumettre la fiche de publication" in preview
    assert client.post(reverse("listing:publication_submit", args=[enrolment.pk])).status_code == 302

    verifier = make_agent(Role.LISTING_TEAM)
    client.force_login(verifier)
    assert enrolment.label in client.get(reverse("listing:publication_list")).content.decode()
    assert (
        "Accepter la fiche" in client.get(reverse("listing:publication_review", args=[enrolment.pk])).content.decode()
    )
    assert client.post(reverse("listing:publication_accept", args=[enrolment.pk])).status_code == 302
    assert PublicationSheet.objects.get().state == PublicationState.ACCEPTED
