"""What an outside provider tells about a signature: believed once, and only about the link that it was given."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from convergence.documents.providers.base import EventKind, WebhookEvent
from referencing.convention.models import ProviderEvent, SigningLink
from referencing.convention.services.handing import YOUSIGN, give_back, lock_link, outside_provider, read_document
from referencing.convention.services.signing import decline, keep_signed
from referencing.convention.services.verifying import find_problem


def receive_provider_event(event: WebhookEvent) -> bool:
    """Act on an authentic event, once (BR-030). Returns whether it changed anything.

    Raises ProviderError, or TransitionRefused when the storage is full, and then remembers nothing, so that the provider’s next try may succeed.
    """
    link = _find_link(event)
    if link is None or event.kind is EventKind.OTHER:
        return False
    signed = outside_provider().fetch_signed(event.request_id) if event.kind is EventKind.SIGNED else b""
    with transaction.atomic():
        _, is_new = ProviderEvent.objects.get_or_create(provider=YOUSIGN, event_id=event.id)
        link = lock_link(link.pk)
        if not (is_new and link.is_unfinished):
            return False
        if signed:
            _receive_signed(link, signed)
        elif event.kind is EventKind.DECLINED:
            decline(link, reason=event.reason or "Aucun motif donné.")
        else:
            give_back(link, reason="Le lien de signature a expiré ou a été annulé chez le prestataire.")
    return True


def _receive_signed(link: SigningLink, signed: bytes) -> None:
    """Keep what the provider returns if it is our convention, intact; else the verifiers decide."""
    original = read_document(link.signable)
    if problem := find_problem(original=original, signed=signed):
        give_back(link, reason=f"Le document revenu du prestataire de signature n’est pas accepté. {problem}")
    else:
        keep_signed(link, original=original, signed=signed, at=timezone.now())


def _find_link(event: WebhookEvent) -> SigningLink | None:
    """The unfinished link of this very request, addressed to the legal representative who signs (BR-029)."""
    return (
        SigningLink.objects.unfinished()
        .filter(
            Q(email=F("convention__signer_email")) | Q(email=F("annex__signer_email")),
            provider_reference=event.request_id,
            pk__in=parse_reference(event.reference),
        )
        .exclude(provider_reference="")
        .first()
    )


def parse_reference(text: str) -> list[UUID]:
    """The key of a link that an event names, or nothing when it names none of ours."""
    try:
        return [UUID(text)]
    except ValueError:
        return []
