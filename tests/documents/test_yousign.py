"""The Yousign client against a local server that answers as its public documentation says."""

import hashlib
import hmac
import json
import threading
import time
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.exceptions import ImproperlyConfigured

from convergence.documents.providers.base import EventKind, ProviderError, SignatureRequest, WebhookRefused
from convergence.documents.providers.yousign import YousignProvider
from convergence.documents.signatures import SignatureBox

KEY, SECRET = "test-key", "webhook-secret"
REQUEST_ID = "6f7001fc-0000-4000-8000-000000000001"


class FakeYousign(BaseHTTPRequestHandler):
    """Signature requests with the states, answers and errors of the documentation; `server.calls` keeps what came."""

    def log_message(self, *args) -> None:
        """Say nothing on the console."""

    def handle_call(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.calls.append((self.command, self.path, self.headers, body))
        if self.headers["Authorization"] != f"Bearer {KEY}":
            return self.answer(401, {"type": "unauthorized", "detail": "Invalid authentication"})
        if self.path in self.server.failures:
            status, answer, wait = self.server.failures[self.path]
            time.sleep(wait)
            return self.answer(status, answer)
        route = (self.command, self.path.replace(REQUEST_ID, "{id}"))
        match route:
            case ("POST", "/v3/signature_requests"):
                self.server.request = json.loads(body)
                return self.answer(201, self.describe("draft"))
            case ("POST", "/v3/signature_requests/{id}/documents"):
                return self.answer(201, {"id": "document-1", "nature": "signable_document", "total_pages": 7})
            case ("POST", "/v3/signature_requests/{id}/signers"):
                self.server.signer = json.loads(body)
                return self.answer(201, {"id": "signer-1", "status": "initiated", "signature_link": None})
            case ("POST", "/v3/signature_requests/{id}/activate"):
                link = "https://yousign.app/signatures/signer-1?s=abc"
                return self.answer(201, self.describe("ongoing", signers=[{"id": "signer-1", "signature_link": link}]))
            case ("GET", "/v3/signature_requests/{id}"):
                return self.answer(200, self.describe(self.server.status))
            case ("POST", "/v3/signature_requests/{id}/cancel"):
                if self.server.status not in ("ongoing", "approval"):
                    return self.answer(
                        400, {"type": "signature_request.not_cancelable", "detail": "Cannot be canceled"}
                    )
                return self.answer(201, self.describe("canceled"))
            case ("DELETE", "/v3/signature_requests/{id}"):
                return self.answer(204, None)
            case ("GET", "/v3/signature_requests/{id}/documents/download?version=completed"):
                return self.answer(200, b"%PDF-1.7 signed", "application/pdf")
        return self.answer(404, {"type": "resource.not_found", "detail": "Not found"})

    do_GET = do_POST = do_DELETE = handle_call

    def describe(self, status: str, **more) -> dict:
        return {"id": REQUEST_ID, "status": status, "external_id": "ref-1", "signers": [], **more}

    def answer(self, status: int, content, mime: str = "application/json") -> None:
        payload = content if isinstance(content, bytes) else b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", mime)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


@pytest.fixture
def server():
    fake = ThreadingHTTPServer(("127.0.0.1", 0), FakeYousign)
    fake.calls, fake.failures, fake.status = [], {}, "ongoing"
    thread = threading.Thread(target=fake.serve_forever, daemon=True)
    thread.start()
    yield fake
    fake.shutdown()
    fake.server_close()
    thread.join()


def client(server, **options) -> YousignProvider:
    values = {"url": f"http://127.0.0.1:{server.server_port}/v3/", "api_key": KEY, "webhook_secret": SECRET}
    return YousignProvider(**{**values, **options})


@pytest.fixture
def request_():
    return SignatureRequest(
        reference="ref-1",
        title="Convention « Suivi Été »",
        document=b"%PDF-1.7 \x00\xff content",
        file_name="convention.pdf",
        first_name="Anne",
        last_name="Étienne",
        email="anne@editeur.example",
        box=SignatureBox(page=-1, x=51, y=600),
    )


def paths(server) -> list[str]:
    return [f"{method} {path.replace(REQUEST_ID, '{id}')}" for method, path, *_ in server.calls]


def test_request_goes_through_the_documented_steps(server, request_):
    started = client(server).start(request_)
    assert started.id == REQUEST_ID
    assert started.signing_url == "https://yousign.app/signatures/signer-1?s=abc"
    assert paths(server) == [
        "POST /v3/signature_requests",
        "POST /v3/signature_requests/{id}/documents",
        "POST /v3/signature_requests/{id}/signers",
        "POST /v3/signature_requests/{id}/activate",
    ]
    assert server.request["delivery_mode"] == "none"
    assert server.request["external_id"] == "ref-1"
    assert server.signer["signature_authentication_mode"] == "otp_email"
    assert server.signer["info"]["email"] == "anne@editeur.example"
    assert (server.signer["fields"][0]["document_id"], server.signer["fields"][0]["page"]) == ("document-1", 7)


def test_document_is_uploaded_byte_for_byte(server, request_):
    client(server).start(request_)
    _, _, headers, body = server.calls[1]
    form = message_from_bytes(f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode() + body)
    parts = {part.get_param("name", header="content-disposition"): part for part in form.get_payload()}
    assert parts["nature"].get_payload() == "signable_document"
    assert parts["file"].get_payload(decode=True) == request_.document
    assert parts["file"].get_content_type() == "application/pdf"


def test_refusal_keeps_what_yousign_says_and_leaves_no_draft(server, request_):
    path = f"/v3/signature_requests/{REQUEST_ID}/signers"
    answer = {
        "type": "validation.error",
        "detail": "You have some invalid params in your payload.",
        "invalid_params": [{"name": "info.email", "reason": "This value is not a valid email address."}],
    }
    server.failures[path] = (400, answer, 0)
    with pytest.raises(ProviderError, match="a refusé") as refusal:
        client(server).start(request_)
    assert "not a valid email" in refusal.value.detail
    assert not refusal.value.is_temporary
    assert paths(server)[-1] == "DELETE /v3/signature_requests/{id}"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_trouble_of_the_service_may_be_tried_again(server, request_, status):
    server.failures["/v3/signature_requests"] = (status, {"detail": "later"}, 0)
    with pytest.raises(ProviderError, match="ne répond pas") as trouble:
        client(server).start(request_)
    assert trouble.value.is_temporary


def test_silence_ends_with_a_timeout(server, request_):
    server.failures["/v3/signature_requests"] = (201, {}, 0.6)
    with pytest.raises(ProviderError, match="ne répond pas") as trouble:
        client(server, timeout=0.2).start(request_)
    assert trouble.value.is_temporary


def test_unreachable_service_is_said(request_):
    with pytest.raises(ProviderError, match="ne répond pas"):
        YousignProvider(url="http://127.0.0.1:9", api_key=KEY, webhook_secret=SECRET).start(request_)


def test_wrong_key_is_a_refusal(server, request_):
    with pytest.raises(ProviderError, match="a refusé") as refusal:
        client(server, api_key="wrong").start(request_)
    assert refusal.value.detail.startswith("401")


@pytest.mark.parametrize("answer", [b"<html>", [], {}, {"id": 5}])
def test_unexpected_answer_is_said(server, request_, answer):
    server.failures["/v3/signature_requests"] = (201, answer, 0)
    with pytest.raises(ProviderError, match="inattendue"):
        client(server).start(request_)


def test_activation_without_link_is_said_and_leaves_no_draft(server, request_):
    server.failures[f"/v3/signature_requests/{REQUEST_ID}/activate"] = (201, {"signers": []}, 0)
    with pytest.raises(ProviderError, match="inattendue"):
        client(server).start(request_)
    assert paths(server)[-1].startswith("DELETE")


def test_redirection_is_not_followed_with_the_key(server, request_):
    server.failures["/v3/signature_requests"] = (302, {}, 0)
    with pytest.raises(ProviderError, match="a refusé"):
        client(server).start(request_)


def test_cancel(server):
    client(server).cancel(REQUEST_ID)
    assert json.loads(server.calls[0][3])["reason"] == "other"


@pytest.mark.parametrize("status", ["done", "canceled", "declined", "expired"])
def test_cancel_leaves_a_closed_request_alone(server, status):
    server.status = status
    client(server).cancel(REQUEST_ID)


def test_cancel_of_an_open_request_that_is_refused_is_said(server):
    server.failures[f"/v3/signature_requests/{REQUEST_ID}/cancel"] = (400, {"detail": "custom_note missing"}, 0)
    with pytest.raises(ProviderError, match="a refusé"):
        client(server).cancel(REQUEST_ID)


def test_identifier_cannot_climb_in_the_address(server):
    client(server).cancel("../../users")
    assert server.calls[0][1] == "/v3/signature_requests/..%2F..%2Fusers/cancel"


def test_signed_document_is_fetched(server):
    assert client(server).fetch_signed(REQUEST_ID) == b"%PDF-1.7 signed"


def test_document_not_ready_is_a_refusal(server):
    path = f"/v3/signature_requests/{REQUEST_ID}/documents/download?version=completed"
    server.failures[path] = (400, {"detail": "is still ongoing"}, 0)
    with pytest.raises(ProviderError, match="a refusé") as refusal:
        client(server).fetch_signed(REQUEST_ID)
    assert "still ongoing" in refusal.value.detail


def test_archive_instead_of_a_document_is_refused(server):
    path = f"/v3/signature_requests/{REQUEST_ID}/documents/download?version=completed"
    server.failures[path] = (200, b"PK\x03\x04", 0)
    with pytest.raises(ProviderError, match="inattendue"):
        client(server).fetch_signed(REQUEST_ID)


# Webhooks: no server is needed, they come to us.


@pytest.fixture
def provider():
    return YousignProvider(url="https://api.yousign.example/v3", api_key=KEY, webhook_secret=SECRET)


def event(name: str = "signature_request.done", **more) -> bytes:
    told = {"id": REQUEST_ID, "status": "done", "external_id": "ref-1", **more}
    return json.dumps(
        {"event_id": "event-1", "event_name": name, "event_time": "1670855889", "data": {"signature_request": told}}
    ).encode()


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "X-Yousign-Signature-256": f"sha256={digest}", "X-Yousign-Retry": "0"}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("signature_request.done", EventKind.SIGNED),
        ("signature_request.declined", EventKind.DECLINED),
        ("signature_request.expired", EventKind.EXPIRED),
        ("signature_request.canceled", EventKind.CANCELED),
        ("signature_request.reminder_executed", EventKind.OTHER),
        ("signer.link_opened", EventKind.OTHER),
    ],
)
def test_authentic_event_is_read(provider, name, kind):
    body = event(name)
    read = provider.parse_webhook(signed(body), body)
    assert (read.id, read.kind, read.request_id, read.reference) == ("event-1", kind, REQUEST_ID, "ref-1")


def test_reason_of_a_refusal_is_read(provider):
    body = event("signature_request.declined", decline_information={"reason": "Mauvais signataire"})
    assert provider.parse_webhook(signed(body), body).reason == "Mauvais signataire"


@pytest.mark.rule("BR-030")
def test_event_sent_again_is_recognised_by_its_identifier(provider):
    body = event()
    first = provider.parse_webhook(signed(body), body)
    again = provider.parse_webhook({**signed(body), "X-Yousign-Retry": "3", "X-Yousign-Issued-At": "1670859489"}, body)
    assert again == first
    other = event().replace(b"event-1", b"event-2")
    assert provider.parse_webhook(signed(other), other).id != first.id


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Yousign-Signature-256": ""},
        {"X-Yousign-Signature-256": "sha256="},
        {"X-Yousign-Signature-256": "sha256=" + "0" * 64},
        {"X-Yousign-Signature-256": "é"},
        signed(event(), secret="another"),
        {"X-Yousign-Signature-256": signed(event())["X-Yousign-Signature-256"].removeprefix("sha256=")},
    ],
)
def test_event_without_the_right_signature_is_refused(provider, headers):
    with pytest.raises(WebhookRefused):
        provider.parse_webhook(headers, event())


def test_changed_body_is_refused(provider):
    with pytest.raises(WebhookRefused):
        provider.parse_webhook(signed(event()), event() + b" ")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"{", b"\xff", b'{"event_id":1}', b'{"event_id":"e","event_name":"x","data":{}}', b"5"],
)
def test_signed_nonsense_is_refused(provider, body):
    with pytest.raises(WebhookRefused):
        provider.parse_webhook(signed(body), body)


def test_header_name_is_read_in_any_case(provider):
    body = event()
    headers = {name.lower(): value for name, value in signed(body).items()}
    assert provider.parse_webhook(headers, body).id == "event-1"


@pytest.mark.parametrize("missing", ["url", "api_key", "webhook_secret"])
def test_half_a_configuration_is_refused(missing):
    values = {"url": "https://x.example", "api_key": KEY, "webhook_secret": SECRET, missing: ""}
    with pytest.raises(ImproperlyConfigured):
        YousignProvider(**values)
