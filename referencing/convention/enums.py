from django.db import models


class ConventionState(models.TextChoices):
    """Labels as editors read them (SC-11)."""

    TO_SEND = "to_send", "En attente d’envoi de la convention par les vérificateurs MES"
    TO_SIGN = "to_sign", "Convention à signer"
    SIGNED = "signed", "Convention signée"
    VALIDATED = "validated", "Votre convention a été validée"
    REVOKED = "revoked", "Convention annulée"


#: States in which what the parties agree on may no longer change.
SENT_STATES = (ConventionState.TO_SIGN, ConventionState.SIGNED, ConventionState.VALIDATED)

TRANSITIONS: list[tuple[str, str]] = [
    (ConventionState.TO_SEND, ConventionState.TO_SIGN),
    (ConventionState.TO_SIGN, ConventionState.TO_SEND),
    (ConventionState.TO_SIGN, ConventionState.SIGNED),
    (ConventionState.SIGNED, ConventionState.VALIDATED),
    (ConventionState.TO_SEND, ConventionState.REVOKED),
    (ConventionState.TO_SIGN, ConventionState.REVOKED),
]


class AnnexState(models.TextChoices):
    """The annex follows the convention’s way: sent, signed by the legal representative, or given back (A-04)."""

    TO_SEND = "to_send", "Annexe à envoyer"
    TO_SIGN = "to_sign", "Annexe à signer"
    SIGNED = "signed", "Annexe signée par l’éditeur"
    REVOKED = "revoked", "Annexe remplacée"


#: States in which what the parties agree on may no longer change.
SENT_ANNEXES = (AnnexState.TO_SIGN, AnnexState.SIGNED)

ANNEX_TRANSITIONS: list[tuple[str, str]] = [
    (AnnexState.TO_SEND, AnnexState.TO_SIGN),
    (AnnexState.TO_SIGN, AnnexState.TO_SEND),
    (AnnexState.TO_SIGN, AnnexState.SIGNED),
    (AnnexState.TO_SEND, AnnexState.REVOKED),
    (AnnexState.TO_SIGN, AnnexState.REVOKED),
]


class DataCategory(models.TextChoices):
    """Categories of data that a verifier may write into the convention (A-04)."""

    NONE = "aucune", "Aucune donnée de Mon espace santé"
    IDENTITY = "identite", "Identité et coordonnées"
    MEASURES = "mesures", "Mesures de santé"
    DOCUMENTS = "documents", "Documents de santé"
    AGENDA = "agenda", "Rendez-vous et agenda"


class LinkState(models.TextChoices):
    """What a signing link is worth at a given moment; computed, never stored."""

    OPEN = "open", "Valable"
    USED = "used", "Utilisé"
    REFUSED = "refused", "Signature refusée"
    REVOKED = "revoked", "Remplacé ou annulé"
    EXPIRED = "expired", "Expiré"
