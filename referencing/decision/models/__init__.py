from referencing.decision.models.countersignature import Countersignature
from referencing.decision.models.decision import Decision, DecisionSeries
from referencing.decision.models.notification import NotificationProof, RegisteredLetter
from referencing.decision.models.remedies import Appeal, Suit

__all__ = [
    "Appeal",
    "Countersignature",
    "Decision",
    "DecisionSeries",
    "NotificationProof",
    "RegisteredLetter",
    "Suit",
]
