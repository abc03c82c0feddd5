from django.db import models


class EnrolmentState(models.TextChoices):
    ACTIVE = "active", "En cours"
    REJECTED = "rejected", "Refusé"
    CLOSED = "closed", "Clos"


class Cycle(models.TextChoices):
    """Why the questionnaires of an enrolment are being answered: its first listing, or what comes after (OQ-12, A-31)."""

    FIRST = "first", "Premier référencement"
    RENEWAL = "renewal", "Renouvellement"
    EXTENSION = "extension", "Nouveau périmètre d’échange"


class WhiteLabelRole(models.TextChoices):
    NONE = "none", "Produit unique (cas nominal)"
    PRODUCER = "producer", "Solution d’un éditeur producteur"
    DISTRIBUTOR = "distributor", "Solution d’un éditeur distributeur"


class SheetState(models.TextChoices):
    """Fiche administrative (domain.md §3.5)."""

    TO_COMPLETE = "to_complete", "A compléter"
    DRAFT = "draft", "Brouillon"
    SUBMITTED = "submitted", "Transmise"
    CHANGES_REQUESTED = "changes_requested", "A corriger"
    VALIDATED = "validated", "Validée"
    REJECTED = "rejected", "Refusée"


SHEET_TRANSITIONS: list[tuple[str, str]] = [
    (SheetState.TO_COMPLETE, SheetState.DRAFT),
    (SheetState.TO_COMPLETE, SheetState.SUBMITTED),
    (SheetState.DRAFT, SheetState.SUBMITTED),
    (SheetState.CHANGES_REQUESTED, SheetState.SUBMITTED),
    (SheetState.SUBMITTED, SheetState.CHANGES_REQUESTED),
    (SheetState.SUBMITTED, SheetState.REJECTED),
    (SheetState.SUBMITTED, SheetState.VALIDATED),
    (SheetState.VALIDATED, SheetState.CHANGES_REQUESTED),  # new legal representative before the signature
]


class Api(models.TextChoices):
    """Interfaces of Mon espace santé (domain.md §1.6)."""

    PAIRING = "appariement", "Appariement"
    MEASURES = "mesures", "Mesures de santé"
    DOCUMENTS = "documents", "Documents"
    AGENDA = "agenda", "Agenda"


class Direction(models.TextChoices):
    READ = "lecture", "Lecture"
    WRITE = "ecriture", "Écriture"


class Purpose(models.TextChoices):
    """Purposes for which data of Mon espace santé may be used; no other (BR-119)."""

    PREVENTION = "prevention", "Prévention"
    DIAGNOSIS = "diagnostic", "Diagnostic"
    CARE = "soins", "Soins"
    SOCIAL = "suivi", "Suivi social et médico-social"


class PreListingState(models.TextChoices):
    """A producer’s solution that distributors may join (A-23)."""

    ACTIVE = "active", "En cours"
    SUSPENDED = "suspended", "Suspendu"
    REPLACED = "replaced", "Remplacé"
    REVOKED = "revoked", "Révoqué"
    WITHDRAWN = "withdrawn", "Retiré par l’éditeur"
    EXPIRED = "expired", "Expiré"


_PRE_LISTING_EXITS = [
    PreListingState.REPLACED,
    PreListingState.REVOKED,
    PreListingState.WITHDRAWN,
    PreListingState.EXPIRED,
]
#: States in which a pre-listing still stands for its enrolment.
STANDING_PRE_LISTINGS = [PreListingState.ACTIVE, PreListingState.SUSPENDED]
PRE_LISTING_TRANSITIONS: list[tuple[str, str]] = [
    (PreListingState.ACTIVE, PreListingState.SUSPENDED),
    (PreListingState.SUSPENDED, PreListingState.ACTIVE),
    *((state, end) for state in STANDING_PRE_LISTINGS for end in _PRE_LISTING_EXITS),
]


class AttachmentState(models.TextChoices):
    """A distributor’s request to be attached to a producer’s solution (SC-21, SC-22, A-23)."""

    PENDING = "pending", "En attente de l’éditeur producteur"
    ACCEPTED = "accepted", "Acceptée"
    REFUSED = "refused", "Refusée"
    CANCELLED = "cancelled", "Annulée"
    EXPIRED = "expired", "Expirée"
    BROKEN = "broken", "Rompue"


ATTACHMENT_TRANSITIONS: list[tuple[str, str]] = [
    *(
        (AttachmentState.PENDING, end)
        for end in (
            AttachmentState.ACCEPTED,
            AttachmentState.REFUSED,
            AttachmentState.CANCELLED,
            AttachmentState.EXPIRED,
        )
    ),
    (AttachmentState.ACCEPTED, AttachmentState.BROKEN),
]
#: States in which an enrolment is, or waits to be, attached to a producer (OQ-19: one at a time).
STANDING_ATTACHMENTS = [AttachmentState.PENDING, AttachmentState.ACCEPTED]


class TransferState(models.TextChoices):
    """A product that one organisation hands to another one, with the consent of both (A-26)."""

    OFFERED = "offered", "Proposée"
    ACCEPTED = "accepted", "Acceptée"
    REFUSED = "refused", "Refusée"
    CANCELLED = "cancelled", "Annulée"
    EXPIRED = "expired", "Expirée"


TRANSFER_TRANSITIONS: list[tuple[str, str]] = [
    (TransferState.OFFERED, end)
    for end in (TransferState.ACCEPTED, TransferState.REFUSED, TransferState.CANCELLED, TransferState.EXPIRED)
]


class ExceptionState(models.TextChoices):
    """An answer that differs for one operating system, agreed by the listing team."""

    DRAFT = "draft", "En préparation"
    ASKED = "asked", "Soumise à l’équipe de référencement"
    AGREED = "agreed", "Acceptée"
    DECLINED = "declined", "Refusée"
    DROPPED = "dropped", "Abandonnée"


EXCEPTION_TRANSITIONS: list[tuple[str, str]] = [
    (ExceptionState.DRAFT, ExceptionState.ASKED),
    (ExceptionState.ASKED, ExceptionState.DRAFT),
    (ExceptionState.ASKED, ExceptionState.AGREED),
    (ExceptionState.ASKED, ExceptionState.DECLINED),
    (ExceptionState.DECLINED, ExceptionState.DRAFT),
    (ExceptionState.AGREED, ExceptionState.DRAFT),
    *(
        (state, ExceptionState.DROPPED)
        for state in (ExceptionState.DRAFT, ExceptionState.ASKED, ExceptionState.AGREED, ExceptionState.DECLINED)
    ),
]
