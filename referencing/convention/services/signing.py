"""Signing without an account: the link, the one-time code, the signature itself; refusing; letting links lapse."""

from __future__ import annotations

import secrets
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from convergence.audit import workflow
from convergence.audit.services import record
from convergence.documents.signatures import SignatureFailed, sign_pdf
from convergence.kernel.errors import Blocker, TransitionRefused
from referencing.convention import core, drafting, notices
from referencing.convention.enums import LinkState
from referencing.convention.models import Signable, SigningLink
from referencing.convention.services.handing import (
    EMBEDDED,
    cancel_outside,
    hash_token,
    keep_pdf,
    lock_link,
    read_document,
    return_unsigned,
)
from referencing.convention.services.verifying import find_problem

if TYPE_CHECKING:
    from evidence.models import StoredFile

LOCATION = "France"


class LinkClosed(Exception):
    """The link cannot sign (any more); its page says why and what to do."""

    def __init__(self, state: LinkState) -> None:
        self.state = state
        super().__init__(state)


def find_link(*, token: str) -> SigningLink | None:
    """The link of a token with all that its page shows, whatever it is still worth; None when there is no such link."""
    return (
        SigningLink.objects.select_related(
            "convention__enrolment__product__organisation",
            "convention__enrolment__demarche",
            "convention__document__blob",
            "convention__signed_document__blob",
            "annex__convention__enrolment__product__organisation",
            "annex__convention__enrolment__demarche",
            "annex__document__blob",
            "annex__signed_document__blob",
        )
        .filter(token_hash=hash_token(token))
        .first()
    )


def send_code(*, token: str) -> SigningLink:
    """Note that the document was read, and mail a one-time code to the legal representative (BR-029).

    Raises LinkClosed, or TransitionRefused when the last code is too recent.
    """
    with transaction.atomic():
        link = _lock_open_link(token)
        _require_embedded(link.signable)
        now = timezone.now()
        if problem := core.may_send_code(sent_at=link.code_sent_at, sent=link.codes_sent, at=now):
            raise TransitionRefused([Blocker("code_throttled", problem)])
        code = "".join(secrets.choice("0123456789") for _ in range(core.CODE_DIGITS))
        link.read_at = link.read_at or now
        link.code_hash = _hash_code(link, code)
        link.code_sent_at = now
        link.code_expires_at = now + core.CODE_LIFETIME
        link.code_attempts = 0
        link.codes_sent += 1
        link.save()
        record(
            f"{link.signable._meta.model_name}.send_code", subject=link.signable, actor=None, data={"to": link.email}
        )
        transaction.on_commit(partial(notices.code_sent, link, code))
    return link


def sign(*, token: str, code: str) -> Signable:
    """Sign for the legal representative who typed the code sent to their own address (T08, BR-029).

    Sent twice, even at once, it signs once and answers the same. Raises LinkClosed, or TransitionRefused with what to do
    about the code or the signature; a wrong code stays counted.
    """
    with transaction.atomic():
        try:
            link = _lock_open_link(token)
        except LinkClosed as closed:
            if closed.state == LinkState.USED and (used := find_link(token=token)):
                return used.signable
            raise
        _require_embedded(link.signable)
        now = timezone.now()
        problem = core.explain_code(
            matches=constant_time_compare(link.code_hash, _hash_code(link, code)),
            has_code=bool(link.code_hash),
            expires_at=link.code_expires_at,
            attempts=link.code_attempts,
            at=now,
        )
        if problem:
            link.code_attempts = min(link.code_attempts + 1, core.CODE_ATTEMPTS)
            link.save(update_fields=["code_attempts"])
        else:
            _sign(link, token=token, at=now)
    if problem:
        raise TransitionRefused([Blocker("code", problem, "#id_code")])
    return link.signable


def _sign(link: SigningLink, *, token: str, at: datetime) -> None:
    signable = link.signable
    original = read_document(signable)
    try:
        signed = sign_pdf(
            original,
            signer_name=signable.signer_name,
            signer_email=link.email,
            reason=f"Signature de {drafting.words_of(signable)}",
            location=LOCATION,
            field_name=core.EDITOR,
            at=at,
            box=drafting.signature_box(core.EDITOR),
        )
    except SignatureFailed as failure:
        raise TransitionRefused([Blocker("signature_failed", str(failure))]) from failure
    keep_signed(link, original=original, signed=signed, at=at, token=token)


def keep_signed(link: SigningLink, *, original: bytes, signed: bytes, at: datetime, token: str = "") -> None:
    """Keep a signed document that has been verified, never another; tell the verifiers and the signer.

    The caller has locked link and document. Raises TransitionRefused when the document is not what was to be signed.
    """
    signable = link.signable
    if problem := find_problem(original=original, signed=signed):
        raise TransitionRefused([Blocker("signature_invalid", problem)])
    document = keep_pdf(signed, name=drafting.file_name(signable, is_signed=True))
    link.used_at = at
    link.code_hash = ""
    link.save(update_fields=["used_at", "code_hash"])
    signable.signed_document = document
    workflow.fire(
        signable,
        "sign",
        actor=None,
        at=at,
        data={"signer": signable.signer_email, "sha256": document.blob.sha256, "provider": signable.provider},
    )
    transaction.on_commit(partial(notices.document_signed, signable))
    transaction.on_commit(partial(notices.signed_copy, link, token))


def refuse(*, token: str, reason: str) -> Signable:
    """The legal representative declines, with a reason that editor and verifiers read (T08b). Raises LinkClosed."""
    with transaction.atomic():
        link = _lock_open_link(token)
        if not reason.strip():
            raise TransitionRefused([Blocker("reason", "Indiquez pourquoi vous ne signez pas.", "#id_reason")])
        decline(link, reason=reason.strip())
        cancel_outside(link)
    return link.signable


def decline(link: SigningLink, *, reason: str) -> None:
    """Close a locked link with the signer’s refusal."""
    link.refusal_reason = reason
    link.revoked_at = timezone.now()
    link.save(update_fields=["refusal_reason", "revoked_at"])
    return_unsigned(link.signable, reason=reason, is_refusal=True)


def expire_links(*, at: datetime) -> int:
    """Give conventions whose link has lapsed back to the verifiers (T08b). Returns how many; runs again safely."""
    lapsed = 0
    for link_id in SigningLink.objects.past(at=at).order_by("expires_at").values_list("pk", flat=True):
        with transaction.atomic():
            link = lock_link(link_id)
            if not link.is_unfinished:
                continue  # signed or replaced meanwhile
            link.revoked_at = at
            link.save(update_fields=["revoked_at"])
            cancel_outside(link)
            return_unsigned(link.signable, reason="Le lien de signature a expiré.")
            lapsed += 1
    return lapsed


def signed_copy(link: SigningLink, *, at: datetime) -> StoredFile | None:
    """The signed document that a used link still hands over, or None when its time is past."""
    if link.used_at is None or at >= link.used_at + core.COPY_LIFETIME:
        return None
    return link.signable.signed_document


def _lock_open_link(token: str) -> SigningLink:
    link_id = SigningLink.objects.filter(token_hash=hash_token(token)).values_list("pk", flat=True).first()
    if link_id is None:
        raise LinkClosed(LinkState.REVOKED)
    link = lock_link(link_id)
    if (state := link.state_at(timezone.now())) != LinkState.OPEN:
        raise LinkClosed(state)
    return link


def _require_embedded(signable: Signable) -> None:
    if signable.provider != EMBEDDED:
        raise TransitionRefused([Blocker("provider", "Ce document se signe chez le prestataire de signature.")])


def _hash_code(link: SigningLink, code: str) -> str:
    """Six digits are few: the hash is keyed by the secret of the platform and bound to the link."""
    return salted_hmac("convention.code", f"{link.pk}:{code}", algorithm="sha256").hexdigest()
