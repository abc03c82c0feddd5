"""How states are said to each reader: the editor hears what it means for them, agents what there is to do."""

from __future__ import annotations

from convergence.ui.values import Badge, Tone
from referencing.candidature.enums import CandidatureState, Holder

TONES: dict[str, Tone] = {
    CandidatureState.NEW: "new",
    CandidatureState.APPLIED: "info",
    CandidatureState.ADMISSIBILITY: "info",
    CandidatureState.EVALUATION: "info",
    CandidatureState.READY_COMMISSION: "success",
    CandidatureState.PRE_LISTED: "success",
    CandidatureState.INADMISSIBLE: "error",
    CandidatureState.CANCELLED: "neutral",
    CandidatureState.WITHDRAWN: "neutral",
    CandidatureState.ABANDONED: "neutral",
}


def state_badge(state: str) -> Badge:
    return Badge(CandidatureState(state).label, tone=TONES[state])


#: Who has the ball, as (subject, what they do), for agents.
AGENT_BALLS: dict[str, tuple[str, str]] = {
    Holder.EDITOR: ("L’éditeur", "doit répondre"),
    Holder.LISTING_TEAM: ("L’équipe de référencement", "doit avancer sur ce dossier"),
    Holder.EXPERTS: ("Les experts", "évaluent les critères"),
    Holder.TESTS: ("L’équipe de tests", "suit les tests de connexion"),
    Holder.COMMISSION: ("La commission", "examinera ce dossier"),
    Holder.NOBODY: ("Personne", "n’a plus rien à faire : ce dossier est clos"),
}
#: The same, for the editor.
EDITOR_BALLS: dict[str, tuple[str, str]] = {
    Holder.EDITOR: ("Vous", "devez répondre à ce qui vous est demandé"),
    Holder.LISTING_TEAM: ("L’équipe de référencement", "examine votre dossier"),
    Holder.EXPERTS: ("Les experts", "évaluent votre dossier"),
    Holder.TESTS: ("L’équipe de tests", "examine vos tests de connexion"),
    Holder.COMMISSION: ("La commission", "examinera votre dossier"),
    Holder.NOBODY: ("Personne", "n’a plus rien à faire : cette candidature est close"),
}


def ball_words(holder: str, *, is_instructor: bool) -> tuple[str, str]:
    return (AGENT_BALLS if is_instructor else EDITOR_BALLS)[holder]
