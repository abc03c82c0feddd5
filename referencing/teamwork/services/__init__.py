"""Use-cases of a team: delegations, proposals from outside, conversations, validation from the queue."""

from referencing.teamwork.services.conversing import post_message, settle
from referencing.teamwork.services.delegating import delegate, end_delegation, remind_delegations
from referencing.teamwork.services.inviting import create_link, find_link, open_link, revoke_link
from referencing.teamwork.services.proposing import LinkClosed, accept, propose, reject
from referencing.teamwork.services.validating import validate_awaiting

__all__ = [
    "LinkClosed",
    "accept",
    "create_link",
    "delegate",
    "end_delegation",
    "find_link",
    "open_link",
    "post_message",
    "propose",
    "reject",
    "remind_delegations",
    "revoke_link",
    "settle",
    "validate_awaiting",
]
