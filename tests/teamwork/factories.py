"""Teams at work on the small grid."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.core import mail
from django.utils import timezone

from convergence.accounts.enums import MembershipType
from convergence.accounts.models import User
from referencing.enrolment.models import Enrolment
from referencing.teamwork.models import Proposal, ProposalLink
from referencing.teamwork.services import create_link, propose
from referencing.teamwork.services.inviting import hash_token
from tests.factories import make_member
from tests.questionnaires.factories import make_enrolment, orient

LEVELS, ETHICS, DOCUMENTS = "A06.1.2", "DEV.1.2", "RGPD.1"
TOKEN = "jeton-de-proposition-"


def make_team() -> tuple[Enrolment, User, User]:
    """An enrolment whose questionnaires are open, its mandataire and a contributeur."""
    enrolment = make_enrolment()
    orient(enrolment.response)
    organisation = enrolment.product.organisation
    return enrolment, make_member(organisation), make_member(organisation, MembershipType.SALARIE)


def make_link(enrolment: Enrolment, actor: User, criterion: str = ETHICS, **fields: Any) -> tuple[ProposalLink, str]:
    """A link and its token, without a mail."""
    link = create_link(
        enrolment_id=enrolment.pk,
        criterion=criterion,
        email=fields.pop("email", "jo@hebergeur.example"),
        days=14,
        actor=actor,
        at=timezone.now(),
    )
    token = f"{TOKEN}{link.pk}"
    ProposalLink.objects.filter(pk=link.pk).update(token_hash=hash_token(token), **fields)
    link.refresh_from_db()
    return link, token


def make_proposal(token: str, **fields: Any) -> Proposal:
    given: dict[str, Any] = {
        "author_name": "Jo Martin",
        "author_organisation": "Hébergeur du Nord",
        "value": {"compliance": "conforme"},
        "comment": "Audit joint.",
        "uploads": [],
        "at": timezone.now(),
    }
    return propose(token=token, **(given | fields))


def mailed_token() -> str:
    """The token of the last mail that carries one."""
    for message in reversed(mail.outbox):
        if found := re.search(r"/proposer/([\w-]+)/", message.body):
            return found[1]
    raise AssertionError("no mail carries a link")


def expire(link: ProposalLink) -> None:
    past = timezone.now() - timedelta(days=30)
    ProposalLink.objects.filter(pk=link.pk).update(created_at=past, expires_at=past + timedelta(days=1))
