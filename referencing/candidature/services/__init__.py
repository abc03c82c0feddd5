"""Use-cases of the instruction, one module per topic; what other apps and pages call is named here."""

from referencing.candidature.services.admission import answer_checklist, declare_admissible, declare_inadmissible
from referencing.candidature.services.applying import apply, cancel, find_blockers, withdraw
from referencing.candidature.services.assignment import assign_expert, assign_referent, take_charge
from referencing.candidature.services.discussing import move_discussion, open_discussion, reply
from referencing.candidature.services.evidence import add_pin, has_secrets, settle_pin, show_secrets
from referencing.candidature.services.files import lock_file
from referencing.candidature.services.journal import tell
from referencing.candidature.services.presence import be_present
from referencing.candidature.services.reviewing import (
    StaleVerdict,
    UnknownCriterion,
    conclude_theme,
    give_verdict,
    give_visa,
    reopen_theme,
    send_back_theme,
)

__all__ = [
    "StaleVerdict",
    "UnknownCriterion",
    "add_pin",
    "answer_checklist",
    "apply",
    "assign_expert",
    "assign_referent",
    "be_present",
    "cancel",
    "conclude_theme",
    "declare_admissible",
    "declare_inadmissible",
    "find_blockers",
    "give_verdict",
    "give_visa",
    "has_secrets",
    "lock_file",
    "move_discussion",
    "open_discussion",
    "reopen_theme",
    "reply",
    "send_back_theme",
    "settle_pin",
    "show_secrets",
    "take_charge",
    "tell",
    "withdraw",
]
