"""Yousign, API v3, written from its public documentation (developers.yousign.com).

One signature request per document: created, document uploaded, signer added with a code sent by e-mail, activated.
`delivery_mode` is `none`: the platform mails the address of signature itself and keeps the trace.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import requests
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from .base import EventKind, ProviderError, ProviderRequest, SignatureRequest, WebhookEvent, WebhookRefused

TIMEOUT = (5, 30)  # seconds to connect, to wait for bytes
LONGEST_TITLE = 128
LONGEST_WEBHOOK = 1_000_000  # bytes
SIGNATURE_HEADER = "x-yousign-signature-256"

EVENTS = {
    "signature_request.done": EventKind.SIGNED,
    "signature_request.declined": EventKind.DECLINED,
    "signature_request.expired": EventKind.EXPIRED,
    "signature_request.canceled": EventKind.CANCELED,
}

UNREACHABLE = "Le service de signature ne répond pas. Réessayez dans quelques minutes."
REFUSED = "Le service de signature a refusé la demande."
UNEXPECTED = "Le service de signature a donné une réponse inattendue."


class YousignProvider:
    """Client of one Yousign account; `from_settings()` reads the `YOUSIGN_*` settings."""

    def __init__(self, *, url: str, api_key: str, webhook_secret: str, timeout: Any = TIMEOUT) -> None:
        if not (url and api_key and webhook_secret):
            raise ImproperlyConfigured("YOUSIGN_API_URL, YOUSIGN_API_KEY and YOUSIGN_WEBHOOK_SECRET are all needed")
        self._url = url.rstrip("/")
        self._api_key = api_key
        self._secret = webhook_secret.encode()
        self._timeout = timeout

    @classmethod
    def from_settings(cls) -> "YousignProvider":
        return cls(
            url=settings.YOUSIGN_API_URL,
            api_key=settings.YOUSIGN_API_KEY,
            webhook_secret=settings.YOUSIGN_WEBHOOK_SECRET,
        )

    def start(self, request: SignatureRequest) -> ProviderRequest:
        """See `SignatureProvider`; a request that fails half-way is deleted at Yousign before the error is raised."""
        created = self._json(
            "POST",
            "/signature_requests",
            json={
                "name": request.title[:LONGEST_TITLE],
                "delivery_mode": "none",
                "timezone": "Europe/Paris",
                "audit_trail_locale": "fr",
                "external_id": request.reference,
                "signers_allowed_to_decline": True,
            },
        )
        path = f"/signature_requests/{_segment(created, 'id')}"
        try:
            document = self._json(
                "POST",
                f"{path}/documents",
                files={"file": (request.file_name, request.document, "application/pdf")},
                data={"nature": "signable_document"},
            )
            self._json("POST", f"{path}/signers", json=_describe_signer(request, document))
            activated = self._json("POST", f"{path}/activate")
            signing_url = activated["signers"][0]["signature_link"]
        except ProviderError:
            self._abandon(path)
            raise
        except (KeyError, IndexError, TypeError) as error:
            self._abandon(path)
            raise ProviderError(UNEXPECTED, detail=f"no signature_link ({error!r})") from error
        return ProviderRequest(id=created["id"], signing_url=signing_url)

    def cancel(self, request_id: str) -> None:
        """See `SignatureProvider`. Yousign cancels only what waits for a signature; its 400 for the rest is ignored."""
        response = self._call(
            "POST",
            f"/signature_requests/{quote(request_id, safe='')}/cancel",
            json={"reason": "other", "custom_note": "Demande annulée par la plateforme"},
            accept=(400, 404),
        )
        if response.status_code == 400 and self._status(request_id) in ("ongoing", "approval"):
            raise ProviderError(REFUSED, detail=_read_detail(response))

    def fetch_signed(self, request_id: str) -> bytes:
        path = f"/signature_requests/{quote(request_id, safe='')}/documents/download"
        content = self._call("GET", path, params={"version": "completed"}).content
        if not content.startswith(b"%PDF-"):
            raise ProviderError(UNEXPECTED, detail="the signed document is not a PDF")
        return content

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
        """See `SignatureProvider`; the HMAC of the raw body is compared in constant time before anything is read."""
        given = next((value for name, value in headers.items() if name.lower() == SIGNATURE_HEADER), "")
        expected = f"sha256={hmac.new(self._secret, body, hashlib.sha256).hexdigest()}"
        if len(body) > LONGEST_WEBHOOK or not hmac.compare_digest(given.encode(), expected.encode()):
            raise WebhookRefused("signature of the webhook is wrong")
        try:
            event = json.loads(body)
            told = event["data"]["signature_request"]
            declined = told.get("decline_information") or {}
            return WebhookEvent(
                id=_text(event["event_id"]),
                kind=EVENTS.get(event["event_name"], EventKind.OTHER),
                request_id=_text(told["id"]),
                reference=told.get("external_id") or "",
                reason=declined.get("reason") or "",
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise WebhookRefused("webhook is not an event of a signature request") from error

    def _status(self, request_id: str) -> str:
        return str(self._json("GET", f"/signature_requests/{quote(request_id, safe='')}").get("status"))

    def _abandon(self, path: str) -> None:
        """Delete a draft; when even that fails, Yousign keeps a draft that nobody was told of."""
        try:
            self._call("DELETE", path, accept=(400, 404))
        except ProviderError:
            return

    def _json(self, method: str, path: str, **kwargs: Any) -> dict[str, Any]:
        response = self._call(method, path, **kwargs)
        try:
            answer = response.json()
        except ValueError as error:
            raise ProviderError(UNEXPECTED, detail="answer is not JSON") from error
        if not isinstance(answer, dict):
            raise ProviderError(UNEXPECTED, detail="answer is not an object")
        return answer

    def _call(self, method: str, path: str, *, accept: tuple[int, ...] = (), **kwargs: Any) -> requests.Response:
        try:
            response = requests.request(
                method,
                self._url + path,
                headers={"Authorization": f"Bearer {self._api_key}"},
                timeout=self._timeout,
                allow_redirects=False,
                **kwargs,
            )
        except requests.RequestException as error:
            raise ProviderError(UNREACHABLE, detail=type(error).__name__, is_temporary=True) from error
        if response.status_code // 100 == 2 or response.status_code in accept:
            return response
        is_temporary = response.status_code == 429 or response.status_code >= 500
        raise ProviderError(
            UNREACHABLE if is_temporary else REFUSED, detail=_read_detail(response), is_temporary=is_temporary
        )


def _describe_signer(request: SignatureRequest, document: Mapping[str, Any]) -> dict[str, Any]:
    box = request.box
    page = box.page if box.page > 0 else int(document["total_pages"]) + 1 + box.page
    return {
        "info": {
            "first_name": request.first_name,
            "last_name": request.last_name,
            "email": request.email,
            "locale": "fr",
        },
        "signature_level": "electronic_signature",
        "signature_authentication_mode": "otp_email",
        "fields": [
            {
                "type": "signature",
                "document_id": document["id"],
                "page": page,
                "x": box.x,
                "y": box.y,
                "width": box.width,
                "height": box.height,
            }
        ],
    }


def _read_detail(response: requests.Response) -> str:
    """Return status and what Yousign says of an error (RFC 7807: `detail`, `invalid_params`), cut to a line."""
    try:
        answer = response.json()
        said = " ".join(
            [str(answer.get("detail", "")), *(str(each.get("reason")) for each in answer.get("invalid_params") or ())]
        )
    except (ValueError, AttributeError, TypeError):
        said = response.text
    return f"{response.status_code} {said}"[:500]


def _segment(answer: Mapping[str, Any], key: str) -> str:
    if not isinstance(value := answer.get(key), str) or not value:
        raise ProviderError(UNEXPECTED, detail=f"no {key} in the answer")
    return quote(value, safe="")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("text expected")
    return value
