"""The start of every write: lock, and refuse what is not open."""

from __future__ import annotations

from convergence.kernel.errors import Blocker, TransitionRefused
from questionnaires.enums import Status
from questionnaires.models import ORIENTATION, QuestionnaireResponse, Response

#: Why an answer that is taken from elsewhere takes neither text nor file (BR-194).
RECOVERED = (
    "Ce critère reprend la réponse de l’éditeur producteur. Choisissez « Répondre moi-même » pour y répondre ou y déposer "
    "une preuve."
)


def lock_questionnaire(response: Response, questionnaire: str) -> QuestionnaireResponse:
    """One query: the questionnaire, its response and its grid version, both rows locked. Raises DoesNotExist."""
    return QuestionnaireResponse.objects.locked().get(response=response, code=questionnaire)


def lock_all(response: Response) -> dict[str, QuestionnaireResponse]:
    """One query: every questionnaire of the response by code, locked."""
    return {row.code: row for row in QuestionnaireResponse.objects.locked().filter(response=response).order_by("pk")}


def closed_reason(row: QuestionnaireResponse) -> Blocker | None:
    """Why nothing may be written there at the moment, or None (BR-028, BR-040, BR-045)."""
    if row.state == Status.UNAVAILABLE and row.code == ORIENTATION:
        return Blocker(
            "convention_first",
            "Le questionnaire d’orientation s’ouvre quand votre convention a été validée par les vérificateurs.",
        )
    if row.state == Status.UNAVAILABLE:
        return Blocker("orientation_first", "Validez d’abord le questionnaire d’orientation : il ouvre les autres.")
    if row.state == Status.NOT_APPLICABLE:
        return Blocker(
            "not_applicable", "Ce questionnaire ne s’applique pas à votre produit, d’après votre orientation validée."
        )
    return None


def require_open(row: QuestionnaireResponse) -> None:
    """Raises TransitionRefused."""
    if reason := closed_reason(row):
        raise TransitionRefused([reason])
