from django.db import models


class CandidatureState(models.TextChoices):
    NEW = "new", "En préparation"
    APPLIED = "applied", "Déposée"
    ADMISSIBILITY = "admissibility", "Recevabilité en cours"
    CANCELLED = "cancelled", "Annulée"
    WITHDRAWN = "withdrawn", "Retirée"


#: States that keep the enrolment from applying again (BR-096, A-16).
OPEN_STATES = [CandidatureState.APPLIED, CandidatureState.ADMISSIBILITY]

TRANSITIONS: list[tuple[str, str]] = [
    (CandidatureState.NEW, CandidatureState.APPLIED),
    (CandidatureState.APPLIED, CandidatureState.ADMISSIBILITY),
    (CandidatureState.APPLIED, CandidatureState.CANCELLED),
    (CandidatureState.ADMISSIBILITY, CandidatureState.WITHDRAWN),
]
