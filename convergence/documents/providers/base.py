"""What the platform asks of whoever collects a person's signature on a PDF."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from ..signatures import SignatureBox


@dataclass(frozen=True, slots=True)
class SignatureRequest:
    """A PDF to be signed by one person. `reference` is ours, comes back in every event and must not be guessable."""

    reference: str
    title: str
    document: bytes
    file_name: str
    first_name: str
    last_name: str
    email: str
    box: SignatureBox = field(default_factory=SignatureBox)


@dataclass(frozen=True, slots=True)
class ProviderRequest:
    """A request that the provider accepted: its own id, and the address where the person signs."""

    id: str
    signing_url: str


class EventKind(StrEnum):
    """What happened, in our words; anything else a provider tells is OTHER and changes nothing."""

    SIGNED = "signed"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELED = "canceled"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """An authentic event. `id` is the same each time the provider sends it again: what was seen has no effect twice."""

    id: str
    kind: EventKind
    request_id: str
    reference: str
    reason: str = ""


class ProviderError(Exception):
    """The provider refused or did not answer. The message is French; `detail` is its own words, for the journal.

    `is_temporary`: the same call may succeed later.
    """

    def __init__(self, message: str, *, detail: str = "", is_temporary: bool = False) -> None:
        super().__init__(message)
        self.detail = detail
        self.is_temporary = is_temporary


class WebhookRefused(Exception):
    """The call is not from the provider, or is not an event: answer 403 and do nothing."""


class SignatureProvider(Protocol):
    """A provider. Methods that call out raise ProviderError; run them in a job."""

    def start(self, request: SignatureRequest) -> ProviderRequest:
        """Hand the document over; the platform itself mails the address to the person."""
        ...

    def cancel(self, request_id: str) -> None:
        """Withdraw a request that is not signed yet; one that is already closed is left alone."""
        ...

    def fetch_signed(self, request_id: str) -> bytes:
        """Return the signed PDF; the caller verifies it before it is stored."""
        ...

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
        """Return the event of a call, or raise WebhookRefused; changes nothing, so it may be called again."""
        ...
