"""The minister’s acts: drafted, signed, notified, contested; and the convention that three parties sign (T32–T37)."""

from referencing.decision.core.act import Signatory
from referencing.decision.services.countersigning import countersign_conventions, prepare_annex, send_annex_again
from referencing.decision.services.courts import execute_injunction, record_ruling, record_suit, resume_file
from referencing.decision.services.drafting import (
    draft_decision,
    draft_session,
    drop,
    endorse,
    rework,
    update_draft,
)
from referencing.decision.services.notifying import open_decision, presume_notifications, record_letter
from referencing.decision.services.remedies import answer_appeal, lodge_appeal, reject_silent, withdraw_appeal
from referencing.decision.services.signing import order_signature, receive_act, sign_decision, sign_decisions

__all__ = [
    "Signatory",
    "answer_appeal",
    "countersign_conventions",
    "draft_decision",
    "draft_session",
    "drop",
    "endorse",
    "execute_injunction",
    "lodge_appeal",
    "open_decision",
    "order_signature",
    "prepare_annex",
    "presume_notifications",
    "receive_act",
    "record_letter",
    "record_ruling",
    "record_suit",
    "reject_silent",
    "resume_file",
    "rework",
    "send_annex_again",
    "sign_decision",
    "sign_decisions",
    "update_draft",
    "withdraw_appeal",
]
