from django.db import models


class Capacity(models.TextChoices):
    """How somebody holds a seat: only the two ex officio seats have representatives (A-27)."""

    TITULAR = "titular", "Titulaire"
    REPRESENTATIVE = "representative", "Représentant"


class SessionState(models.TextChoices):
    PLANNED = "planned", "Planifiée"
    CONVOKED = "convoked", "Convoquée"
    OPEN = "open", "Ouverte"
    WITHOUT_QUORUM = "without_quorum", "Sans quorum"
    RECONVOKED = "reconvoked", "Reconvoquée"
    CLOSED = "closed", "Close"
    MINUTES_APPROVED = "minutes_approved", "Procès-verbal approuvé"
    CANCELLED = "cancelled", "Annulée"


#: Members have been told of the session and of its agenda.
ANNOUNCED_STATES = [
    SessionState.CONVOKED,
    SessionState.OPEN,
    SessionState.WITHOUT_QUORUM,
    SessionState.RECONVOKED,
    SessionState.CLOSED,
    SessionState.MINUTES_APPROVED,
]
#: Its agenda may still change.
UPCOMING_STATES = [SessionState.PLANNED, SessionState.CONVOKED, SessionState.RECONVOKED]

SESSION_TRANSITIONS: list[tuple[str, str]] = [
    (SessionState.PLANNED, SessionState.CONVOKED),
    (SessionState.CONVOKED, SessionState.OPEN),
    (SessionState.OPEN, SessionState.WITHOUT_QUORUM),
    (SessionState.WITHOUT_QUORUM, SessionState.RECONVOKED),
    (SessionState.RECONVOKED, SessionState.OPEN),
    (SessionState.OPEN, SessionState.CLOSED),
    (SessionState.CLOSED, SessionState.MINUTES_APPROVED),
    *(
        (state, SessionState.CANCELLED)
        for state in (
            SessionState.PLANNED,
            SessionState.CONVOKED,
            SessionState.WITHOUT_QUORUM,
            SessionState.RECONVOKED,
        )
    ),
]


class PointOutcome(models.TextChoices):
    """How a point of the agenda ended."""

    PENDING = "pending", "À examiner"
    OPINION = "opinion", "Avis rendu"
    POSTPONED = "postponed", "Reporté"
    ADJOURNED = "adjourned", "Sursis à statuer"
    WITHDRAWN = "withdrawn", "Retiré"


class ConvocationKind(models.TextChoices):
    FIRST = "first", "Convocation"
    ADDITION = "addition", "Ajout à l’ordre du jour"
    SECOND = "second", "Seconde convocation"


class Channel(models.TextChoices):
    """How a convocation reached somebody."""

    PLATFORM = "platform", "Plateforme et courriel"
    LETTER = "letter", "Lettre remise ou recommandée"


class Mode(models.TextChoices):
    IN_PERSON = "in_person", "En salle"
    REMOTE = "remote", "À distance"


class RecusalSource(models.TextChoices):
    DECLARED = "declared", "Déclaré par la personne"
    PLATFORM = "platform", "Relevé par la plateforme"


class OpinionKind(models.TextChoices):
    """The four opinions (BR-156)."""

    FAVOURABLE = "favourable", "Favorable"
    WITH_RESERVATIONS = "with_reservations", "Favorable avec réserves non suspensives"
    WITH_SUSPENSIVE = "with_suspensive", "Favorable avec réserves suspensives"
    UNFAVOURABLE = "unfavourable", "Défavorable"


#: A listing may be decided on these (BR-157).
FAVOURABLE_OPINIONS = [OpinionKind.FAVOURABLE, OpinionKind.WITH_RESERVATIONS, OpinionKind.WITH_SUSPENSIVE]


class Choice(models.TextChoices):
    """What a voice may say: one of the four opinions, or abstention."""

    FAVOURABLE = "favourable", "Favorable"
    WITH_RESERVATIONS = "with_reservations", "Favorable avec réserves non suspensives"
    WITH_SUSPENSIVE = "with_suspensive", "Favorable avec réserves suspensives"
    UNFAVOURABLE = "unfavourable", "Défavorable"
    ABSTENTION = "abstention", "Abstention"


class ReservationState(models.TextChoices):
    OPEN = "open", "À lever"
    ANSWERED = "answered", "Réponse à examiner"
    LIFTED = "lifted", "Levée"
    CLOSED = "closed", "Close sans levée"


#: Still a commitment of the editor.
STANDING_RESERVATIONS = [ReservationState.OPEN, ReservationState.ANSWERED]

RESERVATION_TRANSITIONS: list[tuple[str, str]] = [
    (ReservationState.OPEN, ReservationState.ANSWERED),
    (ReservationState.OPEN, ReservationState.LIFTED),
    (ReservationState.OPEN, ReservationState.CLOSED),
    (ReservationState.ANSWERED, ReservationState.OPEN),
    (ReservationState.ANSWERED, ReservationState.LIFTED),
    (ReservationState.ANSWERED, ReservationState.CLOSED),
]
