from django.db import models

from ecoscore.gdsl.plan import Platform as GdslPlatform


class Platform(models.TextChoices):
    WEB = GdslPlatform.WEB.value, "Site ou application web"
    ANDROID = GdslPlatform.ANDROID.value, "Application Android"


class MeasureKind(models.TextChoices):
    ENVIRONMENT = "environment", "Vérification de l’environnement"
    SCENARIO = "scenario", "Mesure d’un scénario"


class Purpose(models.TextChoices):
    """What the bench is asked for; only a final result may leave for a dossier."""

    ENVIRONMENT = "environment", "Vérification de l’environnement"
    INTERMEDIATE = "intermediate", "Mesure intermédiaire"
    FINAL = "final", "Mesure finale"


class MeasureState(models.TextChoices):
    DRAFT = "draft", "Brouillon"
    CHECKED = "checked", "Vérifiée"
    DEBUGGING = "debugging", "Mise au point en cours"
    INTERMEDIATE = "intermediate", "Résultat intermédiaire"
    QUEUED = "queued", "Mesure finale en cours"
    FINAL = "final", "Finale"
    PUBLISHED = "published", "Publiée"
    FAILED = "failed", "En échec"
    CANCELLED = "cancelled", "Annulée"


#: The bench is asked for something: waiting for it, or under way when the row has a lease.
ON_BENCH = (MeasureState.DEBUGGING, MeasureState.QUEUED)
#: The scenario may still be written.
WRITABLE = (
    MeasureState.DRAFT,
    MeasureState.CHECKED,
    MeasureState.INTERMEDIATE,
    MeasureState.FAILED,
    MeasureState.CANCELLED,
)
#: The result may be taken over by a dossier.
CONCLUDED = (MeasureState.FINAL, MeasureState.PUBLISHED)

TRANSITIONS: list[tuple[str, str]] = [
    (MeasureState.DRAFT, MeasureState.CHECKED),
    (MeasureState.CHECKED, MeasureState.DRAFT),
    (MeasureState.INTERMEDIATE, MeasureState.DRAFT),
    (MeasureState.FAILED, MeasureState.DRAFT),
    (MeasureState.CANCELLED, MeasureState.DRAFT),
    (MeasureState.CHECKED, MeasureState.DEBUGGING),
    (MeasureState.INTERMEDIATE, MeasureState.DEBUGGING),
    (MeasureState.FAILED, MeasureState.DEBUGGING),
    (MeasureState.CANCELLED, MeasureState.DEBUGGING),
    (MeasureState.DEBUGGING, MeasureState.INTERMEDIATE),
    (MeasureState.DEBUGGING, MeasureState.FAILED),
    (MeasureState.DEBUGGING, MeasureState.CANCELLED),
    (MeasureState.INTERMEDIATE, MeasureState.QUEUED),
    (MeasureState.FAILED, MeasureState.QUEUED),
    (MeasureState.CANCELLED, MeasureState.QUEUED),
    (MeasureState.QUEUED, MeasureState.FINAL),
    (MeasureState.QUEUED, MeasureState.FAILED),
    (MeasureState.QUEUED, MeasureState.CANCELLED),
    (MeasureState.FINAL, MeasureState.PUBLISHED),
    (MeasureState.PUBLISHED, MeasureState.FINAL),
]
