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


class Way(models.TextChoices):
    """How an act was brought to its addressee (A-32)."""

    CONSULTATION = "consultation", "Première consultation sur la plateforme"
    RECEIPT = "receipt", "Lettre recommandée reçue"
    PRESUMED = "presumed", "Lettre recommandée, notification présumée"


class AppealKind(models.TextChoices):
    GRACIOUS = "gracious", "Recours gracieux"
    HIERARCHICAL = "hierarchical", "Recours hiérarchique"


class AppealState(models.TextChoices):
    NEW = "new", "En préparation"
    LODGED = "lodged", "En cours d’examen"
    REJECTED = "rejected", "Rejeté"
    SILENTLY_REJECTED = "silently_rejected", "Rejeté par silence"
    GRANTED = "granted", "Accueilli"
    WITHDRAWN = "withdrawn", "Retiré par l’éditeur"


APPEAL_TRANSITIONS: list[tuple[str, str]] = [
    (AppealState.NEW, AppealState.LODGED),
    (AppealState.LODGED, AppealState.REJECTED),
    (AppealState.LODGED, AppealState.SILENTLY_REJECTED),
    (AppealState.LODGED, AppealState.GRANTED),
    (AppealState.LODGED, AppealState.WITHDRAWN),
    (AppealState.SILENTLY_REJECTED, AppealState.REJECTED),
    (AppealState.SILENTLY_REJECTED, AppealState.GRANTED),
]
#: The ministry may still answer: a silent rejection does not free it from doing so.
ANSWERABLE_STATES = [AppealState.LODGED, AppealState.SILENTLY_REJECTED]


class Outcome(models.TextChoices):
    """What the minister answers to a remedy (T37, A-33)."""

    REJECTED = "rejected", "Rejet : la décision est maintenue"
    INSTRUCTION = "instruction", "Retrait de la décision, retour à l’instruction"
    COMMISSION = "commission", "Retrait de la décision, nouvel examen par la commission"
    RECONSIDERED = "reconsidered", "Retrait de la décision, le ministre décide de nouveau"
    CANCELLED = "cancelled", "Annulation de la sanction"


class SuitState(models.TextChoices):
    """A suit before a court, as the ministry records it (A-33)."""

    PENDING = "pending", "En cours"
    SUSPENDED = "suspended", "Décision suspendue en référé"
    REJECTED = "rejected", "Requête rejetée"
    ANNULLED = "annulled", "Décision annulée"
    ENDED = "ended", "Désistement ou non-lieu"


SUIT_TRANSITIONS: list[tuple[str, str]] = [
    (SuitState.PENDING, SuitState.SUSPENDED),
    (SuitState.PENDING, SuitState.REJECTED),
    (SuitState.SUSPENDED, SuitState.REJECTED),
    (SuitState.PENDING, SuitState.ANNULLED),
    (SuitState.SUSPENDED, SuitState.ANNULLED),
    (SuitState.PENDING, SuitState.ENDED),
    (SuitState.SUSPENDED, SuitState.ENDED),
]
OPEN_SUITS = [SuitState.PENDING, SuitState.SUSPENDED]


class Party(models.TextChoices):
    """Who countersigns the convention that the editor signed (A-03); the values are the keys of its signature fields."""

    MINISTER = "ministre", "Ministre chargé de la santé"
    CNAM = "cnam", "Caisse nationale de l’assurance maladie"
