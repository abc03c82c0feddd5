"""How opinions, votes and reservations are said."""

from __future__ import annotations

from datetime import date

from convergence.ui.values import Badge, Tone
from referencing.commission.enums import OpinionKind, ReservationState
from referencing.commission.models import Reservation

OPINION_TONES: dict[str, Tone] = {
    OpinionKind.FAVOURABLE: "success",
    OpinionKind.WITH_RESERVATIONS: "success",
    OpinionKind.WITH_SUSPENSIVE: "warning",
    OpinionKind.UNFAVOURABLE: "error",
}
RESERVATION_TONES: dict[str, Tone] = {
    ReservationState.OPEN: "new",
    ReservationState.ANSWERED: "info",
    ReservationState.LIFTED: "success",
    ReservationState.CLOSED: "neutral",
}


def opinion_badge(kind: str) -> Badge:
    return Badge(OpinionKind(kind).label, tone=OPINION_TONES[kind])


def reservation_badge(reservation: Reservation, *, today: date, is_editor: bool = False) -> Badge:
    """In the words of the reader; one that is overdue says so."""
    if reservation.state == ReservationState.OPEN and reservation.due_on < today:
        return Badge("Échéance dépassée", tone="error")
    if reservation.state == ReservationState.ANSWERED and is_editor:
        return Badge("Réponse en cours d’examen", tone="info")
    return Badge(ReservationState(reservation.state).label, tone=RESERVATION_TONES[reservation.state])


def nature_badge(reservation: Reservation) -> Badge:
    return Badge("Suspensive", tone="warning") if reservation.is_suspensive else Badge("Non suspensive", tone="neutral")
