from django.db import models


class DefinitionState(models.TextChoices):
    DRAFT = "draft", "Brouillon"
    PUBLISHED = "published", "Publiée"
    RETIRED = "retired", "Retirée"


class Status(models.TextChoices):
    """State of one questionnaire of a response (domain.md §3.5)."""

    UNAVAILABLE = "unavailable", "Indisponible"
    NOT_APPLICABLE = "not_applicable", "Non applicable"
    TO_COMPLETE = "to_complete", "A compléter"
    DRAFT = "draft", "Brouillon"
    VALIDATION_REQUESTED = "validation_requested", "Validation demandée"
    DONE = "done", "Terminé"


_ANY = [
    Status.UNAVAILABLE,
    Status.NOT_APPLICABLE,
    Status.TO_COMPLETE,
    Status.DRAFT,
    Status.VALIDATION_REQUESTED,
    Status.DONE,
]

#: What the orientation may do to any questionnaire, then what people do.
TRANSITIONS: list[tuple[str, str]] = [
    *((source, Status.NOT_APPLICABLE) for source in _ANY if source != Status.NOT_APPLICABLE),
    *((source, Status.TO_COMPLETE) for source in _ANY if source != Status.TO_COMPLETE),
    (Status.TO_COMPLETE, Status.DRAFT),
    (Status.VALIDATION_REQUESTED, Status.DRAFT),
    (Status.DONE, Status.DRAFT),
    (Status.TO_COMPLETE, Status.VALIDATION_REQUESTED),
    (Status.DRAFT, Status.VALIDATION_REQUESTED),
    (Status.TO_COMPLETE, Status.DONE),
    (Status.DRAFT, Status.DONE),
    (Status.VALIDATION_REQUESTED, Status.DONE),
]
