"""The life of a convention: prepared and sent by a verifier, signed by the legal representative, validated (T06–T09)."""

from referencing.convention.services.annexes import find_annex_blockers, resend_annex, send_annex
from referencing.convention.services.closing import find_validate_blockers, validate_convention
from referencing.convention.services.handing import outside_provider, provider_name
from referencing.convention.services.preparing import (
    change_representative,
    choose_terms,
    find_send_blockers,
    preview,
    resend_link,
    send_convention,
    validate_sheet_and_prepare,
)
from referencing.convention.services.provider_events import receive_provider_event
from referencing.convention.services.signing import (
    LinkClosed,
    expire_links,
    find_link,
    refuse,
    send_code,
    sign,
    signed_copy,
)
from referencing.convention.services.verifying import SignatureReport, examine_signature

__all__ = [
    "LinkClosed",
    "SignatureReport",
    "change_representative",
    "choose_terms",
    "examine_signature",
    "expire_links",
    "find_annex_blockers",
    "find_link",
    "find_send_blockers",
    "find_validate_blockers",
    "outside_provider",
    "preview",
    "provider_name",
    "receive_provider_event",
    "refuse",
    "resend_annex",
    "resend_link",
    "send_annex",
    "send_code",
    "send_convention",
    "sign",
    "signed_copy",
    "validate_convention",
    "validate_sheet_and_prepare",
]
