from referencing.commission.models.members import Clearance, Recusal, Seat, Term
from referencing.commission.models.minutes import Erratum, Minutes
from referencing.commission.models.opinion import (
    Opinion,
    Reservation,
    ReservationAnswer,
    ReservationComment,
    ReservationFile,
)
from referencing.commission.models.reading import Note, PreparedOpinion
from referencing.commission.models.session import (
    AgendaPoint,
    AgendaReminder,
    Attendance,
    CommissionSession,
    Convocation,
    ConvocationDocument,
    ConvocationReceipt,
    Guest,
    Mandate,
)
from referencing.commission.models.vote import Ballot, SecretBallot, Vote

__all__ = [
    "AgendaPoint",
    "AgendaReminder",
    "Attendance",
    "Ballot",
    "Clearance",
    "CommissionSession",
    "Convocation",
    "ConvocationDocument",
    "ConvocationReceipt",
    "Erratum",
    "Guest",
    "Mandate",
    "Minutes",
    "Note",
    "Opinion",
    "PreparedOpinion",
    "Recusal",
    "Reservation",
    "ReservationAnswer",
    "ReservationComment",
    "ReservationFile",
    "Seat",
    "SecretBallot",
    "Term",
    "Vote",
]
