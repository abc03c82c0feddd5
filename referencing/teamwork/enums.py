from django.db import models


class DelegationState(models.TextChoices):
    TO_ANSWER = "a-faire", "À répondre"
    LATE = "en-retard", "En retard"
    ANSWERED = "repondu", "Répondu"


class LinkState(models.TextChoices):
    OPEN = "open", "En cours"
    EXPIRED = "expired", "Expiré"
    REVOKED = "revoked", "Annulé"


class ProposalState(models.TextChoices):
    PENDING = "pending", "À examiner"
    ACCEPTED = "accepted", "Acceptée"
    REJECTED = "rejected", "Refusée"
