"""How sessions, points and counts are said."""

from __future__ import annotations

from convergence.ui.values import Badge, Tone
from referencing.commission.core.quorum import NEEDED, Quorum
from referencing.commission.enums import PointOutcome, SessionState

SESSION_TONES: dict[str, Tone] = {
    SessionState.PLANNED: "new",
    SessionState.CONVOKED: "info",
    SessionState.OPEN: "success",
    SessionState.WITHOUT_QUORUM: "warning",
    SessionState.RECONVOKED: "info",
    SessionState.CLOSED: "neutral",
    SessionState.MINUTES_APPROVED: "success",
    SessionState.CANCELLED: "neutral",
}
OUTCOME_TONES: dict[str, Tone] = {
    PointOutcome.PENDING: "info",
    PointOutcome.OPINION: "success",
    PointOutcome.POSTPONED: "warning",
    PointOutcome.ADJOURNED: "warning",
    PointOutcome.WITHDRAWN: "neutral",
}


def session_badge(state: str) -> Badge:
    return Badge(SessionState(state).label, tone=SESSION_TONES[state])


def outcome_badge(outcome: str) -> Badge:
    return Badge(PointOutcome(outcome).label, tone=OUTCOME_TONES[outcome])


def say_count(count: Quorum) -> str:
    """« 6 présents ou représentés sur 9, quorum de 5 atteint »."""
    people = "présent ou représenté" if count.counted < 2 else "présents ou représentés"
    said = f"{count.counted} {people} sur {count.denominator}"
    if count.needed < NEEDED:
        return f"{said}, sans condition de quorum (seconde convocation)"
    if count.is_met:
        return f"{said}, quorum de {count.needed} atteint"
    return f"{said}, il en manque {count.missing} pour le quorum de {count.needed}"


def count_badge(count: Quorum) -> Badge:
    if count.needed < NEEDED:
        return Badge("Sans condition de quorum", tone="success" if count.is_met else "warning")
    return Badge(
        "Quorum atteint" if count.is_met else "Quorum non atteint", tone="success" if count.is_met else "error"
    )
