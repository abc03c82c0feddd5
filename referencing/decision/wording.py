"""How acts are named to each reader: before it takes note of one, the editor only knows that it waits (A-32)."""

from __future__ import annotations

from convergence.ui.values import Badge, Tone
from referencing.decision.enums import AppealState, DecisionState, SuitState
from referencing.decision.models import Appeal, Decision, Suit

TONES: dict[str, Tone] = {
    DecisionState.DRAFT: "new",
    DecisionState.ENDORSED: "info",
    DecisionState.SIGNED: "info",
    DecisionState.NOTIFIED: "success",
    DecisionState.COURT_SUSPENDED: "warning",
    DecisionState.ANNULLED: "error",
    DecisionState.ABROGATED: "error",
    DecisionState.DROPPED: "neutral",
}
APPEAL_TONES: dict[str, Tone] = {
    AppealState.LODGED: "info",
    AppealState.REJECTED: "error",
    AppealState.SILENTLY_REJECTED: "warning",
    AppealState.GRANTED: "success",
    AppealState.WITHDRAWN: "neutral",
}
SUIT_TONES: dict[str, Tone] = {
    SuitState.PENDING: "info",
    SuitState.SUSPENDED: "warning",
    SuitState.REJECTED: "neutral",
    SuitState.ANNULLED: "error",
    SuitState.ENDED: "neutral",
}


def is_veiled(decision: Decision, *, is_editor: bool) -> bool:
    """Whether this reader must take note of the act before reading it."""
    return is_editor and decision.state == DecisionState.SIGNED


def title_of(decision: Decision, *, is_editor: bool = False) -> str:
    if is_veiled(decision, is_editor=is_editor):
        return "Une décision vous attend"
    if not decision.number:
        return f"Projet : {decision.get_kind_display().lower()}"
    return f"{decision.get_kind_display()} n° {decision.number}"


def decision_badge(decision: Decision, *, is_editor: bool = False) -> Badge:
    if is_veiled(decision, is_editor=is_editor):
        return Badge("À consulter", tone="new")
    return Badge(str(decision.get_state_display()), tone=TONES[decision.state])


def appeal_badge(appeal: Appeal) -> Badge:
    return Badge(str(appeal.get_state_display()), tone=APPEAL_TONES.get(appeal.state, "neutral"))


def suit_badge(suit: Suit) -> Badge:
    return Badge(str(suit.get_state_display()), tone=SUIT_TONES[suit.state])
