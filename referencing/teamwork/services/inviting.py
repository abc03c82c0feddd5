"""Links by which somebody without an account proposes an answer to one criterion."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from questionnaires.services.locking import RECOVERED
from referencing.enrolment.answering.policy import policy_for
from referencing.teamwork import notices
from referencing.teamwork.models import ProposalLink
from referencing.teamwork.selectors import load_standings
from referencing.teamwork.services.locking import find_criterion, find_enrolment

if TYPE_CHECKING:
    from convergence.accounts.models import User

DAYS_MAX = 60
#: Links of one enrolment that may be open at the same time: a mailing list is no way to answer a criterion.
OPEN_MAX = 100


@transaction.atomic
def create_link(
    *, enrolment_id: UUID, criterion: str, email: str, days: int, actor: User, at: datetime, message: str = ""
) -> ProposalLink:
    """Mail a link to somebody; the token leaves in that mail and is kept nowhere.

    Raises DoesNotExist, KeyError for an unknown criterion, PermissionDenied, TransitionRefused with every reason.
    """
    enrolment = find_enrolment(enrolment_id, actor)
    find_criterion(enrolment, criterion)
    standing = load_standings([enrolment])[enrolment.pk]
    blockers = []
    if locked := policy_for(enrolment, actor).locked_reason:
        blockers.append(Blocker("locked", locked))
    if not any(criterion == code for asked in standing.asked.values() for _, code in asked):
        blockers.append(Blocker("not_shown", "Ce critère n’est pas demandé d’après votre orientation validée."))
    if criterion in standing.recovered:
        blockers.append(Blocker("recovered", RECOVERED))
    if not 1 <= days <= DAYS_MAX:
        blockers.append(Blocker("days", f"Un lien vaut de 1 à {DAYS_MAX} jours.", "#id_days"))
    links = ProposalLink.objects.filter(enrolment=enrolment, revoked_at__isnull=True, expires_at__gt=at)
    if links.count() >= OPEN_MAX:
        blockers.append(Blocker("too_many", f"{OPEN_MAX} liens sont déjà en cours pour ce produit. Annulez-en."))
    if blockers:
        raise TransitionRefused(blockers)
    token = secrets.token_urlsafe(32)
    link = ProposalLink.objects.create(
        enrolment=enrolment,
        criterion=criterion,
        email=email.lower(),
        message=message.strip(),
        token_hash=hash_token(token),
        created_by=actor,
        created_at=at,
        expires_at=at + timedelta(days=days),
    )
    record("proposallink.create", subject=link, actor=actor, data={"criterion": criterion, "email": link.email})
    transaction.on_commit(partial(notices.proposal_invited, link, token=token))
    return link


@transaction.atomic
def revoke_link(*, link_id: UUID, actor: User, at: datetime) -> ProposalLink:
    """Close a link at once; what it brought stays. Revoking twice changes nothing. Raises DoesNotExist."""
    link = ProposalLink.objects.visible_to(actor).locked().get(pk=link_id)
    if link.revoked_at is None:
        link.revoked_at, link.revoked_by = at, actor
        link.save(update_fields=["revoked_at", "revoked_by"])
        record("proposallink.revoke", subject=link, actor=actor, data={"email": link.email})
    return link


def find_link(*, token: str) -> ProposalLink | None:
    """One query: the link of a token with what its page names, whatever it is still worth; None for an unknown one."""
    return (
        ProposalLink.objects.select_related(
            "enrolment__product__organisation", "enrolment__response__definition", "created_by"
        )
        .defer("enrolment__response__definition__source")
        .filter(token_hash=hash_token(token))
        .first()
    )


def open_link(*, link: ProposalLink, at: datetime) -> None:
    """Note the first opening of a link, for those who sent it."""
    ProposalLink.objects.filter(pk=link.pk, opened_at__isnull=True).update(opened_at=at)


def hash_token(token: str) -> str:
    """What is kept of a link: its 256 random bits need no salt."""
    return hashlib.sha256(token.encode()).hexdigest()
