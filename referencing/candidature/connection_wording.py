"""How the states of the connection tests are said to each side, and who must act."""

from __future__ import annotations

from convergence.ui.values import Badge, Tone
from referencing.candidature.core.standing import EDITOR
from referencing.candidature.enums import CampaignState, Ruling

TONES: dict[str, Tone] = {
    CampaignState.UNIT_SELF_CHECK: "new",
    CampaignState.KEYS_SENT: "info",
    CampaignState.E2E_RUNNING: "info",
    CampaignState.ACCEPTANCE_SUBMITTED: "info",
    CampaignState.E2E_REDO: "warning",
    CampaignState.CONNECTION_PLANNED: "info",
    CampaignState.CONNECTION_RUNNING: "info",
    CampaignState.REMARK_DISPUTED: "warning",
    CampaignState.PASSED: "success",
    CampaignState.FAILED: "error",
    CampaignState.CANCELLED: "neutral",
}
#: What the tests team reads, where it differs from the name of the state.
AGENT_STATES: dict[str, str] = {
    CampaignState.UNIT_SELF_CHECK: "Clés à envoyer",
    CampaignState.ACCEPTANCE_SUBMITTED: "Recette à examiner",
    CampaignState.E2E_REDO: "Tests renvoyés à l’éditeur",
    CampaignState.REMARK_DISPUTED: "Contestation à trancher",
}
EDITOR_STATES: dict[str, str] = {
    CampaignState.UNIT_SELF_CHECK: "En attente des clés de test",
    CampaignState.KEYS_SENT: "Cahier de tests à remplir",
    CampaignState.ACCEPTANCE_SUBMITTED: "Recette en cours d’examen",
    CampaignState.REMARK_DISPUTED: "Contestation en cours d’examen",
}
#: (what the team must do, what the editor must do); the side that does not hold the ball reads the other’s.
TODO: dict[str, str] = {
    CampaignState.UNIT_SELF_CHECK: "envoyer les clés et le cahier de tests",
    CampaignState.KEYS_SENT: "remplir le cahier de tests",
    CampaignState.E2E_RUNNING: "remplir le cahier, puis déposer le dossier de recette",
    CampaignState.ACCEPTANCE_SUBMITTED: "examiner le dossier de recette",
    CampaignState.E2E_REDO: "refaire les tests renvoyés, puis déposer de nouveau le dossier",
    CampaignState.CONNECTION_RUNNING: "remplir le cahier final",
    CampaignState.REMARK_DISPUTED: "trancher la contestation",
}
RULING_TONES: dict[str, Tone] = {Ruling.UPHELD: "warning", Ruling.OVERTURNED: "success"}


def campaign_badge(state: str, *, is_editor: bool) -> Badge:
    words = (EDITOR_STATES if is_editor else AGENT_STATES).get(state) or str(CampaignState(state).label)
    return Badge(words, tone=TONES[state])


def campaign_ball(
    state: str, holder: str, *, is_editor: bool, is_booked: bool = False, may_judge: bool = False
) -> tuple[str, str, bool]:
    """Who, what, and whether it is the reader’s turn; `holder` as `services.connection.standing` says."""
    if not holder:
        return ("Personne", "n’a plus rien à faire : cette campagne est terminée", False)
    what = TODO.get(state)
    if what is None:  # raccordement being planned
        if holder == EDITOR:
            what = "réserver un créneau de raccordement"
        else:
            what = "commencer le raccordement le jour convenu" if is_booked else "fixer un créneau de raccordement"
    if state == CampaignState.REMARK_DISPUTED and not may_judge:
        return ("Le responsable des tests", f"doit {what}", False)
    if (holder == EDITOR) == is_editor:
        return ("Vous", f"devez {what}", True)
    return ("L’éditeur" if holder == EDITOR else "L’équipe de tests", f"doit {what}", False)
