"""The outside provider: started by a job, believed once, and only about the link that it was given."""

import hashlib
import hmac
import json

import pytest
from django.urls import reverse

from convergence.documents.providers.base import ProviderError, ProviderRequest
from convergence.documents.providers.yousign import YousignProvider
from convergence.documents.signatures import sign_pdf
from convergence.jobs.models import Job
from convergence.kernel.errors import TransitionRefused
from evidence.services import read_bytes
from referencing.convention import core, services
from referencing.convention.enums import ConventionState
from referencing.convention.models import ProviderEvent, SigningLink
from tests.convention.factories import SIGNER, last_token

pytestmark = pytest.mark.django_db

SECRET = "un secret partagé"


class FakeYousign:
    """What the provider would do: answers of its client, without the network."""

    def __init__(self):
        self.started, self.cancelled, self.document, self.fails = [], [], b"", None

    def start(self, request):
        if self.fails:
            raise self.fails
        self.started.append(request)
        return ProviderRequest(id=f"req-{len(self.started)}", signing_url="https://yousign.example/procedure/1")

    def cancel(self, request_id):
        self.cancelled.append(request_id)

    def fetch_signed(self, request_id):
        if self.fails:
            raise self.fails
        return self.document


@pytest.fixture(autouse=True)
def yousign(settings, monkeypatch):
    settings.SIGNATURE_PROVIDER = "yousign"
    settings.YOUSIGN_API_URL, settings.YOUSIGN_API_KEY = "https://api.yousign.example/v3", "clé"
    settings.YOUSIGN_WEBHOOK_SECRET = SECRET
    fake = FakeYousign()
    for name in ("start", "cancel", "fetch_signed"):
        monkeypatch.setattr(YousignProvider, name, lambda self, *args, name=name: getattr(fake, name)(*args))
    return fake


@pytest.fixture
def link(sent):
    return SigningLink.objects.get(convention=sent)


@pytest.fixture
def call(client, link, commit):
    """Post an event as the provider does."""

    def post(name="signature_request.done", *, event="evt-1", request="req-1", reference=None, secret=SECRET, **more):
        body = json.dumps(
            {
                "event_id": event,
                "event_name": name,
                "data": {"signature_request": {"id": request, "external_id": reference or str(link.pk), **more}},
            }
        ).encode()
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        with commit():
            return client.post(
                reverse("convention:yousign_webhook"),
                body,
                content_type="application/json",
                headers={"X-Yousign-Signature-256": f"sha256={signature}"},
            )

    return post


def sign_as_provider(convention, content=None):
    return sign_pdf(
        content or read_bytes(convention.document),
        signer_name="Anne Étienne",
        signer_email=SIGNER,
        reason="",
        location="",
        field_name="yousign",
        at=convention.sent_at,
    )


def test_sending_starts_a_request_and_mails_our_link(client, sent, link, yousign):
    [request] = yousign.started
    assert last_token() not in str(
        Job.objects.filter(kind="convention.start_signature").values_list("payload", flat=True)
    )
    assert (request.reference, request.email) == (str(link.pk), SIGNER)
    assert (request.first_name, request.last_name) == ("Anne", "Étienne")
    assert request.document == read_bytes(sent.document)

    page = client.get(reverse("convention:signing_detail", args=[last_token()])).content.decode()
    assert "https://yousign.example/procedure/1" in page
    assert "Recevoir mon code de signature" not in page


def test_our_own_code_does_not_sign_for_the_provider(sent):
    for act in (
        lambda: services.send_code(token=last_token()),
        lambda: services.sign(token=last_token(), code="123456"),
    ):
        with pytest.raises(TransitionRefused) as refusal:
            act()
        assert refusal.value.blockers[0].code == "provider"


def test_provider_that_does_not_answer_gives_the_convention_back(prepared, verifier, yousign, commit, mailoutbox):
    yousign.fails = ProviderError("Le service de signature ne répond pas.", is_temporary=True)
    with commit():
        services.send_convention(convention_id=prepared.pk, actor=verifier)

    prepared.refresh_from_db()
    assert prepared.state == ConventionState.TO_SEND
    assert any(mail.to == [verifier.email] and "ne répond pas" in mail.body for mail in mailoutbox)


@pytest.mark.rule("BR-030")
def test_event_received_twice_has_one_effect(call, sent, yousign, mailoutbox):
    yousign.document = sign_as_provider(sent)

    assert call().status_code == 204
    sent.refresh_from_db()
    first, mails = sent.signed_document_id, len(mailoutbox)
    assert sent.state == ConventionState.SIGNED
    assert call().status_code == 204

    sent.refresh_from_db()
    assert sent.signed_document_id == first
    assert len(mailoutbox) == mails
    assert ProviderEvent.objects.count() == 1


@pytest.mark.rule("BR-030")
def test_same_signature_told_by_another_event_has_no_effect(call, sent, yousign):
    yousign.document = sign_as_provider(sent)
    call()

    assert call(event="evt-2").status_code == 204
    assert call("signature_request.declined", event="evt-3").status_code == 204
    sent.refresh_from_db()
    assert sent.state == ConventionState.SIGNED


def test_forged_call_is_refused(call, sent):
    assert call(secret="autre").status_code == 403
    sent.refresh_from_db()
    assert sent.state == ConventionState.TO_SIGN


@pytest.mark.rule("BR-029")
@pytest.mark.parametrize(
    "event", [{"request": "req-9"}, {"reference": "00000000-0000-4000-8000-000000000000"}, {"reference": "autre"}]
)
def test_signature_of_another_request_is_not_accepted(call, sent, yousign, event):
    yousign.document = sign_as_provider(sent)

    assert call(**event).status_code == 204
    sent.refresh_from_db()
    assert sent.state == ConventionState.TO_SIGN


@pytest.mark.rule("BR-029")
def test_signature_by_somebody_else_than_the_legal_representative_is_not_accepted(call, sent, link, yousign):
    yousign.document = sign_as_provider(sent)
    SigningLink.objects.filter(pk=link.pk).update(email="quelqu.un@alize.example")

    call()

    sent.refresh_from_db()
    assert sent.state == ConventionState.TO_SIGN


@pytest.mark.parametrize("kind", ["altered", "other"])
def test_document_that_is_not_the_convention_goes_back_to_the_verifiers(
    call, sent, yousign, verifier, mailoutbox, kind
):
    signed = sign_as_provider(sent)
    if kind == "altered":
        place = signed.index(b"stream") + 60
        signed = signed[:place] + bytes([signed[place] ^ 1]) + signed[place + 1 :]
    else:
        signed = sign_as_provider(sent, sign_as_provider(sent)[:0] or _other_pdf())
    yousign.document = signed

    assert call().status_code == 204

    sent.refresh_from_db()
    assert (sent.state, sent.signed_document) == (ConventionState.TO_SEND, None)
    assert any(mail.to == [verifier.email] and "n’est pas accepté" in mail.body for mail in mailoutbox)


def _other_pdf():
    from convergence.documents.pdf import render_html

    return render_html("<!doctype html><html lang=fr><title>Autre</title><p>Autre convention.</p></html>")


def test_provider_that_fails_to_give_the_document_is_asked_to_call_again(call, sent, yousign):
    yousign.document, yousign.fails = sign_as_provider(sent), ProviderError("Le service de signature ne répond pas.")
    assert call().status_code == 503
    assert not ProviderEvent.objects.exists()

    yousign.fails = None
    assert call().status_code == 204
    sent.refresh_from_db()
    assert sent.state == ConventionState.SIGNED


def test_refusal_at_the_provider_comes_back_with_its_reason(call, sent):
    call("signature_request.declined", decline_information={"reason": "Je ne suis pas habilitée."})

    sent.refresh_from_db()
    assert sent.state == ConventionState.TO_SEND
    assert sent.links.get().refusal_reason == "Je ne suis pas habilitée."


def test_lapse_at_the_provider_gives_the_convention_back(call, sent):
    call("signature_request.expired")

    sent.refresh_from_db()
    assert sent.state == ConventionState.TO_SEND


def test_new_link_cancels_the_former_request(sent, verifier, yousign, commit):
    with commit():
        services.resend_link(convention_id=sent.pk, actor=verifier)

    assert yousign.cancelled == ["req-1"]
    assert [request.email for request in yousign.started] == [SIGNER, SIGNER]


def test_refusing_on_our_page_cancels_the_request(client, sent, yousign, commit):
    with commit():
        client.post(reverse("convention:convention_refuse", args=[last_token()]), {"reason": "Non."})

    assert yousign.cancelled == ["req-1"]


def test_webhook_does_not_exist_without_the_provider(settings, call):
    settings.SIGNATURE_PROVIDER = "embedded"
    assert call().status_code == 404


def test_provider_signs_in_the_place_of_the_editor(sent, yousign):
    assert yousign.started[0].box.y == round(core.SIGNATURE_TOPS[core.EDITOR] * core.MILLIMETRE)
