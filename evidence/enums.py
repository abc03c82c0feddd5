from django.db import models


class ScanState(models.TextChoices):
    PENDING = "pending", "Analyse antivirus en cours"
    CLEAN = "clean", "Analysé, sain"
    INFECTED = "infected", "Contenu dangereux"
    ERROR = "error", "Analyse en échec, sera relancée"
    NOT_SCANNED = "not_scanned", "Trop gros pour l’antivirus"


#: What the database lets through (trigger) and what `Blob` declares as transitions.
SCAN_TRANSITIONS: list[tuple[str, str]] = [
    (ScanState.PENDING, ScanState.CLEAN),
    (ScanState.PENDING, ScanState.INFECTED),
    (ScanState.PENDING, ScanState.ERROR),
    (ScanState.PENDING, ScanState.NOT_SCANNED),
    (ScanState.ERROR, ScanState.PENDING),
    (ScanState.NOT_SCANNED, ScanState.PENDING),
    (ScanState.CLEAN, ScanState.PENDING),
]
