"""Use-cases of the instruction, one module per topic; what other apps and pages call is named here."""

from referencing.candidature.services.admission import answer_checklist, declare_admissible, declare_inadmissible
from referencing.candidature.services.answering import (
    StaleBuffer,
    add_file,
    remove_file,
    save_item,
    save_reply,
    send_answers,
    send_reply,
)
from referencing.candidature.services.applying import apply, cancel, find_blockers, withdraw
from referencing.candidature.services.asking import (
    ask_extension,
    decide_extension,
    open_request,
    remind,
    send_formal_reminder,
    withdraw_request,
)
from referencing.candidature.services.assignment import assign_expert, assign_referent, take_charge
from referencing.candidature.services.connection.campaigns import cancel_campaign, narrow_campaign, open_campaign
from referencing.candidature.services.connection.standing import (
    campaign_standing,
    find_running_tests,
    find_test_blockers,
)
from referencing.candidature.services.discussing import move_discussion, open_discussion, reply
from referencing.candidature.services.ending import close_children, lapse
from referencing.candidature.services.evidence import add_pin, settle_pin, show_secrets
from referencing.candidature.services.files import lock_file
from referencing.candidature.services.journal import tell
from referencing.candidature.services.non_conformities import (
    find_blocking,
    lift_non_conformity,
    maintain_non_conformity,
    open_non_conformity,
    reopen_non_conformity,
)
from referencing.candidature.services.presence import be_present
from referencing.candidature.services.reading import mark_read
from referencing.candidature.services.reviewing import (
    StaleVerdict,
    UnknownCriterion,
    conclude_theme,
    give_verdict,
    give_visa,
    reopen_theme,
    send_back_theme,
)
from referencing.candidature.services.scope import reduce_scope

__all__ = [
    "StaleBuffer",
    "StaleVerdict",
    "UnknownCriterion",
    "add_file",
    "add_pin",
    "answer_checklist",
    "apply",
    "ask_extension",
    "assign_expert",
    "assign_referent",
    "be_present",
    "campaign_standing",
    "cancel",
    "cancel_campaign",
    "close_children",
    "conclude_theme",
    "decide_extension",
    "declare_admissible",
    "declare_inadmissible",
    "find_blockers",
    "find_blocking",
    "find_running_tests",
    "find_test_blockers",
    "give_verdict",
    "give_visa",
    "lapse",
    "lift_non_conformity",
    "lock_file",
    "maintain_non_conformity",
    "mark_read",
    "move_discussion",
    "narrow_campaign",
    "open_campaign",
    "open_discussion",
    "open_non_conformity",
    "open_request",
    "reduce_scope",
    "remind",
    "remove_file",
    "reopen_non_conformity",
    "reopen_theme",
    "reply",
    "save_item",
    "save_reply",
    "send_answers",
    "send_back_theme",
    "send_formal_reminder",
    "send_reply",
    "settle_pin",
    "show_secrets",
    "take_charge",
    "tell",
    "withdraw",
    "withdraw_request",
]
