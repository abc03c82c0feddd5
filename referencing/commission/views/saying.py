"""Words shared by the pages of the commission."""

from __future__ import annotations

from referencing.candidature.enums import CampaignState
from referencing.candidature.services.connection.standing import MISSING, NOT_REQUIRED


def say_tests(standing: str) -> str:
    """Where the connection tests of a file stand; `standing` as `campaign_standing` gives it."""
    if standing == NOT_REQUIRED:
        return "Sans objet : le service n’échange pas de données"
    if standing == MISSING:
        return "Aucune campagne ouverte"
    return str(CampaignState(standing).label)
