from django.db import models


class DecisionKind(models.TextChoices):
    """Acts of the minister (or of whoever signs for the minister under a recorded delegation)."""

    LISTING = "listing", "Décision de référencement"
    REFUSAL = "refusal", "Décision de refus de référencement"
    RENEWAL = "renewal", "Décision de renouvellement"
    FORMAL_NOTICE = "formal_notice", "Mise en demeure"
    NOTICE_LIFTING = "notice_lifting", "Levée de mise en demeure"
    SUSPENSION = "suspension", "Décision de suspension"
    REINSTATEMENT = "reinstatement", "Décision de rétablissement"
    WITHDRAWAL = "withdrawal", "Décision de retrait"
    ABROGATION = "abrogation", "Décision d’abrogation"
    EXTENSION = "extension", "Décision de prolongation"


#: Decided on a candidature that the commission advised on; the others are about a listing.
CANDIDATURE_KINDS = [DecisionKind.LISTING, DecisionKind.REFUSAL, DecisionKind.RENEWAL]
#: They let a service stand in the catalogue.
FAVOURABLE_KINDS = [DecisionKind.LISTING, DecisionKind.RENEWAL, DecisionKind.REINSTATEMENT, DecisionKind.EXTENSION]


class DecisionState(models.TextChoices):
    DRAFT = "draft", "Projet"
    ENDORSED = "endorsed", "Projet visé"
    SIGNED = "signed", "Signée"
    NOTIFIED = "notified", "Notifiée"
    COURT_SUSPENDED = "court_suspended", "Suspendue par le juge"
    ANNULLED = "annulled", "Annulée"
    ABROGATED = "abrogated", "Abrogée"
    DROPPED = "dropped", "Projet abandonné"


#: Produces its effects.
IN_FORCE_STATES = [DecisionState.SIGNED, DecisionState.NOTIFIED]
DRAFT_STATES = [DecisionState.DRAFT, DecisionState.ENDORSED]

DECISION_TRANSITIONS: list[tuple[str, str]] = [
    (DecisionState.DRAFT, DecisionState.ENDORSED),
    (DecisionState.DRAFT, DecisionState.SIGNED),
    (DecisionState.DRAFT, DecisionState.DROPPED),
    (DecisionState.ENDORSED, DecisionState.DRAFT),
    (DecisionState.ENDORSED, DecisionState.SIGNED),
    (DecisionState.ENDORSED, DecisionState.DROPPED),
    (DecisionState.SIGNED, DecisionState.NOTIFIED),
    (DecisionState.NOTIFIED, DecisionState.COURT_SUSPENDED),
    (DecisionState.COURT_SUSPENDED, DecisionState.NOTIFIED),
    (DecisionState.SIGNED, DecisionState.ANNULLED),
    (DecisionState.NOTIFIED, DecisionState.ANNULLED),
    (DecisionState.COURT_SUSPENDED, DecisionState.ANNULLED),
    (DecisionState.SIGNED, DecisionState.ABROGATED),
    (DecisionState.NOTIFIED, DecisionState.ABROGATED),
]
