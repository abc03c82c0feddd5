"""Handing a convention to whoever collects the signature, and taking it back: our own link, or an outside provider."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from convergence.audit import workflow
from convergence.documents.providers.base import ProviderError, SignatureRequest
from convergence.documents.providers.yousign import YousignProvider
from convergence.jobs.models import Job
from convergence.jobs.services import enqueue
from convergence.kernel.errors import TransitionRefused
from evidence.errors import UploadRefused
from evidence.services import keep_generated, read_bytes
from referencing.convention import core, drafting, notices
from referencing.convention.enums import LinkState
from referencing.convention.models import Annex, Convention, Signable, SigningLink

if TYPE_CHECKING:
    from uuid import UUID

    from convergence.accounts.models import User
    from convergence.documents.providers.base import SignatureProvider
    from convergence.jobs.registry import Report
    from evidence.models import StoredFile

EMBEDDED, YOUSIGN = "embedded", "yousign"
START_JOB = "convention.start_signature"
CANCEL_JOB = "convention.cancel_signature"


def provider_name() -> str:
    """`embedded`, or the outside provider of the settings."""
    return YOUSIGN if settings.SIGNATURE_PROVIDER == YOUSIGN else EMBEDDED


def outside_provider() -> SignatureProvider:
    return YousignProvider.from_settings()


def hand_over(signable: Signable, *, at: datetime) -> None:
    """Let the legal representative sign, until the date that the démarche allows."""
    options = core.options_of(signable.enrolment.demarche.settings)
    if options is None:
        raise ValueError("a convention is sent only when its démarche is set")
    token = secrets.token_urlsafe(32)
    link = SigningLink.objects.create(
        **target_of(signable),
        token_hash=hash_token(token),
        email=signable.signer_email,
        expires_at=at + timedelta(days=options.link_days),
    )
    if signable.provider == EMBEDDED:
        transaction.on_commit(partial(notices.document_to_sign, signable, link, token))
    else:
        enqueue(kind=START_JOB, payload={"link": str(link.pk), "token": token}, key=str(link.pk))


def target_of(signable: Signable) -> dict[str, Signable]:
    """The column of a link that points at the document."""
    return {"annex": signable} if isinstance(signable, Annex) else {"convention": signable}


def take_back(signable: Signable, *, at: datetime) -> None:
    """Make every open link of the document worthless, at the outside provider too."""
    for link in signable.links.unfinished():
        link.revoked_at = at
        link.save(update_fields=["revoked_at"])
        cancel_outside(link)


def cancel_outside(link: SigningLink) -> None:
    if link.provider_reference:
        enqueue(kind=CANCEL_JOB, payload={"request": link.provider_reference}, key=link.provider_reference)


def start_outside(job: Job, report: Report) -> None:
    """Job handler: hand the document to the provider, then mail our link. A refusal gives the convention back."""
    link = SigningLink.objects.get(pk=job.payload["link"])
    if link.provider_reference or link.state_at(timezone.now()) != LinkState.OPEN:
        return
    if link.annex_id:
        link.annex = Annex.objects.with_convention().get(links=link.pk)
    else:
        link.convention = Convention.objects.with_enrolment().with_documents().get(links=link.pk)
    signable = link.signable
    values = signable.sheet_version.values
    try:
        started = outside_provider().start(
            SignatureRequest(
                reference=str(link.pk),
                title=f"{drafting.title_of(signable)} – {signable.enrolment.label}",
                document=read_document(signable),
                file_name=drafting.file_name(signable, is_signed=False),
                first_name=values["representative_first_name"],
                last_name=values["representative_last_name"],
                email=link.email,
                box=drafting.signature_box(core.EDITOR),
            )
        )
    except ProviderError as error:
        give_back(link, reason=str(error), detail=error.detail)
        return
    with transaction.atomic():
        link = lock_link(link.pk)
        link.provider_reference, link.signing_url = started.id, started.signing_url
        link.save(update_fields=["provider_reference", "signing_url"])
        if link.state_at(timezone.now()) == LinkState.OPEN:
            transaction.on_commit(partial(notices.document_to_sign, link.signable, link, job.payload["token"]))
            Job.objects.filter(pk=job.pk).update(payload={"link": str(link.pk)})  # the token is not kept in clear
        else:  # taken back while the provider was answering
            cancel_outside(link)


def cancel_started(job: Job, report: Report) -> None:
    """Job handler: the provider closes a request that we took back."""
    outside_provider().cancel(job.payload["request"])


@transaction.atomic
def give_back(link: SigningLink, *, reason: str, detail: str = "") -> None:
    """The link leads to no signature: the convention goes back to the verifiers (T08b)."""
    link = lock_link(link.pk)
    if link.is_unfinished:
        link.revoked_at = timezone.now()
        link.save(update_fields=["revoked_at"])
        return_unsigned(link.signable, reason=reason, detail=detail)


def return_unsigned(signable: Signable, *, reason: str, is_refusal: bool = False, detail: str = "") -> None:
    """Back to the verifiers; editor and verifiers are told (T08b). The caller has locked the row."""
    workflow.fire(signable, "return_unsigned", actor=None, reason=reason, data={"detail": detail} if detail else None)
    transaction.on_commit(partial(notices.document_returned, signable, reason=reason, is_refusal=is_refusal))


def lock_link(link_id: UUID) -> SigningLink:
    """The link and its document, locked in the order that everybody follows: document first."""
    convention = Convention.objects.with_enrolment().with_documents().locked().filter(links=link_id).first()
    annex = None if convention else Annex.objects.with_convention().locked().get(links=link_id)
    link = SigningLink.objects.locked().get(pk=link_id)
    link.convention, link.annex = convention, annex
    return link


def read_document(signable: Signable) -> bytes:
    """The PDF to sign, as it was sent."""
    if signable.document is None:
        raise ValueError("this document was never sent")
    return read_bytes(signable.document)


def keep_pdf(content: bytes, *, name: str, actor: User | None = None) -> StoredFile:
    """Keep a PDF of ours. Raises TransitionRefused when the storage is full."""
    try:
        return keep_generated(content=content, name=name, code="pdf", actor=actor)
    except UploadRefused as refusal:
        raise TransitionRefused(refusal.problems) from refusal


def hash_token(token: str) -> str:
    """What is kept of a link: its 256 random bits need no salt, and the index compares hashes, never tokens."""
    return hashlib.sha256(token.encode()).hexdigest()
