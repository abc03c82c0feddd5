"""Use-cases of the instruction, one module per topic; what other apps and pages call is named here."""

from referencing.candidature.services.admission import answer_checklist, declare_admissible, declare_inadmissible
from referencing.candidature.services.applying import apply, cancel, find_blockers, withdraw
from referencing.candidature.services.assignment import assign_expert, assign_referent, take_charge
from referencing.candidature.services.files import lock_file
from referencing.candidature.services.journal import tell

__all__ = [
    "answer_checklist",
    "apply",
    "assign_expert",
    "assign_referent",
    "cancel",
    "declare_admissible",
    "declare_inadmissible",
    "find_blockers",
    "lock_file",
    "take_charge",
    "tell",
    "withdraw",
]
