"""The public page recognises what the platform issued, and tells everything else in the same words (A-37)."""

import hashlib
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from convergence.trust import throttle, uploads
from convergence.trust.core import read_asked
from referencing.decision.enums import DecisionKind, DecisionState
from referencing.dossier.models import SealedCopy
from referencing.dossier.services import seal_copy
from referencing.listing.enums import ListingState
from tests.trust.factories import make_decision, make_issued, make_listing, make_minutes

pytestmark = pytest.mark.django_db
UNKNOWN = "Non reconnu"
NEVER_SEEN = "0" * 64


@pytest.fixture(autouse=True)
def _empty_cache():
    from django.core.cache import cache

    cache.clear()


def ask(text: str, client: Client | None = None):
    return (client or Client()).get(reverse("trust:verification"), {"reference": text})


def body(response, *echoed: str) -> str:
    """The page without what was typed."""
    html = response.content.decode()
    for each in echoed:
        html = html.replace(each, "")
    return html


@pytest.fixture
def listed():
    decision = make_decision(number="REF-2026-0007")
    return decision, make_listing(decision)


@pytest.mark.rule("A-37")
def test_a_decision_in_force_is_recognised_by_its_reference(listed):
    decision, _ = listed

    html = ask("ref-2026-0007 ").content.decode()

    assert "Authentique, décision en vigueur jusqu’au" in html
    assert "REF-2026-0007" in html
    entry = decision.enrolment.catalogue_entry
    assert entry.name in html
    assert f"/catalogue/{entry.slug}-{entry.number}/" in html


@pytest.mark.rule("A-37")
@pytest.mark.parametrize("state", [ListingState.SUSPENDED, ListingState.WITHDRAWN, ListingState.EXPIRED])
def test_a_service_that_left_the_catalogue_is_told_without_its_name(state):
    decision = make_decision(number="REF-2026-0007")
    make_listing(decision, state=state)

    html = ask("REF-2026-0007").content.decode()

    assert "Authentique, mais cette décision n’est plus en vigueur" in html
    for name in (decision.enrolment.catalogue_entry.name, decision.enrolment.product.name):
        assert name not in html
    assert decision.enrolment.product.organisation.name not in html


def test_a_decision_is_in_force_on_its_last_day_and_not_after():
    decision = make_decision(number="REF-2026-0007")
    today = timezone.localdate()
    listing = make_listing(decision, ends_on=today)
    assert "en vigueur jusqu’au" in ask("REF-2026-0007").content.decode()

    type(listing).objects.filter(pk=listing.pk).update(ends_on=today - timedelta(days=1))

    assert "n’est plus en vigueur" in ask("REF-2026-0007").content.decode()


@pytest.mark.parametrize("state", [DecisionState.ANNULLED, DecisionState.COURT_SUSPENDED, DecisionState.ABROGATED])
def test_a_decision_that_fell_is_no_longer_in_force(state):
    decision = make_decision(number="REF-2026-0007", state=state)
    make_listing(decision)

    assert "n’est plus en vigueur" in ask("REF-2026-0007").content.decode()


@pytest.mark.parametrize("number", ["Arrêté n° 12/2026", "dgos-2026-4"])
def test_an_act_signed_elsewhere_keeps_its_own_number(number):
    make_listing(make_decision(number=number))

    assert "en vigueur jusqu’au" in ask(number).content.decode()


def test_a_renewal_replaces_the_decision_before_it(listed):
    first, _ = listed
    make_decision(
        number="REN-2027-0001",
        kind=DecisionKind.RENEWAL,
        enrolment=first.enrolment,
        signed_at=first.signed_at + timedelta(days=1),
    )

    assert "n’est plus en vigueur" in ask("REF-2026-0007").content.decode()
    assert "en vigueur jusqu’au" in ask("REN-2027-0001").content.decode()


@pytest.mark.rule("A-37")
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: make_decision(number="X-1", kind=DecisionKind.REFUSAL), id="refusal"),
        pytest.param(lambda: make_decision(number="X-1"), id="approved, not published"),
        pytest.param(
            lambda: make_listing(make_decision(number="A-1")) and make_decision(number="X-1", kind="suspension"),
            id="sanction",
        ),
        pytest.param(lambda: make_renewal_not_notified("X-1"), id="signed, not notified"),
    ],
)
def test_what_must_not_be_revealed_is_told_like_what_does_not_exist(make):
    unknown = ask("X-2")
    make()

    hidden = ask("X-1")

    assert hidden.status_code == unknown.status_code == 200
    assert UNKNOWN in hidden.content.decode()
    assert body(hidden, "X-1") == body(unknown, "X-2")
    assert dict(hidden.headers) == dict(unknown.headers) or hidden["Content-Length"] == unknown["Content-Length"]


def make_renewal_not_notified(number):
    first = make_decision(number="A-1")
    make_listing(first)
    return make_decision(
        number=number,
        kind=DecisionKind.RENEWAL,
        state=DecisionState.SIGNED,
        enrolment=first.enrolment,
        notified_at=None,
    )


@pytest.mark.rule("A-37")
def test_a_dossier_has_no_public_reference_and_is_recognised_by_the_hash_of_its_content():
    dossier = make_decision(number="R-1", kind=DecisionKind.REFUSAL).candidature.dossier

    by_reference, by_hash = ask(dossier.reference), ask(dossier.sha256)

    assert body(by_reference, dossier.reference) == body(ask("N9999"), "N9999")
    assert "Authentique, scellé le" in by_hash.content.decode()
    assert dossier.reference not in by_hash.content.decode()


@pytest.mark.rule("A-37")
def test_a_refusal_is_recognised_by_its_hash_and_says_only_when_it_was_sealed():
    decision = make_decision(number="R-1", kind=DecisionKind.REFUSAL)

    html = ask(decision.sha256).content.decode()

    assert "Authentique, scellé le" in html
    for secret in ("R-1", "refus de référencement n°", decision.enrolment.product.name):
        assert secret not in html


@pytest.mark.rule("A-37")
def test_files_that_the_platform_issued_are_recognised_and_not_with_one_byte_changed(listed):
    decision, _ = listed
    contents = {
        "acte": make_issued(decision.candidature, b"%PDF-1.7 accuse"),
        "procès-verbal": make_minutes(b"%PDF-1.7 pv"),
        "décision": decision.test_content,
    }
    for content in contents.values():
        altered = content[:-1] + bytes([content[-1] ^ 1])
        assert "Authentique" in ask(hashlib.sha256(content).hexdigest()).content.decode()
        assert UNKNOWN in ask(hashlib.sha256(altered).hexdigest()).content.decode()


def test_minutes_are_not_recognised_before_they_are_signed():
    content = make_minutes(b"%PDF-1.7 pv", is_signed=False)

    assert UNKNOWN in ask(hashlib.sha256(content).hexdigest()).content.decode()


@pytest.mark.rule("A-37")
def test_deposited_evidence_is_not_recognised():
    dossier = make_decision(number="R-1", kind=DecisionKind.REFUSAL).candidature.dossier
    file = dossier.files.first()
    assert file is not None

    html = body(ask(file.sha256), file.sha256)

    assert html == body(ask(NEVER_SEEN), NEVER_SEEN)


@pytest.mark.parametrize("make", [lambda: NEVER_SEEN, lambda: SealedCopy.objects.create(
    sha256="a" * 64, reference="N1", sealed_at=timezone.now()).sha256], ids=["unknown", "sealed"])  # fmt: skip
def test_as_many_statements_whatever_is_found(make, django_assert_num_queries):
    asked = make()
    ask("chauffe")

    with django_assert_num_queries(2):
        ask(asked)


def test_a_reference_costs_one_statement(listed, django_assert_num_queries):
    for reference in ("REF-2026-0007", "X-404"):
        with django_assert_num_queries(1):
            ask(reference)


@pytest.mark.rule("A-37")
def test_each_copy_of_a_dossier_is_recognised_once_it_was_sealed(small_pdf):
    copies = [seal_copy(small_pdf, reference="N1", reason="Dossier") for _ in range(2)]

    for copy in copies:
        assert "Authentique, scellé le" in ask(hashlib.sha256(copy).hexdigest()).content.decode()
        assert UNKNOWN in ask(hashlib.sha256(copy[:-1] + b"\x00").hexdigest()).content.decode()
    assert UNKNOWN in ask(hashlib.sha256(small_pdf).hexdigest()).content.decode()


@pytest.fixture
def small_pdf():
    from convergence.documents.pdf import render_html

    return render_html("<p>Dossier</p>", variant=None)


@pytest.mark.rule("A-37")
def test_without_scripts_the_file_is_hashed_and_forgotten(monkeypatch):
    content = make_issued(make_decision(number="R-1").candidature, b"%PDF-1.7 accuse")
    monkeypatch.setattr("evidence.uploads.IncomingUpload.__init__", lambda *args: pytest.fail("kept on the disk"))
    upload = SimpleUploadedFile("accuse.pdf", content, "application/pdf")

    response = Client(enforce_csrf_checks=True).post(reverse("trust:verification"), {"fichier": upload}, follow=True)

    assert response.redirect_chain == [(f"/verifier/?empreinte={hashlib.sha256(content).hexdigest()}#answer", 302)]
    assert "Authentique, scellé le" in response.content.decode()
    assert not response.cookies


@pytest.mark.parametrize(
    ("size", "words"), [(0, "Choisissez le fichier"), (101, "dépasse 64"), (100, None)], ids=["none", "big", "fits"]
)
def test_a_file_that_is_missing_or_too_big_is_told_beside_the_field(monkeypatch, size, words):
    monkeypatch.setattr(uploads, "UPLOAD_MAX", 100)
    data = {"fichier": SimpleUploadedFile("f.pdf", b"x" * size)} if size else {}

    response = Client().post(reverse("trust:verification"), data)

    assert response.status_code == (422 if words else 302)
    if words:
        assert words in response.content.decode()


def test_an_empty_question_is_told():
    response = ask("  ")

    assert response.status_code == 422
    assert "Indiquez la référence" in response.content.decode()


@pytest.mark.rule("A-37")
def test_an_address_that_asks_too_often_waits_whatever_it_asks(monkeypatch, listed):
    monkeypatch.setattr(throttle, "LIMIT", 3)
    asked = [ask(text).status_code for text in ("REF-2026-0007", "X-1", NEVER_SEEN, "REF-2026-0007")]
    refused = ask("X-1")
    other = Client(REMOTE_ADDR="192.0.2.9")

    assert asked == [200, 200, 200, 429]
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= throttle.PERIOD
    assert ask("X-1", other).status_code == 200
    assert Client().get(reverse("trust:verification")).status_code == 200


def test_the_page_is_shared_sets_no_cookie_and_answers_are_not_kept():
    blank, answer = Client().get(reverse("trust:verification")), ask("X-1")

    assert blank["Cache-Control"] == "public, max-age=3600"
    assert "Cookie" in blank["Vary"]
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Robots-Tag"] == "noindex"
    assert not blank.cookies
    assert not answer.cookies


def test_the_page_of_a_person_stays_private(client):
    from tests.factories import OrganisationFactory, make_member

    client.force_login(make_member(OrganisationFactory()))

    assert client.get(reverse("trust:verification"))["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("text", "reference", "sha256"),
    [
        (" dec–2026–12\n", "DEC-2026-12", ""),
        ("AB" * 32, "", "ab" * 32),
        (" ".join(["abcd1234"] * 8), "", "abcd1234" * 8),
        ("ab" * 31, "AB" * 31, ""),
        ("\x00", "", ""),
    ],
)
def test_what_is_typed_is_read_generously(text, reference, sha256):
    asked = read_asked(text)

    assert (asked.reference, asked.sha256) == (reference, sha256)
    assert bool(asked) == bool(reference or sha256)


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "'; DROP TABLE--", "%00", "x" * 5000, "é" * 90])
def test_hostile_references_are_only_unknown(text):
    response = ask(text)

    assert response.status_code == 200
    assert UNKNOWN in response.content.decode()
    assert not re.search(r"<script>alert", response.content.decode())
