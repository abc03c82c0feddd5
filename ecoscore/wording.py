"""States, sentences and names as people read them."""

from __future__ import annotations

from convergence.ui.values import Badge, Tone
from ecoscore.enums import MeasureKind, MeasureState
from ecoscore.models import Measure

TONES: dict[str, Tone] = {
    MeasureState.DRAFT: "new",
    MeasureState.CHECKED: "info",
    MeasureState.DEBUGGING: "info",
    MeasureState.INTERMEDIATE: "info",
    MeasureState.QUEUED: "info",
    MeasureState.FINAL: "success",
    MeasureState.PUBLISHED: "success",
    MeasureState.FAILED: "error",
    MeasureState.CANCELLED: "neutral",
}

#: Who has the ball, and what to do.
BALLS: dict[str, tuple[str, str]] = {
    MeasureState.DRAFT: ("Vous", "devez corriger les erreurs du scénario"),
    MeasureState.CHECKED: ("Vous", "pouvez lancer une mesure intermédiaire, ou compléter le scénario"),
    MeasureState.DEBUGGING: ("Le banc", "mesure\u202f; vous pouvez quitter cette page"),
    MeasureState.INTERMEDIATE: ("Vous", "pouvez compléter le scénario, ou lancer la mesure finale"),
    MeasureState.QUEUED: ("Le banc", "fait la mesure finale\u202f; vous pouvez quitter cette page"),
    MeasureState.FINAL: ("Vous", "pouvez publier ce résultat, ou le reprendre dans votre questionnaire"),
    MeasureState.PUBLISHED: ("Vous", "pouvez reprendre ce résultat dans votre questionnaire"),
    MeasureState.FAILED: ("Vous", "pouvez corriger le scénario, ou relancer la mesure"),
    MeasureState.CANCELLED: ("Vous", "pouvez relancer la mesure"),
}
ENVIRONMENT_BALLS: dict[str, tuple[str, str]] = {
    MeasureState.INTERMEDIATE: ("Vous", "pouvez passer au scénario\u00a0: le banc atteint votre application"),
    MeasureState.FAILED: ("Vous", "devez lire le motif, puis vérifier de nouveau"),
    MeasureState.CANCELLED: ("Vous", "pouvez vérifier de nouveau"),
    MeasureState.CHECKED: ("Vous", "pouvez lancer la vérification"),
}


def state_badge(measure: Measure) -> Badge:
    label = MeasureState(measure.state).label
    if measure.kind == MeasureKind.ENVIRONMENT and measure.state == MeasureState.INTERMEDIATE:
        return Badge("Environnement vérifié", tone="success")
    return Badge(str(label), tone=TONES[measure.state])


def ball_words(measure: Measure, *, may_edit: bool) -> tuple[str, str]:
    """« Vous » + what to do; those who only read are told who may."""
    special = ENVIRONMENT_BALLS if measure.kind == MeasureKind.ENVIRONMENT else {}
    who, what = special.get(measure.state) or BALLS[measure.state]
    if who == "Vous" and not may_edit:
        return "L’éditeur", what.replace("devez", "doit").replace("pouvez", "peut").replace("votre", "son")
    return who, what
