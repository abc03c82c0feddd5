from django.db import models


class PublicationState(models.TextChoices):
    """Where the publication sheet of a service stands: written by the editor, checked by the listing team."""

    DRAFT = "draft", "Brouillon"
    SUBMITTED = "submitted", "À vérifier"
    CHANGES_REQUESTED = "changes_requested", "À corriger"
    ACCEPTED = "accepted", "Acceptée"


#: The editor writes.
WRITABLE_SHEETS = [PublicationState.DRAFT, PublicationState.CHANGES_REQUESTED]

PUBLICATION_TRANSITIONS: list[tuple[str, str]] = [
    (PublicationState.DRAFT, PublicationState.SUBMITTED),
    (PublicationState.CHANGES_REQUESTED, PublicationState.SUBMITTED),
    (PublicationState.SUBMITTED, PublicationState.DRAFT),
    (PublicationState.SUBMITTED, PublicationState.CHANGES_REQUESTED),
    (PublicationState.SUBMITTED, PublicationState.ACCEPTED),
    (PublicationState.ACCEPTED, PublicationState.DRAFT),
    (PublicationState.ACCEPTED, PublicationState.CHANGES_REQUESTED),
]


class Category(models.TextChoices):
    """The four families of the catalogue; their codes are public addresses."""

    ACCESS = "acces-aux-soins", "Accès aux soins et prise de rendez-vous"
    DISEASES = "pathologies-et-traitements", "Suivi de pathologies et traitements"
    HOSPITAL = "avant-et-apres-l-hopital", "Suivi pré et post-hospitalier"
    WELL_BEING = "prevention-et-bien-etre", "Suivi généraliste, prévention et bien-être"


class Price(models.TextChoices):
    """Coded as the orientation question is, which is the hint."""

    FREE = "gratuit", "Gratuit"
    MIXED = "mixte", "Gratuit, avec une partie payante"
    PAID = "payant", "Payant"


class Platform(models.TextChoices):
    """Coded as the orientation question is, which is the hint."""

    WEB = "web", "Site web"
    ANDROID = "android", "Android"
    IOS = "ios", "iPhone et iPad"


class AccessibilityLevel(models.TextChoices):
    """What the service declares of itself."""

    FULL = "full", "Totalement conforme"
    PARTIAL = "partial", "Partiellement conforme"
    NONE = "none", "Non conforme"
    NOT_ASSESSED = "not_assessed", "Non évaluée"


class ListingState(models.TextChoices):
    """Renewal, version update and audit are separate objects beside it (A-34)."""

    LISTED = "listed", "Référencé"
    SUSPENDED = "suspended", "Suspendu"
    EXPIRED = "expired", "Expiré"
    WITHDRAWN = "withdrawn", "Retiré"
    WITHDRAWN_BY_EDITOR = "withdrawn_by_editor", "Retiré par l’éditeur"


#: The service may still come back under the same listing.
STANDING_LISTINGS = [ListingState.LISTED, ListingState.SUSPENDED]

LISTING_TRANSITIONS: list[tuple[str, str]] = [
    (ListingState.LISTED, ListingState.SUSPENDED),
    (ListingState.SUSPENDED, ListingState.LISTED),
    *(
        (state, target)
        for state in (ListingState.LISTED, ListingState.SUSPENDED)
        for target in (ListingState.EXPIRED, ListingState.WITHDRAWN, ListingState.WITHDRAWN_BY_EDITOR)
    ),
    (ListingState.EXPIRED, ListingState.LISTED),
    (ListingState.WITHDRAWN, ListingState.LISTED),
]


class RenewalState(models.TextChoices):
    """The one renewal of a listing, beside its state (A-34, A-35, BR-171)."""

    OPEN = "open", "À commencer"
    STARTED = "started", "En préparation"
    IN_REVIEW = "in_review", "En cours d’examen"
    TO_REPUBLISH = "to_republish", "Décidé, à publier de nouveau"
    GRANTED = "granted", "Accordé"
    REFUSED = "refused", "Refusé"
    LAPSED = "lapsed", "Sans suite"


#: Something is still expected of somebody.
OPEN_RENEWALS = [RenewalState.OPEN, RenewalState.STARTED, RenewalState.IN_REVIEW, RenewalState.TO_REPUBLISH]

RENEWAL_TRANSITIONS: list[tuple[str, str]] = [
    (RenewalState.OPEN, RenewalState.STARTED),
    (RenewalState.STARTED, RenewalState.IN_REVIEW),
    (RenewalState.IN_REVIEW, RenewalState.STARTED),
    (RenewalState.IN_REVIEW, RenewalState.GRANTED),
    (RenewalState.IN_REVIEW, RenewalState.TO_REPUBLISH),
    (RenewalState.IN_REVIEW, RenewalState.REFUSED),
    (RenewalState.TO_REPUBLISH, RenewalState.GRANTED),
    *((state, RenewalState.LAPSED) for state in OPEN_RENEWALS),
    (RenewalState.GRANTED, RenewalState.LAPSED),
    (RenewalState.REFUSED, RenewalState.IN_REVIEW),
    (RenewalState.LAPSED, RenewalState.IN_REVIEW),
]


class VersionState(models.TextChoices):
    """What a version of a listed service calls for (BR-173)."""

    DECLARED = "declared", "Déclarée"
    RECORDED = "recorded", "Enregistrée, sans suite à donner"
    UPDATE_DUE = "update_due", "Déclaration à mettre à jour"
    SUBMITTED = "submitted", "Mise à jour transmise"
    ACCEPTED = "accepted", "Mise à jour acceptée"
    REFUSED = "refused", "Mise à jour refusée"
    CLOSED = "closed", "Close"


#: The declaration of conformity does not follow the service yet.
OPEN_VERSIONS = [VersionState.UPDATE_DUE, VersionState.SUBMITTED, VersionState.REFUSED]

VERSION_TRANSITIONS: list[tuple[str, str]] = [
    (VersionState.DECLARED, VersionState.RECORDED),
    (VersionState.DECLARED, VersionState.UPDATE_DUE),
    (VersionState.UPDATE_DUE, VersionState.SUBMITTED),
    (VersionState.REFUSED, VersionState.SUBMITTED),
    (VersionState.SUBMITTED, VersionState.ACCEPTED),
    (VersionState.SUBMITTED, VersionState.REFUSED),
    *((state, VersionState.CLOSED) for state in OPEN_VERSIONS),
]


class VersionChange(models.TextChoices):
    """Changes that make a version major whatever its number (OQ-14)."""

    PURPOSE = "purpose", "La finalité du service"
    HOSTING = "hosting", "L’hébergement des données"
    AUTHENTICATION = "authentication", "L’authentification des usagers"
    DATA_EXCHANGE = "data_exchange", "Les échanges de données"


class AuditOrigin(models.TextChoices):
    DRAW = "draw", "Tirage au sort"
    REPORT = "report", "Signalement"
    CHOICE = "choice", "Choix motivé de l’auditeur"


class AuditState(models.TextChoices):
    """Continuous assessment of a listed service (L5 to L7, W6, W7)."""

    PLANNED = "planned", "À annoncer"
    NOTIFIED = "notified", "Annoncé"
    RUNNING = "running", "En attente des documents de l’éditeur"
    FILED = "filed", "Documents reçus"
    REPORTED = "reported", "Rapport établi"
    FAVOURABLE = "favourable", "Conclusion favorable"
    UNFAVOURABLE = "unfavourable", "Mise en demeure proposée"
    CANCELLED = "cancelled", "Annulé"


OPEN_AUDITS = [
    AuditState.PLANNED,
    AuditState.NOTIFIED,
    AuditState.RUNNING,
    AuditState.FILED,
    AuditState.REPORTED,
]
#: The editor knows of it.
TOLD_AUDITS = [state for state in AuditState if state not in (AuditState.PLANNED, AuditState.CANCELLED)]

AUDIT_TRANSITIONS: list[tuple[str, str]] = [
    (AuditState.PLANNED, AuditState.NOTIFIED),
    (AuditState.NOTIFIED, AuditState.RUNNING),
    (AuditState.RUNNING, AuditState.FILED),
    (AuditState.FILED, AuditState.RUNNING),
    (AuditState.RUNNING, AuditState.REPORTED),
    (AuditState.FILED, AuditState.REPORTED),
    (AuditState.REPORTED, AuditState.FAVOURABLE),
    (AuditState.REPORTED, AuditState.UNFAVOURABLE),
    *((state, AuditState.CANCELLED) for state in OPEN_AUDITS),
]


class Condition(models.TextChoices):
    """The condition that a listed service no longer meets: each sanction is tied to one (L.242-2 CRPA, A-02)."""

    CRITERIA = "criteria", "Le service ne respecte plus un critère de référencement"
    CONVENTION = "convention", "L’éditeur ne respecte plus la convention"
    DECLARATION = "declaration", "La déclaration de conformité n’est pas tenue à jour"
    AUDIT = "audit", "L’audit n’a pas reçu de réponse satisfaisante"
    EXCHANGE = "exchange", "Les échanges de données sortent du périmètre autorisé"
    PUBLICATION = "publication", "Le service n’est pas publié dans le délai"


class ReportKind(models.TextChoices):
    """What a visitor of the catalogue reports."""

    FAULT = "fault", "Le service ne fonctionne pas"
    DATA = "data", "L’usage de mes données de santé"
    SECURITY = "security", "Un problème de sécurité"
    CONTENT = "content", "Une information fausse ou trompeuse"
    PRICE = "price", "Un prix ou un abonnement différent de ce qui est annoncé"
    OTHER = "other", "Autre chose"


class ReportOutcome(models.TextChoices):
    DISMISSED = "dismissed", "Sans suite"
    PASSED_ON = "passed_on", "Traité avec l’éditeur"
    AUDIT = "audit", "Audit ouvert"
