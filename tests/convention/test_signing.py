"""Signing without an account: link, code, refusal, and all that may go wrong."""

import re
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from convergence.documents.signatures import SignatureFailed, verify_pdf
from convergence.kernel.errors import TransitionRefused
from evidence.services import read_bytes
from referencing.convention import core, services
from referencing.convention.enums import ConventionState, LinkState
from referencing.convention.models import Convention, SigningLink
from referencing.convention.services import signing
from referencing.convention.tasks import expire_links
from tests.convention.factories import SIGNER, last_code, last_token, make_sent

pytestmark = pytest.mark.django_db


def message(refusal):
    return refusal.value.blockers[0].message


@pytest.fixture
def code(token, commit):
    with commit():
        services.send_code(token=token)
    return last_code()


@pytest.fixture
def link(sent):
    return SigningLink.objects.get(convention=sent)


def set_link(link, **values):
    SigningLink.objects.filter(pk=link.pk).update(**values)


def wrong(code):
    return f"{(int(code) + 1) % 1_000_000:06d}"


# --- the signature ------------------------------------------------------------------------------------------------


def test_signature_is_made_verified_and_kept(signed, mailoutbox, verifier):
    signed.refresh_from_db()
    content = read_bytes(signed.signed_document)

    verification = verify_pdf(content)
    assert verification.is_intact
    assert [check.signer for check in verification.signatures] == ["Anne Étienne"]
    assert content.startswith(read_bytes(signed.document))
    assert signed.state == ConventionState.SIGNED
    assert any(mail.to == [SIGNER] and "convention signée" in mail.subject for mail in mailoutbox)
    assert any(mail.to == [verifier.email] and "signée à valider" in mail.subject for mail in mailoutbox)


def test_document_that_does_not_verify_is_not_kept(token, code, sent, monkeypatch):
    monkeypatch.setattr(signing, "sign_pdf", lambda document, **_: document.replace(b"%%EOF", b"%%EOX") + b"\n")

    with pytest.raises(TransitionRefused) as refusal:
        services.sign(token=token, code=code)

    assert refusal.value.blockers[0].code == "signature_invalid"
    sent.refresh_from_db()
    assert (sent.state, sent.signed_document) == (ConventionState.TO_SIGN, None)


def test_signature_failure_is_told_and_the_same_code_still_signs(client, token, code, sent, monkeypatch):
    def fail(*args, **kwargs):
        raise SignatureFailed("Le service d’horodatage ne répond pas.")

    monkeypatch.setattr(signing, "sign_pdf", fail)
    response = client.post(reverse("convention:convention_sign", args=[token]), {"code": code})
    assert response.status_code == 422
    assert "Le service d’horodatage ne répond pas." in response.content.decode()

    monkeypatch.undo()
    assert services.sign(token=token, code=code).state == ConventionState.SIGNED


@pytest.mark.rule("BR-029")
def test_code_goes_to_the_legal_representative_and_nobody_else(client, sent, token, editor, commit, mailoutbox):
    client.force_login(editor)  # the link was forwarded to somebody of the company
    mailoutbox.clear()
    with commit():
        client.post(reverse("convention:code_send", args=[token]), {"read": "on", "email": editor.email})

    assert [mail.to for mail in mailoutbox] == [[SIGNER]]


@pytest.mark.rule("BR-029")
def test_code_of_another_convention_does_not_sign(token, code, sent, commit):
    with commit():
        other = make_sent()
    other_token = last_token()
    with commit():
        services.send_code(token=other_token)

    with pytest.raises(TransitionRefused) as refusal:
        services.sign(token=token, code=last_code() if last_code() != code else wrong(code))

    assert "Ce code n’est pas le bon" in message(refusal)
    assert {sent.pk, other.pk} == set(
        Convention.objects.filter(state=ConventionState.TO_SIGN).values_list("pk", flat=True)
    )


def test_only_hashes_are_kept(token, code, link):
    link.refresh_from_db()
    kept = " ".join(str(value) for value in vars(link).values())
    assert token not in kept
    assert not re.search(rf"\b{code}\b", kept)
    assert "".join(character for character in link.code_hash if character in "0123456789abcdef") == link.code_hash


# --- the code -----------------------------------------------------------------------------------------------------


def test_signing_before_a_code_was_asked_is_refused(token):
    with pytest.raises(TransitionRefused) as refusal:
        services.sign(token=token, code="123456")
    assert "Demandez d’abord un code" in message(refusal)


def test_wrong_code_says_how_many_tries_are_left(client, token, code):
    response = client.post(reverse("convention:convention_sign", args=[token]), {"code": wrong(code)})

    assert response.status_code == 422
    assert "Il vous reste 4 essais." in response.content.decode()


def test_code_dies_after_five_tries(token, code, sent):
    for _ in range(core.CODE_ATTEMPTS):
        with pytest.raises(TransitionRefused):
            services.sign(token=token, code=wrong(code))

    with pytest.raises(TransitionRefused) as refusal:
        services.sign(token=token, code=code)

    assert "essayé trop de fois" in message(refusal)
    sent.refresh_from_db()
    assert sent.state == ConventionState.TO_SIGN


def test_code_dies_after_ten_minutes(token, code, link):
    set_link(link, code_expires_at=timezone.now())

    with pytest.raises(TransitionRefused) as refusal:
        services.sign(token=token, code=code)
    assert "il durait 10 minutes" in message(refusal)


def test_new_code_waits_a_minute_then_replaces_the_former(client, token, code, link, commit):
    address = reverse("convention:code_send", args=[token])
    response = client.post(address, {"read": "on"})
    assert response.status_code == 422
    assert "Un code vient de vous être envoyé" in response.content.decode()

    set_link(link, code_sent_at=timezone.now() - core.CODE_INTERVAL, code_attempts=5)
    with commit():
        assert client.post(address, {"read": "on"}).status_code == 302
    assert services.sign(token=token, code=last_code()).state == ConventionState.SIGNED


def test_codes_of_one_link_are_counted(token, link):
    set_link(link, codes_sent=core.CODES_PER_LINK)

    with pytest.raises(TransitionRefused) as refusal:
        services.send_code(token=token)
    assert "Demandez un nouveau lien" in message(refusal)


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦"])
def test_badly_typed_code_is_not_counted(client, token, code, link, typed):
    response = client.post(reverse("convention:convention_sign", args=[token]), {"code": typed})

    assert response.status_code == 422
    link.refresh_from_db()
    assert link.code_attempts == 0


def test_code_may_be_typed_with_spaces(client, token, code, sent):
    response = client.post(reverse("convention:convention_sign", args=[token]), {"code": f"{code[:3]} {code[3:]}"})

    assert response.status_code == 302
    sent.refresh_from_db()
    assert sent.state == ConventionState.SIGNED


# --- the link -----------------------------------------------------------------------------------------------------


def test_double_submit_signs_once(client, token, code, sent):
    address = reverse("convention:convention_sign", args=[token])
    first = client.post(address, {"code": code})
    second = client.post(address, {"code": code})

    assert first.url == second.url == reverse("convention:signing_detail", args=[token])
    page = client.get(second.url).content.decode()
    assert "La convention est signée" in page
    sent.refresh_from_db()
    assert len(verify_pdf(read_bytes(sent.signed_document)).signatures) == 1


@pytest.mark.django_db(transaction=True)
def test_two_submits_at_once_make_one_signature():
    sent = make_sent()
    token = last_token()
    services.send_code(token=token)
    code, answers = last_code(), []

    def submit():
        try:
            answers.append(services.sign(token=token, code=code))
        finally:
            connection.close()

    threads = [threading.Thread(target=submit) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 2
    assert {answer.signed_document_id for answer in answers} == {Convention.objects.get().signed_document_id}
    sent.refresh_from_db()
    assert read_bytes(sent.signed_document).count(b"/ByteRange") == 1


@pytest.mark.parametrize(
    "name", ["signing_detail", "signing_document", "convention_sign", "code_send", "convention_refuse"]
)
@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"expires_at": timezone.now() - timedelta(days=1)}, "Ce lien de signature a expiré"),
        ({"revoked_at": timezone.now()}, "Ce lien de signature ne fonctionne plus"),
        ({"revoked_at": timezone.now(), "refusal_reason": "Non."}, "Vous avez refusé de signer"),
    ],
)
def test_closed_link_says_what_to_do_on_every_page(client, token, link, name, values, words):
    set_link(link, **values)

    page = client.get(reverse(f"convention:{name}", args=[token]), follow=True)

    assert page.status_code in (200, 410)
    assert words in page.content.decode()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("code_send", {}),
        ("code_send", {"read": "on"}),
        ("convention_sign", {"code": "123456"}),
        ("convention_refuse", {"reason": "Non."}),
    ],
)
def test_closed_link_does_nothing_more(client, token, link, sent, name, data):
    set_link(link, expires_at=timezone.now())

    response = client.post(reverse(f"convention:{name}", args=[token]), data, follow=True)

    assert response.status_code in (200, 410)
    assert "Ce lien de signature a expiré" in response.content.decode()
    sent.refresh_from_db()
    assert (sent.state, sent.signed_document) == (ConventionState.TO_SIGN, None)


def test_used_link_hands_the_copy_over_for_a_while(client, signed, token, link):
    page = client.get(reverse("convention:signing_detail", args=[token])).content.decode()
    assert "Télécharger la convention signée" in page

    set_link(link, used_at=timezone.now() - core.COPY_LIFETIME)
    page = client.get(reverse("convention:signing_detail", args=[token])).content.decode()
    assert "Ce lien ne donne plus accès au document" in page
    assert client.get(reverse("convention:signing_document", args=[token])).status_code == 410


def test_unknown_link_says_what_to_do(client, db):
    response = client.get(reverse("convention:signing_detail", args=["inconnu"]))

    assert response.status_code == 404
    assert "Ce lien de signature est inconnu" in response.content.decode()


def test_guessing_links_is_throttled(client, token):
    for number in range(20):
        client.get(reverse("convention:signing_detail", args=[f"essai{number}"]))

    assert client.get(reverse("convention:signing_detail", args=[token])).status_code == 429


# --- refusing and lapsing -----------------------------------------------------------------------------------------


def test_refusal_goes_back_to_the_verifiers_with_its_reason(client, token, sent, editor, verifier, commit, mailoutbox):
    address = reverse("convention:convention_refuse", args=[token])
    assert client.get(address).status_code == 200
    assert client.post(address, {"reason": ""}).status_code == 422
    with commit():
        response = client.post(address, {"reason": "Je ne suis plus présidente."})

    assert "Vous avez refusé de signer" in client.get(response.url).content.decode()
    sent.refresh_from_db()
    assert sent.state == ConventionState.TO_SEND
    told = {mail.to[0] for mail in mailoutbox if "refusée" in mail.subject and "Je ne suis plus" in mail.body}
    assert {verifier.email, editor.email} <= told
    client.force_login(editor)
    page = client.get(reverse("convention:convention_detail", args=[sent.enrolment_id])).content.decode()
    assert "Je ne suis plus présidente." in page


def test_lapsed_link_goes_back_to_the_verifiers_once(sent, link, editor, verifier, commit, mailoutbox):
    set_link(link, expires_at=timezone.now() - timedelta(minutes=1))
    with commit():
        expire_links()
    count = len(mailoutbox)
    with commit():
        expire_links()

    sent.refresh_from_db()
    link.refresh_from_db()
    assert sent.state == ConventionState.TO_SEND
    assert link.state_at(timezone.now()) == LinkState.EXPIRED
    assert {mail.to[0] for mail in mailoutbox if "expiré" in mail.subject} >= {verifier.email, editor.email}
    assert len(mailoutbox) == count


def test_open_links_do_not_lapse(sent):
    expire_links()

    sent.refresh_from_db()
    assert sent.state == ConventionState.TO_SIGN


def test_returned_convention_can_be_sent_again(verifier, sent, token, commit):
    services.refuse(token=token, reason="Erreur.")
    with commit():
        again = services.send_convention(convention_id=sent.pk, actor=verifier)
    with commit():
        services.send_code(token=last_token())

    assert services.sign(token=last_token(), code=last_code()).pk == again.pk
    with pytest.raises(services.LinkClosed):
        services.sign(token=token, code=last_code())
