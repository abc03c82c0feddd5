"""Use-cases of the instruction, one module per topic; what other apps and pages call is named here."""

from referencing.candidature.services.applying import apply, cancel, find_blockers, take_charge, withdraw
from referencing.candidature.services.connection.campaigns import cancel_campaign, open_campaign
from referencing.candidature.services.connection.standing import campaign_standing, find_test_blockers
from referencing.candidature.services.files import lock_file
from referencing.candidature.services.journal import tell

__all__ = [
    "apply",
    "campaign_standing",
    "cancel",
    "cancel_campaign",
    "find_blockers",
    "find_test_blockers",
    "lock_file",
    "open_campaign",
    "take_charge",
    "tell",
    "withdraw",
]
